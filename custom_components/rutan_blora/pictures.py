"""Pictures kept in Home Assistant's media folders: where they lie, how they are written, why one could not be kept.

Whatever touches the disk here blocks; it is for the executor.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
import errno
import os
from pathlib import Path
from typing import Final

from .const import DOMAIN


class EvidenceProblem(StrEnum):
    """Why evidence could not be kept or read."""

    DISK_FULL = "disk_full"
    READ_ONLY = "read_only"
    NO_PERMISSION = "no_permission"
    NO_INCIDENT = "no_incident"
    FAILED = "failed"


class EvidenceError(Exception):
    """Evidence could not be kept or read."""

    def __init__(self, problem: EvidenceProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


_PROBLEMS: Final = {
    errno.ENOSPC: EvidenceProblem.DISK_FULL,
    errno.EDQUOT: EvidenceProblem.DISK_FULL,
    errno.EROFS: EvidenceProblem.READ_ONLY,
    errno.EACCES: EvidenceProblem.NO_PERMISSION,
    errno.EPERM: EvidenceProblem.NO_PERMISSION,
}


@contextmanager
def told() -> Iterator[None]:
    """Turn what the disk says into a word."""
    try:
        yield
    except OSError as err:
        raise EvidenceError(_PROBLEMS.get(err.errno or 0, EvidenceProblem.FAILED)) from err


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the evidence lies: its folder, and where Home Assistant serves that to who is logged in."""

    folder: Path
    url: str


def place_in(media_dirs: Mapping[str, str], default: str) -> Place:
    """Return the place of the evidence in Home Assistant's media folders: in `local` unless there is none.

    Without any it is where `local` usually is; nobody is served it there, but it is kept.
    """
    name = "local" if "local" in media_dirs else next(iter(media_dirs), "local")
    return Place(folder=Path(media_dirs.get(name, default)) / DOMAIN, url=f"/media/{name}/{DOMAIN}")


def write(path: Path, content: bytes) -> None:
    """Fill a reserved file at one blow, or remove it."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        for left in (part, path):
            with suppress(OSError):
                left.unlink(missing_ok=True)
        raise
    # Not every network share can do this; the picture itself is on the disk.
    with suppress(OSError):
        _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make a new name in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
