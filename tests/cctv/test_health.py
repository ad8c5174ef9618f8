"""What a camera's pictures are worth, on drawn scenes whose faults are known."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Final

from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.typing import NDArray
from PIL import Image
import pytest

from custom_components.rutan_blora.cctv.health import (
    TAMPER,
    Health,
    judge,
    reconnected,
    relearn,
)
from custom_components.rutan_blora.cctv.picture import HEIGHT, WIDTH, Condition, SourceError
from custom_components.rutan_blora.cctv.sample import Look, Sample, measure
from custom_components.rutan_blora.cctv.verify import check
from demo.scenes import Fault, View, Walker, jpeg, render

NOW: Final = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SIZE: Final = (640, 360)
# One with bricks, one with concrete slabs.
CAMERAS: Final = (6, 2)
CALM: Final = 14
FAULTS: Final = {
    Fault.COVERED_60: (Condition.COVERED, 30),
    Fault.COVERED: (Condition.COVERED, 30),
    Fault.SPRAYED: (Condition.BLURRED, 60),
    Fault.TURNED_60: (Condition.MOVED, 60),
    Fault.TURNED_300: (Condition.MOVED, 60),
    Fault.FROZEN_CLOCK: (Condition.FROZEN, 30),
    Fault.FROZEN: (Condition.FROZEN, 30),
    Fault.BLACK: (Condition.DARK, 30),
    Fault.WHITE: (Condition.BRIGHT, 30),
}

type Pixels = NDArray[np.uint8]


def sample_of(picture: bytes) -> Sample:
    """Return the sample of a picture as it is taken when it arrives."""
    small = check(picture, NOW).small
    assert small is not None
    return measure(small)


@cache
def seen(camera: int, number: int, view: View, fault: Fault | None = None) -> Sample:
    """Return the sample of a scene at its five seconds."""
    return sample_of(jpeg(camera, render(camera, 5.0 * number, view, fault=fault, size=SIZE)))


def scene(count: int, view: View | None = None, *, camera: int = 6, fault: Fault | None = None) -> list[Sample]:
    return [seen(camera, number, view or View(), fault) for number in range(count)]


def watch(health: Health, samples: Iterable[Sample], *, since: float = 0, interval: float = 5) -> list[Health]:
    """Return what is known after each sample, the first of which comes so many seconds after the beginning."""
    known = []
    for number, sample in enumerate(samples):
        health = judge(health, sample, NOW + timedelta(seconds=since + number * interval))
        known.append(health)
    return known


@cache
def learnt(camera: int = 6, view: View | None = None) -> Health:
    """Return what is known of a camera after a calm minute."""
    return watch(Health(), scene(CALM, view, camera=camera))[-1]


AFTER: Final = 5.0 * CALM


def conditions(known: Sequence[Health]) -> list[Condition]:
    return [health.condition for health in known]


def picture_of(pixels: Pixels, quality: int = 90) -> bytes:
    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return out.getvalue()


def texture(seed: int, *, size: tuple[int, int] = (360, 640)) -> Pixels:
    """Return a picture that is full of detail."""
    small = np.random.default_rng(seed).integers(60, 200, (size[0] // 8, size[1] // 8), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize(size[::-1], Image.Resampling.BICUBIC))


# --- pictures become samples ---


WHOLE: Final = picture_of(texture(1))


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, len(WHOLE) - 1), junk=st.binary(min_size=1, max_size=6))
def test_a_damaged_picture_is_measured_or_refused(at: int, junk: bytes) -> None:
    try:
        sample = sample_of(WHOLE[:at] + junk + WHOLE[at + len(junk) :])
    except SourceError:
        return
    assert sample.grey.shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize("size", [(360, 640), (720, 1280), (1080, 1920), (1200, 1600), (48, 64), (1, 1)])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_any_size_and_kind_of_jpeg_is_measured(size: tuple[int, int], mode: str) -> None:
    out = BytesIO()
    Image.new("L", size[::-1], 90).convert(mode).save(out, "JPEG")
    sample = sample_of(out.getvalue())
    assert sample.brightness == pytest.approx(90, abs=8)
    assert sample.flat == 1


def test_a_progressive_picture_is_the_same_picture() -> None:
    out = BytesIO()
    Image.fromarray(texture(1)).save(out, "JPEG", quality=90, progressive=True)
    assert np.array_equal(sample_of(out.getvalue()).grey, sample_of(WHOLE).grey)


@pytest.mark.parametrize(
    ("view", "look"),
    [(View(), Look.DAY), (View(light=0.04), Look.DIM), (View(night=True), Look.NIGHT)],
    ids=["day", "dusk", "infrared"],
)
def test_light_is_told_by_brightness_and_colour(view: View, look: Look) -> None:
    assert seen(6, 0, view).look is look


# --- faults ---


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("view", [View(), View(night=True)], ids=["day", "night"])
@pytest.mark.parametrize(("fault", "expected"), FAULTS.items())
def test_a_fault_is_known_in_time_and_over_when_it_is_over(
    fault: Fault, expected: tuple[Condition, int], view: View, camera: int
) -> None:
    condition, promised = expected
    health = learnt(camera, view)
    assert not health.is_learning
    known = watch(health, scene(promised // 5 + 1, view, camera=camera, fault=fault), since=AFTER)
    assert set(conditions(known)) <= {Condition.OK, condition}
    assert known[-2].condition is condition
    after = watch(known[-1], scene(7, view, camera=camera), since=AFTER + promised + 5)
    assert after[-1].condition is Condition.OK


HARMLESS: Final = {
    "rain": View(rain=1),
    "rain at night": View(night=True, rain=1),
    "clouds": View(light=0.5),
    "dusk": View(light=0.15),
    "sun": View(sun=0.5),
    "headlights": View(night=True, headlight=0.4),
    "somebody near": View(walkers=(Walker(x=500, y=700, height=420),)),
    "a cat": View(walkers=(Walker(x=700, y=560, height=46, is_cat=True),)),
    "somebody at night": View(night=True, walkers=(Walker(x=500, y=700, height=420),)),
    "infrared for the first time": View(night=True),
}


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("view", HARMLESS.values(), ids=HARMLESS)
def test_what_happens_every_day_is_no_fault(view: View, camera: int) -> None:
    before = View(night=view.night and (view.rain > 0 or view.headlight is not None or bool(view.walkers)))
    known = watch(learnt(camera, before), scene(14, view, camera=camera), since=AFTER)
    assert set(conditions(known)) == {Condition.OK}


def test_daylight_for_the_first_time_is_no_fault() -> None:
    known = watch(learnt(6, View(night=True)), scene(14), since=AFTER)
    assert set(conditions(known)) == {Condition.OK}
    assert known[0].is_learning
    assert not known[-1].is_learning


def test_a_pole_in_the_wind_is_no_fault() -> None:
    sways = [View(shake=(dx, dy)) for dx, dy in ((4, 1), (-6, 2), (0, -2), (7, 0), (-3, -3), (5, 2), (-7, 1))]
    samples = [seen(6, number, view) for number, view in enumerate(sways * 2)]
    assert set(conditions(watch(learnt(), samples, since=AFTER))) == {Condition.OK}


def test_somebody_who_stops_before_the_camera_for_ten_seconds_is_no_fault() -> None:
    known = watch(learnt(), scene(2, fault=Fault.COVERED_60) + scene(8), since=AFTER)
    assert set(conditions(known)) == {Condition.OK}


def test_tampering_is_what_hands_do() -> None:
    assert {Condition.COVERED, Condition.BLURRED, Condition.MOVED} == TAMPER


# --- what is learnt ---


def test_a_new_camera_learns_before_it_is_judged() -> None:
    known = watch(Health(), scene(CALM))
    assert known[0].is_learning
    assert [health.is_learning for health in known] == [True] * 9 + [False] * 5
    assert set(conditions(known)) == {Condition.OK}


@pytest.mark.parametrize(
    ("fault", "condition"),
    [
        (Fault.COVERED, Condition.COVERED),
        (Fault.BLACK, Condition.DARK),
        (Fault.WHITE, Condition.BRIGHT),
        (Fault.FROZEN_CLOCK, Condition.FROZEN),
    ],
)
def test_some_faults_need_nothing_learnt(fault: Fault, condition: Condition) -> None:
    assert watch(Health(), scene(6, fault=fault))[-1].condition is condition


@pytest.mark.parametrize("fault", [Fault.COVERED_60, Fault.TURNED_300, Fault.SPRAYED])
def test_a_fault_that_lasts_is_never_learnt(fault: Fault) -> None:
    before = learnt()
    known = watch(before, scene(10, fault=fault) * 12, since=AFTER)
    assert known[-1].condition is FAULTS[fault][0]
    assert known[-1].references[Look.DAY] is before.references[Look.DAY]


def test_relearning_makes_right_what_is_there() -> None:
    turned = watch(learnt(), scene(12, fault=Fault.TURNED_300), since=AFTER)[-1]
    assert turned.condition is Condition.MOVED
    known = watch(relearn(), scene(14, fault=Fault.TURNED_300), since=200)
    assert set(conditions(known)) == {Condition.OK}
    assert not known[-1].is_learning


def test_a_camera_that_is_still_being_aimed_learns_where_it_ends() -> None:
    aimed = watch(Health(), scene(5, fault=Fault.TURNED_300) + scene(CALM))[-1]
    assert not aimed.is_learning
    known = watch(aimed, scene(10, fault=Fault.TURNED_300), since=100)
    assert known[-1].condition is Condition.MOVED


def test_a_camera_covered_before_its_first_night_is_found_out() -> None:
    known = watch(learnt(), scene(10, View(night=True), fault=Fault.COVERED_60), since=AFTER)
    assert known[-1].condition is Condition.COVERED
    assert Look.NIGHT not in known[-1].references


def test_the_second_night_is_known() -> None:
    night = View(night=True)
    first = watch(learnt(), scene(CALM, night), since=AFTER)[-1]
    day = watch(first, scene(3), since=200)[-1]
    assert not day.is_learning
    known = watch(day, scene(10, night, fault=Fault.TURNED_60), since=300)
    assert known[-1].condition is Condition.MOVED


def test_a_grey_day_is_not_taken_for_a_night() -> None:
    dull = [replace(sample, colour=0.0) for sample in scene(CALM)]
    known = watch(learnt(), dull, since=AFTER)
    assert dull[0].look is Look.NIGHT
    assert set(conditions(known)) == {Condition.OK}
    assert not known[-1].is_learning
    assert known[-1].references.keys() == {Look.DAY}


def test_the_reference_follows_slowly() -> None:
    old = watch(Health(), scene(10) * 7)[-1]
    sunny = scene(10, View(sun=0.5))
    known = watch(old, sunny * 20, since=350)

    def distance(health: Health) -> float:
        return float(np.abs(health.references[Look.DAY].place - sunny[0].place).mean())

    assert set(conditions(known)) == {Condition.OK}
    assert distance(known[9]) > 0.8 * distance(old)
    assert distance(known[-1]) < 0.4 * distance(old)


def test_a_clock_that_was_set_back_costs_nothing_that_was_learnt() -> None:
    known = watch(learnt(), scene(10), since=-86_400)
    assert not known[0].is_learning
    assert set(conditions(known)) == {Condition.OK}
    covered = watch(known[-1], scene(7, fault=Fault.COVERED_60), since=-86_350)
    assert covered[-1].condition is Condition.COVERED


def test_a_bare_wall_is_left_alone() -> None:
    """Where next to nothing is to be seen, nothing can be missed; noise alone is no detail."""
    rng = np.random.default_rng(3)
    walls = [sample_of(picture_of(rng.normal(120, 22, (360, 640)).clip(0, 255).astype(np.uint8))) for _ in range(24)]
    known = watch(Health(), walls)
    assert set(conditions(known)) == {Condition.OK}


def test_coarse_shapes_have_no_sharpness_to_lose() -> None:
    rng = np.random.default_rng(4)
    small = Image.fromarray(rng.integers(60, 200, (10, 18), dtype=np.uint8))
    smooth = np.asarray(small.resize((640, 360), Image.Resampling.BICUBIC)).astype(float)
    views = [
        sample_of(picture_of((smooth + rng.normal(0, 2, smooth.shape)).clip(0, 255).astype(np.uint8)))
        for _ in range(20)
    ]
    known = watch(Health(), views)
    assert not known[-1].is_learning
    assert set(conditions(known)) == {Condition.OK}


# --- what stands still ---


@pytest.mark.parametrize("interval", [1, 2, 5, 10, 60])
def test_a_picture_is_frozen_when_it_has_stood_still_long_enough(interval: int) -> None:
    known = watch(Health(), [seen(6, 0, View(), Fault.FROZEN)] * 40, interval=interval)
    first = conditions(known).index(Condition.FROZEN)
    assert first == max(2, 20 / interval)


def test_a_frozen_picture_is_found_while_its_clock_runs_for_hours() -> None:
    known = watch(Health(), [seen(6, 700 * n, View(), Fault.FROZEN_CLOCK) for n in range(8)], interval=3500)
    assert set(conditions(known[2:])) == {Condition.FROZEN}


def test_a_live_picture_is_never_still() -> None:
    assert {health.still.samples for health in watch(Health(), scene(CALM)) if health.still} == {1}


def test_somebody_who_walks_through_ends_the_standstill() -> None:
    pixels = texture(1).copy()
    still = sample_of(picture_of(pixels))
    pixels[100:330, 200:360] = 40
    walked = sample_of(picture_of(pixels))
    known = watch(Health(), [still] * 4 + [walked] + [still] * 4)
    assert Condition.FROZEN not in conditions(known)


# --- a gap ---


def test_a_reconnect_takes_the_votes_and_leaves_what_is_learnt() -> None:
    covered = watch(learnt(), scene(5, fault=Fault.COVERED_60), since=AFTER)[-1]
    assert covered.condition is Condition.COVERED
    again = reconnected(covered)
    assert again.votes == ()
    assert again.still is None
    assert again.references is covered.references
    assert again.condition is Condition.COVERED


def test_votes_from_before_a_gap_do_not_count_after_it() -> None:
    three = watch(learnt(), scene(3, fault=Fault.COVERED_60), since=AFTER)[-1]
    known = watch(reconnected(three), scene(3, fault=Fault.COVERED_60), since=AFTER + 15)
    assert set(conditions(known)) == {Condition.OK}


def test_a_picture_from_before_a_gap_does_not_freeze_the_one_after() -> None:
    frozen = watch(Health(), [seen(6, 0, View(), Fault.FROZEN)] * 4)[-1]
    known = watch(reconnected(frozen), [seen(6, 0, View(), Fault.FROZEN)] * 2, since=20)
    assert set(conditions(known)) == {Condition.OK}
