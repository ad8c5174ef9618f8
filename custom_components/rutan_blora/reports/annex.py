"""The lists that a report's letter sums up, as they are printed. Rules only: no Home Assistant."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ..const import MAX_NAME
from ..patrol.check_in import Officer
from ..patrol.visit import Visit
from . import phrase
from .content import AVERAGED, ExpectedLine, IncidentLine, ReportContent, VisitLine
from .printable import cut
from .words import WORDS

# Characters of a cell that tells in words.
MAX_NOTE: Final = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Annex:
    """A list by its name: what its columns are called and how wide they are (mm), and their cells line by line."""

    name: str
    columns: tuple[tuple[str, float], ...]
    rows: list[list[str]]


def annexes(content: ReportContent) -> Iterator[Annex]:
    """Give the lists of a report that are not empty, one after the other."""
    yield from (annex for make in (_visits, _windows, _alarms) if (annex := make(content)).rows)


def _visits(content: ReportContent) -> Annex:
    words = WORDS[content.language]
    return Annex(
        name=words.visits,
        columns=(
            (words.arrival, 24),
            (words.departure, 28),
            (words.officers, 46),
            (f"{words.personnel}, {words.vehicle.lower()}", 22),
            (words.checkpoints, 27),
            (f"{words.situation}, {words.note.lower()}", 52),
            (words.evidence, 26),
            (words.verdict, 23),
        ),
        rows=[_visit(line, content) for line in content.visits],
    )


def _windows(content: ReportContent) -> Annex:
    words = WORDS[content.language]
    return Annex(
        name=words.windows,
        columns=(
            (words.plan, 50),
            (words.window, 58),
            (words.arrival, 30),
            (words.verdict, 55),
            (words.reason, 55),
        ),
        rows=[_expected(line, content) for line in content.expected],
    )


def _alarms(content: ReportContent) -> Annex:
    words = WORDS[content.language]
    return Annex(
        name=words.alarms,
        columns=(
            (words.pressed, 26),
            (f"{words.kind}, {words.places.lower()}", 42),
            *((words.steps[step], 22) for step in AVERAGED),
            (words.outcome, 52),
            (words.responders, 40),
        ),
        rows=[_incident(line, content) for line in content.incidents],
    )


def _moment(at: datetime, content: ReportContent, *, seconds: bool = False) -> str:
    """Return the day and the clock, on two lines."""
    words, local = WORDS[content.language], at.astimezone(content.zone)
    clock = local.strftime(words.clock_seconds if seconds else words.clock)
    return f"{words.weekdays[local.weekday()]} {local:%d-%m-%Y}\n{clock}"


def _visit(line: VisitLine, content: ReportContent) -> list[str]:
    """Return the cells of a visit."""
    words, visit = WORDS[content.language], line.visit
    report = visit.report
    who = "; ".join(map(_officer, visit.officers)) or words.nobody
    flags = [
        phrase.verdict(line, content),
        words.late_entry.lower() if visit.is_late_entry else "",
        words.corrected if visit.corrections else "",
    ]
    situation = words.situations[report.situation] if report.situation is not None else ""
    personnel = str(report.personnel) if report.personnel is not None else ""
    return [
        _moment(visit.arrived_at, content),
        _departure(visit, content),
        "\n".join(filter(None, (cut(who), cut(phrase.units(visit))))),
        ", ".join(filter(None, (personnel, cut(report.vehicle)))),
        cut(phrase.places(visit)),
        "\n".join(filter(None, (situation, cut(report.note, MAX_NOTE)))),
        _evidence(visit, content),
        ",\n".join(filter(None, flags)),
    ]


def _officer(officer: Officer) -> str:
    """Return an officer with his number."""
    title, nrp = officer.title, officer.nrp
    return f"{title}, NRP {nrp}" if title and nrp else phrase.officer(officer)


def _departure(visit: Visit, content: ReportContent) -> str:
    """Return when officers left, and after how long; on another day which."""
    words = WORDS[content.language]
    stay = phrase.stay(visit)
    if visit.departed_at is None or stay is None:
        return phrase.ended(visit, words)
    arrived, departed = (at.astimezone(content.zone) for at in (visit.arrived_at, visit.departed_at))
    clock = departed.strftime(words.clock)
    day = "" if arrived.date() == departed.date() else f"{departed:%d-%m} "
    return f"{day}{clock}\n{round(stay.total_seconds() / 60)} {words.minutes}"


def _evidence(visit: Visit, content: ReportContent) -> str:
    """Return what proves a visit, and who signed it."""
    words, signed = WORDS[content.language], visit.countersigned
    name = words.evidences[visit.evidence]
    return name if signed is None else f"{name}\n{cut(signed.actor.name, MAX_NAME)}"


def _expected(line: ExpectedLine, content: ReportContent) -> list[str]:
    """Return the cells of a visit that was expected."""
    words = WORDS[content.language]
    start, end = (at.astimezone(content.zone) for at in (line.slot.start, line.slot.end))
    day, clocks = f"{words.weekdays[start.weekday()]} {start:%d-%m-%Y}", (start, end)
    at = line.result.at if line.result is not None else None
    return [
        cut(line.slot.plan),
        f"{day}  {'–'.join(clock.strftime(words.clock) for clock in clocks)}",
        "" if at is None else " ".join(_moment(at, content).split("\n")),
        cut(phrase.outcome(line, content)),
        cut(line.excused or "", MAX_NOTE),
    ]


def _incident(line: IncidentLine, content: ReportContent) -> list[str]:
    """Return the cells of an alarm."""
    words, incident = WORDS[content.language], line.incident
    drill = words.drill if incident.drill else ""
    closed = incident.closed
    by = cut(closed.actor.name, MAX_NAME) if closed is not None else ""
    return [
        _moment(incident.pressed_at, content, seconds=True),
        "\n".join(filter(None, (drill, phrase.kind(line, content), cut(phrase.listed(incident.locations))))),
        *(_step(at, line, content) for at in line.steps),
        "\n".join(filter(None, (phrase.closing(line, content), by, cut(closed.message if closed else "", MAX_NOTE)))),
        cut(phrase.listed([responder.actor.name for responder in incident.responders])),
    ]


def _step(at: datetime | None, line: IncidentLine, content: ReportContent) -> str:
    """Return when a step came, and how long after the press."""
    if at is None:
        return "–"
    clock = at.astimezone(content.zone).strftime(WORDS[content.language].clock_seconds)
    return f"{clock}\n+{phrase.span(at - line.incident.pressed_at)}"
