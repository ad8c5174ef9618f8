"""Photos of visits: checked before they are decoded, kept small and without a trace of where they were taken."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
import errno
import hashlib
from io import BytesIO
import os
from pathlib import Path
import struct
from typing import Any
from unittest.mock import patch
import zlib

from hypothesis import given, settings, strategies as st
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.rutan_blora.patrol import photo as photo_module
from custom_components.rutan_blora.patrol.photo import (
    MAX_SIDE,
    RECORD_PRUNED,
    PhotoError,
    find,
    keep,
    photos,
    prune,
    shrink,
)
from custom_components.rutan_blora.pictures import EvidenceError, EvidenceProblem
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.common import House, panic_button, until

pytest_plugins = ("tests.fixtures",)

NOW = datetime(2026, 3, 2, 7, 2, 11, tzinfo=UTC)
GREEN, BLUE = (40, 160, 60), (40, 80, 200)
ORIENTATION, GPS = 0x0112, 0x8825


def picture(size: tuple[int, int] = (320, 200), kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """Return a picture that is blue on its left."""
    image = Image.new("RGB", size, GREEN)
    image.paste(BLUE, (0, 0, size[0] // 4, size[1]))
    file = BytesIO()
    image.convert(mode).save(file, kind, **options)
    return file.getvalue()


def opened(jpeg: bytes) -> Image.Image:
    image = Image.open(BytesIO(jpeg))
    assert image.format == "JPEG"
    image.load()
    return image


def is_blue(image: Image.Image, x: float, y: float) -> bool:
    """Tell whether an image is blue at a share of its width and height."""
    pixel = image.convert("RGB").getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(pixel, tuple)
    return pixel[2] > pixel[1]


def problem(data: bytes) -> str:
    with pytest.raises(PhotoError) as error:
        shrink(data)
    return error.value.problem.value


# --- pictures ---


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((320, 200), (320, 200)),
        ((4000, 3000), (MAX_SIDE, 960)),
        ((3000, 4000), (960, MAX_SIDE)),
        ((5000, 10), (MAX_SIDE, 3)),
    ],
)
def test_photo_is_made_no_larger_than_need_be(size: tuple[int, int], small: tuple[int, int]) -> None:
    image = opened(shrink(picture(size)))
    assert image.size == small
    assert is_blue(image, 0.1, 0.5)
    assert not is_blue(image, 0.5, 0.5)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "P"), ("PNG", "1"), ("PNG", "I;16"), ("WEBP", "RGBA")],
)
def test_any_kind_becomes_a_jpeg_in_colour(kind: str, mode: str) -> None:
    data = picture(kind=kind, mode=mode) if mode != "I;16" else png(320, 200, depth=16)
    assert opened(shrink(data)).mode == "RGB"


def test_what_can_be_seen_through_is_white() -> None:
    file = BytesIO()
    Image.new("RGBA", (100, 100), (0, 0, 0, 0)).save(file, "PNG")
    assert opened(shrink(file.getvalue())).getpixel((50, 50)) == (255, 255, 255)


def test_photo_is_upright_and_tells_neither_where_nor_by_what_it_was_taken() -> None:
    exif = Image.Exif()
    # Turned to the right: what was left is above.
    exif[ORIENTATION] = 6
    exif[0x010F] = "a phone"
    exif[GPS] = {1: "S", 2: (6.0, 58.0, 0.0), 3: "E", 4: (111.0, 25.0, 0.0)}
    small = shrink(picture((400, 200), exif=exif, comment=b"a comment", icc_profile=b"x" * 128))
    image = opened(small)
    assert image.size == (200, 400)
    assert is_blue(image, 0.5, 0.1)
    assert dict(image.getexif()) == {}
    assert not {"exif", "comment", "icc_profile", "xmp"} & image.info.keys()
    assert b"a phone" not in small


def test_only_the_first_picture_of_many_is_kept() -> None:
    file = BytesIO()
    frames = [Image.new("RGB", (100, 100), colour) for colour in (BLUE, GREEN)]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    assert is_blue(opened(shrink(file.getvalue())), 0.5, 0.5)


def test_jpeg_that_has_more_behind_it_may_be_as_large_as_any_other() -> None:
    # As a phone writes it for its bright screen: 24 million pixels, and behind them how bright they are.
    file = BytesIO()
    Image.new("RGB", (6000, 4000), BLUE).save(file, "MPO", save_all=True, append_images=[Image.new("L", (1500, 1000))])
    assert is_blue(opened(shrink(file.getvalue())), 0.5, 0.5)


def png(width: int, height: int, *, depth: int = 8) -> bytes:
    """Return a PNG that says that it is so large, and holds next to nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (1 + width * depth // 8) * min(height, 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(5000, 5000), (9000, 9000), (30000, 30000), (1, 2**31 - 1)])
def test_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    with patch.object(Image.Image, "convert", side_effect=AssertionError("decoded")):
        assert problem(png(*size)) == "too_large"


def test_jpeg_that_says_to_be_too_large_is_refused_before_it_is_decoded() -> None:
    data = bytearray(picture())
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", 60000, 60000)
    assert problem(bytes(data)) == "too_large"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        picture()[:-1500],
        picture(kind="PNG")[:200],
        b"GIF89a" + b"\0" * 100,
        picture(kind="GIF", mode="P"),
        picture(kind="TIFF"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    ],
    ids=["nothing", "text", "half a JPEG", "half a PNG", "half a GIF", "GIF", "TIFF", "SVG", "EPS"],
)
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    assert problem(data) == "not_a_picture"


@given(st.data())
@settings(max_examples=60)
def test_damaged_photo_is_shrunk_or_refused_and_nothing_else(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([picture(), picture(kind="PNG"), picture(kind="WEBP")]))
    place = data.draw(st.integers(0, len(whole) - 1))
    damage = data.draw(st.binary(max_size=20))
    try:
        opened(shrink(whole[:place] + damage + whole[place + len(damage) :]))
    except PhotoError:
        return


# --- files ---


def test_photo_is_kept_under_its_fingerprint(tmp_path: Path) -> None:
    jpeg = picture()
    sha256 = keep(tmp_path, jpeg)
    assert sha256 == hashlib.sha256(jpeg).hexdigest()
    assert find(tmp_path, f"{sha256}.jpg") == tmp_path / "visits" / f"{sha256}.jpg"
    assert (tmp_path / "visits" / f"{sha256}.jpg").read_bytes() == jpeg


def kept(folder: Path, number: int, at: datetime) -> str:
    """Keep a photo as if it were that time."""
    file = f"{keep(folder, bytes([number]))}.jpg"
    os.utime(folder / "visits" / file, (at.timestamp(), at.timestamp()))
    return file


def test_photo_that_comes_again_is_kept_once_and_as_long_as_the_later_one(tmp_path: Path) -> None:
    file = kept(tmp_path, 1, NOW - timedelta(days=100))
    keep(tmp_path, bytes([1]))
    assert [name for name, _ in photos(tmp_path)] == [file]
    assert prune(tmp_path, NOW - timedelta(days=90)) == []


def test_old_photos_are_deleted_and_nothing_else_is(tmp_path: Path) -> None:
    old, young = kept(tmp_path, 1, NOW - timedelta(days=91)), kept(tmp_path, 2, NOW - timedelta(days=89))
    mine = tmp_path / "visits" / "notes.txt"
    mine.write_text("mine")
    os.utime(mine, (0, 0))
    assert photos(tmp_path) == [(young, NOW - timedelta(days=89)), (old, NOW - timedelta(days=91))]
    assert prune(tmp_path, NOW - timedelta(days=90)) == [old]
    assert sorted(path.name for path in (tmp_path / "visits").iterdir()) == sorted([young, "notes.txt"])


def test_folder_that_is_not_there_holds_no_photos(tmp_path: Path) -> None:
    assert photos(tmp_path) == []
    assert prune(tmp_path, NOW) == []


@pytest.mark.parametrize("file", ["../secret.jpg", "notes.txt", f"{'0' * 64}.jpg", f"{'A' * 64}.jpg", ""])
def test_nothing_else_is_found(tmp_path: Path, file: str) -> None:
    keep(tmp_path, b"x")
    (tmp_path / "secret.jpg").write_text("secret")
    (tmp_path / "visits" / "notes.txt").write_text("mine")
    assert find(tmp_path, file) is None


@contextmanager
def full() -> Iterator[None]:
    """Let the disk be full."""
    with patch.object(os, "fsync", side_effect=OSError(errno.ENOSPC, "full")):
        yield


def test_full_disk_leaves_nothing_half_done(tmp_path: Path) -> None:
    with full(), pytest.raises(EvidenceError, match="disk_full"):
        keep(tmp_path, b"x")
    assert list((tmp_path / "visits").iterdir()) == []


# --- retention ---


async def test_old_photos_are_deleted_with_the_evidence_and_it_is_on_record(
    hass: HomeAssistant, house: House, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path)}
    file = await hass.async_add_executor_job(kept, tmp_path / "rutan_blora", 1, dt_util.utcnow() - timedelta(days=91))
    await house.set_up(panic_button())
    await until(lambda: not (tmp_path / "rutan_blora" / "visits" / file).exists())
    await hass.async_block_till_done(wait_background_tasks=True)
    (row,) = await house.rows(RECORD_PRUNED)
    assert row.loaded == {"sha256": [file.removesuffix(".jpg")]}


async def test_no_facility_deletes_what_another_wants_to_keep(
    hass: HomeAssistant, house: House, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path)}
    folder = tmp_path / "rutan_blora"
    old = await hass.async_add_executor_job(kept, folder, 1, dt_util.utcnow() - timedelta(days=366))
    young = await hass.async_add_executor_job(kept, folder, 2, dt_util.utcnow() - timedelta(days=91))
    # Not set up yet, as at each start, when the other is there first.
    MockConfigEntry(domain="rutan_blora", options={"retention_days": 365}).add_to_hass(hass)
    await house.set_up(panic_button())
    await until(lambda: not (folder / "visits" / old).exists())
    assert (folder / "visits" / young).exists()


async def test_photos_that_cannot_be_deleted_are_told_and_stop_nothing(
    hass: HomeAssistant, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with patch.object(photo_module, "photos", side_effect=EvidenceError(EvidenceProblem.READ_ONLY)):
        await house.set_up(panic_button())
        await hass.async_block_till_done(wait_background_tasks=True)
    assert "Old photos of visits cannot be deleted: read_only" in caplog.text
    assert house.state("sensor", "alarm_state") == "normal"
