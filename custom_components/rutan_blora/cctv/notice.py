"""What the police are told of cameras that are lost during an incident. Rules only: no Home Assistant."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any, Final

import voluptuous as vol

from ..const import MAX_NAME, Language
from ..journal.record import Record, stored_time
from ..police.alert import Alert, Urgency, plain
from .picture import Condition
from .words import CONDITIONS

RECORD_NOTICE: Final = "camera_notice"
# Seconds a camera must be well before the police are told so, and before it rings again: one that comes and goes must
# not ring each time, and a push service takes some hundred pushes a day only.
WELL_FOR: Final = 60.0
# Cameras named in one push; more would not be read.
MAX_NAMED: Final = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """A camera that shows nothing of use any more: what is the matter, and since when (UTC).

    Without a condition it is the camera's own device that believes to be tampered with.
    """

    id: str
    name: str
    condition: Condition | None
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """The words of one language."""

    conditions: Mapping[Condition, str]
    tampered: str
    lost: str
    found: str
    drill: str
    more: str
    clock: str


_WORDS: Final = {
    Language.ID: _Words(
        conditions=CONDITIONS[Language.ID],
        tampered="melapor dirusak",
        lost="Indikasi gangguan kamera",
        found="Kamera kembali normal",
        drill="LATIHAN",
        more="dan {count} kamera lain",
        clock="%H.%M.%S",
    ),
    Language.EN: _Words(
        conditions=CONDITIONS[Language.EN],
        tampered="reports tampering",
        lost="Indication of camera trouble",
        found="Cameras are back to normal",
        drill="DRILL",
        more="and {count} more cameras",
        clock="%H:%M:%S",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """The news of an incident's cameras: what was lost since the press.

    `before` are the cameras that were lost at the press already, and still are: no news. `losses` holds those, too,
    that have come back and may go again; `well` says since when (s). `revision` counts what was told, 0 is nothing;
    `urgent` is the last revision with a camera that was lost anew.
    """

    incident_id: str
    drill: bool
    before: frozenset[str] = frozenset()
    losses: tuple[Loss, ...] = ()
    well: Mapping[str, float] = field(default_factory=dict)
    revision: int = 0
    urgent: int = 0
    ended: bool = False

    @property
    def has_news(self) -> bool:
        """Tell whether anything was told that the police must hear on."""
        return self.urgent > 0

    @property
    def tag(self) -> str:
        """Return what the alert is called: one an incident."""
        return tag_of(self.incident_id)


def tag_of(incident_id: str) -> str:
    """Return what the news of an incident's cameras are called."""
    return f"{incident_id}_cctv"


def to_body(notice: Notice) -> dict[str, Any]:
    """Return what the journal keeps of a notice."""
    return {
        "drill": notice.drill,
        "before": sorted(notice.before),
        "losses": [
            {
                "id": loss.id,
                "name": loss.name,
                "condition": loss.condition.value if loss.condition else None,
                "since": loss.since.isoformat(),
            }
            for loss in notice.losses
        ],
        "revision": notice.revision,
        "urgent": notice.urgent,
        "ended": notice.ended,
    }


def recorded(incident_id: str, records: Iterable[Record]) -> Notice | None:
    """Return the latest notice of an incident on record, None if there is none; a damaged record is left out."""
    found = None
    for record in records:
        if record.kind == RECORD_NOTICE:
            with suppress(ValueError, vol.Invalid):
                body = _BODY(record.load())
                losses = tuple(Loss(**loss) for loss in body.pop("losses"))
                found = Notice(incident_id=incident_id, losses=losses, **body)
    return found


def update(notice: Notice, lost: Iterable[Loss], now: float) -> Notice:
    """Return the notice after a look at the cameras, with the same revision if there is nothing to tell.

    A camera that is lost anew must be heard; one that is back for good, or lost in another way, is told quietly. `now`
    is of a clock that nobody sets.
    """
    # Whoever looks after a reload does not know since when.
    known = {(loss.id, loss.condition): loss for loss in notice.losses}
    lost = [known.get((loss.id, loss.condition), loss) for loss in lost]
    ids = {loss.id for loss in lost}
    before = notice.before & ids
    since = {loss.id: notice.well.get(loss.id, now) for loss in notice.losses if loss.id not in ids}
    well = {camera_id: at for camera_id, at in since.items() if now - at < WELL_FOR}
    losses = (
        *(loss for loss in lost if loss.id not in before),
        *(loss for loss in notice.losses if loss.id in well),
    )
    notice = replace(notice, before=before, well=well)
    if set(losses) == set(notice.losses):
        return notice
    revision = notice.revision + 1
    is_new = bool({loss.id for loss in losses} - {loss.id for loss in notice.losses})
    return replace(notice, losses=losses, revision=revision, urgent=revision if is_new else notice.urgent)


def end(notice: Notice) -> Notice:
    """Return the notice of an incident that is over."""
    return replace(notice, revision=notice.revision + 1, ended=True)


def compose(notice: Notice, language: Language, *, site: str, zone: tzinfo) -> Alert:
    """Return what a device is told: which cameras, what is the matter with each, since when."""
    words = _WORDS[language]
    head = words.lost if notice.losses else words.found
    lines = [plain(site, MAX_NAME), *(_line(loss, words, zone) for loss in notice.losses[:MAX_NAMED])]
    if (left := len(notice.losses) - MAX_NAMED) > 0:
        lines.append(words.more.format(count=left))
    return Alert(
        tag=notice.tag,
        revision=notice.revision,
        urgent=notice.urgent,
        title=f"{words.drill}: {head}" if notice.drill else head,
        text="\n".join(lines),
        answered=notice.ended,
        ended=notice.ended,
        drill=notice.drill,
        urgency=Urgency.NEWS,
        details={
            "site": site,
            "incident_id": notice.incident_id,
            "cameras": [
                {"name": loss.name, "picture": loss.condition and loss.condition.value, "since": loss.since.isoformat()}
                for loss in notice.losses
            ],
        },
    )


def _line(loss: Loss, words: _Words, zone: tzinfo) -> str:
    """Return what is the matter with one camera."""
    since = loss.since.astimezone(zone).strftime(words.clock)
    what = words.tampered if loss.condition is None else words.conditions[loss.condition]
    return f"{plain(loss.name, MAX_NAME)}: {what} ({since})"


_NUMBER: Final = vol.All(int, vol.Range(min=0))
_BODY: Final = vol.Schema(
    {
        "drill": bool,
        "before": vol.All([str], vol.Coerce(frozenset)),
        "losses": [{"id": str, "name": str, "condition": vol.Any(None, vol.Coerce(Condition)), "since": stored_time}],
        "revision": _NUMBER,
        "urgent": _NUMBER,
        "ended": bool,
    },
    required=True,
)
