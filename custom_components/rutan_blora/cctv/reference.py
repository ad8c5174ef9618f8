"""What a camera shows when nothing is wrong: how it is learnt, and how a sample fits it.

Rules only: no Home Assistant, no clock.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .sample import BLOCK, HALF_BLOCK, Plane, Sample, blocks, half_blocks

# --- what fits ---

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
class Match:
    """How a sample fits a reference: shares of blocks that are lost, and of those now flat; whether it is shifted."""

    lost: float
    flat: float
    is_shifted: bool

    @property
    def is_in_place(self) -> bool:
        """Tell whether the camera still looks where it did, unhindered."""
        return self.lost < _LOST and not self.is_covered and not self.is_shifted

    @property
    def is_covered(self) -> bool:
        """Tell whether more has become flat than shadows or infrared light make so."""
        return self.flat >= _COVERED_SHARE


FITS: Final = Match(lost=0.0, flat=0.0, is_shifted=False)


def compare(sample: Sample, reference: Reference) -> Match:
    """Compare what is where, block by block; a reference that shows hardly anything fits everything."""
    steady = reference.place_steady
    is_shown = (steady > 0.3 * reference.place_power) & (steady > 0.5 * HALF_BLOCK)
    count = int(np.count_nonzero(is_shown))
    if count < _MIN_BLOCKS:
        return FITS
    common = half_blocks(sample.place * reference.place)
    gain = common / np.maximum(steady, _TINY)
    agreement = common / np.sqrt(np.maximum(steady, 0) * sample.place_power + _TINY)
    is_lost = is_shown & (agreement < _AGREEMENT) & ~((gain > _GAIN[0]) & (gain < _GAIN[1]))
    lost = int(np.count_nonzero(is_lost)) / count
    if lost < _DOUBTFUL:
        return FITS
    # In the dusk all is flatter than it was; a cover leaves the rest as it is.
    contrast = min(1.0, float(np.median(gain[is_shown & ~is_lost]))) if lost < _LITTLE_LEFT else 1.0
    noise = reference.place_power - steady
    is_flat = is_lost & (sample.place_power < contrast**2 * (0.2 * reference.place_power + 1.2 * noise))
    flat = int(np.count_nonzero(is_flat)) / count
    return Match(lost=lost, flat=flat, is_shifted=_is_shifted(sample.place, reference.place))


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


def is_blurred(sample: Sample, reference: Reference) -> bool:
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


def learn(reference: Reference | None, sample: Sample, at: datetime) -> Reference:
    """Return a reference that has moved a little towards a sample; a young one that does not fit begins anew."""
    if reference is None:
        return _reference(sample, at)
    if at < reference.learnt_at:
        # The clock was set back; what is learnt stays learnt.
        return replace(reference, learnt_at=at, since=at - (reference.learnt_at - reference.since))
    if _YOUNG <= reference.samples < _LEARNT_SAMPLES and not compare(sample, reference).is_in_place:
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
