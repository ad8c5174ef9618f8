"""All pictures of a facility as one: their order, their places, the drawing. Rules only: no Home Assistant, no I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw

from ..const import Language
from ..lettering import WHITE, Colour, draw_text, shorten, text_width
from .overlay import (
    BACKGROUND,
    CARD,
    WARNING,
    WORDS,
    Size,
    darkened,
    decode,
    draw_band,
    encode,
    greyed,
    moment,
    no_picture,
)
from .picture import Condition, Picture

FULL_HD: Final[Size] = (1920, 1080)

_HEADER: Final[Colour] = (24, 29, 38)
_MUTED: Final[Colour] = (168, 176, 188)
_ALARM: Final[Colour] = (200, 16, 46)
_DRILL: Final[Colour] = (0, 92, 175)

# Height of the header as a share of the whole.
_HEAD: Final = 0.05
# The shape of pictures, and how far that of their place may differ and still be filled.
_SHAPE: Final = 16 / 9
_SHAPE_SPARE: Final = 0.08
# How many cells wide and high the first pictures of an incident can be, and how many are shown so.
_SPANS: Final = (2, 3)
_MOST_LARGE: Final = 4
# From which age on (s) a picture's age is said beside its time, and from which on in minutes.
AGED: Final = 10
_AGED_MINUTES: Final = 120
# Smallest and largest text of a tile (px).
_SMALLEST_TEXT: Final = 14
_LARGEST_TEXT: Final = 30
# How much darker a picture is made under its caption.
_CAPTION: Final = 0.7


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A camera on the wall: its last picture, what that shows, and how old it is (s).

    `is_stale` says that the picture is too old to be shown as how it is; `framed` that the camera is near the pressed
    button. `position` is where the camera stands, 1 first, None if nobody said.
    """

    id: str
    name: str
    picture: Picture | None = None
    condition: Condition = Condition.OK
    age: float | None = None
    is_stale: bool = False
    framed: bool = False
    position: int | None = None


def order(tiles: Sequence[Tile], near: Sequence[str] = ()) -> list[Tile]:
    """Return the tiles as they stand on the wall: those near the pressed button first and framed, in that order."""
    rank = {camera_id: place for place, camera_id in reversed(list(enumerate(near)))}
    framed = [replace(tile, framed=tile.id in rank) for tile in tiles]

    def place(tile: Tile) -> tuple[object, ...]:
        return (
            rank.get(tile.id, len(near)),
            (tile.position is None, tile.position or 0),
            (tile.name.casefold(), tile.name, tile.id),
        )

    return sorted(framed, key=place)


# --- layout ---


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A place on the wall (px)."""

    left: int
    top: int
    width: int
    height: int

    @property
    def size(self) -> Size:
        """Return its width and height."""
        return self.width, self.height


@lru_cache(maxsize=32)
def layout(count: int, size: Size = FULL_HD, *, framed: int = 0) -> tuple[Box, ...]:
    """Return the places of so many cameras below the header, where together they are largest.

    The first `framed` are larger than the others, unless they are many or there are no others.
    """
    if not count:
        return ()
    large = framed if framed < count and framed <= _MOST_LARGE else 0
    grids = [
        grid
        for span in (_SPANS if large else (1,))
        for columns in range(span, max(count, large * span) + 1)
        if (grid := _grid(count, large, span, columns, size))
    ]
    return max(grids, key=lambda boxes: sum(box.width * box.height for box in boxes))


def header_height(size: Size) -> int:
    """Return how high the header is (px)."""
    return round(size[1] * _HEAD)


def _grid(count: int, large: int, span: int, columns: int, size: Size) -> tuple[Box, ...]:
    """Return the places in a grid of so many columns."""
    cells = list(_cells(count, large, span, columns))
    rows = max(row + spanned for _, row, spanned in cells)
    top = header_height(size)
    width, height = _cell(size[0] // columns, (size[1] - top) // rows)
    left, top = (size[0] - columns * width) // 2, top + (size[1] - top - rows * height) // 2
    return tuple(
        Box(left=left + column * width, top=top + row * height, width=spanned * width, height=spanned * height)
        for column, row, spanned in cells
    )


def _cells(count: int, large: int, span: int, columns: int) -> Iterator[tuple[int, int, int]]:
    """Give column, row and span of each camera: the large ones, then the others in the cells left, row by row."""
    beside = columns // span
    for place in range(large):
        yield place % beside * span, place // beside * span, span
    left, row = count - large, 0
    while left:
        in_row = min(beside, max(0, large - row // span * beside)) if large else 0
        taken = in_row * span
        here = min(left, columns - taken)
        yield from ((taken + place, row, 1) for place in range(here))
        left, row = left - here, row + 1


def _cell(width: int, height: int) -> Size:
    """Return the part of a cell that is filled: all of it if it is about as wide as a picture is."""
    if abs(width / height / _SHAPE - 1) <= _SHAPE_SPARE:
        return width, height
    return min(width, int(height * _SHAPE)), min(height, int(width / _SHAPE))


# --- composing ---


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shown:
    """What is to be seen in a place; drawn again only if that is something else."""

    name: str
    picture: Picture | None
    caption: str
    badge: str | None
    gone: tuple[str, ...]
    frame: Colour | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Head:
    """What is to be seen in the header."""

    title: str
    alarm: str | None
    colour: Colour
    clock: str
    date: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Decoded:
    """A picture of a camera in the size it is shown in, None if it is damaged."""

    picture: Picture
    size: Size
    image: Image.Image | None


class Wall:
    """Draws the wall; keeps it, and draws and decodes again only what has changed. For one thread at a time."""

    def __init__(self, language: Language, zone: tzinfo, size: Size = FULL_HD) -> None:
        self.size = size
        # How many pictures were decoded so far.
        self.decodes = 0
        self._words = WORDS[language]
        self._zone = zone
        self._canvas = Image.new("RGB", size, BACKGROUND)
        self._head: _Head | None = None
        self._boxes: tuple[Box, ...] = ()
        self._shown: list[_Shown | None] = []
        self._decoded: dict[str, _Decoded] = {}
        self._jpeg = b""

    def compose(
        self, tiles: Sequence[Tile], *, title: str, now: datetime, alarm: str | None = None, drill: bool = False
    ) -> bytes:
        """Return the wall as JPEG, the same object if it looks the same; the tiles stand in their order.

        `alarm` is what the header says of an incident; a drill is told in a colour that is no emergency's.
        """
        colour = _DRILL if drill else _ALARM
        self._arrange(tiles)
        is_changed = self._show_head(title, alarm, colour, now)
        for place, tile in enumerate(tiles):
            is_changed |= self._show(place, tile, now, colour)
        if is_changed or not self._jpeg:
            self._jpeg = encode(self._canvas)
        return self._jpeg

    def _arrange(self, tiles: Sequence[Tile]) -> None:
        """Begin anew if the places are other ones, and forget the cameras that are gone."""
        ids = {tile.id for tile in tiles}
        self._decoded = {camera_id: kept for camera_id, kept in self._decoded.items() if camera_id in ids}
        framed = sum(tile.framed for tile in tiles)
        if (boxes := layout(len(tiles), self.size, framed=framed)) != self._boxes:
            self._boxes, self._shown, self._head, self._jpeg = boxes, [None] * len(boxes), None, b""
            self._canvas.paste(BACKGROUND, (0, 0, *self.size))

    def _show_head(self, title: str, alarm: str | None, colour: Colour, now: datetime) -> bool:
        """Draw the header if it says something else; tell whether it does."""
        local = now.astimezone(self._zone)
        head = _Head(
            title=title,
            alarm=alarm,
            colour=_HEADER if alarm is None else colour,
            clock=f"{local.strftime(self._words.clock)} {local.tzname()}",
            date=local.strftime(self._words.date),
        )
        if head == self._head:
            return False
        self._head = head
        self._draw_head(head)
        return True

    def _draw_head(self, head: _Head) -> None:
        width, height = self.size[0], header_height(self.size)
        self._canvas.paste(head.colour, (0, 0, width, height))
        size, margin, middle = max(10, height * 5 // 9), height // 3, height / 2
        date_size = size * 2 // 3
        left, right = margin, width - margin
        muted = _MUTED if head.alarm is None else WHITE
        draw_text(self._canvas, (right, middle), head.clock, size, align=1, bold=True)
        right -= text_width(head.clock, size) + margin
        draw_text(self._canvas, (right, middle), head.date, date_size, fill=muted, align=1)
        right -= text_width(head.date, date_size) + margin
        # An alarm is what the header is for: a long name of the site leaves it two thirds.
        name = shorten(head.title, size, right - left if head.alarm is None else (right - left) // 3)
        draw_text(self._canvas, (left, middle), name, size, bold=True)
        if head.alarm is not None:
            left += text_width(name, size) + 2 * margin
            alarm = shorten(head.alarm, size, right - left)
            draw_text(self._canvas, ((left + right) / 2, middle), alarm, size, align=0.5, bold=True)

    def _show(self, place: int, tile: Tile, now: datetime, colour: Colour) -> bool:
        """Draw a tile if there is something else to be seen; tell whether there is."""
        box = self._boxes[place]
        image = self._decode(tile, box.size)
        shown = self._look(tile, image is not None, now, colour)
        if shown == self._shown[place]:
            return False
        self._shown[place] = shown
        self._canvas.paste(_draw_tile(image, shown, box.size), (box.left, box.top))
        return True

    def _look(self, tile: Tile, is_whole: bool, now: datetime, colour: Colour) -> _Shown:
        """Return what is to be seen of a camera now; a damaged picture is none, and nobody knows since when."""
        words, picture = self._words, tile.picture if is_whole else None
        since = picture.at if picture else None
        is_gone = picture is None or tile.is_stale
        return _Shown(
            name=tile.name,
            picture=picture,
            caption="" if picture is None or is_gone else self._caption(picture, tile.age, now),
            badge=words.conditions.get(tile.condition),
            gone=no_picture(since, now, words, self._zone) if is_gone else (),
            frame=colour if tile.framed else None,
        )

    def _caption(self, picture: Picture, age: float | None, now: datetime) -> str:
        """Return when a picture came, and how old it is once that matters: a still is never called live."""
        at = moment(picture.at, now, self._words, self._zone)
        if age is None or age < AGED:
            return at
        said = self._words.seconds_ago.format(int(age))
        if age >= _AGED_MINUTES:
            said = self._words.minutes_ago.format(int(age // 60))
        return f"{at} · {said}"

    def _decode(self, tile: Tile, size: Size) -> Image.Image | None:
        """Return a camera's picture in this size, from memory if it was shown so before."""
        if tile.picture is None:
            return None
        kept = self._decoded.get(tile.id)
        if kept is None or kept.picture != tile.picture or kept.size != size:
            self.decodes += 1
            kept = _Decoded(picture=tile.picture, size=size, image=decode(tile.picture, size))
            self._decoded[tile.id] = kept
        return kept.image


def _draw_tile(image: Image.Image | None, shown: _Shown, size: Size) -> Image.Image:
    """Return a tile: the picture, greyed if it is no longer how it is, with all that is to be said of it."""
    tile = image.copy() if image else Image.new("RGB", size, CARD)
    if shown.gone:
        tile = greyed(tile) if image else tile
        draw_band(tile, shown.gone)
    text = min(_LARGEST_TEXT, max(_SMALLEST_TEXT, size[1] // 16))
    frame = max(4, text // 3) if shown.frame else 1
    _draw_caption(tile, shown, text, frame)
    if shown.badge is not None:
        _draw_badge(tile, shown.badge, text, frame)
    ImageDraw.Draw(tile).rectangle((0, 0, size[0] - 1, size[1] - 1), outline=shown.frame or BACKGROUND, width=frame)
    return tile


def _draw_caption(tile: Image.Image, shown: _Shown, text: int, frame: int) -> None:
    """Draw name and time on a darkened strip at the foot."""
    width, height, strip = tile.width, tile.height - frame, text * 8 // 5
    where = (0, height - strip, width, height)
    tile.paste(darkened(tile.crop(where), _CAPTION), where)
    margin, middle = frame + text // 2, height - strip / 2
    draw_text(tile, (width - margin, middle), shown.caption, text, align=1)
    room = width - 2 * margin - (text_width(shown.caption, text) + margin if shown.caption else 0)
    draw_text(tile, (margin, middle), shorten(shown.name, text, room), text, bold=True)


def _draw_badge(tile: Image.Image, word: str, text: int, frame: int) -> None:
    """Draw what is wrong with the pictures in the upper left corner."""
    width, height = text_width(word, text) + text, text * 8 // 5
    ImageDraw.Draw(tile).rectangle((frame, frame, frame + width, frame + height), fill=WARNING)
    draw_text(tile, (frame + text / 2, frame + height / 2), word, text, fill=BACKGROUND, bold=True)
