"""What can be printed."""

import unicodedata

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.reports.printable import cut, printable


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Bripka Budi – “Polsek” Blora…", "Bripka Budi – “Polsek” Blora…"),
        ("José Müller", "José Müller"),
        ("Łukasz Nguyễn Đình", "¤ukasz Nguyen ¤ình"),
        ("Jose\u0301", "José"),
        ("ﬁ ½ №", "fi ½ No"),
        ("a\tb\nc  d", "a b c d"),
        ("a\u200db\u202ec\x07\x7fd", "abcd"),
        ("😀", "¤"),
        ("محمد", "¤¤¤¤"),
        ("\ud800", "¤"),
    ],
)
def test_letters_that_cannot_be_printed_lose_their_accents_or_show_that(text: str, printed: str) -> None:
    assert printable(text) == printed


@given(st.text(st.characters(exclude_categories=[])))
def test_whatever_was_typed_can_be_printed(text: str) -> None:
    printed = printable(text)
    printed.encode("windows-1252")
    assert not any(unicodedata.category(char) == "Cc" for char in printed)
    assert printable(printed) == printed


def test_long_texts_are_cut_and_show_it() -> None:
    assert cut("a" * 11, 11) == "a" * 11
    assert cut("a" * 8 + "  bcd", 10) == "aaaaaaaa…"
