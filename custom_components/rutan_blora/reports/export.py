"""Reports as files: read from the journal, written at one blow or not at all, and found again.

Whatever is called here blocks; it is for the executor.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
import errno
import hashlib
from itertools import count
import os
from pathlib import Path
import re
import shutil
from tempfile import mkdtemp
from typing import Final

from ..alarm.incident import EventType
from ..const import Language
from ..journal.export import to_line
from ..journal.record import Record
from ..journal.store import Journal
from ..patrol.book import RECORD_VERDICT, VISIT_KINDS
from ..pictures import told
from . import sheet
from .content import TIMELESS_KINDS, Period, ReportContent, broken_links, build
from .letter import Letter

# The folder of the reports beside those of the incidents; none of its names is an incident's.
FOLDER: Final = "reports"
MANIFEST: Final = "manifest.sha256"
# A visit that begins or ends in the period may go on so long before or after it.
AROUND: Final = timedelta(days=3)
# Windows of the period may be judged, or judged anew, so long after it.
LATER: Final = timedelta(days=40)


class Format(StrEnum):
    """What a report can be had as."""

    CSV = "csv"
    JSONL = "jsonl"
    PDF = "pdf"


# By name of file what it is to a browser; none other is handed out.
MIMES: Final[Mapping[str, str]] = {
    "report.pdf": "application/pdf",
    "visits.csv": "text/csv",
    "expected.csv": "text/csv",
    "alarms.csv": "text/csv",
    "journal.jsonl": "application/jsonl",
    MANIFEST: "text/plain",
}
_SHEETS: Final[Mapping[str, Callable[[ReportContent], bytes]]] = {
    "visits.csv": sheet.visits,
    "expected.csv": sheet.expected,
    "alarms.csv": sheet.incidents,
}
_NAME: Final = re.compile(
    r"(?P<slug>[a-z0-9_]{1,80})_(?P<first>\d{4}-\d\d-\d\d)_(?P<last>\d{4}-\d\d-\d\d)(?:_(?P<number>\d{1,4}))?", re.ASCII
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What report is wanted of which house, as it is called and writes its letters, at which time (UTC)."""

    site: str
    slug: str
    language: Language
    zone: tzinfo
    period: Period
    made_at: datetime
    places: Mapping[str, str]
    letter: Letter
    formats: frozenset[Format] = frozenset(Format)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A file of a report and its SHA-256 (hex)."""

    path: Path
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """What the name of a report says: whose it is, and of which days; `number` counts those of the same days."""

    name: str
    slug: str
    first: date
    last: date
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """A report that was written: its name and its files, the manifest last, and what was not well with the record."""

    name: str
    files: tuple[Written, ...]
    damaged: tuple[int, ...]
    altered: tuple[int, ...]

    @property
    def sha256(self) -> str:
        """Return the hash of the manifest, which stands for all of it."""
        return self.files[-1].sha256


def export(journal: Journal, order: Order, folder: Path) -> Exported:
    """Write a report below the folder.

    Raise EvidenceError if the disk does not take it, and then nothing of it is left, or SQLAlchemyError if the journal
    cannot be read.
    """
    with told():
        folder.mkdir(parents=True, exist_ok=True)
        part = Path(mkdtemp(prefix=".", suffix=".part", dir=folder))
    try:
        with told():
            files, content = _write_all(journal, order, part)
            # A folder for one's own eyes would be closed to whoever reads the media folder over the network.
            part.chmod(0o755)
            name = _place(part, folder, _stem(order))
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    moved = (replace(file, path=folder / name / file.path.name) for file in files)
    return Exported(name=name, files=tuple(moved), damaged=content.damaged, altered=content.altered)


def _stem(order: Order) -> str:
    return f"{order.slug}_{order.period.first.isoformat()}_{order.period.last.isoformat()}"


def _place(part: Path, folder: Path, stem: str) -> str:
    """Give a finished report the first name that is free; what was written, and maybe signed, stays."""
    for number in count(1):
        name = f"{stem}_{number}" if number > 1 else stem
        if (folder / name).exists():
            continue
        try:
            part.rename(folder / name)
        except OSError as err:
            # Another report has taken the name meanwhile.
            if err.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        else:
            break
    return name


def _write_all(journal: Journal, order: Order, part: Path) -> tuple[list[Written], ReportContent]:
    """Write the files of a report."""
    files: list[Written] = []
    altered: list[int] = []
    excerpt = _excerpt(journal, order.period, altered)
    if Format.JSONL in order.formats:
        files.append(_write(part / "journal.jsonl", excerpt))
    # The chain is checked on the way, be it written or not.
    for _ in excerpt:
        pass
    content = collect(journal, order, altered)
    if Format.CSV in order.formats:
        files += (_write(part / name, [fill(content)]) for name, fill in _SHEETS.items())
    if Format.PDF in order.formats:
        # The library takes a second to import, and is there only where it was asked for.
        from .pdf import render  # noqa: PLC0415

        files.append(_write(part / "report.pdf", [render(content, order.letter)]))
    files.sort(key=lambda file: file.path.name)
    manifest = "".join(f"{file.sha256}  {file.path.name}\n" for file in files)
    return [*files, _write(part / MANIFEST, [manifest.encode()])], content


def _write(path: Path, content: Iterable[bytes]) -> Written:
    """Write a file durably."""
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        for piece in content:
            size += file.write(piece)
            digest.update(piece)
        file.flush()
        os.fsync(file.fileno())
    return Written(path=path, sha256=digest.hexdigest(), size=size)


def _excerpt(journal: Journal, period: Period, altered: list[int]) -> Iterator[bytes]:
    """Give the records of a period as lines, those in between too, and note where the chain is broken."""
    if (span := journal.span(period.since, period.until)) is None:
        return
    first, last = span
    before: list[Record] = []
    for batch in journal.read_all(first - 1):
        records = [record for record in batch if record.seq <= last]
        altered += broken_links([*before, *records])
        yield "".join(f"{to_line(record)}\n" for record in records).encode()
        if records != batch:
            return
        before = records[-1:]


def collect(journal: Journal, order: Order, altered: Iterable[int] = ()) -> ReportContent:
    """Return what the journal holds for a report; raise SQLAlchemyError if it cannot be read."""
    period = order.period
    last = journal.last()
    records = {record.seq: record for record in journal.of_kind(TIMELESS_KINDS)}
    visits = journal.of_kind(VISIT_KINDS - TIMELESS_KINDS, period.since - AROUND, period.until + AROUND)
    verdicts = journal.of_kind({RECORD_VERDICT}, period.since, period.until + LATER)
    raised = journal.of_kind({EventType.RAISED.value}, period.since, period.until)
    of_incidents = (r for record in raised if record.incident for r in journal.of_incident(record.incident))
    records |= {record.seq: record for record in (*visits, *verdicts, *raised, *of_incidents)}
    return build(
        records.values(),
        site=order.site,
        language=order.language,
        zone=order.zone,
        period=period,
        made_at=order.made_at,
        head=last.hash if last is not None else "",
        places=order.places,
        altered=frozenset(altered),
    )


# --- looking through ---


def parse(name: str) -> Named | None:
    """Return what the name of a report says, None if it is none."""
    if (match := _NAME.fullmatch(name)) is None:
        return None
    try:
        first, last = date.fromisoformat(match["first"]), date.fromisoformat(match["last"])
    except ValueError:
        return None
    return Named(name=name, slug=match["slug"], first=first, last=last, number=int(match["number"] or "1"))


def reports(folder: Path) -> list[Named]:
    """Return the reports there are, the latest period first; raise EvidenceError."""
    with told():
        names = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    found = filter(None, map(parse, names))
    return sorted(found, key=lambda named: (named.last, named.first, named.slug, named.number), reverse=True)


def files(folder: Path, name: str) -> list[str]:
    """Return the files of a report, nothing if there is no such; raise EvidenceError."""
    if parse(name) is None:
        return []
    with told():
        return [file for file in MIMES if (folder / name / file).is_file()]


def find(folder: Path, name: str, file: str) -> Path | None:
    """Return the path of a report's file, None if there is no such; no name leads out of the folder."""
    if parse(name) is None or file not in MIMES:
        return None
    path = folder / name / file
    return path if path.is_file() else None
