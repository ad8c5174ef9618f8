"""One simulated perimeter camera: what it sees, what was done to it, and who looks."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from io import BytesIO
from time import gmtime, strftime, time
from typing import Final
from weakref import WeakSet

from PIL import Image, ImageDraw, ImageFilter

SIZE: Final = (1280, 720)
_QUALITY: Final = 80
# A scene is drawn so often, however many look (seconds).
_DRAWN_EVERY: Final = 0.5
_NOISES: Final = 16


class Fault(StrEnum):
    """What can be done to a camera: `freeze` makes it repeat its last picture, `kill` drop every connection."""

    FREEZE = "freeze"
    COVER = "cover"
    TURN = "turn"
    BLUR = "blur"
    KILL = "kill"


# Those that change the scene.
_DRAWN: Final = (Fault.COVER, Fault.TURN, Fault.BLUR)


@dataclass(slots=True)
class Upstreams:
    """What comes to a camera: open now, and ever."""

    open: int = 0
    total: int = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one for as long as it is open."""
        self.open += 1
        self.total += 1
        try:
            yield
        finally:
            self.open -= 1


class Camera:
    """One simulated camera; `number` counts from 1."""

    def __init__(self, number: int, size: tuple[int, int] = SIZE) -> None:
        self.number = number
        self.size = size
        self.faults: set[Fault] = set()
        self.night = False
        # Requests for a still; connections for motion JPEG and RTSP video.
        self.stills = Upstreams()
        self.motion = Upstreams()
        self.video = Upstreams()
        self._connections: WeakSet[asyncio.BaseTransport] = WeakSet()
        self._connected = 0
        self._drawing = asyncio.Lock()
        self._drawn: tuple[float, str | None, bool] | None = None
        self._image = Image.new("RGB", size)
        self._jpeg = b""

    @property
    def is_dead(self) -> bool:
        """Tell whether it drops every connection."""
        return Fault.KILL in self.faults

    @property
    def open(self) -> int:
        """Return how many connections there are now, those kept for the next still included."""
        return sum(not transport.is_closing() for transport in self._connections) + self.video.open

    @property
    def total(self) -> int:
        """Return how many connections there have been."""
        return self._connected + self.video.total

    def switch(self, fault: Fault, *, on: bool) -> None:
        """Do something to the camera, or undo it."""
        if on:
            self.faults.add(fault)
        else:
            self.faults.discard(fault)

    def connect(self, transport: asyncio.BaseTransport) -> None:
        """Note a connection somebody asks for pictures on, be it for the first time or again."""
        self._connected += transport not in self._connections
        self._connections.add(transport)

    async def image(self) -> Image.Image:
        """Return what it sees now."""
        await self._draw()
        return self._image

    async def jpeg(self) -> bytes:
        """Return what it sees now, as a still."""
        await self._draw()
        return self._jpeg

    async def _draw(self) -> None:
        """Draw the scene of now, unless it is drawn already."""
        async with self._drawing:
            at = time() // _DRAWN_EVERY * _DRAWN_EVERY
            fault = next((fault.value for fault in _DRAWN if fault in self.faults), None)
            wanted = (at, fault, self.night)
            if wanted == self._drawn or (self._jpeg and Fault.FREEZE in self.faults):
                return
            self._image, self._jpeg = await asyncio.to_thread(self._render, *wanted)
            self._drawn = wanted

    def _render(self, at: float, fault: str | None, night: bool) -> tuple[Image.Image, bytes]:
        image = _picture(self.number, at, night=night, fault=fault, size=self.size)
        jpeg = BytesIO()
        image.save(jpeg, "JPEG", quality=_QUALITY)
        return image, jpeg.getvalue()


def _picture(
    camera: int, at: float, *, night: bool = False, fault: str | None = None, size: tuple[int, int] = SIZE
) -> Image.Image:
    """Draw the outer wall as this camera sees it then."""
    width, height = size
    if fault == Fault.COVER:
        image = Image.effect_noise(size, 6).point([70 + value // 8 for value in range(256)]).convert("RGB")
    else:
        image = _wall(camera, size, shift=width // 4 if fault == Fault.TURN else 0)
    if night:
        image = image.convert("L").point([value // 3 for value in range(256)]).convert("RGB")
    if fault == Fault.BLUR:
        image = image.filter(ImageFilter.GaussianBlur(width // 100))
    image = Image.blend(image, _noise(int(at / _DRAWN_EVERY) % _NOISES, size), 0.06)
    clock = f"CAM {camera}  {strftime('%Y-%m-%d %H:%M:%S', gmtime(at))}"
    ImageDraw.Draw(image).text((width // 40, height // 40), clock, fill="white", font_size=height // 24)
    return image


@lru_cache
def _noise(number: int, size: tuple[int, int]) -> Image.Image:
    """Return what a sensor adds to the scene: another each time, as far as anybody can tell."""
    return Image.effect_noise(size, 10 + number / 100).convert("RGB")


@lru_cache
def _wall(camera: int, size: tuple[int, int], shift: int) -> Image.Image:
    """Draw sky, wall, and the posts that make one camera's stretch unlike another's."""
    width, height = size
    image = Image.new("RGB", size, (150, 180, 205))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 3 // 4, width, height), fill=(110, 105, 85))
    draw.rectangle((0, height // 3, width, height * 3 // 4), fill=(165, 155, 140))
    step = width // 20
    for row, top in enumerate(range(height // 3, height * 3 // 4, height // 24)):
        draw.line((0, top, width, top), fill=(120, 110, 100), width=2)
        for left in range(-shift % step - (step // 2) * (row % 2), width, step):
            draw.line((left, top, left, top + height // 24), fill=(120, 110, 100), width=2)
    for post in range(6):
        left = (post * width // 6 + camera * 67 - shift) % width
        draw.rectangle((left, height // 6, left + width // 60, height * 5 // 6), fill=(70, 60 + 20 * post, 65))
    return image
