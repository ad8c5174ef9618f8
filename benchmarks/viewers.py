"""People who look at cameras: they take what comes over HTTP as fast as it comes, count it and throw it away."""

import asyncio
from functools import partial
from typing import Final, override
from urllib.parse import SplitResult, urlsplit

# Begins every picture of a stream, whoever puts it together.
_MARK: Final = b"Content-Type: image/jpeg"
_SEAM: Final = len(_MARK) - 1


class PictureCount:
    """Counts the pictures of a stream that comes in pieces of any size."""

    def __init__(self) -> None:
        self.pictures = 0
        self.bytes = 0
        self._end = b""

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        self.bytes += len(data)
        # A mark lies in the piece, or on the seam to the one before.
        self.pictures += data.count(_MARK) + (self._end + data[:_SEAM]).count(_MARK)
        self._end = (self._end + data[-_SEAM:])[-_SEAM:]


class _Viewer(asyncio.Protocol):
    """Somebody who looks at a stream."""

    def __init__(self, parts: SplitResult) -> None:
        self._request = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
        self.seen = PictureCount()
        self.transport: asyncio.BaseTransport | None = None
        self.is_looking = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101  # what a connection has
        self.transport = transport
        self.is_looking = True
        transport.write(self._request)

    @override
    def data_received(self, data: bytes) -> None:
        self.seen.feed(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.is_looking = False


class Viewers:
    """All who look."""

    def __init__(self) -> None:
        self._viewers: list[_Viewer] = []

    async def look(self, addresses: list[str]) -> None:
        """Let somebody look at each of these streams."""
        loop = asyncio.get_running_loop()
        for address in addresses:
            parts = urlsplit(address)
            make = partial(_Viewer, parts)
            _, viewer = await loop.create_connection(make, parts.hostname or "", parts.port or 80)
            self._viewers.append(viewer)

    def leave(self) -> None:
        """Let all go away."""
        for viewer in self._viewers:
            if viewer.transport is not None:
                viewer.transport.close()
        self._viewers = []

    @property
    def looking(self) -> int:
        """Return how many have been given something and still look."""
        return sum(viewer.is_looking and viewer.seen.pictures > 0 for viewer in self._viewers)

    @property
    def pictures(self) -> int:
        """Return how many pictures they were given."""
        return sum(viewer.seen.pictures for viewer in self._viewers)

    @property
    def bytes(self) -> int:
        """Return how much they were given."""
        return sum(viewer.seen.bytes for viewer in self._viewers)
