"""The codes as they are drawn: read back, where the white is, and what stands beneath."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
from PIL import Image
import pytest

from custom_components.rutan_blora.patrol.qr import QUIET, WIDTH, draw_live, draw_notice, draw_sign, matrix
from demo.qr import read_code, read_picture

WIB: Final = ZoneInfo("Asia/Jakarta")
UNTIL: Final = datetime(2026, 3, 2, 7, 2, 30, tzinfo=UTC)
CODE: Final = "A" * 20
ADDRESSES: Final = (
    f"http://192.168.1.10:8123/api/rutan_blora/visit/{CODE}",
    f"http://homeassistant.local:8123/api/rutan_blora/visit/{CODE}",
    f"https://{'x' * 32}.ui.nabu.casa/api/rutan_blora/visit/3a8f2c1.{CODE}",
    f"https://rutan-blora.ditjenpas.example.go.id:8443/rumah/api/rutan_blora/visit/3a8f2c1.{CODE}",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_code_says_the_address(address: str) -> None:
    assert read_code(matrix(address)) == address
    assert read_picture(draw_sign(address, "Pos utama")) == address
    assert read_picture(draw_live(address, "Pos utama", UNTIL, WIB)) == address


@given(st.text(st.characters(max_codepoint=126, min_codepoint=33), min_size=1, max_size=150))
@settings(max_examples=25)
def test_any_address_can_be_read(address: str) -> None:
    assert read_code(matrix(address)) == address


def test_reader_finds_damage() -> None:
    """The reader is worth something only if it does not take everything."""
    rows = [list(row) for row in matrix(ADDRESSES[0])]
    for y, x in ((0, 0), (6, 10), (20, 20), (8, 2), (len(rows) - 1, len(rows) - 1)):
        damaged = [list(row) for row in rows]
        damaged[y][x] ^= 1
        with pytest.raises(ValueError, match=r"finder|timing|damaged|format"):
            read_code(damaged)


@pytest.mark.parametrize("address", ADDRESSES)
def test_code_has_white_around_it(address: str) -> None:
    image = Image.open(BytesIO(draw_sign(address, "Pos utama"))).convert("L")
    module = WIDTH // (len(matrix(address)) + 2 * QUIET)
    side = len(matrix(address)) * module
    left, top = (image.width - side) // 2, QUIET * module
    assert left >= QUIET * module
    for box in (
        (0, 0, image.width, top),
        (0, 0, left, top + side),
        (left + side, 0, image.width, top + side),
        (0, top + side, image.width, top + side + QUIET * module),
    ):
        assert image.crop(box).getextrema() == (255, 255)


def test_sign_is_a_png_and_a_screen_a_jpeg() -> None:
    with Image.open(BytesIO(draw_sign(ADDRESSES[0], "Pos"))) as sign:
        assert (sign.format, sign.width) == ("PNG", WIDTH)
        # A printer makes it 14 cm wide.
        assert sign.width / sign.info["dpi"][0] * 2.54 == pytest.approx(14, abs=0.1)
    with Image.open(BytesIO(draw_live(ADDRESSES[0], "Pos", UNTIL, WIB))) as screen:
        assert (screen.format, screen.width) == ("JPEG", WIDTH)


def test_name_of_the_place_stands_beneath_and_changes_no_code() -> None:
    names = ("Pos utama", "Menara 2", "<b>سجن 😀", "x" * 200, "")
    signs = [draw_sign(ADDRESSES[0], name) for name in names]
    assert len(set(signs)) == len(names)
    assert {read_picture(sign) for sign in signs} == {ADDRESSES[0]}


def test_screen_says_how_long_it_is_good_for() -> None:
    later = datetime(2026, 3, 2, 7, 3, tzinfo=UTC)
    assert draw_live(ADDRESSES[0], "Pos", UNTIL, WIB) != draw_live(ADDRESSES[0], "Pos", later, WIB)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_notice_is_a_picture_with_something_on_it(kind: str) -> None:
    with Image.open(BytesIO(draw_notice(("Alamat belum diatur", "No address"), kind=kind))) as image:
        assert image.format == kind
        inside = image.convert("L").crop((20, 20, image.width - 20, image.height - 20))
        assert min(inside.tobytes()) < 50
