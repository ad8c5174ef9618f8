"""Reports for spreadsheets: CSV that opens at a double click and executes nothing. Rules only: no Home Assistant."""

from collections.abc import Callable, Iterable, Mapping, Sequence
import csv
from datetime import datetime, timedelta
from io import StringIO
import re
from typing import Final

from ..journal.record import time_text
from . import phrase
from .content import ExpectedLine, IncidentLine, ReportContent, VisitLine
from .words import WORDS

# What spreadsheets take for the beginning of a formula, in full width too; behind blanks as well.
_FORMULA: Final = "=+\\-@＝＋－＠"  # noqa: RUF001  # meant
_AT_THE_START: Final = re.compile(rf"[\t\r\n]|\s*[{_FORMULA}]")
# A spreadsheet of another country parts cells elsewhere, and then what follows begins a cell.
_INSIDE: Final = re.compile(rf"(?<=[;,\t\r\n])(?=[\s\"]*[{_FORMULA}])")
_BREAKS: Final = frozenset("\t\r\n")

type _Column[T] = tuple[str, Callable[[T], str]]


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, without characters that none can show."""
    text = "".join(char if char >= " " or char in _BREAKS else "\N{REPLACEMENT CHARACTER}" for char in text)
    text = text.encode("utf-8", errors="replace").decode()
    text = _INSIDE.sub("'", text)
    return f"'{text}" if _AT_THE_START.match(text) else text


def to_csv(rows: Iterable[Sequence[str]], delimiter: str) -> bytes:
    """Return rows as CSV with a BOM."""
    text = StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([safe(cell) for cell in row] for row in rows)
    return f"\N{ZERO WIDTH NO-BREAK SPACE}{text.getvalue()}".encode()


def visits(content: ReportContent) -> bytes:
    """Return the visits of a report."""
    return _sheet(content, content.visits, _visit_columns(content))


def expected(content: ReportContent) -> bytes:
    """Return the visits that were expected."""
    return _sheet(content, content.expected, _expected_columns(content))


def incidents(content: ReportContent) -> bytes:
    """Return the alarms of a report."""
    return _sheet(content, content.incidents, _incident_columns(content))


def _sheet[T](content: ReportContent, lines: Iterable[T], columns: Sequence[_Column[T]]) -> bytes:
    words = WORDS[content.language]
    heading = [words.number, *(name for name, _ in columns)]
    rows = ([str(number), *(tell(line) for _, tell in columns)] for number, line in enumerate(lines, 1))
    return to_csv([heading, *rows], words.delimiter)


class _Times[T]:
    """Makes the columns of a time: by the house's clock, what that is called, and as it is stored."""

    def __init__(self, content: ReportContent) -> None:
        self._zone = content.zone
        self._words = WORDS[content.language]

    def __call__(self, name: str, at: Callable[[T], datetime | None]) -> list[_Column[T]]:
        """Return the columns; their cells are empty where there is no time."""

        def column(title: str, say: Callable[[datetime], str]) -> _Column[T]:
            return title, lambda line: "" if (when := at(line)) is None else say(when)

        return [
            column(name, lambda when: f"{when.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"),
            column(f"{name} – {self._words.zone}", lambda when: phrase.zone_of(when, self._zone)),
            column(f"{name} – {self._words.utc}", time_text),
        ]


def _seconds(duration: timedelta | None) -> str:
    return "" if duration is None else str(round(duration.total_seconds()))


def _minutes(duration: timedelta | None) -> str:
    return "" if duration is None else str(round(duration.total_seconds() / 60))


def _said[K](key: K | None, words: Mapping[K, str]) -> str:
    return "" if key is None else words[key]


def _visit_columns(content: ReportContent) -> list[_Column[VisitLine]]:
    words, times = WORDS[content.language], _Times[VisitLine](content)

    def flag(is_so: bool) -> str:
        return words.yes if is_so else words.no

    return [
        (words.visit_id, lambda line: line.visit.id),
        *times(words.arrival, lambda line: line.visit.arrived_at),
        *times(words.departure, lambda line: line.visit.departed_at),
        (words.duration, lambda line: _minutes(phrase.stay(line.visit))),
        (words.ended, lambda line: phrase.ended(line.visit, words)),
        (words.officers, lambda line: phrase.listed([phrase.officer(who) for who in line.visit.officers])),
        (words.nrp, lambda line: phrase.listed([who.nrp for who in line.visit.officers])),
        (words.unit, lambda line: phrase.units(line.visit)),
        (words.personnel, lambda line: _said_number(line.visit.report.personnel)),
        (words.vehicle, lambda line: line.visit.report.vehicle),
        (words.situation, lambda line: _said(line.visit.report.situation, words.situations)),
        (words.note, lambda line: line.visit.report.note),
        (words.photo, lambda line: line.visit.report.photo or ""),
        (words.checkpoints, lambda line: phrase.places(line.visit)),
        (words.evidence, lambda line: words.evidences[line.visit.evidence]),
        (words.signed_by, _signer),
        *times(words.signed_at, lambda line: signed.at if (signed := line.visit.countersigned) else None),
        (words.late_entry, lambda line: flag(line.visit.is_late_entry)),
        (words.corrections, lambda line: _corrections(line, content)),
        (words.void, lambda line: flag(line.visit.is_void)),
        (words.plan, lambda line: phrase.listed([place.slot.plan for place in line.filled])),
        (words.verdict, lambda line: phrase.verdict(line, content)),
    ]


def _said_number(value: int | None) -> str:
    return "" if value is None else str(value)


def _signer(line: VisitLine) -> str:
    signed = line.visit.countersigned
    return "" if signed is None else signed.actor.name or "?"


def _corrections(line: VisitLine, content: ReportContent) -> str:
    """Return who corrected a visit, when and why."""
    return " | ".join(
        f"{event.at.astimezone(content.zone):%Y-%m-%d %H:%M} {event.actor.name or '?'}: {event.correction.reason}"
        for event in line.visit.corrections
        if event.correction is not None
    )


def _expected_columns(content: ReportContent) -> list[_Column[ExpectedLine]]:
    words, times = WORDS[content.language], _Times[ExpectedLine](content)
    return [
        (words.plan, lambda line: line.slot.plan),
        *times(words.start, lambda line: line.slot.start),
        *times(words.end, lambda line: line.slot.end),
        (words.grace, lambda line: _minutes(line.slot.grace)),
        (words.verdict, lambda line: phrase.outcome(line, content)),
        *times(words.arrival, lambda line: line.result.at if line.result else None),
        (words.visit_id, lambda line: (line.result.visit_id if line.result else None) or ""),
        (words.missing, lambda line: phrase.listed(line.missing)),
        (words.excused, lambda line: words.no if line.excused is None else words.yes),
        (words.reason, lambda line: line.excused or ""),
    ]


def _incident_columns(content: ReportContent) -> list[_Column[IncidentLine]]:
    words, times = WORDS[content.language], _Times[IncidentLine](content)
    return [
        (words.incident, lambda line: line.incident.id),
        (words.drill, lambda line: words.yes if line.incident.drill else words.no),
        (words.kind, lambda line: phrase.kind(line, content)),
        (words.places, lambda line: phrase.listed(line.incident.locations)),
        *times(words.pressed, lambda line: line.incident.pressed_at),
        *(column for step, name in enumerate(words.steps.values()) for column in _step(name, step, content)),
        (words.outcome, lambda line: phrase.closing(line, content)),
        (words.closed_by, lambda line: (closed.actor.name or "?") if (closed := line.incident.closed) else ""),
        (words.note, lambda line: closed.message if (closed := line.incident.closed) else ""),
        (words.message, lambda line: line.incident.message),
        (words.responders, lambda line: phrase.listed([who.actor.name for who in line.incident.responders])),
    ]


def _step(name: str, step: int, content: ReportContent) -> list[_Column[IncidentLine]]:
    """Return the columns of one step of incidents: when, and how long after the press."""
    words, times = WORDS[content.language], _Times[IncidentLine](content)
    return [
        *times(name, lambda line: line.steps[step]),
        (
            f"{name} – {words.seconds}",
            lambda line: _seconds(at - line.incident.pressed_at if (at := line.steps[step]) else None),
        ),
    ]
