"""When a condition has the votes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.cctv.health import TAMPER
from custom_components.rutan_blora.cctv.picture import Condition
from custom_components.rutan_blora.cctv.vote import Vote, elected, kept

NOW: Final = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def verdicts(kinds: Sequence[Condition], interval: float) -> tuple[Vote, ...]:
    return tuple(Vote(at=NOW + timedelta(seconds=n * interval), condition=kind) for n, kind in enumerate(kinds))


def believed_after(kinds: Sequence[Condition], interval: float = 5, before: Condition = Condition.OK) -> Condition:
    """Return what is believed after a row of verdicts."""
    votes = verdicts(kinds, interval)
    return elected(votes, before, votes[-1].at)


OK, COVERED, MOVED, BLURRED, DARK = (
    Condition.OK,
    Condition.COVERED,
    Condition.MOVED,
    Condition.BLURRED,
    Condition.DARK,
)


@pytest.mark.parametrize(
    ("kinds", "interval", "believed"),
    [
        pytest.param([COVERED], 5, OK, id="one is none"),
        pytest.param([OK, COVERED, COVERED, COVERED], 5, OK, id="most, but too soon"),
        pytest.param([OK, COVERED, COVERED, COVERED, COVERED], 5, COVERED, id="most, for long enough"),
        pytest.param([OK, COVERED, OK, COVERED, COVERED, COVERED], 5, COVERED, id="with a dissent"),
        pytest.param([OK, COVERED, OK, OK, COVERED, OK, COVERED], 5, OK, id="no majority"),
        pytest.param([OK, *[MOVED] * 6], 5, OK, id="moved must hold longer"),
        pytest.param([OK, *[MOVED] * 7], 5, MOVED, id="moved for long enough"),
        pytest.param([OK, *[MOVED, COVERED] * 3, MOVED, MOVED], 5, MOVED, id="the most frequent name"),
        pytest.param([OK] * 5 + [DARK] * 14, 1, OK, id="many in a short time"),
        pytest.param([OK] * 5 + [DARK] * 16, 1, DARK, id="many in a long time"),
        pytest.param([OK, BLURRED, BLURRED], 60, OK, id="far apart, two"),
        pytest.param([OK, BLURRED, BLURRED, BLURRED], 60, BLURRED, id="far apart, three"),
        pytest.param([COVERED, OK, OK], 60, OK, id="back"),
        pytest.param([OK, OK, Condition.FROZEN], 5, Condition.FROZEN, id="frozen needs no votes"),
    ],
)
def test_votes(kinds: list[Condition], interval: float, believed: Condition) -> None:
    assert believed_after(kinds, interval) is believed


def test_what_was_believed_stays_until_something_else_has_the_votes() -> None:
    assert believed_after([COVERED, COVERED, OK, OK], before=COVERED) is COVERED
    assert believed_after([COVERED, COVERED, OK, OK, OK], before=COVERED) is OK


KINDS: Final = st.lists(st.sampled_from([kind for kind in Condition if kind is not Condition.NO_SIGNAL]), min_size=1)


@given(kinds=KINDS, interval=st.floats(1, 60), before=st.sampled_from([OK, COVERED, Condition.FROZEN]))
def test_nothing_is_believed_that_nobody_said(kinds: list[Condition], interval: float, before: Condition) -> None:
    believed = believed_after(kinds, interval, before)
    assert believed in (before, *kinds)
    if believed in TAMPER and believed is not before:
        assert len([kind for kind in kinds if kind not in (OK, Condition.FROZEN)]) >= 3


@given(kind=st.sampled_from([COVERED, DARK, BLURRED, MOVED]), interval=st.floats(1, 12), calm=st.integers(0, 30))
def test_what_lasts_is_known_in_time(kind: Condition, interval: float, calm: int) -> None:
    promised = 60 if kind in (BLURRED, MOVED) else 30
    lasting = int(promised / interval) + 1
    assert believed_after([OK] * calm + [kind] * lasting, interval) is kind or lasting < 3


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=300))
def test_few_votes_are_kept_and_none_from_the_future(steps: list[float]) -> None:
    votes: tuple[Vote, ...] = ()
    at = NOW
    for step in steps:
        at += timedelta(seconds=step)
        votes = (*kept(votes, at), Vote(at=at, condition=OK))
        assert all(vote.at <= at for vote in votes)
        assert all(at - vote.at <= timedelta(seconds=45) for vote in votes[:-5])
