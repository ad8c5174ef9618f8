"""Photos of visits: checked before they are decoded, made small, kept beside the evidence as long as that is.

Whatever touches a picture or the disk here blocks; it is for the executor.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
import hashlib
from io import BytesIO
import logging
import os
from pathlib import Path
import re
from typing import Any, Final

from PIL import Image, ImageOps

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from ..journal.record import Draft
from ..journal.store import Journal
from ..pictures import EvidenceError, Place, told, write

_LOGGER = logging.getLogger(__name__)

RECORD_PRUNED: Final = "visit_photos_pruned"
# Where they lie in the folder of the evidence.
VISITS: Final = "visits"
# Longest side of what is kept (px).
MAX_SIDE: Final = 1280
# What is decoded at all (px): of a JPEG only what is needed, though one that builds up is held as a whole.
MAX_JPEG: Final = 32_000_000
MAX_OTHER: Final = 16_000_000
PRUNE_INTERVAL: Final = timedelta(hours=6)
# Photos decoded at a time: each may take some 100 MB for a moment.
DECODERS: Final = 2

_FORMATS: Final = ("JPEG", "PNG", "WEBP")
# A JPEG that has more behind it, as phones write for bright screens, is called another name.
_JPEGS: Final = ("JPEG", "MPO")
_QUALITY: Final = 80
_FILE: Final = re.compile(r"[0-9a-f]{64}\.jpg", re.ASCII)


class PhotoProblem(StrEnum):
    """Why a photo was not kept."""

    NOT_A_PICTURE = "not_a_picture"
    TOO_LARGE = "too_large"
    BUSY = "busy"
    INCOMPLETE = "incomplete"
    NOT_KEPT = "not_kept"


class PhotoError(Exception):
    """A photo that cannot be kept."""

    def __init__(self, problem: PhotoProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


# --- pictures ---


def shrink(data: bytes) -> bytes:
    """Return a photo as a JPEG that is no larger than need be, upright, and says nothing of where and by what it was.

    Raise PhotoError for what is none, or would take too much to decode.
    """
    try:
        return _shrunk(data)
    except PhotoError:
        raise
    except Image.DecompressionBombError:
        problem = PhotoProblem.TOO_LARGE
    except Exception:  # noqa: BLE001  # what a decoder raises at broken bytes is its own choice
        problem = PhotoProblem.NOT_A_PICTURE
    raise PhotoError(problem)


def _shrunk(data: bytes) -> bytes:
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        is_jpeg = image.format in _JPEGS
        if image.width * image.height > (MAX_JPEG if is_jpeg else MAX_OTHER):
            raise PhotoError(PhotoProblem.TOO_LARGE)
        image.draft("RGB", (MAX_SIDE, MAX_SIDE))
        upright = ImageOps.exif_transpose(image)
    small = _on_white(upright)
    small.thumbnail((MAX_SIDE, MAX_SIDE))
    jpeg = BytesIO()
    # A new image has no EXIF, no colour profile and no comment.
    small.save(jpeg, "JPEG", quality=_QUALITY, exif=b"", icc_profile=None, comment=b"")
    return jpeg.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    """Return the image in colour, what can be seen through in white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    flat = Image.new("RGB", layered.size, "white")
    flat.paste(layered, mask=layered.getchannel("A"))
    return flat


# --- files ---


def keep(folder: Path, jpeg: bytes) -> str:
    """Keep a photo durably and return its SHA-256 (hex), which is its name; raise EvidenceError."""
    sha256 = hashlib.sha256(jpeg).hexdigest()
    path = folder / VISITS / f"{sha256}.jpg"
    with told():
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            # The same one came again: its time begins anew.
            os.utime(path)
        else:
            write(path, jpeg)
    return sha256


def find(folder: Path, file: str) -> Path | None:
    """Return the path of a photo, None if there is no such; no name leads out of the folder."""
    path = folder / VISITS / file
    return path if _FILE.fullmatch(file) and path.is_file() else None


def photos(folder: Path) -> list[tuple[str, datetime]]:
    """Return the photos there are, newest first, each with when it was kept; raise EvidenceError."""
    with told():
        found = [(path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC)) for path in _files(folder)]
    return sorted(found, key=lambda photo: (photo[1], photo[0]), reverse=True)


def prune(folder: Path, before: datetime) -> list[str]:
    """Delete the photos kept before and return their names; raise EvidenceError."""
    pruned = []
    for file, at in photos(folder):
        if at < before:
            with told():
                (folder / VISITS / file).unlink(missing_ok=True)
            pruned.append(file)
    return pruned


def _files(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError):
        return [path for path in (folder / VISITS).iterdir() if _FILE.fullmatch(path.name) and path.is_file()]
    return []


# --- the album ---


class Album:
    """Keeps the photos of a facility's visits, and deletes those that are older than they may be."""

    def __init__(self, hass: HomeAssistant, journal: Journal, place: Place, keep_for: Callable[[], timedelta]) -> None:
        self._hass = hass
        self._journal = journal
        self._folder = place.folder
        self._keep_for = keep_for
        self._decoders = asyncio.Semaphore(DECODERS)
        self._unsub: CALLBACK_TYPE | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @callback
    def start(self) -> None:
        """Begin to delete what is older than it may be."""
        self._unsub = async_track_time_interval(self._hass, self._async_prune, PRUNE_INTERVAL)
        self._do(self._async_prune(dt_util.utcnow()))

    @callback
    def stop(self) -> None:
        """Delete nothing more."""
        if self._unsub is not None:
            self._unsub()
        for task in self._tasks:
            task.cancel()

    async def async_keep(self, data: bytes) -> str:
        """Keep a photo and return its SHA-256 (hex); raise PhotoError."""
        async with self._decoders:
            return await self._hass.async_add_executor_job(self._keep, data)

    def _keep(self, data: bytes) -> str:
        try:
            return keep(self._folder, shrink(data))
        except EvidenceError as err:
            _LOGGER.error("A photo of a visit cannot be kept: %s", err.problem)
            raise PhotoError(PhotoProblem.NOT_KEPT) from err

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._hass.async_create_background_task(work, "rutan_blora photos")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _async_prune(self, now: datetime) -> None:
        """Delete what is older than it may be; that it was is on record."""
        work = partial(prune, self._folder, now - self._keep_for())
        try:
            pruned = await self._hass.async_add_executor_job(work)
        except EvidenceError as err:
            _LOGGER.error("Old photos of visits cannot be deleted: %s", err.problem)
            return
        if pruned:
            body = {"sha256": [file.removesuffix(".jpg") for file in pruned]}
            self._journal.append(Draft(kind=RECORD_PRUNED, at=dt_util.utcnow(), body=body))
