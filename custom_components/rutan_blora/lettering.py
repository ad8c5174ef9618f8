"""Writing on pictures with the font that Pillow brings. Rules only: no Home Assistant, no I/O."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
import unicodedata

from PIL import Image, ImageDraw, ImageFont

type Colour = tuple[int, int, int]

WHITE: Final[Colour] = (244, 246, 248)

# What Pillow's own font has beside ASCII, and what stands in for some that it has not.
_GLYPHS: Final = frozenset("©«°±·»‹›")
_STAND_INS: Final = str.maketrans("–—•\u2018\u2019\u201c\u201d", "--·''\"\"")
# Half of what bold adds to a stroke, as a share of the size, and from which size on (px) it is no blot.
_BOLD: Final = 0.025
_BOLDABLE: Final = 18
_UNKNOWN: Final = "?"


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's own font: it is there wherever Pillow is."""
    loaded = ImageFont.load_default(size)
    assert isinstance(loaded, ImageFont.FreeTypeFont)  # noqa: S101  # Pillow is built with FreeType wherever we run
    return loaded


def writable(text: str) -> str:
    """Return the text with what the font lacks replaced, on one line."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_STAND_INS))
    shown = (char for char in decomposed if not unicodedata.combining(char))
    return " ".join("".join(map(_glyph, shown)).split())


def _glyph(char: str) -> str:
    if " " <= char <= "~" or char in _GLYPHS:
        return char
    return " " if char.isspace() else _UNKNOWN


@lru_cache(maxsize=512)
def text_width(text: str, size: int) -> int:
    """Return how wide a text is (px)."""
    return int(font(size).getlength(text)) + 1


@lru_cache(maxsize=512)
def shorten(text: str, size: int, width: int) -> str:
    """Return the text fit to be drawn in this width (px), cut with an ellipsis if it must be."""
    text = writable(text)
    if text_width(text, size) <= width:
        return text
    # By halves: a name is long, and a width is measured by drawing.
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(f"{text[:middle]}…", size) <= width:
            low = middle
        else:
            high = middle - 1
    return f"{text[:low].rstrip()}…" if low else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mask:
    """A text's shape, and where its upper left corner is seen from the middle of its left end."""

    shape: Image.Image
    left: int
    top: int


@lru_cache(maxsize=256)
def _mask(text: str, size: int, bold: bool) -> _Mask:
    """Return the shape of a text: names and words are drawn again and again."""
    face, stroke = font(size), size * _BOLD if bold and size >= _BOLDABLE else 0
    left, top, right, bottom = map(int, face.getbbox(text, anchor="lm", stroke_width=stroke))
    shape = Image.new("L", (max(1, right - left + 1), max(1, bottom - top + 1)))
    ImageDraw.Draw(shape).text((-left, -top), text, fill=255, font=face, anchor="lm", stroke_width=stroke)
    return _Mask(shape=shape, left=left, top=top)


def draw_text(
    image: Image.Image,
    at: tuple[float, float],
    text: str,
    size: int,
    *,
    fill: Colour = WHITE,
    align: float = 0,
    bold: bool = False,
) -> None:
    """Draw a text whose middle is at this height and of which the share `align` is to the left of the point.

    Pillow's font has one weight, so bold is drawn with a stroke of its own colour.
    """
    mask = _mask(text, size, bold)
    left = int(at[0] - align * text_width(text, size)) + mask.left
    image.paste(fill, (left, int(at[1]) + mask.top), mask.shape)
