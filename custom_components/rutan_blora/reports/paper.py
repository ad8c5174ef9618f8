"""Paper with a letterhead, tables, signatures and a footer. It is drawn in the executor.

Only this module knows the PDF library, which a house gets when it needs it. The fonts are those every reader has.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from time import perf_counter, sleep
from typing import Any, Final, override

from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout, XPos, YPos

from .printable import ENCODING, UNPRINTABLE, printable

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


class Paper(FPDF):
    """A4 sheets with a footer, and `page` in it: which one it is of how many (`{page}`, `{pages}`)."""

    def __init__(self, *, title: str, language: str, made_at: datetime, footer: str, page: str) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._footer = footer
        self._page = page
        self._rested_at = 0.0
        self.has_replaced = False
        self.core_fonts_encoding = ENCODING
        self.alias_nb_pages(_PAGES)
        self.set_margins(_LEFT, _TOP, _RIGHT)
        self.c_margin = 0.0
        self.set_auto_page_break(auto=True, margin=_BOTTOM)
        self.set_creation_date(made_at)
        self.set_title(title)
        self.set_lang(language)
        self.set_producer("Rutan Blora")
        self.set_font(_FONT, size=9.5)
        self.set_draw_color(60)

    @override
    def footer(self) -> None:
        """Draw the footer."""
        self.set_y(-14)
        self.set_line_width(0.2)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.set_font(_FONT, size=6.5)
        self.cell(self.epw * 0.8, 5, self._footer)
        self.cell(self.epw * 0.2, 5, self._page.format(page=self.page_no(), pages=_PAGES), align="R")

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

    def small(self, text: str) -> None:
        """Write a remark over the whole width."""
        self.say(text, size=7.5, line=3.6)

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

    def letterhead(self, lines: Sequence[str], logo: bytes | None) -> None:
        """Draw the head: the lines in capitals large, the last of them bold, the others small, over a double rule."""
        if not lines and logo is None:
            return
        top, indent = self.get_y(), 0.0
        if logo is not None:
            self.image(BytesIO(logo), x=_LEFT, y=top, w=_LOGO, h=_LOGO, keep_aspect_ratio=True)
            indent = _LOGO + 3
        large = [number for number, line in enumerate(lines) if line.isupper()] or [0]
        for number, line in enumerate(lines):
            is_name = number == large[-1]
            size = 14.0 if is_name else 11.5 if number in large else 9.0
            self.set_font(_FONT, style="B" if is_name else "", size=size)
            self.set_x(_LEFT + indent)
            self._centred(self.epw - indent, size * 0.46, line)
        y = max(self.get_y(), top + (_LOGO if logo is not None else 0)) + 2
        for offset, thickness in ((0.0, 0.9), (1.1, 0.25)):
            self.set_line_width(thickness)
            self.line(_LEFT, y + offset, self.w - _RIGHT, y + offset)
        self.set_y(y + 5)

    def signatures(self, columns: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Draw who signs, beside each other: a line, the office, room to sign, the names; it stays on one page."""
        self.ln(7)
        if self.will_page_break(4 * _LINE + _SIGNATURE + _LINE * max(2, *(len(signer) for _, signer in columns))):
            self.add_page()
        top, width = self.get_y(), self.epw / len(columns)
        for column, (above, (office, *names)) in enumerate(columns):
            x = _LEFT + column * width
            self._lines([above, office], x, top, width)
            self._lines(names or ["." * 46], x, top + 4 * _LINE + _SIGNATURE, width, style="B")

    def _lines(self, lines: Iterable[str], x: float, y: float, width: float, *, style: str = "") -> None:
        """Write lines below each other, the first in a style; an empty one keeps its place."""
        self.set_y(y)
        for line in lines:
            self.set_x(x)
            self.set_font(_FONT, style=style, size=9.5)
            self._centred(width, _LINE, line)
            style = ""

    def _centred(self, width: float, height: float, text: str) -> None:
        self.multi_cell(width, height, self.shown(text) or " ", align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
