"""Reports on paper: a letter for both parties to sign, and annexes. It is drawn in the executor."""

from collections.abc import Iterable, Sequence
from typing import Final

from ..patrol.plan import Verdict
from ..patrol.words import VERDICTS
from . import phrase
from .annex import annexes
from .content import AVERAGED, PlanLine, ReportContent
from .letter import Letter
from .paper import Paper
from .printable import cut
from .words import WORDS

MAX_NUMBERS: Final = 40

# How wide the numbers of an annex are (mm).
_NUMBER: Final = 9.0


def render(content: ReportContent, letter: Letter) -> bytes:
    """Return the report as PDF."""
    paper = _paper(content)
    paper.add_page()
    paper.letterhead(letter.head, letter.logo)
    _opening(paper, content)
    _compliance(paper, content)
    _counts(paper, content)
    _alarms(paper, content)
    _record(paper, content)
    _signatures(paper, content, letter)
    _annexes(paper, content)
    return bytes(paper.output())


def _paper(content: ReportContent) -> Paper:
    """Return paper whose footer says of which state of the record it is."""
    words = WORDS[content.language]
    made_at = content.made_at.astimezone(content.zone)
    clock = made_at.strftime(words.clock)
    when = f"{phrase.day(made_at.date(), words)} {clock} {phrase.zone_of(made_at, content.zone)}"
    return Paper(
        title=f"{words.title} – {content.site}",
        language=content.language.value,
        made_at=content.made_at,
        footer=f"{words.made_at.format(at=when)}  ·  {words.head} {content.head}",
        page=words.page,
    )


# --- the letter ---


def _opening(paper: Paper, content: ReportContent) -> None:
    """Write what it is, of which period."""
    words = WORDS[content.language]
    paper.say(words.title.upper(), style="B", size=13, align="C", line=6.5)
    paper.say(content.site, size=10.5, align="C", line=5)
    paper.say(f"{words.period} {phrase.days(content.period, content.language)}", size=10.5, align="C", line=5)
    paper.ln(3)
    paper.say(words.intro.format(site=content.site, zone=phrase.zone_name(content)))
    if content.is_running:
        paper.say(words.running, style="B")


def _compliance(paper: Paper, content: ReportContent) -> None:
    """Draw the figures of the plans."""
    words, verdicts = WORDS[content.language], VERDICTS[content.language]
    paper.heading(f"1. {words.compliance}")
    if not content.plans:
        paper.say(words.no_plans)
        return
    shown = (Verdict.ON_TIME, Verdict.EARLY, Verdict.LATE, Verdict.MISSED)
    names = (verdict.capitalize() for verdict in (verdicts[v] for v in shown))
    heading = (words.plan, words.expected, *names, words.excused, words.unjudged, words.percent, words.unpredictability)
    lines = [*content.plans, content.total] if len(content.plans) > 1 else content.plans
    rows = [_plan(line, content, shown) for line in lines]
    paper.rows(
        heading,
        rows,
        (24, 18, 14, 12, 19, 18, 23, 15, 20, 30),
        aligns="LRRRRRRRRR",
        size=7,
        bold_last=len(content.plans) > 1,
    )
    paper.ln(1)
    paper.small(words.hint)


def _plan(line: PlanLine, content: ReportContent, shown: Iterable[Verdict]) -> list[str]:
    words, figures = WORDS[content.language], line.compliance
    return [
        cut(line.plan) or words.all_plans,
        str(figures.expected),
        *(str(figures.verdicts.get(verdict, 0)) for verdict in shown),
        str(figures.excused),
        str(line.unjudged),
        phrase.number(figures.percent, words),
        phrase.number(line.unpredictability, words),
    ]


def _counts(paper: Paper, content: ReportContent) -> None:
    """Draw how many visits there were."""
    words = WORDS[content.language]
    paper.heading(f"2. {words.visits}")
    if not content.visits:
        paper.say(words.no_visits)
        return
    valid = [line for line in content.visits if not line.visit.is_void]
    counts = {
        words.visit_count: len(valid),
        words.unscheduled_count: sum(Verdict.UNSCHEDULED in line.verdicts for line in valid),
        words.unsigned_count: sum(line.visit.countersigned is None for line in valid),
        words.late_count: sum(line.visit.is_late_entry for line in valid),
        words.void_count: len(content.visits) - len(valid),
    }
    paper.rows(
        tuple(counts),
        [[str(count) for count in counts.values()]],
        (1,) * len(counts),
        aligns="C" * len(counts),
        size=7.5,
    )


def _alarms(paper: Paper, content: ReportContent) -> None:
    """Draw how many alarms there were, and how quick the police were."""
    words = WORDS[content.language]
    paper.heading(f"3. {words.alarms}")
    if not content.incidents:
        paper.say(words.no_alarms)
        return
    drills = sum(line.incident.drill for line in content.incidents)
    averages = [
        f"{phrase.span(average.mean)} ({average.count})" if average.mean is not None else "–"
        for average in content.averages
    ]
    heading = (words.alarm_count, words.drill_count, *(words.steps[step] for step in AVERAGED))
    counts = [str(len(content.incidents) - drills), str(drills)]
    paper.rows(heading, [[*counts, *averages]], (1,) * len(heading), aligns="C" * len(heading), size=7.5)
    paper.ln(1)
    paper.small(words.averages)


def _record(paper: Paper, content: ReportContent) -> None:
    """Write whether the record can be relied on."""
    words = WORDS[content.language]
    paper.heading(f"4. {words.record}")
    if content.damaged:
        paper.say(words.record_damaged.format(numbers=_numbers(content.damaged)))
    if content.altered:
        paper.say(words.record_altered.format(numbers=_numbers(content.altered)))
    if not content.damaged and not content.altered:
        paper.say(words.record_intact)


def _numbers(numbers: Sequence[int]) -> str:
    """Return numbers of records, how many more there are at the end."""
    more = len(numbers) - MAX_NUMBERS
    listed = ", ".join(map(str, numbers[:MAX_NUMBERS]))
    return f"{listed} … (+{more})" if more > 0 else listed


def _signatures(paper: Paper, content: ReportContent, letter: Letter) -> None:
    """Draw where both parties sign."""
    words = WORDS[content.language]
    made_on = content.made_at.astimezone(content.zone).date()
    date = f"{letter.place or '.' * 24}, {phrase.day(made_on, words)}"
    paper.signatures([("", letter.police or (words.police,)), (date, letter.rutan or (words.rutan,))])


# --- the annexes ---


def _annexes(paper: Paper, content: ReportContent) -> None:
    """Draw the lists that the letter sums up, each on pages of its own."""
    words = WORDS[content.language]
    subtitle = f"{content.site}  ·  {phrase.days(content.period, content.language)}  ·  {phrase.zone_name(content)}"
    for number, annex in enumerate(annexes(content), 1):
        paper.add_page(orientation="landscape")
        paper.say(f"{words.annex} {number}: {annex.name}", style="B", size=11, line=6)
        paper.say(subtitle, size=8.5)
        paper.ln(1.5)
        names, widths = zip(*annex.columns, strict=True)
        rows = [[str(line), *row] for line, row in enumerate(annex.rows, 1)]
        aligns = "R" + "L" * len(names)
        paper.rows((words.number, *names), rows, (_NUMBER, *widths), aligns=aligns, size=7.5)
    if paper.has_replaced:
        paper.ln(2)
        paper.small(words.letters)
