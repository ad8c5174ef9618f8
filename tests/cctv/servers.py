"""Servers that behave as no camera should, and one that does, on real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from io import BytesIO
import ssl
from typing import Final

from PIL import Image

HOST: Final = "127.0.0.1"

type Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def jpeg(number: int = 0, size: tuple[int, int] = (320, 180)) -> bytes:
    """Return a picture unlike those of other numbers."""
    file = BytesIO()
    Image.linear_gradient("L").resize(size).rotate(number % 360).save(file, "JPEG")
    return file.getvalue()


@asynccontextmanager
async def serving(talk: Talk, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Let something talk to whoever connects; give host and port."""
    talking: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.transport.abort()
        talking.discard(task)

    server = await asyncio.start_server(serve, HOST, ssl=tls)
    try:
        yield f"{HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


def answering(body: bytes, *, status: str = "200 OK", content_type: str = "image/jpeg", headers: str = "") -> Talk:
    """Answer each request with this."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(head.encode() + body)

    return talk


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept, and never answer."""
    await asyncio.Event().wait()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Listen to the question, and go."""
    await reader.readline()


async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as if all were well, a byte at a time."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 50000\r\n\r\n")
    for byte in jpeg():
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(0.02)


class Flood:
    """An answer that never ends; `sent` is how much of it somebody took."""

    def __init__(self, head: bytes) -> None:
        self.sent = 0
        self._head = head

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send until nobody takes it any more."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + self._head)
        while self.sent < 100_000_000:
            writer.write(b"\xff\xd8" + bytes(100_000))
            await writer.drain()
            self.sent += 100_002


def motion(*pictures: bytes, end: bool) -> Talk:
    """Send these pictures as motion JPEG; then hang up, or fall silent."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=x\r\n\r\n")
        for picture in pictures:
            head = b"--x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
            writer.write(head % len(picture) + picture + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)
        if not end:
            await asyncio.Event().wait()

    return talk
