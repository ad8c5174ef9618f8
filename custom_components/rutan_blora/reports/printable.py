"""What can be printed: the letters of western Europe, which are in the fonts that every reader has.

Others lose their accents, or are shown as such that cannot be printed. Rules only: no Home Assistant.
"""

from typing import Final
import unicodedata

ENCODING: Final = "windows-1252"
# Stands for letters that none of the fonts has.
UNPRINTABLE: Final = "\N{CURRENCY SIGN}"
# Characters of one cell: a row must fit a page. The spreadsheets hold the whole.
MAX_CELL: Final = 160


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
        char.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def cut(text: str, limit: int = MAX_CELL) -> str:
    """Return a text that fits a cell."""
    text = printable(text)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
