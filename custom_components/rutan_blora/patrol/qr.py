"""QR codes of the check-in page: the sign to be printed, and what a screen at the gate shows. No Home Assistant.

Drawing takes a while; it is for the executor. The library that makes a code's matrix must be there by then.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from ..lettering import Colour, draw_text, shorten

# Makes good 15 % of a code that has become dirty or torn.
CORRECTION: Final = "M"
# White all around, in modules, that a code needs to be found.
QUIET: Final = 4
# Width of a sign (px), and how many are printed on an inch: 14 cm.
WIDTH: Final = 1100
DPI: Final = 200
# Under a sign, in both languages: who scans it has not chosen one yet.
INVITATION: Final = ("Pindai untuk lapor kunjungan", "Scan to check in")

_BLACK: Final[Colour] = (0, 0, 0)
_GREY: Final[Colour] = (70, 70, 70)
_MARGIN: Final = 40
_NAME: Final = 64
_LINE: Final = 44
_SMALL: Final = 34

type Matrix = Sequence[Sequence[int]]


@lru_cache(maxsize=16)
def matrix(text: str) -> Matrix:
    """Return the modules of a code, row by row, without the white around; 1 is black.

    Raise ValueError if the text is too long for one.
    """
    # It is there only where somebody needs it.
    import pyqrcode  # noqa: PLC0415

    rows: list[list[int]] = pyqrcode.create(text, error=CORRECTION, mode="binary", encoding="utf-8").code
    return rows


def draw_sign(address: str, name: str) -> bytes:
    """Return the sign of a checkpoint as PNG: the code, what the place is called, and what to do."""
    lines = [(shorten(name, _NAME, WIDTH - 2 * _MARGIN), _NAME, _BLACK)]
    lines += [(line, _LINE, _GREY) for line in INVITATION]
    return _png(_beneath(_code(address), lines))


def draw_live(address: str, name: str, until: datetime, zone: tzinfo) -> bytes:
    """Return what the screen shows as JPEG; it says how long it is good for, so that one that has stopped is seen."""
    clock = f"{until.astimezone(zone):%H.%M.%S %Z}"
    lines = [
        (shorten(name, _NAME, WIDTH - 2 * _MARGIN), _NAME, _BLACK),
        (" / ".join(INVITATION), _SMALL, _GREY),
        (f"Berlaku sampai / Valid until {clock}", _LINE, _BLACK),
    ]
    file = BytesIO()
    _beneath(_code(address), lines).convert("L").save(file, "JPEG", quality=85)
    return file.getvalue()


def draw_notice(lines: Sequence[str], *, kind: str = "PNG") -> bytes:
    """Return a picture that says why there is no code."""
    image = Image.new("RGB", (WIDTH, WIDTH // 2), "white")
    ImageDraw.Draw(image).rectangle((0, 0, WIDTH - 1, WIDTH // 2 - 1), outline="black", width=8)
    middle = WIDTH / 4 - _LINE * (len(lines) - 1)
    for number, line in enumerate(lines):
        text = shorten(line, _SMALL, WIDTH - 2 * _MARGIN)
        draw_text(image, (WIDTH / 2, middle + 2 * _LINE * number), text, _SMALL, fill=_BLACK, align=0.5)
    file = BytesIO()
    image.save(file, kind)
    return file.getvalue()


def _code(text: str) -> Image.Image:
    """Return a code as wide as a sign, its modules whole pixels, in the middle of what is left over."""
    rows = matrix(text)
    side = len(rows) + 2 * QUIET
    small = Image.new("1", (side, side), 1)
    for y, row in enumerate(rows):
        for x, module in enumerate(row):
            small.putpixel((x + QUIET, y + QUIET), 1 - module)
    scale = WIDTH // side
    code = small.resize((side * scale, side * scale), Image.Resampling.NEAREST)
    image = Image.new("RGB", (WIDTH, side * scale), "white")
    image.paste(code, ((WIDTH - side * scale) // 2, 0))
    return image


def _beneath(code: Image.Image, lines: Sequence[tuple[str, int, Colour]]) -> Image.Image:
    """Return the code with lines beneath it."""
    height = code.height + sum(int(size * 1.5) for _, size, _ in lines) + _MARGIN
    image = Image.new("RGB", (WIDTH, height), "white")
    image.paste(code, (0, 0))
    y = code.height
    for text, size, fill in lines:
        draw_text(image, (WIDTH / 2, y + size * 0.75), text, size, fill=fill, align=0.5, bold=size == _NAME)
        y += int(size * 1.5)
    return image


def _png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG", optimize=True, dpi=(DPI, DPI))
    return file.getvalue()
