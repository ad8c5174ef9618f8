"""What is drawn on pictures: a picture that is too old is never taken for live, whatever the file or the text is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.cctv.overlay import (
    BACKGROUND,
    CARD,
    WARNING,
    WORDS,
    Words,
    decode,
    moment,
    no_picture,
    stale,
)
from custom_components.rutan_blora.cctv.picture import Condition, Picture
from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.lettering import WHITE, font, writable

from .drawing import BLUE, GREEN, NOW, WIB, Pixels, extent, is_close, picture, pixels, saturation

SIZE = (1280, 720)


def stale_pixels(shown: Picture | None, since: datetime | None, size: tuple[int, int] = SIZE) -> Pixels:
    return pixels(stale(shown, since, now=NOW, language=Language.ID, zone=WIB, size=size))


@pytest.mark.parametrize(
    ("language", "age", "lines"),
    [
        (Language.ID, timedelta(0), ("TIDAK ADA GAMBAR", "sejak 14.02.11")),
        (Language.EN, timedelta(0), ("NO PICTURE", "since 14:02:11")),
        (Language.ID, timedelta(hours=14), ("TIDAK ADA GAMBAR", "sejak 00.02.11")),
        # Yesterday in Blora, but today in UTC's eyes only from 07.00 on.
        (Language.ID, timedelta(hours=15), ("TIDAK ADA GAMBAR", "sejak 01-03-2026 23.02.11")),
        (Language.EN, timedelta(days=365), ("NO PICTURE", "since 2025-03-02 14:02:11")),
        (Language.ID, None, ("TIDAK ADA GAMBAR",)),
    ],
)
def test_it_says_that_there_is_no_picture_and_since_when(
    language: Language, age: timedelta | None, lines: tuple[str, ...]
) -> None:
    since = None if age is None else NOW - age
    assert no_picture(since, NOW, WORDS[language], WIB) == lines


def test_the_last_picture_is_greyed_and_darkened() -> None:
    shown = stale_pixels(picture(BLUE), NOW)
    beside = shown[: SIZE[1] // 4]
    assert saturation(beside) <= 2
    assert beside.max() < 60
    # Greyed blue is (40 * .3 + 80 * .59 + 200 * .11) = 82, of which a little less than half is left.
    assert is_close(beside, (36, 36, 36), within=4)


def test_a_band_with_large_words_is_across_the_picture() -> None:
    shown = stale_pixels(picture((255, 255, 255)), NOW)
    band = shown[SIZE[1] * 35 // 100 : SIZE[1] * 65 // 100]
    assert is_close(band[:, :20], BACKGROUND)
    width, _, share = extent(band, WARNING)
    assert width > SIZE[0] * 0.7
    assert share > 0.05
    assert extent(band, WHITE)[2] > 0.02


def test_the_words_can_be_read_in_a_small_preview() -> None:
    """At 320 px the letters of the first line are as high as those of a page."""
    shown = stale_pixels(None, NOW, (320, 180))
    # Between the rules of the band, which are of that colour too.
    assert extent(shown[64:117], WARNING)[1] >= 14


def test_without_a_last_picture_there_is_a_dark_card() -> None:
    shown = stale_pixels(None, None)
    assert shown.shape == (720, 1280, 3)
    assert is_close(shown[:200], CARD)
    assert not is_close(shown[300:420], CARD)


def test_a_picture_of_another_shape_is_shown_whole() -> None:
    image = decode(picture(GREEN, size=(480, 480)), (1280, 720))
    assert image is not None
    assert image.size == (1280, 720)
    assert image.getpixel((10, 360)) == BACKGROUND
    assert image.getpixel((1270, 360)) == BACKGROUND
    assert image.getpixel((640, 5)) != BACKGROUND
    assert image.getpixel((640, 715)) != BACKGROUND


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (704, 576), (1280, 720), (3840, 2160)])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_pictures_of_every_kind_are_decoded(size: tuple[int, int], mode: str) -> None:
    image = decode(picture(size=size, mode=mode), (320, 180))
    assert image is not None
    assert (image.size, image.mode) == ((320, 180), "RGB")


def test_a_picture_of_the_right_size_is_left_as_it_is() -> None:
    image = decode(picture(size=(640, 360)), (320, 180))
    assert image is not None
    assert image.copy().size == (320, 180)
    assert is_close(
        pixels(stale(picture(size=SIZE), NOW, now=NOW, language=Language.EN, zone=WIB))[:9], (51, 51, 51), 9
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda jpeg: b"",
        lambda jpeg: b"<html>",
        lambda jpeg: jpeg[:100],
        lambda jpeg: jpeg[: len(jpeg) * 2 // 3],
        lambda jpeg: b"\x89PNG\r\n\x1a\n" + jpeg,
    ],
    ids=["empty", "html", "head only", "cut", "no jpeg"],
)
def test_a_damaged_picture_is_none(damage: Callable[[bytes], bytes]) -> None:
    whole = picture()
    assert decode(replace(whole, jpeg=damage(whole.jpeg)), (320, 180)) is None
    assert is_close(stale_pixels(replace(whole, jpeg=damage(whole.jpeg)), NOW)[:200], CARD)


def test_a_file_that_claims_another_size_than_its_source_saw_is_not_decoded() -> None:
    assert decode(replace(picture(), width=641), (320, 180)) is None


@given(st.dictionaries(st.integers(0, 2**16), st.integers(0, 255), min_size=1, max_size=40))
def test_whatever_is_changed_in_a_file_does_no_harm(changes: dict[int, int]) -> None:
    whole = picture(size=(64, 36))
    jpeg = bytearray(whole.jpeg)
    for place, value in changes.items():
        jpeg[place % len(jpeg)] = value
    image = decode(replace(whole, jpeg=bytes(jpeg)), (32, 18))
    assert image is None or image.size == (32, 18)


# --- text ---


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_every_word_is_in_the_font(words: Words) -> None:
    assert words.conditions.keys() == set(Condition) - {Condition.OK}
    said = [*words.conditions.values(), words.no_picture, words.since, words.seconds_ago, words.minutes_ago, "·…"]
    for word in said:
        assert writable(word.replace("…", "")) == word.replace("…", "")
    lacking = bytes(font(20).getmask("\U000f0000"))
    assert all(bytes(font(20).getmask(char)) != lacking for word in said for char in word)


def test_a_time_is_written_as_people_there_do() -> None:
    assert moment(NOW, NOW, WORDS[Language.ID], WIB) == "14.02.11"
    assert moment(NOW - timedelta(days=1), NOW, WORDS[Language.EN], WIB) == "2026-03-01 14:02:11"
