"""The drawn scenes that camera health is proven on."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageChops
import pytest

from demo.scenes import CALM, CLIPS, WHOLE_DAY, Clip, Fault, jpeg, picture

SIZE = (320, 180)
AT = 1_772_413_200.0


def differing(one: Image.Image, other: Image.Image) -> float:
    """Return the share of the pixels in which two pictures differ."""
    return float((np.asarray(ImageChops.difference(one, other)) > 0).any(2).mean())


def test_the_same_moment_is_the_same_picture() -> None:
    assert jpeg(1, picture(1, AT, size=SIZE)) == jpeg(1, picture(1, AT, size=SIZE))


def test_no_two_moments_and_no_two_cameras_are_alike() -> None:
    assert differing(picture(1, AT, size=SIZE), picture(1, AT + 1, size=SIZE)) > 0.5
    assert differing(picture(1, AT, size=SIZE), picture(2, AT, size=SIZE)) > 0.8


@pytest.mark.parametrize("night", [False, True])
@pytest.mark.parametrize("fault", Fault)
def test_every_fault_is_drawn(fault: Fault, *, night: bool) -> None:
    drawn = picture(1, AT, night=night, fault=fault.value, size=SIZE)
    assert drawn.size == SIZE
    assert differing(drawn, picture(1, AT, night=night, size=SIZE)) > 0.3


def test_only_the_clock_runs_on_a_frozen_picture() -> None:
    frozen = [picture(1, AT + second, fault="frozen_clock", size=SIZE) for second in (0, 5)]
    assert 0 < differing(*frozen) < 0.02
    assert differing(*(picture(1, AT + second, fault="frozen", size=SIZE) for second in (0, 5))) == 0


def test_infrared_pictures_are_grey() -> None:
    colours = np.asarray(picture(1, AT, night=True, size=SIZE), np.int16)
    assert np.ptp(colours, axis=2).max() == 0


@pytest.mark.parametrize("clip", [*CLIPS, WHOLE_DAY], ids=lambda clip: clip.name)
def test_a_clip_can_be_seen_at_any_second(clip: Clip) -> None:
    for second in (0.0, CALM + 1, clip.seconds - 1):
        with Image.open(BytesIO(clip.frame(1, second, size=SIZE))) as image:
            assert (image.format, image.size) == ("JPEG", SIZE)
        assert clip.fault_at(second) is (clip.fault if clip.begins <= second < clip.ends else None)
