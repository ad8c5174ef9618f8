"""A camera whose pictures the test gives, one by one."""

import asyncio
from io import BytesIO
from typing import override

from PIL import Image

from custom_components.rutan_blora.cctv.picture import SourceError, SourceProblem
from custom_components.rutan_blora.cctv.source import Source


def jpeg(colour: tuple[int, int, int] = (90, 120, 90), size: tuple[int, int] = (320, 180)) -> bytes:
    """Return a picture of one colour."""
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, "JPEG")
    return file.getvalue()


class StubSource(Source):
    """A source that gives what the test puts in, and waits where there is nothing."""

    def __init__(self) -> None:
        self.given: asyncio.Queue[bytes | SourceProblem] = asyncio.Queue()
        self.is_closed = False
        self.may_close = asyncio.Event()
        self.may_close.set()
        self.url: str | None = None

    def give(self, *pictures: bytes | SourceProblem) -> None:
        """Let the next turns have these."""
        for picture in pictures:
            self.given.put_nowait(picture)

    @property
    @override
    def has_live_view(self) -> bool:
        """Tell whether the test has set an address."""
        return self.url is not None

    @override
    async def live_url(self) -> str | None:
        """Return what the test has set."""
        return self.url

    @override
    async def grab(self) -> bytes:
        """Return the next picture, or fail as told."""
        given = await self.given.get()
        if isinstance(given, SourceProblem):
            raise SourceError(given)
        return given

    @override
    async def close(self) -> None:
        """Let go once the test allows it."""
        await self.may_close.wait()
        self.is_closed = True
