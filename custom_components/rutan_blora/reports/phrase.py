"""How things are put in a report, the same on paper and in spreadsheets. Rules only: no Home Assistant."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from ..alarm.wording import kind_name, outcome_name
from ..const import Language
from ..patrol.check_in import Officer
from ..patrol.visit import Visit
from ..patrol.words import VERDICTS
from .content import ExpectedLine, IncidentLine, Period, ReportContent, VisitLine
from .words import WORDS, Words


def zone_name(content: ReportContent) -> str:
    """Return what the house's zone is called over the period: one word, or two where clocks are changed."""
    period = content.period
    names = (zone_of(at, content.zone) for at in (period.since, period.since + (period.until - period.since) / 2))
    return "/".join(dict.fromkeys(names))


def zone_of(at: datetime, zone: tzinfo) -> str:
    """Return what the zone is called at a time."""
    return at.astimezone(zone).tzname() or str(zone)


def day(when: date, words: Words) -> str:
    """Return a day in full."""
    return words.date.format(day=when.day, month=words.months[when.month - 1], year=when.year)


def days(period: Period, language: Language) -> str:
    """Return a period in full."""
    words = WORDS[language]
    first, last = (day(when, words) for when in (period.first, period.last))
    return first if first == last else f"{first} {words.days} {last}"


def number(value: float | None, words: Words) -> str:
    """Return a number with one decimal as people there write it, a dash for none."""
    return "–" if value is None else f"{value:.1f}".replace(".", words.decimal)


def span(duration: timedelta) -> str:
    """Return a duration in minutes and seconds, or in hours, minutes and seconds."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def stay(visit: Visit) -> timedelta | None:
    """Return how long officers stayed, None if nobody knows."""
    return None if visit.departed_at is None else visit.departed_at - visit.arrived_at


def ended(visit: Visit, words: Words) -> str:
    """Return how a visit ended."""
    if visit.departed_at is not None:
        return words.checked_out
    return words.still_here if visit.is_open else words.timed_out


def officer(who: Officer) -> str:
    """Return an officer as he is called, by his number if that is all that is known."""
    return who.title or who.nrp or "?"


def listed(texts: Sequence[str]) -> str:
    """Return texts as one, each once, empty ones left out."""
    return ", ".join(dict.fromkeys(filter(None, texts)))


def units(visit: Visit) -> str:
    """Return where officers are from."""
    return listed([who.unit for who in visit.officers]) or visit.unit


def places(visit: Visit) -> str:
    """Return where a visit was checked in."""
    return listed([check_in.checkpoint for check_in in visit.check_ins])


def verdict(line: VisitLine, content: ReportContent) -> str:
    """Return what a visit was to the plans."""
    words, verdicts = WORDS[content.language], VERDICTS[content.language]
    if line.visit.is_void:
        return words.void.lower()
    names = [verdicts[v] if v is not None else words.unjudged.lower() for v in line.verdicts]
    return listed(names)


def outcome(line: ExpectedLine, content: ReportContent) -> str:
    """Return what became of an expected visit."""
    words = WORDS[content.language]
    if line.result is None:
        return words.unjudged.lower()
    name = VERDICTS[content.language][line.result.verdict]
    return f"{name} ({words.without.format(places=listed(line.missing))})" if line.missing else name


def kind(line: IncidentLine, content: ReportContent) -> str:
    """Return the gravest kind of an incident."""
    return kind_name(line.incident.kind, content.language)


def closing(line: IncidentLine, content: ReportContent) -> str:
    """Return what an incident turned out to be, or that it is open."""
    closed = line.incident.closed
    if closed is None or closed.outcome is None:
        return WORDS[content.language].open.lower()
    return outcome_name(closed.outcome, content.language)
