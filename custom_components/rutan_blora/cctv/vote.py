"""The votes on a camera's condition, and when they have it believed. Rules only: no Home Assistant, no clock."""

from collections import Counter
from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from .picture import Condition

# Seconds a verdict must have held.
_HOLD: Final[Mapping[Condition, float]] = {
    Condition.OK: 10.0,
    Condition.DARK: 15.0,
    Condition.BRIGHT: 15.0,
    Condition.COVERED: 15.0,
    Condition.BLURRED: 30.0,
    Condition.MOVED: 30.0,
}
# What is believed when most votes are for one of them; what is frozen needs none.
_WRONG: Final = _HOLD.keys() - {Condition.OK}
_MAJORITY: Final = 0.6
_MIN_VOTES: Final = 3
# Votes that are kept however far apart they are.
_KEPT_VOTES: Final = 5
_KEPT_TIME: Final = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Vote:
    """The verdict on one sample."""

    at: datetime
    condition: Condition


def kept(votes: tuple[Vote, ...], at: datetime) -> tuple[Vote, ...]:
    """Return the votes that may still count beside a new one; none from a future that a clock set back made up."""
    first = at - timedelta(seconds=_KEPT_TIME * max(_HOLD.values()))
    past = tuple(vote for vote in votes if vote.at <= at)
    older, last = past[: 1 - _KEPT_VOTES], past[1 - _KEPT_VOTES :]
    return (*(vote for vote in older if vote.at >= first), *last)


def elected(votes: tuple[Vote, ...], condition: Condition, at: datetime) -> Condition:
    """Return the condition that has the votes, or the one that had them last. What stands still is frozen at once.

    Votes for anything but ok stand together: who turns a camera to a bare wall is not saved by their disagreement.
    """
    if votes[-1].condition is Condition.FROZEN:
        return Condition.FROZEN
    if _has_votes(_recent(votes, Condition.OK, at), {Condition.OK}, Condition.OK, at):
        return Condition.OK
    wrong = Counter(vote.condition for vote in votes if vote.condition in _WRONG)
    for name, _ in wrong.most_common(1):
        if _has_votes(_recent(votes, name, at), _WRONG, name, at):
            return name
    return condition


def _recent(votes: tuple[Vote, ...], condition: Condition, at: datetime) -> tuple[Vote, ...]:
    """Return the votes that count for a condition: the last few, more if they lie within the time it must hold."""
    first = at - timedelta(seconds=_KEPT_TIME * _HOLD[condition])
    older, last = votes[:-_KEPT_VOTES], votes[-_KEPT_VOTES:]
    return (*(vote for vote in older if vote.at >= first), *last)


def _has_votes(votes: tuple[Vote, ...], wanted: AbstractSet[Condition], condition: Condition, at: datetime) -> bool:
    """Tell whether most votes say so, and the first of them long enough ago for a condition."""
    said = [vote for vote in votes if vote.condition in wanted]
    if len(said) < max(_MIN_VOTES, _MAJORITY * len(votes)):
        return False
    return (at - said[0].at).total_seconds() >= _HOLD[condition]
