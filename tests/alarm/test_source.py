"""The rules of the source: which reading is a press."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.alarm.source import (
    CONTACTS,
    DOMAINS,
    MOMENTS,
    baseline,
    domain_of,
    is_press,
    pressed_at,
    read,
)

NOW: Final = datetime(2026, 3, 2, 1, 5, 9, tzinfo=UTC)
EARLIER: Final = "2026-03-02T01:05:08+00:00"
LATER: Final = "2026-03-02T01:05:10+00:00"
AT: Final = NOW.isoformat()

contacts = pytest.mark.parametrize("domain", sorted(CONTACTS))
moments = pytest.mark.parametrize("domain", sorted(MOMENTS))


def test_every_source_is_a_contact_or_a_moment() -> None:
    assert sorted(CONTACTS) == ["binary_sensor", "input_boolean", "switch"]
    assert sorted(MOMENTS) == ["button", "event", "input_button"]
    assert CONTACTS | MOMENTS == DOMAINS


@pytest.mark.parametrize(
    ("entity_id", "domain"),
    [("binary_sensor.gate", "binary_sensor"), ("event.gate_action", "event"), ("gate", "gate"), ("a.b.c", "a")],
)
def test_the_domain_stands_before_the_dot(entity_id: str, domain: str) -> None:
    assert domain_of(entity_id) == domain


# --- reading ---


@contacts
@pytest.mark.parametrize(
    ("state", "reading"),
    [
        ("on", "on"),
        ("off", "off"),
        ("unavailable", None),
        ("unknown", None),
        ("On", None),
        ("", None),
        (AT, None),
        (None, None),
    ],
)
def test_a_contact_reads_on_or_off_or_nothing(domain: str, state: str | None, reading: str | None) -> None:
    assert read(domain, state) == reading


@moments
@pytest.mark.parametrize(
    ("state", "reading"),
    [
        pytest.param("2026-03-02T01:05:09+00:00", "2026-03-02T01:05:09+00:00", id="UTC"),
        pytest.param("2026-03-02T08:05:09+07:00", "2026-03-02T01:05:09+00:00", id="WIB"),
        pytest.param("2026-03-02T01:05:09Z", "2026-03-02T01:05:09+00:00", id="zulu"),
        pytest.param("2026-03-02T01:05:09.250+00:00", "2026-03-02T01:05:09.250000+00:00", id="milliseconds"),
        pytest.param("unavailable", None, id="unavailable"),
        pytest.param("unknown", None, id="unknown, never pressed"),
        pytest.param("on", None, id="on"),
        pytest.param("", None, id="empty"),
        pytest.param("2026-02-30T00:00:00+00:00", None, id="no such day"),
        pytest.param(None, None, id="gone"),
    ],
)
def test_a_moment_reads_its_time_in_utc_or_nothing(domain: str, state: str | None, reading: str | None) -> None:
    assert read(domain, state) == reading


@given(domain=st.sampled_from(sorted(DOMAINS)), at=st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_a_reading_is_read_as_itself(domain: str, at: datetime) -> None:
    try:
        at.astimezone(UTC)
    except OverflowError:
        return
    for state in (at.isoformat(), "on", "off"):
        reading = read(domain, state)
        assert reading is None or read(domain, reading) == reading


@given(domain=st.sampled_from(sorted(DOMAINS)), state=st.text())
def test_no_state_stops_the_reading(domain: str, state: str) -> None:
    reading = read(domain, state)
    assert reading is None or reading == state or datetime.fromisoformat(reading).tzinfo is UTC


@pytest.mark.parametrize("state", ["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-07:00"])
def test_a_time_that_utc_does_not_have_reads_as_nothing(state: str) -> None:
    assert read("event", state) is None


# --- the first look ---


@pytest.mark.parametrize(
    ("domain", "reading", "first"),
    [
        ("binary_sensor", "on", "on"),
        ("binary_sensor", "off", "off"),
        ("binary_sensor", None, "off"),
        ("switch", None, "off"),
        ("input_boolean", None, "off"),
        ("event", LATER, LATER),
        ("event", None, AT),
        ("button", None, AT),
        ("input_button", None, AT),
    ],
)
def test_a_source_that_cannot_be_read_yet_counts_as_untouched(domain: str, reading: str | None, first: str) -> None:
    assert baseline(domain, reading, NOW) == first


@contacts
def test_a_contact_found_closed_at_first_sight_is_no_press(domain: str) -> None:
    assert not is_press(domain, known=baseline(domain, "on", NOW), old=None, new="on")


@contacts
def test_a_contact_that_comes_up_closed_after_it_could_not_be_read_is_a_press(domain: str) -> None:
    assert is_press(domain, known=baseline(domain, None, NOW), old=None, new="on")


@moments
@pytest.mark.parametrize(("new", "pressed"), [(EARLIER, False), (AT, False), (LATER, True)])
def test_a_moment_that_comes_up_counts_if_it_is_after_the_first_look(domain: str, new: str, *, pressed: bool) -> None:
    assert is_press(domain, known=baseline(domain, None, NOW), old=None, new=new) is pressed


# --- the press ---


@contacts
@pytest.mark.parametrize("old", [None, "off", "on"], ids=lambda old: f"before {old}")
@pytest.mark.parametrize(
    ("known", "new", "pressed"),
    [("off", "on", True), ("off", "off", False), ("on", "off", False), ("on", "on", False)],
)
def test_a_contact_is_pressed_when_it_closes(
    domain: str, known: str, old: str | None, new: str, *, pressed: bool
) -> None:
    assert is_press(domain, known=known, old=old, new=new) is pressed


@moments
@pytest.mark.parametrize(
    ("old", "new", "pressed"),
    [
        pytest.param(AT, LATER, True, id="watched, later"),
        pytest.param(AT, EARLIER, True, id="watched, clock set back"),
        pytest.param(LATER, AT, False, id="watched, the one taken in already"),
        pytest.param(None, LATER, True, id="back with a later one"),
        pytest.param(None, EARLIER, False, id="back with an old one"),
        pytest.param(None, AT, False, id="back with the same"),
    ],
)
def test_another_time_is_another_press(domain: str, old: str | None, new: str, *, pressed: bool) -> None:
    assert is_press(domain, known=AT, old=old, new=new) is pressed


def test_times_are_compared_as_times_not_as_texts() -> None:
    """As a text, a fraction of a second stands before the full second."""
    assert is_press("event", known="2026-03-02T01:05:09+00:00", old=None, new="2026-03-02T01:05:09.250000+00:00")
    assert not is_press("event", known="2026-03-02T01:05:09.250000+00:00", old=None, new="2026-03-02T01:05:09+00:00")


@given(st.lists(st.sampled_from(["on", "off", "unavailable", None]), min_size=1))
def test_a_contact_is_pressed_as_often_as_it_closes_whatever_gaps_there_are(states: list[str | None]) -> None:
    known, previous, presses = "off", None, 0
    for state in states:
        reading = read("binary_sensor", state)
        if reading is not None:
            presses += is_press("binary_sensor", known=known, old=previous, new=reading)
            known = reading
        previous = reading
    seen = ["off", *(state for state in states if state in ("on", "off"))]
    assert presses == sum(pair == ("off", "on") for pair in pairwise(seen))


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1))
def test_while_a_moment_is_watched_no_change_of_it_is_lost(seconds: list[int]) -> None:
    times = [AT, *((NOW + timedelta(seconds=s)).isoformat() for s in seconds)]
    pressed = [is_press("event", known=old, old=old, new=new) for old, new in pairwise(times)]
    assert pressed == [old != new for old, new in pairwise(times)]


@moments
@pytest.mark.parametrize("known", ["off", "on", "", "damaged", "0001-01-01T00:00:00+07:00"])
@pytest.mark.parametrize(("old", "pressed"), [(EARLIER, True), (None, False)], ids=["watched", "back"])
def test_a_reading_that_was_damaged_is_no_help(domain: str, known: str, old: str | None, *, pressed: bool) -> None:
    assert is_press(domain, known=known, old=old, new=LATER) is pressed


@given(domain=st.sampled_from(sorted(DOMAINS)), known=st.text(), old=st.none() | st.text(), new=st.text())
def test_nothing_that_was_known_stops_the_watch(domain: str, known: str, old: str | None, new: str) -> None:
    reading = read(domain, new)
    assert reading is None or is_press(domain, known=known, old=read(domain, old), new=reading) in (True, False)


# --- the time of a press ---


@contacts
def test_a_contact_was_pressed_when_it_changed(domain: str) -> None:
    assert pressed_at(domain, "on", NOW) == NOW


@moments
@pytest.mark.parametrize(
    ("reading", "at"),
    [
        pytest.param(EARLIER, datetime.fromisoformat(EARLIER), id="its own time"),
        pytest.param(LATER, NOW, id="not after we heard of it"),
    ],
)
def test_a_moment_knows_when_it_was_pressed(domain: str, reading: str, at: datetime) -> None:
    assert pressed_at(domain, reading, NOW) == at
