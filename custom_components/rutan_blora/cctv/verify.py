"""Whether what a source gave is a picture: small enough to be taken in, and whole. No Home Assistant, no I/O."""

from datetime import datetime
from io import BytesIO
from typing import Final

from PIL import Image

from .picture import Picture, SourceError, SourceProblem

# A picture at most: bytes as it comes, pixels a side, and pixels in all. A 12 megapixel camera sends 4 MB.
MAX_BYTES: Final = 16 * 1024 * 1024
MAX_SIDE: Final = 16_384
MAX_PIXELS: Final = 40_000_000

# Nothing that runs a program, loads a font or opens another file.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
# An MPO is a JPEG with more JPEGs after it.
_JPEGS: Final = ("JPEG", "MPO")
_QUALITY: Final = 90
# The decoder leaves out seven of eight lines and columns, but reads every byte.
_SHRINK: Final = 8

# The markers of a JPEG: its begin, its end, and those that tell its size. Cameras have a dozen others before that.
_BEGIN: Final = b"\xff\xd8"
_END: Final = b"\xff\xd9"
_SIZES: Final = (0xC0, 0xC1, 0xC2)
_MAX_MARKERS: Final = 64


def is_like(data: bytes, known: Picture) -> bool:
    """Tell whether bytes have the begin, the size and the end of a JPEG as large as a picture that was checked.

    A camera that gave a whole picture gives more of them: to decode each again would be most of what a stream costs.
    """
    is_framed = len(data) <= MAX_BYTES and data.startswith(_BEGIN) and data.endswith(_END)
    return is_framed and _size(data) == (known.width, known.height)


def _size(data: bytes) -> tuple[int, int] | None:
    """Return the width and height a JPEG says it has."""
    at = len(_BEGIN)
    for _ in range(_MAX_MARKERS):
        # A marker, the length of what follows, and of a size: its depth, height and width.
        if len(head := data[at : at + 9]) < 9 or head[0] != 0xFF:
            return None
        if head[1] in _SIZES:
            return int.from_bytes(head[7:9]), int.from_bytes(head[5:7])
        at += 2 + int.from_bytes(head[2:4])
    return None


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
            image.draft(None, (width // _SHRINK, height // _SHRINK))
            image.load()
            return Picture(jpeg=data, at=at, width=width, height=height)
        return Picture(jpeg=_as_jpeg(image), at=at, width=width, height=height)


def _as_jpeg(image: Image.Image) -> bytes:
    """Return a picture of another format as JPEG."""
    jpeg = BytesIO()
    image.convert("RGB").save(jpeg, "JPEG", quality=_QUALITY)
    return jpeg.getvalue()
