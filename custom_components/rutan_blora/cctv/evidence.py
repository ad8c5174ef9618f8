"""Pictures kept as evidence of an incident: when they are taken, where they lie, how long.

Whatever touches the disk here blocks; it is for the executor.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import hashlib
from itertools import count
import os
from pathlib import Path
import re
from typing import Final

from homeassistant.util import slugify
from homeassistant.util.ulid import ulid_to_bytes

from ..journal.record import Draft
from ..pictures import EvidenceError, EvidenceProblem, told, write
from .picture import Picture

RECORD_EVIDENCE: Final = "evidence"


class Moment(StrEnum):
    """When a picture was there, seen from the press."""

    BEFORE = "before"
    PRESS = "press"
    AFTER_10 = "10s"
    AFTER_30 = "30s"


# The picture from before the press is the feed's last: it is to be had only at once.
_OFFSETS: Final[Mapping[Moment, timedelta]] = {
    Moment.BEFORE: timedelta(0),
    Moment.PRESS: timedelta(0),
    Moment.AFTER_10: timedelta(seconds=10),
    Moment.AFTER_30: timedelta(seconds=30),
}
# How late a picture may be taken and still be one of its moment.
LATE: Final = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """When pictures of a press are to be taken, and for which moments it is too late: those are not made up."""

    due: Mapping[Moment, datetime]
    missed: tuple[Moment, ...]


def schedule(pressed_at: datetime, now: datetime) -> Schedule:
    """Return what is to be taken of a press, and what is missed after a restart in the middle."""
    times = {moment: pressed_at + offset for moment, offset in _OFFSETS.items()}
    return Schedule(
        due={moment: at for moment, at in times.items() if now - at <= LATE},
        missed=tuple(moment for moment, at in times.items() if now - at > LATE),
    )


# --- places ---

# Ids and names that lead nowhere else: no dot at the start, no separator. Folders in lower case are of other rooms.
_INCIDENT: Final = re.compile(r"[0-9A-Z]{1,32}", re.ASCII)
_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_FILE: Final = re.compile(
    rf"(?P<camera>[a-z0-9_]{{1,64}})_(?P<moment>{'|'.join(Moment)})(?:_(?P<number>[0-9]{{1,4}}))?\.jpg", re.ASCII
)
_MAX_SLUG: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A picture as it lies in the folder; `number` counts those of one camera and moment."""

    file: str
    camera: str
    moment: Moment
    number: int


def parse(file: str) -> Stored | None:
    """Return what the name of a file says, None if it is none of ours."""
    if (match := _FILE.fullmatch(file)) is None:
        return None
    return Stored(file=file, camera=match["camera"], moment=Moment(match["moment"]), number=int(match["number"] or "1"))


def raised_at(incident: str) -> datetime | None:
    """Return when an incident was raised, as its id says, None if that is no ULID or no time that there is."""
    if _ULID.fullmatch(incident) is None:
        return None
    try:
        return datetime.fromtimestamp(int.from_bytes(ulid_to_bytes(incident)[:6]) / 1000, UTC)
    except ValueError, OverflowError:
        return None


# --- keeping ---


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A picture that was kept; `file` is its path below the folder of the evidence, `at` when the picture arrived."""

    incident: str
    camera_id: str
    camera: str
    moment: Moment
    at: datetime
    file: str
    sha256: str
    size: int

    def draft(self, at: datetime) -> Draft:
        """Return the record of it."""
        return Draft(
            kind=RECORD_EVIDENCE,
            at=at,
            incident=self.incident,
            subject=self.camera_id,
            body={
                "camera": self.camera,
                "moment": self.moment.value,
                "at": self.at.isoformat(),
                "file": self.file,
                "sha256": self.sha256,
                "bytes": self.size,
            },
        )


def save(folder: Path, picture: Picture, *, incident: str, camera_id: str, camera: str, moment: Moment) -> Kept:
    """Keep a picture durably beside all kept before; raise EvidenceError, and then nothing of it is left."""
    if _INCIDENT.fullmatch(incident) is None:
        raise EvidenceError(EvidenceProblem.NO_INCIDENT)
    slug = slugify(camera)[:_MAX_SLUG].strip("_") or "camera"
    with told():
        (folder / incident).mkdir(parents=True, exist_ok=True)
        path = _reserve(folder / incident, f"{slug}_{moment}")
        write(path, picture.jpeg)
    return Kept(
        incident=incident,
        camera_id=camera_id,
        camera=camera,
        moment=moment,
        at=picture.at,
        file=f"{incident}/{path.name}",
        sha256=hashlib.sha256(picture.jpeg).hexdigest(),
        size=len(picture.jpeg),
    )


def _reserve(folder: Path, stem: str) -> Path:
    """Take the first name that is free: cameras may share a name, and an incident may have further presses."""
    for number in count(1):
        path = folder / f"{stem}{f'_{number}' if number > 1 else ''}.jpg"
        with suppress(FileExistsError):
            path.open("xb").close()
            break
    return path


# --- looking through ---


def incidents(folder: Path) -> list[str]:
    """Return the incidents of which there is evidence, newest first; raise EvidenceError."""
    with told():
        return [path.name for path in sorted(_folders(folder), key=_age_key, reverse=True)]


def pictures(folder: Path, incident: str) -> list[Stored]:
    """Return the pictures of an incident by camera, press and moment; raise EvidenceError if there is no such."""
    if _INCIDENT.fullmatch(incident) is None:
        raise EvidenceError(EvidenceProblem.NO_INCIDENT)
    try:
        with told():
            # An empty file is a name that was taken when the power failed.
            files = [path.name for path in (folder / incident).iterdir() if path.is_file() and path.stat().st_size]
    except EvidenceError as err:
        if isinstance(err.__cause__, FileNotFoundError | NotADirectoryError):
            raise EvidenceError(EvidenceProblem.NO_INCIDENT) from err
        raise
    moments = list(Moment)
    found = filter(None, map(parse, files))
    return sorted(found, key=lambda stored: (stored.camera, stored.number, moments.index(stored.moment)))


def find(folder: Path, incident: str, file: str) -> Path | None:
    """Return the path of a picture, None if there is no such; no name leads out of the folder."""
    if _INCIDENT.fullmatch(incident) is None or parse(file) is None:
        return None
    path = folder / incident / file
    return path if path.is_file() else None


def prune(folder: Path, before: datetime, *, open_incident: str | None = None) -> list[str]:
    """Delete the evidence of incidents raised before, except the open one's, and return which; raise EvidenceError.

    Only what was kept here is deleted, and one folder that cannot be does not keep the others.
    """
    pruned, failed = [], None
    with told():
        folders = _folders(folder)
    for path in folders:
        try:
            with told():
                if path.name != open_incident and _time(path) < before:
                    _remove(path)
                    pruned.append(path.name)
        except EvidenceError as err:
            failed = err
    if failed is not None:
        raise failed
    return pruned


def _folders(folder: Path) -> list[Path]:
    """Return the folders of incidents; a link is none."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return [
            Path(entry.path)
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and _INCIDENT.fullmatch(entry.name)
        ]


def _time(path: Path) -> datetime:
    """Return when the incident of a folder was raised, or when the folder was last written to if its name says not."""
    return raised_at(path.name) or datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _age_key(path: Path) -> tuple[datetime, str]:
    return _time(path), path.name


def _remove(folder: Path) -> None:
    """Delete what was kept in a folder, and the folder unless somebody put something else there."""
    for path in folder.iterdir():
        if parse(path.name.removeprefix(".").removesuffix(".part")) is not None:
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
