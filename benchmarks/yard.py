"""Simulated cameras, and people who look, in a process of their own: what they cost is not what is measured.

python -m benchmarks.yard CAMERAS: answers each line of JSON on stdin with one on stdout, and ends with stdin.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from io import BytesIO
import json
import sys
from time import time
from typing import Any, Final, override

from PIL import Image

from demo.camera import Camera
from demo.cameras import Cameras
from demo.scenes import HD, jpeg, picture

from .core import ROOT
from .viewers import Viewers

FPS: Final = 5
# Drawing a scene takes seconds, and a live one most of a core: cameras share a few, and show some moments in turn.
# Their number has no divisor in common with the pictures of 0.4, 1 or 5 seconds: the next one asked for is another.
_SCENES: Final = 4
_MOMENTS: Final = 9
_READY_WITHIN: Final = 60.0

type Pictures = Sequence[bytes]


class LoopedCamera(Camera):
    """A camera that shows the same moments again and again; the next one comes five times a second."""

    def __init__(self, number: int, size: tuple[int, int], pictures: Pictures) -> None:
        super().__init__(number, size)
        self._pictures = pictures

    @override
    async def jpeg(self) -> bytes:
        return self._pictures[int(time() * FPS) % len(self._pictures)]

    @override
    async def image(self) -> Image.Image:
        return await asyncio.to_thread(_decoded, await self.jpeg())


def _decoded(picture: bytes) -> Image.Image:
    with Image.open(BytesIO(picture)) as image:
        return image.convert("RGB")


@cache
def scene(number: int) -> Pictures:
    """Return what there is to see for a while, at 720p."""
    return [jpeg(number, picture(number, 60 + moment / FPS, size=HD)) for moment in range(_MOMENTS)]


def make_camera(number: int) -> Cameras:
    """Return a camera before one of the scenes, with ports of its own: connections to one are no other's."""
    pictures = scene(1 + (number - 1) % _SCENES)
    return Cameras(1, size=HD, fps=FPS, make=lambda _, size: LoopedCamera(number, size, pictures))


# --- the process ---


async def _serve(number: int) -> None:
    """Do what is asked, line by line."""
    viewers = Viewers()
    cameras = [make_camera(n) for n in range(1, number + 1)]
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with AsyncExitStack() as on:
        for camera in cameras:
            await on.enter_async_context(camera.on())
        _say(
            {
                "still": [camera.still_url(1) for camera in cameras],
                "motion": [camera.motion_url(1) for camera in cameras],
                "rtsp": [camera.rtsp_url(1) for camera in cameras],
            }
        )
        while line := await reader.readline():
            asked = json.loads(line)
            if asked.get("leave"):
                viewers.leave()
            await viewers.look(asked.get("look", []))
            _say(_count([camera[1] for camera in cameras], viewers))


def _count(cameras: Sequence[Camera], viewers: Viewers) -> dict[str, int]:
    """Return what cameras and viewers see of each other's middleman."""
    return {
        "viewers": viewers.looking,
        "pictures": viewers.pictures,
        "bytes": viewers.bytes,
        "open": sum(camera.open for camera in cameras),
        "requests": sum(camera.stills.total + camera.motion.total for camera in cameras),
    }


def _say(answer: object) -> None:
    print(json.dumps(answer), flush=True)


# --- its owner ---


class Yard:
    """The process with the cameras and the viewers; `still`, `motion` and `rtsp` are the addresses of the cameras."""

    def __init__(self, process: asyncio.subprocess.Process, addresses: dict[str, list[str]]) -> None:
        self.still = addresses["still"]
        self.motion = addresses["motion"]
        self.rtsp = addresses["rtsp"]
        self._process = process

    async def look(self, addresses: Sequence[str]) -> None:
        """Let somebody look at each of these streams of Home Assistant."""
        await _ask(self._process, {"look": list(addresses)})

    async def leave(self) -> None:
        """Let all who look go away."""
        await _ask(self._process, {"leave": True})

    async def count(self) -> dict[str, int]:
        """Return how many look, what they were given, and what is open at the cameras."""
        counted: dict[str, int] = await _ask(self._process, {})
        return counted


@asynccontextmanager
async def running_yard(cameras: int) -> AsyncIterator[Yard]:
    """Run so many cameras."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.yard", str(cameras)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        yield Yard(process, await _ask(process, None))
    finally:
        assert process.stdin is not None  # noqa: S101  # it was asked for
        process.stdin.close()
        await process.wait()


async def _ask(process: asyncio.subprocess.Process, question: object) -> Any:
    """Ask, unless it speaks first, and return the answer."""
    assert process.stdin is not None  # noqa: S101  # it was asked for
    assert process.stdout is not None  # noqa: S101
    if question is not None:
        process.stdin.write(json.dumps(question).encode() + b"\n")
    async with asyncio.timeout(_READY_WITHIN):
        return json.loads(await process.stdout.readline())


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
