"""A yard of simulated perimeter cameras: each gives stills, motion JPEG and RTSP video of one scene."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiohttp import hdrs, web

from .access import Access
from .camera import SIZE, Camera
from .rtsp import RtspServer

HOST: Final = "127.0.0.1"
_BOUNDARY: Final = "picture"


class Cameras:
    """A yard full of simulated cameras, on this machine only."""

    def __init__(
        self,
        number: int,
        *,
        access: Access | None = None,
        size: tuple[int, int] = SIZE,
        fps: int = 5,
        key_every: int | None = None,
        make: Callable[[int, tuple[int, int]], Camera] = Camera,
    ) -> None:
        self.cameras = {n: make(n, size) for n in range(1, number + 1)}
        self._access = access
        self._pause = 1 / fps
        self._rtsp = RtspServer(self.cameras, access=access, fps=fps, key_every=key_every or fps)
        self._runner: web.AppRunner | None = None
        self._port = 0

    def __getitem__(self, number: int) -> Camera:
        """Return a camera by its number."""
        return self.cameras[number]

    @asynccontextmanager
    async def on(self, http_port: int = 0, rtsp_port: int = 0) -> AsyncIterator[None]:
        """Switch them on, at these ports or at free ones."""
        await self.start(http_port, rtsp_port)
        try:
            yield
        finally:
            await self.stop()

    async def start(self, http_port: int = 0, rtsp_port: int = 0) -> None:
        """Listen at these ports, at free ones where none is given."""
        app = web.Application()
        app.router.add_get("/cam{number:[0-9]+}/still.jpg", self._still)
        app.router.add_get("/cam{number:[0-9]+}/video.mjpg", self._motion)
        self._runner = web.AppRunner(app, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, http_port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        await self._rtsp.start(HOST, rtsp_port)

    async def stop(self) -> None:
        """Close everything."""
        await self._rtsp.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    def still_url(self, number: int) -> str:
        """Return where a camera gives stills."""
        return f"http://{HOST}:{self._port}/cam{number}/still.jpg"

    def motion_url(self, number: int) -> str:
        """Return where a camera gives motion JPEG."""
        return f"http://{HOST}:{self._port}/cam{number}/video.mjpg"

    def rtsp_url(self, number: int) -> str:
        """Return where a camera gives video."""
        return f"rtsp://{HOST}:{self._rtsp.port}/cam{number}"

    async def _still(self, request: web.Request) -> web.Response:
        """Answer a request for a still."""
        camera = self._asked(request)
        with camera.stills.one():
            return web.Response(body=await camera.jpeg(), content_type="image/jpeg")

    async def _motion(self, request: web.Request) -> web.StreamResponse:
        """Send pictures until either side has enough."""
        camera = self._asked(request)
        response = web.StreamResponse()
        response.content_type = f"multipart/x-mixed-replace;boundary={_BOUNDARY}"
        await response.prepare(request)
        with camera.motion.one(), suppress(ConnectionError):
            while not camera.is_dead:
                jpeg = await camera.jpeg()
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                await response.write(head.encode() + jpeg + b"\r\n")
                await asyncio.sleep(self._pause)
            _transport(request).abort()
        return response

    def _asked(self, request: web.Request) -> Camera:
        """Return the camera that is asked for, if it is there and lets the client in."""
        camera = self.cameras.get(int(request.match_info["number"]))
        if camera is None:
            raise web.HTTPNotFound
        if camera.is_dead:
            _transport(request).abort()
        authorization = request.headers.get(hdrs.AUTHORIZATION, "")
        if self._access is not None and not self._access.lets_in(request.method, authorization):
            raise web.HTTPUnauthorized(headers={hdrs.WWW_AUTHENTICATE: self._access.challenge})
        camera.connect(_transport(request))
        return camera


def _transport(request: web.Request) -> asyncio.Transport:
    """Return the connection a request came on."""
    if not isinstance(request.transport, asyncio.Transport):
        raise web.HTTPBadRequest
    return request.transport
