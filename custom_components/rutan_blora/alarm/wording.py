"""What the police are told of an incident, in their language. Rules only: no Home Assistant.

Words of police and prison practice in Indonesia; times in the facility's zone with the date, for a push can be late.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from ..const import MAX_NAME, MAX_TEXT, Language
from ..police.alert import Alert, Answer, plain
from .incident import Incident, Kind, Outcome, Press, Responder, Response, State

# Of places and of officers so many are named. Push services refuse 4096 bytes, and Home Assistant does not tell.
MAX_LINES: Final = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """The words of one language."""

    kinds: Mapping[Kind, str]
    responses: Mapping[Response, str]
    outcomes: Mapping[Outcome, str]
    answers: Mapping[Answer, str]
    months: tuple[str, ...]
    colon: str
    emergency: str
    drill: str
    closed: str
    pressed: str
    nobody: str
    lapsed: str
    test: str
    tested: str


_ID: Final = _Words(
    kinds={
        Kind.PANIC: "Tombol panik",
        Kind.ESCAPE: "Pelarian",
        Kind.RIOT: "Kerusuhan",
        Kind.FIRE: "Kebakaran",
        Kind.ASSAULT: "Penyerangan",
        Kind.MEDICAL: "Darurat medis",
        Kind.PERIMETER: "Gangguan tembok luar",
    },
    responses={
        Response.ACKNOWLEDGED: "Diterima",
        Response.RESPONDING: "Menuju lokasi",
        Response.ON_SCENE: "Di lokasi",
    },
    outcomes={
        Outcome.RESOLVED: "tertangani",
        Outcome.FALSE_ALARM: "alarm palsu",
        Outcome.DRILL: "latihan selesai",
    },
    answers={Answer.ACKNOWLEDGE: "Terima", Answer.GO: "Menuju lokasi", Answer.HERE: "Di lokasi"},
    months=("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
    colon=".",
    emergency="DARURAT",
    drill="LATIHAN",
    closed="Selesai",
    pressed="Ditekan",
    nobody="Belum ada yang menerima.",
    lapsed="Sudah diterima, tetapi belum ada yang menuju lokasi.",
    test="UJI COBA",
    tested="Bukan keadaan darurat: hanya menguji apakah alarm sampai.",
)

_EN: Final = _Words(
    kinds={
        Kind.PANIC: "Panic button",
        Kind.ESCAPE: "Escape",
        Kind.RIOT: "Riot",
        Kind.FIRE: "Fire",
        Kind.ASSAULT: "Assault",
        Kind.MEDICAL: "Medical emergency",
        Kind.PERIMETER: "Perimeter disturbance",
    },
    responses={
        Response.ACKNOWLEDGED: "Acknowledged",
        Response.RESPONDING: "Responding",
        Response.ON_SCENE: "On scene",
    },
    outcomes={
        Outcome.RESOLVED: "resolved",
        Outcome.FALSE_ALARM: "false alarm",
        Outcome.DRILL: "drill over",
    },
    answers={Answer.ACKNOWLEDGE: "Acknowledge", Answer.GO: "Responding", Answer.HERE: "On scene"},
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    colon=":",
    emergency="EMERGENCY",
    drill="DRILL",
    closed="Closed",
    pressed="Pressed",
    nobody="Nobody has acknowledged yet.",
    lapsed="It was acknowledged, but nobody is on the way.",
    test="TEST",
    tested="Not an emergency: this only tests whether an alarm arrives.",
)

_WORDS: Final = {Language.ID: _ID, Language.EN: _EN}


def compose(incident: Incident, language: Language, *, site: str, zone: tzinfo, picture: str | None = None) -> Alert:
    """Return what a device is told of the incident now: what, where, when pressed, who is on the case.

    `picture` is the path of the one that is shown with it, until it is over.
    """
    words = _WORDS[language]
    ended = incident.state is State.CLOSED
    return Alert(
        tag=incident.id,
        revision=incident.revision,
        urgent=incident.urgent,
        title=_title(incident, words),
        text="\n".join(_lines(incident, words, site, zone)),
        answers=() if ended else tuple(words.answers.items()),
        answered=incident.state is not State.ALARM,
        ended=ended,
        drill=incident.drill,
        picture=None if ended else picture,
        repeat=incident.plan.repeat_interval if incident.state is State.ALARM else None,
        details=_details(incident, site),
    )


def headline(incident: Incident, language: Language) -> str:
    """Return the incident in one line."""
    return _title(incident, _WORDS[language])


def kind_name(kind: Kind, language: Language) -> str:
    """Return what a kind is called."""
    return _WORDS[language].kinds[kind]


def outcome_name(outcome: Outcome, language: Language) -> str:
    """Return what an outcome is called."""
    return _WORDS[language].outcomes[outcome]


def compose_test(tag: str, language: Language, *, site: str) -> Alert:
    """Return what a device is told to see whether it can be; its one button lets the officer say so."""
    words = _WORDS[language]
    return Alert(
        tag=tag,
        revision=1,
        urgent=1,
        title=f"{words.test}: {plain(site, MAX_NAME)}",
        text=words.tested,
        answers=((Answer.ACKNOWLEDGE, words.answers[Answer.ACKNOWLEDGE]),),
        test=True,
        details={"site": site},
    )


def _details(incident: Incident, site: str) -> dict[str, Any]:
    """Return the incident for machines: the words of the entities, times in UTC."""
    return {
        "site": site,
        "incident_id": incident.id,
        "state": incident.state.value,
        "kind": incident.kind.value,
        "locations": list(incident.locations),
        "pressed_at": incident.pressed_at.isoformat(),
        "responders": [
            {"name": r.actor.name, "response": r.response.value, "at": r.at.isoformat()} for r in incident.responders
        ],
        "outcome": incident.closed.outcome.value if incident.closed and incident.closed.outcome else None,
    }


def _title(incident: Incident, words: _Words) -> str:
    """Return the title; a drill says so first and never looks like an emergency."""
    place = plain(", ".join(incident.locations), MAX_NAME)
    what = f"{words.kinds[incident.kind]} – {place}"
    if incident.state is State.CLOSED:
        head = f"{words.drill} · {words.closed}" if incident.drill else words.closed
    else:
        head = words.drill if incident.drill else words.emergency
    return f"{head}: {what}"


def _lines(incident: Incident, words: _Words, site: str, zone: tzinfo) -> list[str]:
    """Return the lines of the text."""
    lines = [f"{plain(site, MAX_NAME)} · {words.pressed} {_time(incident.pressed_at, words, zone)}"]
    if len(incident.presses) > 1:
        lines += _newest(incident.presses, lambda press: _press(press, words, zone))
    if message := plain(incident.message, MAX_TEXT):
        lines.append(message)
    if (end := incident.closed) is not None and end.outcome is not None:
        by = plain(end.actor.name, MAX_NAME)
        lines.append(f"{words.closed}: {words.outcomes[end.outcome]}" + (f" ({by})" if by else ""))
    elif incident.state is State.ALARM:
        lines.append(words.lapsed if incident.lapsed else words.nobody)
    return lines + _newest(incident.responders, lambda responder: _responder(responder, words, zone))


def _newest[T](things: Sequence[T], say: Callable[[T], str]) -> list[str]:
    """Return a line for each of the newest, before them how many more there are."""
    more = len(things) - MAX_LINES
    return ([f"… +{more}"] if more > 0 else []) + [say(thing) for thing in things[-MAX_LINES:]]


def _press(press: Press, words: _Words, zone: tzinfo) -> str:
    """Return where help is needed, too, and why."""
    return f"{plain(press.location, MAX_NAME)}: {words.kinds[press.kind]} ({_time(press.at, words, zone)})"


def _responder(responder: Responder, words: _Words, zone: tzinfo) -> str:
    """Return who answered what, and when."""
    name = plain(responder.actor.name, MAX_NAME) or "?"
    return f"{words.responses[responder.response]}: {name} ({_time(responder.at, words, zone)})"


def _time(at: datetime, words: _Words, zone: tzinfo) -> str:
    """Return date, time and zone as people there write them."""
    local = at.astimezone(zone)
    clock = words.colon.join(f"{part:02}" for part in (local.hour, local.minute, local.second))
    return f"{local.day} {words.months[local.month - 1]} {clock} {local.tzname()}"
