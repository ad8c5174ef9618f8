"""The rules of the alert: the token of an answer, and foreign text made harmless."""

import string
import unicodedata

from hypothesis import example, given, strategies as st
import pytest

from custom_components.rutan_blora.police.alert import Answer, plain, token, urgent_of

# --- the token ---

KEYS = st.text(string.hexdigits, min_size=1, max_size=64)
REVISIONS = st.integers(0, 0xFFFF)
IDS = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=40)


def test_the_token_is_hmac_sha_256() -> None:
    """Reckoned with OpenSSL; pushes that are out must be answerable after an update."""
    assert token("0123456789abcdef", "AAA", "phone-1", 1) == "000177321bc71e5a0beec2678d4bbd06"


@given(key=KEYS, tag=IDS, device=IDS, urgent=REVISIONS)
def test_a_token_is_the_same_after_a_restart_and_fits_the_action_key(
    key: str, tag: str, device: str, urgent: int
) -> None:
    made = token(key, tag, device, urgent)
    assert made == token(key, tag, device, urgent)
    assert urgent_of(made) == urgent
    assert len(made) == 32
    assert set(made) <= set("0123456789abcdef")


@given(first=st.tuples(KEYS, IDS, IDS, REVISIONS), second=st.tuples(KEYS, IDS, IDS, REVISIONS))
def test_a_token_is_good_for_one_revision_of_one_alert_at_one_device_of_one_house(
    first: tuple[str, str, str, int], second: tuple[str, str, str, int]
) -> None:
    assert (token(*first) == token(*second)) is (first == second)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(("Key", "tag", "device", 1), id="key"),
        pytest.param(("key", "gat", "device", 1), id="alert"),
        pytest.param(("key", "tag", "ecived", 1), id="device"),
        pytest.param(("key", "device", "tag", 1), id="exchanged"),
        pytest.param(("key", "tagd", "evice", 1), id="moved letter"),
        pytest.param(("key", "tag", "device", 2), id="revision"),
        pytest.param(("key", "tag", "device", 0x10001), id="revision that looks the same"),
    ],
)
def test_another_makes_another_token(other: tuple[str, str, str, int]) -> None:
    assert token(*other) != token("key", "tag", "device", 1)


@pytest.mark.parametrize("presented", ["", "zz", "no token", "ÄÖÜß0000"])
def test_what_is_no_token_is_of_no_revision(presented: str) -> None:
    assert urgent_of(presented) == 0


def test_the_answers_are_called_as_in_the_phones_action_keys() -> None:
    assert [answer.value for answer in Answer] == ["ACK", "GO", "HERE", "SIGN", "RAISE"]


# --- plain text ---


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Pos 3 – menara", "Pos 3 – menara", id="as it is"),
        pytest.param("", "", id="nothing"),
        pytest.param("  P2U \t ", "P2U", id="blanks at the ends"),
        pytest.param("a\nb\r\nc\u2028d\u2029e\x0bf\x0cg\x85h", "a b c d e f g h", id="line breaks"),
        pytest.param("a \t\n  b", "a b", id="a run of blanks"),
        pytest.param("a\x00b\x1b[31mc\x7fd", "a b [31mc d", id="control characters"),
        pytest.param("a\u202ab\u202bc\u202cd\u202de\u202ef", "a b c d e f", id="direction overrides"),
        pytest.param("a\u2066b\u2067c\u2068d\u2069e", "a b c d e", id="direction isolates"),
        pytest.param("a\ud83db\udc00", "a b", id="halves of a pair"),
        pytest.param("a\xa0b\u3000c", "a b c", id="blanks of other scripts"),
        pytest.param("\x00\x1f \u202e", "", id="nothing that can be seen"),
        pytest.param("<b>1 < 2</b>", "‹b›1 ‹ 2‹/b›", id="html"),
        pytest.param("👮🏽‍♀️ 🇮🇩", "👮🏽‍♀️ 🇮🇩", id="emoji"),
        pytest.param("\u0627\u0644\u0645", "\u0627\u0644\u0645", id="right to left"),
    ],
)
def test_foreign_text_becomes_one_harmless_line(text: str, shown: str) -> None:
    assert plain(text, 80) == shown


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        pytest.param("12345", 5, "12345", id="just fits"),
        pytest.param("123456", 5, "1234…", id="one too many"),
        pytest.param("123 56", 5, "123…", id="no blank before the mark"),
        pytest.param("  12345  ", 5, "12345", id="blanks at the ends don't count"),
        pytest.param("12\n\n\n45", 5, "12 45", id="a run of blanks counts once"),
        pytest.param("12", 1, "…", id="room for the mark only"),
        pytest.param("🚨🚨🚨", 2, "🚨…", id="emoji"),
    ],
)
def test_text_that_is_too_long_says_so(text: str, limit: int, shown: str) -> None:
    assert plain(text, limit) == shown


# Everything a text can hold, also what st.text() leaves out.
ANY_TEXT = st.text(st.characters(exclude_categories=()))
FORBIDDEN = {*map(chr, range(0x20)), "\x7f", "\u2028", "\u2029", "<", ">"}


@given(text=ANY_TEXT, limit=st.integers(1, 600))
@example(text="x" * 10_000, limit=80)
@example(text="<" * 10_000, limit=80)
def test_whatever_the_text_the_line_is_short_and_harmless(text: str, limit: int) -> None:
    line = plain(text, limit)
    assert len(line) <= limit
    assert not FORBIDDEN & set(line)
    assert not {unicodedata.bidirectional(char) for char in line} & {
        *("LRE", "RLE", "LRO", "RLO", "PDF"),
        *("LRI", "RLI", "FSI", "PDI"),
    }
    assert line == line.strip()
    line.encode()
    assert plain(line, limit) == line


@given(text=st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="<>&\\"), max_size=80))
def test_harmless_text_is_left_as_it_is(text: str) -> None:
    assert plain(text, 80) == text


@pytest.mark.parametrize("char", ["\x80", "\x9b", "\x9f", "\u200e", "\u200f", "\u061c", "\ufeff"], ids=ascii)
def test_what_has_no_shape_of_its_own_becomes_a_blank(char: str) -> None:
    assert plain(f"a{char}b", 80) == "a b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(r"Aman\nDiterima: AKP Budi", "Aman∖nDiterima: AKP Budi", id="backslash and n"),
        pytest.param(
            r"Aman\rDiterima: AKP Budi",
            "Aman∖rDiterima: AKP Budi",
            id="backslash and r",
        ),
        pytest.param("Aman&#10;Diterima: AKP Budi", "Aman＆#10;Diterima: AKP Budi", id="character by number"),
        pytest.param("a&lt;b&gt;c", "a＆lt;b＆gt;c", id="character by name"),
        pytest.param("satu & dua", "satu & dua", id="ampersand that stands alone"),
        pytest.param(r"C:\data", r"C:\data", id="backslash that is one"),
    ],
)
def test_nothing_is_left_that_android_makes_a_line_break_or_a_character_of(text: str, shown: str) -> None:
    assert plain(text, 80) == shown
