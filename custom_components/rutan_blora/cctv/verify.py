"""Whether what a source gave is a picture: small enough to be taken in, and whole. No Home Assistant, no I/O."""

from datetime import datetime
from io import BytesIO
from typing import Final

from PIL import Image

from .picture import HEIGHT, WIDTH, Picture, SourceError, SourceProblem

# A picture at most: bytes as it comes, pixels a side, and pixels in all. A 12 megapixel camera sends 4 MB.
MAX_BYTES: Final = 16 * 1024 * 1024
MAX_SIDE: Final = 16_384
MAX_PIXELS: Final = 40_000_000

# Nothing that runs a program, loads a font or opens another file.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
# An MPO is a JPEG with more JPEGs after it.
_JPEGS: Final = ("JPEG", "MPO")
_QUALITY: Final = 90

# How a JPEG begins and ends.
_BEGIN: Final = b"\xff\xd8"
_END: Final = b"\xff\xd9"


def glance(data: bytes, at: datetime, known: Picture) -> Picture | None:
    """Return what arrived then as one more picture of a stream, None if it has to be checked first.

    A camera that gave a whole picture gives more like it: to decode each would be most of what a stream costs. What is
    wrong inside of one is found at the next check.
    """
    if len(data) > MAX_BYTES or not data.startswith(_BEGIN) or not data.endswith(_END):
        return None
    try:
        with Image.open(BytesIO(data), formats=_JPEGS) as image:
            width, height = image.size
    except Exception:  # noqa: BLE001  # what a decoder raises at broken bytes is its own choice
        return None
    is_like = (width, height) == (known.width, known.height)
    return Picture(jpeg=data, at=at, width=width, height=height) if is_like else None


def check(data: bytes, at: datetime) -> Picture:
    """Return what arrived then as a picture; raise SourceError unless it is a whole one of bearable size."""
    if len(data) > MAX_BYTES:
        raise SourceError(SourceProblem.TOO_LARGE)
    try:
        return _decoded(data, at)
    except SourceError:
        raise
    except Image.DecompressionBombError:
        problem = SourceProblem.TOO_LARGE
    except Exception:  # noqa: BLE001  # what a decoder raises at broken bytes is its own choice
        problem = SourceProblem.NOT_AN_IMAGE
    raise SourceError(problem)


def _decoded(data: bytes, at: datetime) -> Picture:
    """Return the picture once it was decoded; too large a one is refused by its header."""
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        width, height = image.size
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
            raise SourceError(SourceProblem.TOO_LARGE)
        if image.format in _JPEGS:
            image.draft("YCbCr", (WIDTH, HEIGHT))
            return Picture(jpeg=data, at=at, width=width, height=height, small=image.copy())
        # Another format becomes a JPEG, which comes here no second time.
        jpeg = BytesIO()
        image.convert("RGB").save(jpeg, "JPEG", quality=_QUALITY)
        return _decoded(jpeg.getvalue(), at)
