"""Pictures for the tests, and what can be seen on those that were drawn."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from custom_components.rutan_blora.cctv.picture import Picture

WIB: Final = ZoneInfo("Asia/Jakarta")
# 14.02.11 in Blora.
NOW: Final = datetime(2026, 3, 2, 7, 2, 11, tzinfo=UTC)

GREEN: Final = (40, 160, 60)
BLUE: Final = (40, 80, 200)

type Colour = tuple[int, int, int]
# Rows of pixels: red, green and blue from 0 to 255.
type Pixels = NDArray[np.int_]


@lru_cache(maxsize=64)
def picture(
    colour: Colour = GREEN, *, size: tuple[int, int] = (640, 360), age: float = 2, mode: str = "RGB", **options: object
) -> Picture:
    """Return a picture of one colour, as old as that."""
    file = BytesIO()
    Image.new("RGB", size, colour).convert(mode).save(file, "JPEG", quality=90, **options)
    return Picture(
        jpeg=file.getvalue(),
        at=NOW - timedelta(seconds=age),
        width=size[0],
        height=size[1],
        small=Image.new("L", (1, 1)),
    )


@lru_cache(maxsize=8)
def pixels(jpeg: bytes) -> Pixels:
    """Return what a JPEG shows."""
    with Image.open(BytesIO(jpeg)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def saturation(area: Pixels) -> int:
    """Return how far the most colourful pixel is from grey."""
    return int((area.max(axis=-1) - area.min(axis=-1)).max())


def is_close(area: Pixels, colour: Colour, within: int = 12) -> bool:
    """Tell whether an area is of one colour, but for what JPEG makes of it."""
    return bool((np.abs(area - np.array(colour)) <= within).all())


def has_colour(area: Pixels, colour: Colour) -> bool:
    """Tell whether something in an area is of about that colour."""
    return bool((np.abs(area - np.array(colour)) <= 30).all(axis=-1).mean() > 0.002)


def extent(area: Pixels, colour: Colour) -> tuple[int, int, float]:
    """Return how wide and high what is of about that colour is together, and its share of the area."""
    is_so = np.asarray((np.abs(area - np.array(colour)) <= 60).all(axis=-1))
    rows, columns = np.nonzero(is_so)
    return int(np.ptp(columns)), int(np.ptp(rows)), float(is_so.mean())
