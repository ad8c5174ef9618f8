"""Reads a PDF back, as far as the reports need it: what is written on each page, and which way up it is."""

from dataclasses import dataclass
import re
from typing import Final
import zlib

_STREAM: Final = re.compile(rb"/Length (\d+)\n>>\nstream\n")
_STRING: Final = re.compile(rb"\(((?:\\.|[^\\()])*)\)", re.DOTALL)
_ESCAPE: Final = re.compile(rb"\\(.)", re.DOTALL)
_BOX: Final = re.compile(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]")
_NAMED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


@dataclass(frozen=True, slots=True)
class Page:
    """A page: the pieces of text in the order in which they were written, as one."""

    pieces: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return all of it, blanks made one."""
        return " ".join(" ".join(self.pieces).split())


def pages(pdf: bytes) -> list[Page]:
    """Return the pages of a PDF with core fonts."""
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    streams = (_unpacked(pdf[found.end() :][: int(found[1])]) for found in _STREAM.finditer(pdf))
    return [Page(_pieces(stream)) for stream in streams if b"BT" in stream and b"Tj" in stream]


def is_landscape(pdf: bytes) -> list[bool]:
    """Return of each page whether it is wider than high; the first box is that of all that have none."""
    return [float(width) > float(height) for width, height in _BOX.findall(pdf)]


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def _pieces(stream: bytes) -> tuple[str, ...]:
    strings = (_ESCAPE.sub(lambda match: _NAMED.get(match[1], match[1]), found) for found in _STRING.findall(stream))
    return tuple(string.decode("windows-1252", errors="replace") for string in strings)
