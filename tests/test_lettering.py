"""What is written on pictures: in a font that has few letters, in a room that has few pixels."""

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.lettering import shorten, text_width, writable


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Tembok Utara 1", "Tembok Utara 1"),
        ("Escape – North wall", "Escape - North wall"),
        ("José “Ñandú” · 5°…", 'Jose "Nandu" · 5°...'),
        ("a\tb\n c\u00a0d", "a b c d"),
        ("سجن", "???"),
        ("😀!", "?!"),
        ("", ""),
    ],
)
def test_what_the_font_lacks_is_replaced(text: str, written: str) -> None:
    assert writable(text) == written


@given(st.text(max_size=120), st.integers(8, 40), st.integers(-5, 400))
def test_a_text_never_leaves_its_room(text: str, size: int, width: int) -> None:
    short = shorten(text, size, width)
    assert short == "" or text_width(short, size) <= width
    assert short in ("", writable(text)) or (short.endswith("…") and writable(text).startswith(short[:-1]))


def test_a_text_that_fits_is_not_cut() -> None:
    assert shorten("Menara Barat Daya", 20, 400) == "Menara Barat Daya"
    assert shorten("Menara Barat Daya", 20, 100) == "Menara B…"
    assert shorten("Menara Barat Daya", 20, 3) == ""
