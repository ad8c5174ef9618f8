"""What is drawn on pictures, so that none is taken for more than it is. Rules only: no Home Assistant, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from ..const import Language
from ..lettering import WHITE, Colour, draw_text, text_width
from .picture import Condition, Picture
from .words import CONDITIONS

type Size = tuple[int, int]

BACKGROUND: Final[Colour] = (10, 13, 18)
CARD: Final[Colour] = (26, 31, 40)
WARNING: Final[Colour] = (255, 183, 3)

# How far a picture may be stretched to fill its place; more would show, so it gets a margin instead.
_STRETCH: Final = 0.08
_HARDLY: Final = 1.08
# How much darker a picture is made that is no longer how it is.
_GREYED: Final = 0.55
_QUALITY: Final = 80
_SUBSAMPLING: Final = "4:2:0"
# Height of the band across a picture, of its lines, and the share of its width that they may take.
_BAND: Final = 0.36
_LINES: Final = (0.16, 0.11)
_BAND_WIDTH: Final = 0.9


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The words of one language."""

    conditions: Mapping[Condition, str]
    no_picture: str
    since: str
    clock: str
    date: str
    seconds_ago: str
    minutes_ago: str


_ID: Final = Words(
    conditions={condition: word.upper() for condition, word in CONDITIONS[Language.ID].items()},
    no_picture="TIDAK ADA GAMBAR",
    since="sejak",
    clock="%H.%M.%S",
    date="%d-%m-%Y",
    seconds_ago="{} dtk lalu",
    minutes_ago="{} mnt lalu",
)

_EN: Final = Words(
    conditions={condition: word.upper() for condition, word in CONDITIONS[Language.EN].items()},
    no_picture="NO PICTURE",
    since="since",
    clock="%H:%M:%S",
    date="%Y-%m-%d",
    seconds_ago="{} s ago",
    minutes_ago="{} min ago",
)

WORDS: Final = {Language.ID: _ID, Language.EN: _EN}


def stale(
    picture: Picture | None,
    since: datetime | None,
    *,
    now: datetime,
    language: Language,
    zone: tzinfo,
    size: Size = (1280, 720),
) -> bytes:
    """Return a JPEG that nobody takes for live: the last picture greyed, if there is one, and since when it is that."""
    shown = decode(picture, size)
    canvas = greyed(shown) if shown else Image.new("RGB", size, CARD)
    draw_band(canvas, no_picture(since, now, WORDS[language], zone))
    return encode(canvas)


def no_picture(since: datetime | None, now: datetime, words: Words, zone: tzinfo) -> tuple[str, ...]:
    """Return the lines that say that there is no picture, and since when."""
    if since is None:
        return (words.no_picture,)
    return words.no_picture, f"{words.since} {moment(since, now, words, zone)}"


def moment(at: datetime, now: datetime, words: Words, zone: tzinfo) -> str:
    """Return the time of day as people there write it, with the date unless that is today."""
    local = at.astimezone(zone)
    is_today = local.date() == now.astimezone(zone).date()
    return local.strftime(words.clock if is_today else f"{words.date} {words.clock}")


# --- pictures ---


def decode(picture: Picture | None, size: Size) -> Image.Image | None:
    """Return the picture in this size, None if there is none or it is damaged; no more of it is decoded than shows."""
    if picture is None:
        return None
    try:
        with Image.open(BytesIO(picture.jpeg), formats=("JPEG",)) as image:
            # Its source has judged this size; another one claimed by the file could be a bomb.
            if image.size != (picture.width, picture.height):
                return None
            image.draft("RGB", size)
            image.load()
            # A copy of what is RGB already would cost as much as drawing it.
            return _fit(image if image.mode == "RGB" else image.convert("RGB"), size)
    except Exception:  # noqa: BLE001  # whatever a damaged file does to the decoder, it is no picture
        return None


def _fit(image: Image.Image, size: Size) -> Image.Image:
    """Return the image filling the size, or in the middle of it if its shape is another."""
    if image.size == size:
        return image
    (width, height), (full_width, full_height) = image.size, size
    if abs(width * full_height / (height * full_width) - 1) <= _STRETCH:
        return _resized(image, size)
    scale = min(full_width / width, full_height / height)
    inner = _resized(image, (max(1, int(width * scale)), max(1, int(height * scale))))
    canvas = Image.new("RGB", size, BACKGROUND)
    canvas.paste(inner, ((full_width - inner.width) // 2, (full_height - inner.height) // 2))
    return canvas


def _resized(image: Image.Image, size: Size) -> Image.Image:
    """Return the image in this size; what shrinks was decoded to less than twice of it, so the fast filter will do.

    Of one that is hardly larger a few lines are left out: nobody sees it, and it takes a fifth of the time.
    """
    width, height = image.size
    if size[0] <= width <= size[0] * _HARDLY and size[1] <= height <= size[1] * _HARDLY:
        return image.resize(size, Image.Resampling.NEAREST)
    return image.resize(size, Image.Resampling.BOX if height >= size[1] else Image.Resampling.BILINEAR)


def greyed(image: Image.Image) -> Image.Image:
    """Return the image without colour and darkened."""
    return darkened(image.convert("L").convert("RGB"), _GREYED)


def darkened(image: Image.Image, share: float) -> Image.Image:
    """Return the image with this share of black in it."""
    return Image.blend(image, Image.new("RGB", image.size), share)


def encode(image: Image.Image) -> bytes:
    """Return the image as JPEG."""
    file = BytesIO()
    image.save(file, "JPEG", quality=_QUALITY, subsampling=_SUBSAMPLING)
    return file.getvalue()


# --- text ---


def draw_band(image: Image.Image, lines: Sequence[str]) -> None:
    """Draw a band across the middle of the image, with one or two lines as large as they fit."""
    width, height = image.size
    draw = ImageDraw.Draw(image)
    top, bottom, rule = int(height * (1 - _BAND) / 2), int(height * (1 + _BAND) / 2), max(1, height // 120)
    draw.rectangle((0, top, width, bottom), fill=WARNING)
    draw.rectangle((0, top + rule, width, bottom - rule), fill=BACKGROUND)
    places = (0.41, 0.59) if len(lines) > 1 else (0.5,)
    for line, place, share, fill in zip(lines, places, _LINES, (WARNING, WHITE), strict=False):
        wanted = max(8, int(height * share))
        size = min(wanted, max(8, int(wanted * width * _BAND_WIDTH / text_width(line, wanted))))
        draw_text(image, (width / 2, height * place), line, size, fill=fill, align=0.5, bold=True)
