"""What comes from a form: the texts first, then a photo, none of it larger than it may be, none of it for ever."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
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
    """What came cannot be taken in."""

    def __init__(self, problem: UploadProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


async def read_texts(request: Request, texts: dict[str, str]) -> BodyPartReader | None:
    """Read into `texts` what was written; return the photo behind it, not read yet, None if there is none.

    Raise UploadError; what has come by then stays.
    """
    with _told():
        async with asyncio.timeout(TEXTS_WITHIN):
            return await _read_parts(request, texts)


async def read_photo(request: Request, part: BodyPartReader) -> bytes:
    """Return the photo, nothing if none was chosen; raise UploadError if it is too large, without reading its rest."""
    if (request.content_length or 0) > MAX_PHOTO + MAX_TEXTS + _FRAME:
        raise UploadError(UploadProblem.PHOTO_TOO_LARGE)
    photo = bytearray()
    with _told():
        async with asyncio.timeout(PHOTO_WITHIN):
            while chunk := await part.read_chunk(_FRAME):
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
    raise UploadError(UploadProblem.FORM_TOO_LARGE)


async def _read_text(part: BodyPartReader, limit: int) -> bytes:
    text = bytearray()
    while chunk := await part.read_chunk():
        text += chunk
        if len(text) > limit:
            raise UploadError(UploadProblem.FORM_TOO_LARGE)
    return bytes(text)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what goes wrong while something is read into an UploadError; a connection that broke is nobody's to tell."""
    try:
        yield
    except (ValueError, AssertionError, RuntimeError, HttpProcessingError, TimeoutError) as err:
        raise UploadError(UploadProblem.UNREADABLE) from err
