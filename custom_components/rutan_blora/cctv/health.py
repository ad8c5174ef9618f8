"""What a camera's pictures are worth, judged from the pictures alone: frozen, dark, bright, blurred, covered, moved.

A picture is shrunk to a sample (`sample.py`). Each sample gets a verdict, beside references that were learnt slowly
from the camera's own good pictures, and votes; a condition is believed once it has the votes (`judge`). Rules only: no
Home Assistant, no clock.
"""

from collections import Counter
from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import exp
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .picture import Condition
from .sample import BLOCK, HALF_BLOCK, Grey, Look, Plane, Sample, blocks, half_blocks

# Somebody has probably been at the camera.
TAMPER: Final = frozenset({Condition.BLURRED, Condition.COVERED, Condition.MOVED})

# --- what makes a verdict ---

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
# Keeps a division possible.
_TINY: Final = 1e-6
# A block is where it was if what it shows agrees with the reference, or shows that much of it under rain or noise.
_AGREEMENT: Final = 0.3
_GAIN: Final = (0.5, 2.0)
# Share of the blocks that may be lost to shadows, people, rain; and from which on a shift is looked for.
_LOST: Final = 0.42
_DOUBTFUL: Final = 0.22
# So many lost that the few others are there by chance.
_LITTLE_LEFT: Final = 0.85
# Share of the blocks that may be lost because they are flat now; neither shadows nor infrared light make so many.
_COVERED_SHARE: Final = 0.3
# Less fine detail than this, in its power and in what agrees with the reference, is a blur.
_DULL: Final = 0.4
_BLUR: Final = 0.5
# Blocks with something to see that a judgement needs.
_MIN_BLOCKS: Final = 12
# A shift must show this much better than standing still, and this far above chance.
_SHIFT_RATIO: Final = 1.4
_SHIFT_SIGMA: Final = 8.0
# How far a pole may shake (px down, px right), the least first.
_SHAKES: Final = tuple(sorted(((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)), key=lambda by: by[0] ** 2 + by[1] ** 2))

# --- what makes a condition ---

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

# --- what is learnt ---

_LEARNT_SAMPLES: Final = 10
# Samples it takes to tell noise from what is there.
_YOUNG: Final = 3
_LEARNT_TIME: Final = timedelta(seconds=45)
# A reference follows the season's light, the sun's way and a growing tree in this time (s).
_FOLLOW: Final = 600.0
# Samples from which on it is not every one that counts; the seconds between two that do, and the most after a gap.
_MATURE: Final = 60
_LEARN_EVERY: Final = 20.0
_LEARN_MOST: Final = 60.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reference:
    """What a camera shows when nothing is wrong, the mean of many samples: noise and people have gone from it.

    `place_steady`, `detail_steady`: how much of the power of either is always the same, by block.
    """

    place: Plane
    place_power: Plane
    place_steady: Plane
    detail: Plane
    detail_power: Plane
    detail_steady: Plane
    samples: int
    since: datetime
    learnt_at: datetime

    @property
    def is_ready(self) -> bool:
        """Tell whether there is enough of it to judge by."""
        return self.samples >= _LEARNT_SAMPLES and self.learnt_at - self.since >= _LEARNT_TIME


@dataclass(frozen=True, kw_only=True, slots=True)
class Vote:
    """The verdict on one sample."""

    at: datetime
    condition: Condition


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


# --- a sample beside a reference ---


@dataclass(frozen=True, kw_only=True, slots=True)
class _Match:
    """How a sample fits a reference: shares of blocks that are lost, and of those now flat; whether it is shifted."""

    lost: float
    flat: float
    is_shifted: bool

    @property
    def is_in_place(self) -> bool:
        """Tell whether the camera still looks where it did, unhindered."""
        return self.lost < _LOST and self.flat < _COVERED_SHARE and not self.is_shifted


_FITS: Final = _Match(lost=0.0, flat=0.0, is_shifted=False)


def _match(sample: Sample, reference: Reference) -> _Match:
    """Compare what is where, block by block; a reference that shows hardly anything fits everything."""
    steady = reference.place_steady
    is_shown = (steady > 0.3 * reference.place_power) & (steady > 0.5 * HALF_BLOCK)
    count = int(np.count_nonzero(is_shown))
    if count < _MIN_BLOCKS:
        return _FITS
    common = half_blocks(sample.place * reference.place)
    gain = common / np.maximum(steady, _TINY)
    agreement = common / np.sqrt(np.maximum(steady, 0) * sample.place_power + _TINY)
    is_lost = is_shown & (agreement < _AGREEMENT) & ~((gain > _GAIN[0]) & (gain < _GAIN[1]))
    lost = int(np.count_nonzero(is_lost)) / count
    if lost < _DOUBTFUL:
        return _FITS
    # In the dusk all is flatter than it was; a cover leaves the rest as it is.
    contrast = min(1.0, float(np.median(gain[is_shown & ~is_lost]))) if lost < _LITTLE_LEFT else 1.0
    noise = reference.place_power - steady
    is_flat = is_lost & (sample.place_power < contrast**2 * (0.2 * reference.place_power + 1.2 * noise))
    flat = int(np.count_nonzero(is_flat)) / count
    return _Match(lost=lost, flat=flat, is_shifted=_is_shifted(sample.place, reference.place))


def _is_shifted(place: Plane, reference: Plane) -> bool:
    """Tell whether the whole picture fits better elsewhere."""
    spectrum = np.fft.rfft2(_levelled(place)) * np.conj(np.fft.rfft2(_levelled(reference)))
    fit = np.fft.irfft2(spectrum / np.sqrt(np.abs(spectrum) + _TINY), place.shape)
    here = max(float(fit[y, x]) for y, x in _SHAKES)
    return float(fit.max()) > max(_SHIFT_RATIO * here, _SHIFT_SIGMA * float(fit.std()))


def _levelled(place: Plane) -> Plane:
    """Return coarse detail of one strength: a burnt-in text, which never shifts, weighs no more than a wall."""
    limit = np.abs(place).mean() / 2
    return place.clip(-limit, limit)


def _is_blurred(sample: Sample, reference: Reference) -> bool:
    """Tell whether fine detail has gone where coarse has not; noise has no part in it."""
    coarse = half_blocks(sample.place * reference.place) / np.maximum(reference.place_steady, _TINY)
    steady = reference.detail_steady
    is_shown = (steady > 0.15 * reference.detail_power) & (steady > 2 * BLOCK) & (coarse > 0.05)
    if np.count_nonzero(is_shown) < _MIN_BLOCKS:
        return False
    noise = reference.detail_power - steady
    is_dull = sample.detail_power - noise < _DULL * steady * coarse**2
    if not _is_most(is_dull, is_shown):
        return False
    # Less noise than ever looks the same; but then the detail is where it was, or a little beside on a shaking pole.
    wanted = _BLUR * steady * coarse
    return all(
        _is_most(blocks(sample.detail * np.roll(reference.detail, by, (0, 1))) < wanted, is_shown) for by in _SHAKES
    )


def _is_most(mask: NDArray[np.bool], among: NDArray[np.bool]) -> bool:
    """Tell whether it is true of most blocks among some."""
    return int(np.count_nonzero(mask & among)) * 2 > int(np.count_nonzero(among))


# --- samples vote on the condition ---


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
    votes = (*_kept(health.votes, at), Vote(at=at, condition=verdict.condition))
    condition = _elected(votes, health.condition, at)
    references = health.references
    if verdict.may_learn and condition is Condition.OK:
        references = {**references, verdict.look: _learn(references.get(verdict.look), sample, at)}
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
    matches: dict[Look, _Match] = {}
    for look in sorted(known, key=lambda look: look is not own):
        reference = health.references[look]
        match = matches[look] = _match(sample, reference)
        # What the day explains well is no night: a grey day, or the dusk.
        if match is _FITS or (look is own and match.is_in_place):
            is_blurred = _is_blurred(sample, reference)
            condition = Condition.BLURRED if is_blurred else Condition.OK
            return _Verdict(condition=condition, look=look, may_learn=look is own and not is_blurred)
    if own in matches:
        is_elsewhere = any(match.is_in_place for match in matches.values())
        return _Verdict(condition=Condition.OK if is_elsewhere else _displaced(matches[own]), look=own)
    # The first night: infrared light shows another world, but no flat one.
    is_covered = any(match.flat >= _COVERED_SHARE for match in matches.values())
    condition = Condition.COVERED if is_covered else Condition.OK
    return _Verdict(condition=condition, look=own, may_learn=not is_covered)


def _displaced(match: _Match) -> Condition:
    """Return what has happened to a camera that does not see what it should."""
    is_flat = not match.is_shifted and match.flat >= match.lost / 2
    return Condition.COVERED if is_flat else Condition.MOVED


def _kept(votes: tuple[Vote, ...], at: datetime) -> tuple[Vote, ...]:
    """Return the votes that may still count beside a new one; none from a future that a clock set back made up."""
    first = at - timedelta(seconds=_KEPT_TIME * max(_HOLD.values()))
    past = tuple(vote for vote in votes if vote.at <= at)
    older, last = past[: 1 - _KEPT_VOTES], past[1 - _KEPT_VOTES :]
    return (*(vote for vote in older if vote.at >= first), *last)


def _elected(votes: tuple[Vote, ...], condition: Condition, at: datetime) -> Condition:
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


def _learn(reference: Reference | None, sample: Sample, at: datetime) -> Reference:
    """Return a reference that has moved a little towards a sample; a young one that does not fit begins anew."""
    if reference is None:
        return _reference(sample, at)
    if at < reference.learnt_at:
        # The clock was set back; what is learnt stays learnt.
        return replace(reference, learnt_at=at, since=at - (reference.learnt_at - reference.since))
    if _YOUNG <= reference.samples < _LEARNT_SAMPLES and not _match(sample, reference).is_in_place:
        return _reference(sample, at)
    passed = (at - reference.learnt_at).total_seconds()
    if reference.samples >= _MATURE and passed < _LEARN_EVERY:
        return reference
    samples = reference.samples + 1
    share = np.float32(max(1 / samples, 1 - exp(-min(passed, _LEARN_MOST) / _FOLLOW)))
    place = reference.place + share * (sample.place - reference.place)
    detail = reference.detail + share * (sample.detail - reference.detail)
    place_power = reference.place_power + share * (sample.place_power - reference.place_power)
    detail_power = reference.detail_power + share * (sample.detail_power - reference.detail_power)
    return Reference(
        place=place,
        place_power=place_power,
        place_steady=_steady(half_blocks(place * place), place_power, samples),
        detail=detail,
        detail_power=detail_power,
        detail_steady=_steady(blocks(detail * detail), detail_power, samples),
        samples=samples,
        since=reference.since,
        learnt_at=at,
    )


def _steady(mean: Plane, power: Plane, samples: int) -> Plane:
    """Return what is steady in the power of a mean: without the noise that so few samples leave in it."""
    counted = min(samples, _MATURE)
    steady = (mean - power / counted) * (counted / (counted - 1))
    return steady.astype(np.float32, copy=False)


def _reference(sample: Sample, at: datetime) -> Reference:
    """Return the reference of a single sample."""
    return Reference(
        place=sample.place,
        place_power=sample.place_power,
        place_steady=sample.place_power,
        detail=sample.detail,
        detail_power=sample.detail_power,
        detail_steady=sample.detail_power,
        samples=1,
        since=at,
        learnt_at=at,
    )
