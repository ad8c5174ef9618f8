"""Records and their hash chain. Rules only: no Home Assistant, no database.

Each record carries the hash of the one before, so a change in the middle shows (tamper-evident); a cut tail shows
only against a head that was kept elsewhere.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
import hashlib
import json
from typing import Any, Final

# What the first record names as the hash before it.
GENESIS: Final = "0" * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What is to be recorded: `kind` what happened, `incident` and `subject` (a subentry id) whom it is about.

    A `body` that takes time is handed over as a function of what does not change; whoever writes the record calls it.
    """

    kind: str
    at: datetime
    body: Mapping[str, Any] | Callable[[], Mapping[str, Any]]
    incident: str | None = None
    subject: str | None = None

    @property
    def content(self) -> Mapping[str, Any]:
        """Return the body itself."""
        return self.body() if callable(self.body) else self.body


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A line of the journal; `at` in UTC with microseconds, `body` canonical JSON."""

    seq: int
    at: str
    kind: str
    incident: str | None
    subject: str | None
    body: str
    prev: str
    hash: str

    @property
    def is_intact(self) -> bool:
        """Tell whether the record is what was written."""
        try:
            return self.hash == _digest(self.seq, self.at, self.kind, self.incident, self.subject, self.body, self.prev)
        except TypeError:
            return False

    @property
    def time(self) -> datetime:
        """Return when it happened (UTC); raise ValueError if that is no time."""
        return stored_time(self.at)

    def load(self) -> dict[str, Any]:
        """Return the body; raise ValueError if it is no JSON object."""
        try:
            body = json.loads(self.body)
        except (RecursionError, TypeError) as err:
            raise ValueError("the body is no JSON of sane depth") from err
        if not isinstance(body, dict):
            raise ValueError("the body is no object")  # noqa: TRY004  # one error for every damage
        return body


def seal(draft: Draft, *, seq: int, prev: str) -> Record:
    """Return the draft as the record after the one with hash `prev`."""
    at = time_text(draft.at)
    body = json.dumps(draft.content, sort_keys=True, separators=(",", ":"))
    digest = _digest(seq, at, draft.kind, draft.incident, draft.subject, body, prev)
    return Record(
        seq=seq,
        at=at,
        kind=draft.kind,
        incident=draft.incident,
        subject=draft.subject,
        body=body,
        prev=prev,
        hash=digest,
    )


def first_broken(records: Iterable[Record], *, seq: int = 1, prev: str = GENESIS) -> int | None:
    """Return the number of the first record that does not follow from the one before, None if all do."""
    for record in records:
        if (record.seq, record.prev) != (seq, prev) or not record.is_intact:
            return seq
        seq, prev = seq + 1, record.hash
    return None


def _digest(*fields: str | int | None) -> str:
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()


def time_text(at: datetime) -> str:
    """Return a time as it is stored: in UTC with microseconds, so that texts sort as times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def stored_time(text: object) -> datetime:
    """Return a time that was stored as text, in UTC.

    Raise ValueError for one without a zone, which could be any, and for one that nothing can be added to.
    """
    at = datetime.fromisoformat(str(text))
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    try:
        at = at.astimezone(UTC)
    except OverflowError as err:
        raise ValueError("a time that UTC does not have") from err
    if at.year in (MINYEAR, MAXYEAR):
        raise ValueError("a time before or after which there is none")
    return at
