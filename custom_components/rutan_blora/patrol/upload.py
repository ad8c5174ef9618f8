"""What comes from a form: the texts first, then a photo, none of it larger than it may be, none of it for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiohttp import BodyPartReader
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import Request

# Of all texts together, and of a photo, on the wire (bytes).
MAX_TEXTS: Final = 64 * 1024
MAX_PHOTO: Final = 8 * 1024 * 1024
# What stands around them in a form of ours.
_FRAME: Final = 16 * 1024
_MAX_PARTS: Final = 24
# Seconds for the texts, and for a photo over a bad line.
TEXTS_WITHIN: Final = 30
PHOTO_WITHIN: Final = 120

PHOTO: Final = "photo"


class UploadProblem(StrEnum):
    """Why what came cannot be taken in."""

    UNREADABLE = "unreadable"
    FORM_TOO_LARGE = "form_too_large"
    PHOTO_TOO_LARGE = "photo_too_large"


class UploadError(Exception):
    """What came cannot be taken in; `texts` is what had come by then."""

    def __init__(self, problem: UploadProblem, texts: dict[str, str] | None = None) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.texts = texts or {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """The texts of a form, and the photo behind them that was not read yet."""

    texts: dict[str, str]
    photo: BodyPartReader | None = None
    is_photo_too_large: bool = False


async def read_texts(request: Request) -> Upload:
    """Return what was written, up to the photo; raise UploadError."""
    texts: dict[str, str] = {}
    async with _patience(TEXTS_WITHIN, texts):
        photo = await _read_parts(request, texts)
    is_too_large = (request.content_length or 0) > MAX_PHOTO + MAX_TEXTS + _FRAME
    return Upload(texts=texts, photo=photo, is_photo_too_large=photo is not None and is_too_large)


async def read_photo(upload: Upload) -> bytes:
    """Return the photo, nothing if none was chosen; raise UploadError if it is too large, without reading its rest."""
    photo = bytearray()
    if upload.photo is None:
        return b""
    if upload.is_photo_too_large:
        raise UploadError(UploadProblem.PHOTO_TOO_LARGE)
    async with _patience(PHOTO_WITHIN, {}):
        while chunk := await upload.photo.read_chunk(_FRAME):
            photo += chunk
            if len(photo) > MAX_PHOTO:
                raise UploadError(UploadProblem.PHOTO_TOO_LARGE)
    return bytes(photo)


async def _read_parts(request: Request, texts: dict[str, str]) -> BodyPartReader | None:
    """Read the texts; return the photo behind them."""
    if request.content_type != "multipart/form-data":
        raise ValueError("no form")
    left, reader = MAX_TEXTS, await request.multipart()
    for _ in range(_MAX_PARTS):
        part = await reader.next()
        if part is None:
            return None
        if not isinstance(part, BodyPartReader) or part.name is None:
            raise ValueError("no field of a form")
        if part.name == PHOTO:
            return part
        text = await _read_text(part, left)
        left -= len(text)
        texts[part.name] = text.decode(errors="replace")
    raise UploadError(UploadProblem.FORM_TOO_LARGE, texts)


async def _read_text(part: BodyPartReader, limit: int) -> bytes:
    text = bytearray()
    while chunk := await part.read_chunk():
        text += chunk
        if len(text) > limit:
            raise UploadError(UploadProblem.FORM_TOO_LARGE)
    return bytes(text)


@asynccontextmanager
async def _patience(seconds: float, texts: dict[str, str]) -> AsyncIterator[None]:
    """Turn what goes wrong while something is read into an UploadError."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except UploadError as err:
        raise UploadError(err.problem, texts) from err
    except (ValueError, AssertionError, RuntimeError, HttpProcessingError, TimeoutError) as err:
        raise UploadError(UploadProblem.UNREADABLE, texts) from err
