"""A picture shrunk to what judging needs. Rules only: no Home Assistant, no I/O."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .picture import HEIGHT, WIDTH

type Plane = NDArray[np.float32]
type Grey = NDArray[np.uint8]

# Both sizes, the half one too, part into these blocks.
_BLOCKS: Final = (9, 16)
_BLOCK_COUNT: Final = _BLOCKS[0] * _BLOCKS[1]
# Grey levels below which nothing is seen, above which nothing is.
_BLACK: Final = 28
_WHITE: Final = 244
# A colour counts as one this far from grey; JPEG makes less of grey.
_COLOUR: Final = 5
# A block this even (its detail's grey levels, squared) shows nothing.
_FLAT: Final = 1.5**2
# Below this brightness a picture is dim; with less of it coloured than this share it is infrared's.
_DIM: Final = 50.0
_GREY_SHARE: Final = 0.05


class Look(StrEnum):
    """What light a picture was taken in; each has its own reference."""

    DAY = "day"
    DIM = "dim"
    NIGHT = "night"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sample:
    """A picture shrunk to what judging needs.

    `place`: coarse detail, tells what is where; `detail`: fine detail, tells how sharp; their powers by block. `black`,
    `white`, `colour`, `flat`: shares of the picture; `brightness`: 0 to 255.
    """

    grey: Grey
    place: Plane
    place_power: Plane
    detail: Plane
    detail_power: Plane
    brightness: float
    black: float
    white: float
    colour: float
    flat: float

    @property
    def look(self) -> Look:
        """Return what light the picture was taken in: infrared has no colour."""
        if self.brightness < _DIM:
            return Look.DIM
        return Look.NIGHT if self.colour < _GREY_SHARE else Look.DAY


# --- a picture becomes a sample ---


def _summing(length: int, blocks: int) -> Plane:
    """Return the matrix that sums up blocks; a product of matrices is the fastest way to do it."""
    return np.kron(np.eye(blocks), np.ones((1, length // blocks))).astype(np.float32)


def _smoothing(length: int, reach: int) -> Plane:
    """Return the matrix that takes the mean of neighbours."""
    index = np.arange(length)
    near = (np.abs(index[:, None] - index) <= reach).astype(np.float32)
    smoothing: Plane = near / near.sum(1, keepdims=True)
    return smoothing


_ROWS: Final = _summing(HEIGHT, _BLOCKS[0])
_COLUMNS: Final = _summing(WIDTH, _BLOCKS[1]).T.copy()
_HALF_ROWS: Final = _summing(HEIGHT // 2, _BLOCKS[0])
_HALF_COLUMNS: Final = _summing(WIDTH // 2, _BLOCKS[1]).T.copy()
_SMOOTH_ROWS: Final = _smoothing(HEIGHT // 2, 2)
_SMOOTH_COLUMNS: Final = _smoothing(WIDTH // 2, 2).T.copy()
# Pixels of a block, at full size and at half.
BLOCK: Final = HEIGHT * WIDTH // _BLOCK_COUNT
HALF_BLOCK: Final = BLOCK // 4


def _product(rows: Plane, plane: Plane, columns: Plane) -> Plane:
    """Return what two matrices make of the rows and columns of a plane."""
    product: Plane = np.dot(np.dot(rows, plane), columns)
    return product


def blocks(plane: Plane) -> Plane:
    """Sum up the blocks of a plane."""
    return _product(_ROWS, plane, _COLUMNS)


def half_blocks(plane: Plane) -> Plane:
    """Sum up the blocks of a plane of half the size."""
    return _product(_HALF_ROWS, plane, _HALF_COLUMNS)


def measure(small: Image.Image) -> Sample:
    """Shrink a picture further that its decoder has shrunk already. Not for the event loop."""
    pixels = _pixels(small)
    grey = np.ascontiguousarray(pixels[..., 0])
    light = grey.astype(np.float32)
    place, detail = _place(light), _detail(light)
    place_power = half_blocks(place * place)
    return Sample(
        grey=grey,
        place=place,
        place_power=place_power,
        detail=detail,
        detail_power=blocks(detail * detail),
        brightness=float(light.mean()),
        black=_share(grey < _BLACK),
        white=_share(grey > _WHITE),
        colour=_colour(pixels),
        flat=_share(place_power < _FLAT * HALF_BLOCK),
    )


def _pixels(small: Image.Image) -> Grey:
    """Return brightness and two colours, as small as is needed."""
    image = small if small.mode == "YCbCr" else small.convert("YCbCr")
    if image.size != (WIDTH, HEIGHT):
        image = image.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    return np.asarray(image)


def _place(light: Plane) -> Plane:
    """Return the coarse detail, at half the size: what differs from its surroundings, in any light."""
    half: Plane = light[::2, ::2] + light[1::2, ::2] + light[::2, 1::2] + light[1::2, 1::2]
    half *= 0.25
    half -= _product(_SMOOTH_ROWS, half, _SMOOTH_COLUMNS)
    return half


def _detail(light: Plane) -> Plane:
    """Return the fine detail: what differs from its four neighbours; nothing at the edges."""
    detail = np.zeros_like(light)
    inner = detail[1:-1, 1:-1]
    np.multiply(light[1:-1, 1:-1], 4, out=inner)
    for neighbour in (light[:-2, 1:-1], light[2:, 1:-1], light[1:-1, :-2], light[1:-1, 2:]):
        inner -= neighbour
    return detail


def _colour(pixels: Grey) -> float:
    """Return how much of a picture has a colour, from a sixteenth of it."""
    # Bytes wrap around: one comparison for both sides of grey.
    is_far = pixels[::4, ::4, 1:] - np.uint8(128 - _COLOUR) > 2 * _COLOUR
    is_coloured = is_far[..., 0] | is_far[..., 1]
    return _share(is_coloured)


def _share(mask: NDArray[np.bool]) -> float:
    """Return the share that is true."""
    return int(np.count_nonzero(mask)) / mask.size
