"""What a camera's pictures are worth, judged from the pictures alone: frozen, dark, bright, blurred, covered, moved.

A picture is shrunk to a sample (`sample.py`). Each sample gets a verdict, beside references that were learnt slowly
from the camera's own good pictures (`reference.py`), and votes; a condition is believed once it has the votes
(`vote.py`). Rules only: no Home Assistant, no clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from .picture import Condition
from .reference import FITS, Match, Reference, compare, is_blurred, learn
from .sample import BLOCK, Grey, Look, Sample, blocks
from .vote import Vote, elected, kept

# Somebody has probably been at the camera.
TAMPER: Final = frozenset({Condition.BLURRED, Condition.COVERED, Condition.MOVED})

# Share of a picture that must be black or white; a burnt-in clock stays white on a black one.
_DARK_SHARE: Final = 0.94
_BRIGHT_SHARE: Final = 0.75
# A picture of so many blocks that show nothing is covered.
_FLAT_SHARE: Final = 0.86
# Blocks that may differ in a picture that stands still: a clock runs in them. A sensor's differ nearly everywhere.
_CLOCK_BLOCKS: Final = 12
# Seconds of the same picture, and samples of it, until it is frozen.
_STILL_TIME: Final = timedelta(seconds=20)
_STILL_SAMPLES: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Still:
    """A picture, since when it has not changed but for a clock, and in how many samples."""

    grey: Grey
    since: datetime
    samples: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """What is known of a camera's pictures."""

    condition: Condition = Condition.OK
    look: Look = Look.DAY
    votes: tuple[Vote, ...] = ()
    still: Still | None = None
    references: Mapping[Look, Reference] = field(default_factory=dict)

    @property
    def is_learning(self) -> bool:
        """Tell whether blurred, moved and partly covered cannot be told yet, in the light there is."""
        reference = self.references.get(self.look)
        return reference is None or not reference.is_ready


@dataclass(frozen=True, kw_only=True, slots=True)
class _Verdict:
    """What one sample says; by which light's reference, and whether that may learn from it."""

    condition: Condition
    look: Look
    may_learn: bool = False


def judge(health: Health, sample: Sample, at: datetime) -> Health:
    """Take a sample in: its verdict votes, a condition that has the votes is believed, what is good is learnt from."""
    still = _still(health.still, sample, at)
    verdict = _verdict(health, sample, still, at)
    votes = (*kept(health.votes, at), Vote(at=at, condition=verdict.condition))
    condition = elected(votes, health.condition, at)
    references = health.references
    if verdict.may_learn and condition is Condition.OK:
        references = {**references, verdict.look: learn(references.get(verdict.look), sample, at)}
    return Health(condition=condition, look=verdict.look, votes=votes, still=still, references=references)


def reconnected(health: Health) -> Health:
    """Forget what the pictures before a gap said; what the camera looks at is still known."""
    return replace(health, votes=(), still=None)


def relearn() -> Health:
    """Forget everything: from now on what the camera shows is right."""
    return Health()


def _still(still: Still | None, sample: Sample, at: datetime) -> Still:
    """Return since when the picture has not changed but for a clock."""
    if still is None or at < still.since or not _is_same(still.grey, sample.grey):
        return Still(grey=sample.grey, since=at)
    return replace(still, samples=still.samples + 1)


def _is_same(one: Grey, other: Grey) -> bool:
    """Tell whether two pictures differ in a few blocks only: exactly the same elsewhere, as no two of a sensor are."""
    differs = one != other
    if np.count_nonzero(differs) > _CLOCK_BLOCKS * BLOCK:
        return False
    return int(np.count_nonzero(blocks(differs.astype(np.float32)))) <= _CLOCK_BLOCKS


def _verdict(health: Health, sample: Sample, still: Still, at: datetime) -> _Verdict:
    """Return the verdict on a sample: first what it shows by itself, then beside the references."""
    if sample.black >= _DARK_SHARE:
        return _Verdict(condition=Condition.DARK, look=sample.look)
    if sample.white >= _BRIGHT_SHARE:
        return _Verdict(condition=Condition.BRIGHT, look=sample.look)
    if sample.flat >= _FLAT_SHARE:
        return _Verdict(condition=Condition.COVERED, look=sample.look)
    if still.samples >= _STILL_SAMPLES and at - still.since >= _STILL_TIME:
        return _Verdict(condition=Condition.FROZEN, look=sample.look)
    return _compared(health, sample)


def _compared(health: Health, sample: Sample) -> _Verdict:
    """Return the verdict beside the references: whatever light a sample was taken in, it may fit any of them."""
    own = sample.look
    known = [look for look, reference in health.references.items() if reference.is_ready]
    matches: dict[Look, Match] = {}
    for look in sorted(known, key=lambda look: look is not own):
        reference = health.references[look]
        match = matches[look] = compare(sample, reference)
        # What the day explains well is no night: a grey day, or the dusk.
        if match is FITS or (look is own and match.is_in_place):
            condition = Condition.BLURRED if is_blurred(sample, reference) else Condition.OK
            return _Verdict(condition=condition, look=look, may_learn=look is own and condition is Condition.OK)
    if own in matches:
        is_elsewhere = any(match.is_in_place for match in matches.values())
        return _Verdict(condition=Condition.OK if is_elsewhere else _displaced(matches[own]), look=own)
    # The first night: infrared light shows another world, but no flat one.
    is_covered = any(match.is_covered for match in matches.values())
    condition = Condition.COVERED if is_covered else Condition.OK
    return _Verdict(condition=condition, look=own, may_learn=not is_covered)


def _displaced(match: Match) -> Condition:
    """Return what has happened to a camera that does not see what it should."""
    is_flat = not match.is_shifted and match.flat >= match.lost / 2
    return Condition.COVERED if is_flat else Condition.MOVED
