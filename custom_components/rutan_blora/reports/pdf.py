"""Reports on paper: a letter for both parties to sign, and annexes. It is drawn in the executor.

Only this module knows the PDF library, which a house gets when it needs it. The fonts are those every reader has; they
hold the letters of western Europe. Others lose their accents, or are shown as such that cannot be printed.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from time import perf_counter, sleep
from typing import Any, Final, override
import unicodedata

from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout, XPos, YPos

from ..const import MAX_NAME
from ..patrol.check_in import Officer
from ..patrol.plan import Verdict
from ..patrol.visit import Visit
from ..patrol.words import VERDICTS
from . import phrase
from .content import AVERAGED, ExpectedLine, IncidentLine, PlanLine, ReportContent, VisitLine
from .letter import Letter
from .words import WORDS

# Stands for letters that none of the fonts has.
UNPRINTABLE: Final = "\N{CURRENCY SIGN}"
# Characters of one cell: a row must fit a page. The spreadsheets hold the whole.
MAX_CELL: Final = 160
MAX_NOTE: Final = 400
MAX_NUMBERS: Final = 40

_ENCODING: Final = "windows-1252"
# Seconds it works at a stretch, and how long others have then: enough for them to notice.
_TURN: Final = 0.001
_REST: Final = 0.0001
# No text of a report holds it.
_PAGES: Final = "\x7f\x7f"
_FONT: Final = "Helvetica"
_LEFT, _TOP, _RIGHT, _BOTTOM = 22.0, 15.0, 18.0, 20.0
_LINE: Final = 4.6
_GREY: Final = 228
_LOGO: Final = 22.0
_SIGNATURE: Final = 16.0


def printable(text: str) -> str:
    """Return a text in the letters there are, on one line."""
    return " ".join("".join(map(_letter, unicodedata.normalize("NFC", text))).split())


def _letter(char: str) -> str:
    """Return how a character is printed."""
    if char.isspace():
        return " "
    if unicodedata.category(char) in ("Cc", "Cf", "Mn"):
        return ""
    if _is_known(char):
        return char
    bare = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return bare if bare and bare.isprintable() and all(map(_is_known, bare)) else UNPRINTABLE


def _is_known(char: str) -> bool:
    try:
        char.encode(_ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def cut(text: str, limit: int = MAX_CELL) -> str:
    """Return a text that fits a cell."""
    text = printable(text)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def render(content: ReportContent, letter: Letter) -> bytes:
    """Return the report as PDF."""
    paper = _Paper(content)
    paper.add_page()
    _head(paper, letter)
    _opening(paper, content)
    _compliance(paper, content)
    _counts(paper, content)
    _alarms(paper, content)
    _record(paper, content)
    _signatures(paper, content, letter)
    _annexes(paper, content)
    return bytes(paper.output())


class _Paper(FPDF):
    """An A4 sheet with the footer of a report."""

    def __init__(self, content: ReportContent) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self.words = WORDS[content.language]
        made_at = content.made_at.astimezone(content.zone)
        clock = made_at.strftime(self.words.clock)
        when = f"{phrase.day(made_at.date(), self.words)} {clock} {phrase.zone_of(made_at, content.zone)}"
        self._footer = f"{self.words.made_at.format(at=when)}  ·  {self.words.head} {content.head}"
        self.annexes = 0
        self._rested_at = 0.0
        self.has_replaced = False
        self.core_fonts_encoding = _ENCODING
        self.alias_nb_pages(_PAGES)
        self.set_margins(_LEFT, _TOP, _RIGHT)
        self.c_margin = 0.0
        self.set_auto_page_break(auto=True, margin=_BOTTOM)
        self.set_creation_date(content.made_at)
        self.set_title(f"{self.words.title} – {content.site}")
        self.set_lang(content.language.value)
        self.set_producer("Rutan Blora")
        self.set_font(_FONT, size=9.5)
        self.set_draw_color(60)

    @override
    def footer(self) -> None:
        """Say of which state of the record the page is, and which page it is."""
        self.set_y(-14)
        self.set_line_width(0.2)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.set_font(_FONT, size=6.5)
        self.cell(self.epw * 0.8, 5, self._footer)
        page = self.words.page.format(page=self.page_no(), pages=_PAGES)
        self.cell(self.epw * 0.2, 5, page, align="R")

    @override
    def multi_cell(self, *args: Any, **kwargs: Any) -> Any:
        """Write a cell; let others have the interpreter before, for an alarm must not wait until a page is laid out."""
        if perf_counter() - self._rested_at > _TURN:
            sleep(_REST)
            self._rested_at = perf_counter()
        return super().multi_cell(*args, **kwargs)

    def say(self, text: str, *, size: float = 9.5, style: str = "", align: str = "L", line: float = _LINE) -> None:
        """Write a paragraph over the whole width."""
        self.set_font(_FONT, style=style, size=size)
        self.multi_cell(0, line, self.shown(text), align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def shown(self, text: str) -> str:
        """Return a text in the letters there are, line by line, and remember if one is not."""
        text = "\n".join(map(printable, text.split("\n")))
        self.has_replaced |= UNPRINTABLE in text
        return text

    def heading(self, text: str) -> None:
        """Write the heading of a section; it does not stay behind on a page of its own."""
        self.ln(2.5)
        if self.will_page_break(24):
            self.add_page()
        self.say(text, style="B", size=10.5, line=6)

    def rows(
        self,
        heading: Sequence[str],
        rows: Iterable[Sequence[str]],
        widths: Sequence[float],
        *,
        aligns: str,
        size: float = 8,
        bold_last: bool = False,
    ) -> None:
        """Draw a table whose heading comes again on each page; `aligns` has a letter for each column."""
        rows = list(rows)
        self.set_font(_FONT, size=size)
        self.set_line_width(0.2)
        head = FontFace(emphasis="BOLD", fill_color=_GREY)
        with self.table(
            align="LEFT",
            width=self.epw,
            col_widths=tuple(widths),
            text_align=tuple(aligns),
            borders_layout=TableBordersLayout.ALL,
            line_height=size * 0.45,
            padding=(0.7, 1.0),
            headings_style=head,
            v_align="T",
        ) as table:
            table.row([self.shown(name) for name in heading])
            for number, row in enumerate(rows, 1):
                style = FontFace(emphasis="BOLD") if bold_last and number == len(rows) else None
                table.row([self.shown(cell) for cell in row], style=style)


# --- the letter ---


def _head(paper: _Paper, letter: Letter) -> None:
    """Draw the head: the lines in capitals large, the last of them bold, the others small, over a double rule."""
    if not letter.head and letter.logo is None:
        return
    top, indent = paper.get_y(), 0.0
    if letter.logo is not None:
        paper.image(BytesIO(letter.logo), x=_LEFT, y=top, w=_LOGO, h=_LOGO, keep_aspect_ratio=True)
        indent = _LOGO + 3
    large = [number for number, line in enumerate(letter.head) if line.isupper()] or [0]
    for number, line in enumerate(letter.head):
        is_name = number == large[-1]
        size = 14.0 if is_name else 11.5 if number in large else 9.0
        paper.set_font(_FONT, style="B" if is_name else "", size=size)
        paper.set_x(_LEFT + indent)
        width = paper.epw - indent
        paper.multi_cell(width, size * 0.46, paper.shown(line), align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    y = max(paper.get_y(), top + (_LOGO if letter.logo is not None else 0)) + 2
    for offset, thickness in ((0.0, 0.9), (1.1, 0.25)):
        paper.set_line_width(thickness)
        paper.line(_LEFT, y + offset, paper.w - _RIGHT, y + offset)
    paper.set_y(y + 5)


def _opening(paper: _Paper, content: ReportContent) -> None:
    """Write what it is, of which period."""
    words = paper.words
    paper.say(words.title.upper(), style="B", size=13, align="C", line=6.5)
    paper.say(content.site, size=10.5, align="C", line=5)
    paper.say(f"{words.period} {phrase.days(content.period, content.language)}", size=10.5, align="C", line=5)
    paper.ln(3)
    paper.say(words.intro.format(site=content.site, zone=phrase.zone_name(content)))
    if content.is_running:
        paper.say(words.running, style="B")


def _compliance(paper: _Paper, content: ReportContent) -> None:
    """Draw the figures of the plans."""
    words, verdicts = paper.words, VERDICTS[content.language]
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
        (24, 21, 14, 12, 19, 18, 21, 15, 21, 28),
        aligns="LRRRRRRRRR",
        size=7,
        bold_last=len(content.plans) > 1,
    )
    paper.ln(1)
    paper.say(words.hint, size=7.5, line=3.6)


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


def _counts(paper: _Paper, content: ReportContent) -> None:
    """Draw how many visits there were."""
    words = paper.words
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


def _alarms(paper: _Paper, content: ReportContent) -> None:
    """Draw how many alarms there were, and how quick the police were."""
    words = paper.words
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
    paper.say(words.averages, size=7.5, line=3.6)


def _record(paper: _Paper, content: ReportContent) -> None:
    """Write whether the record can be relied on."""
    words = paper.words
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


def _signatures(paper: _Paper, content: ReportContent, letter: Letter) -> None:
    """Draw where both parties sign; it stays on one page."""
    words = paper.words
    made_on = content.made_at.astimezone(content.zone).date()
    date = f"{letter.place or '.' * 24}, {phrase.day(made_on, words)}"
    columns = (("", words.police, letter.police), (date, words.rutan, letter.rutan))
    paper.ln(7)
    if paper.will_page_break(4 * _LINE + _SIGNATURE + _LINE * max(len(letter.police), len(letter.rutan), 2)):
        paper.add_page()
    top, width = paper.get_y(), paper.epw / 2
    for column, (above, party, signer) in enumerate(columns):
        x = _LEFT + column * width
        office, *names = signer or (party,)
        _lines(paper, [above, office], x, top, width)
        _lines(paper, names or ["." * 46], x, top + 4 * _LINE + _SIGNATURE, width, style="B")


def _lines(paper: _Paper, lines: Iterable[str], x: float, y: float, width: float, *, style: str = "") -> None:
    """Write lines below each other, the first in a style; an empty one keeps its place."""
    paper.set_y(y)
    for line in lines:
        paper.set_x(x)
        paper.set_font(_FONT, style=style, size=9.5)
        paper.multi_cell(width, _LINE, paper.shown(line) or " ", align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        style = ""


# --- the annexes ---


def _annexes(paper: _Paper, content: ReportContent) -> None:
    """Draw the lists that the letter sums up, each on pages of its own."""
    words = paper.words
    if content.visits:
        _annex(paper, content, words.visits)
        paper.rows(
            (
                words.number,
                words.arrival,
                words.departure,
                words.officers,
                f"{words.personnel}, {words.vehicle.lower()}",
                words.checkpoints,
                f"{words.situation}, {words.note.lower()}",
                words.evidence,
                words.verdict,
            ),
            [[str(number), *_visit(line, content)] for number, line in enumerate(content.visits, 1)],
            (9, 24, 28, 46, 22, 27, 52, 26, 23),
            aligns="RLLLLLLLL",
            size=7.5,
        )
    if content.expected:
        _annex(paper, content, words.windows)
        paper.rows(
            (words.number, words.plan, words.window, words.arrival, words.verdict, words.reason),
            [[str(number), *_expected(line, content)] for number, line in enumerate(content.expected, 1)],
            (9, 50, 58, 30, 55, 55),
            aligns="RLLLLL",
            size=7.5,
        )
    if content.incidents:
        _annex(paper, content, words.alarms)
        paper.rows(
            (
                words.number,
                words.pressed,
                f"{words.kind}, {words.places.lower()}",
                *(words.steps[step] for step in AVERAGED),
                words.outcome,
                words.responders,
            ),
            [[str(number), *_incident(line, content)] for number, line in enumerate(content.incidents, 1)],
            (9, 26, 42, 22, 22, 22, 22, 52, 40),
            aligns="RLLLLLLLL",
            size=7.5,
        )
    if paper.has_replaced:
        paper.ln(2)
        paper.say(words.letters, size=7.5, line=3.6)


def _annex(paper: _Paper, content: ReportContent, name: str) -> None:
    """Begin the pages of a list."""
    words = paper.words
    paper.annexes += 1
    paper.add_page(orientation="landscape")
    paper.say(f"{words.annex} {paper.annexes}: {name}", style="B", size=11, line=6)
    paper.say(
        f"{content.site}  ·  {phrase.days(content.period, content.language)}  ·  {phrase.zone_name(content)}", size=8.5
    )
    paper.ln(1.5)


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
