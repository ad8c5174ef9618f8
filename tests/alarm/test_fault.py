"""When a panic button is not to be relied on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.alarm.fault import LOW_BATTERY, Evidence, Fault, find_faults

NOW: Final = datetime(2026, 3, 2, 1, 5, 9, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


def faults(evidence: Evidence, *, supervision: float = 3600, test_interval: float = 30) -> list[Fault]:
    return list(find_faults(evidence, supervision=supervision, test_interval=test_interval, now=NOW))


WELL: Final = Evidence(heard_at=NOW - HOUR, battery="80", tested_at=NOW - 30 * DAY)


@pytest.mark.parametrize(
    ("evidence", "found"),
    [
        pytest.param(WELL, [], id="well"),
        pytest.param(replace(WELL, is_lost=True), [Fault.LOST], id="lost"),
        pytest.param(replace(WELL, is_lost=True, heard_at=None), [Fault.LOST], id="what is lost is not silent, too"),
        pytest.param(replace(WELL, heard_at=NOW - 1.01 * HOUR), [Fault.SILENT], id="silent"),
        pytest.param(replace(WELL, heard_at=None), [Fault.SILENT], id="never heard"),
        pytest.param(replace(WELL, tested_at=NOW - 31 * DAY), [Fault.TEST_OVERDUE], id="overdue"),
        pytest.param(replace(WELL, tested_at=None), [Fault.TEST_OVERDUE], id="never tested"),
        pytest.param(replace(WELL, tested_at=NOW + DAY), [], id="the clock was set back"),
        pytest.param(
            Evidence(heard_at=None, battery="1", tested_at=None),
            [Fault.SILENT, Fault.BATTERY_LOW, Fault.TEST_OVERDUE],
            id="all at once, the gravest first",
        ),
    ],
)
def test_faults(evidence: Evidence, found: list[Fault]) -> None:
    assert faults(evidence) == found


def test_what_is_not_asked_for_is_no_fault() -> None:
    assert faults(Evidence(), supervision=0, test_interval=0) == []


@pytest.mark.parametrize(
    ("battery", "is_low"),
    [
        ("100", False),
        (str(LOW_BATTERY + 0.1), False),
        (str(LOW_BATTERY), True),
        ("0", True),
        ("-1", True),
        ("on", True),
        ("off", False),
        ("unknown", False),
        ("unavailable", False),
        ("", False),
        ("nan", False),
        (None, False),
    ],
)
def test_battery_is_low_in_percent_or_by_its_own_word(battery: str | None, *, is_low: bool) -> None:
    assert (Fault.BATTERY_LOW in faults(replace(WELL, battery=battery))) is is_low


@given(battery=st.text(), ago=st.floats(0, 10**8))
def test_no_reading_stops_the_look(battery: str, ago: float) -> None:
    assert set(faults(Evidence(battery=battery, heard_at=NOW - timedelta(seconds=ago)))) <= set(Fault)
