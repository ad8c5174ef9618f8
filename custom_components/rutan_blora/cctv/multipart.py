"""Taking the pictures out of a motion JPEG stream, as cameras really send it. No Home Assistant, no I/O."""

import re
from typing import Final

from .picture import SourceError, SourceProblem
from .verify import MAX_BYTES

_MAX_HEADERS: Final = 16 * 1024
# Longer than any delimiter, its dashes included.
_MAX_DELIMITER: Final = 256
# What a boundary that was not announced may look like.
_ANY: Final = rb"[!-~]{1,70}"
_HEADERS_END: Final = re.compile(rb"\n\r?\n")
_LENGTH: Final = re.compile(rb"\ncontent-length[ \t]*:[ \t]*(\d{1,12})[ \t\r]*\n", re.IGNORECASE)


class Parts:
    """The parts of a multipart stream.

    Cameras announce `--x` and send `--x`, or announce `x` and send `x`; some give no length, some send junk between
    two parts. So a delimiter is a line of the announced word with whatever dashes, and a length is believed.
    """

    def __init__(self, boundary: str) -> None:
        word = boundary.strip('" \t').strip("-").encode()
        self._is_announced = bool(word)
        self._delimiter = _delimiter(re.escape(word)) if word else re.compile(rb"\n--" + _ANY + rb"[ \t\r]*\n")
        # A delimiter is found by the line end before it, so the first needs one.
        self._buffer = bytearray(b"\n")
        # Up to here there is no delimiter.
        self._searched = 0
        self._in_body = False
        self._length: int | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the parts they complete. Raise SourceError where one never ends."""
        self._buffer += data
        parts = []
        while (part := self._next()) is not None:
            parts.append(part)
        return [part for part in parts if part]

    def _next(self) -> bytes | None:
        """Return the next part once it is complete; it may be empty."""
        if not self._in_body and not self._read_headers():
            return None
        if self._length is None:
            return self._delimited()
        return self._cut(self._length) if len(self._buffer) >= self._length else None

    def _read_headers(self) -> bool:
        """Tell whether the buffer begins with a body now."""
        if (delimiter := self._find()) is None:
            self._drop(self._searched)
            return False
        end = _HEADERS_END.search(self._buffer, delimiter.end() - 1)
        if end is None:
            if len(self._buffer) - delimiter.end() > _MAX_HEADERS:
                raise SourceError(SourceProblem.NOT_AN_IMAGE)
            return False
        length = _LENGTH.search(self._buffer, delimiter.end() - 1, end.end())
        self._length = int(length[1]) if length else None
        if self._length is not None and self._length > MAX_BYTES:
            raise SourceError(SourceProblem.TOO_LARGE)
        self._drop(end.end())
        self._in_body = True
        return True

    def _find(self) -> re.Match[bytes] | None:
        """Return the next delimiter."""
        found = self._delimiter.search(self._buffer, self._searched)
        if found is None:
            self._searched = max(self._searched, len(self._buffer) - _MAX_DELIMITER)
        elif not self._is_announced:
            self._is_announced = True
            self._delimiter = _delimiter(re.escape(found[0].strip().strip(b"-")))
        return found

    def _delimited(self) -> bytes | None:
        """Return the part that goes on until the next delimiter."""
        if (delimiter := self._find()) is not None:
            return self._cut(delimiter.start()).removesuffix(b"\r")
        if len(self._buffer) > MAX_BYTES:
            raise SourceError(SourceProblem.TOO_LARGE)
        return None

    def _cut(self, length: int) -> bytes:
        """Take the body off the buffer; some cameras end it with no line end."""
        body = bytes(self._buffer[:length])
        self._drop(length)
        self._buffer[:0] = b"\n"
        self._in_body = False
        return body

    def _drop(self, count: int) -> None:
        """Forget the first bytes."""
        del self._buffer[:count]
        self._searched = 0


def _delimiter(word: bytes) -> re.Pattern[bytes]:
    """Return what finds the lines that are this word with whatever dashes."""
    return re.compile(rb"\n-*" + word + rb"-*[ \t\r]*\n")
