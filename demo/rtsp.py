"""An RTSP server for the simulated cameras: H.264 over the RTSP connection itself, encoded while somebody watches."""

import asyncio
import base64
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from fractions import Fraction
import re
import secrets
import struct
from typing import Final

import av
from av.video.codeccontext import VideoCodecContext
import numpy as np

from .access import Access
from .camera import Camera

_SIZE: Final = (640, 360)
_CLOCK: Final = 90_000
_PAYLOAD: Final = 1400
# A viewer that is so far behind gets nothing until it has caught up (bytes).
_BACKLOG: Final = 2_000_000
_METHODS: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
_PATH: Final = re.compile(r"rtsps?://[^/]+/cam(\d+)(?:[/?].*)?")
_START_CODE: Final = re.compile(rb"\x00*\x00\x00\x01")
# Kinds of NAL units: a key frame's slice, and what a decoder needs first.
_KEY, _SPS, _PPS = 5, 7, 8

type Headers = Mapping[str, str]


@dataclass(slots=True)
class _Viewer:
    """A client that has been let in to watch a camera."""

    writer: asyncio.StreamWriter
    ssrc: int = field(default_factory=lambda: secrets.randbits(32))
    sequence: int = 0
    # It gets nothing before a key frame.
    has_begun: bool = False


class _Film:
    """A camera's video: a key frame every so many frames, and what is between."""

    def __init__(self, camera: Camera, fps: int, key_every: int) -> None:
        self.camera = camera
        self.viewers: list[_Viewer] = []
        self.parameters: tuple[bytes, bytes] = (b"", b"")
        self._fps = fps
        self._frames = 0
        self._encoder = av.CodecContext.create("libx264", "w")
        if not isinstance(self._encoder, VideoCodecContext):
            raise TypeError
        self._encoder.width, self._encoder.height = _SIZE
        self._encoder.pix_fmt = "yuv420p"
        self._encoder.time_base = Fraction(1, fps)
        self._encoder.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "x264-params": f"keyint={key_every}:min-keyint={key_every}:scenecut=0:repeat-headers=1:threads=1",
        }

    async def next(self) -> tuple[int, list[bytes]]:
        """Return the next frame, as its time on the video's clock and its NAL units."""
        image = await self.camera.image()
        frame = av.VideoFrame.from_ndarray(np.asarray(image.resize(_SIZE)), format="rgb24")
        return await asyncio.to_thread(self._encode, frame)

    def _encode(self, frame: av.VideoFrame) -> tuple[int, list[bytes]]:
        frame.pts = self._frames
        self._frames += 1
        coded = b"".join(bytes(packet) for packet in self._encoder.encode(frame))
        units = [unit for unit in _START_CODE.split(coded) if unit]
        kinds = {unit[0] & 31: unit for unit in units}
        if _SPS in kinds:
            self.parameters = kinds[_SPS], kinds[_PPS]
        return frame.pts * _CLOCK // self._fps & 0xFFFFFFFF, units


class RtspServer:
    """Serves `/cam1`, `/cam2` … to whoever takes the video over TCP."""

    def __init__(self, cameras: Mapping[int, Camera], *, access: Access | None, fps: int, key_every: int) -> None:
        self.port = 0
        self._films = {number: _Film(camera, fps, key_every) for number, camera in cameras.items()}
        self._access = access
        self._fps = fps
        self._server: asyncio.Server | None = None
        self._filming: list[asyncio.Task[None]] = []
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> None:
        """Listen, and begin to film."""
        self._server = await asyncio.start_server(self._serve, host, port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._filming = [asyncio.create_task(self._film(film)) for film in self._films.values()]

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        tasks = [*self._filming, *self._clients]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _film(self, film: _Film) -> None:
        """Send a camera's video to its viewers."""
        while True:
            if film.camera.is_dead:
                for viewer in film.viewers:
                    viewer.writer.transport.abort()
            elif film.viewers:
                stamp, units = await film.next()
                for viewer in film.viewers:
                    _send(viewer, stamp, units)
            await asyncio.sleep(1 / self._fps)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to a client until it goes."""
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)
        with ExitStack() as watching, suppress(asyncio.IncompleteReadError, ConnectionError, ValueError):
            watching.callback(writer.close)
            while (request := await _request(reader)) is not None:
                await self._answer(*request, writer, watching)

    async def _answer(
        self, method: str, url: str, headers: Headers, writer: asyncio.StreamWriter, watching: ExitStack
    ) -> None:
        """Answer a request; from PLAY on the client is a viewer."""
        path = _PATH.fullmatch(url)
        film = self._films.get(int(path[1])) if path else None
        if film is not None and film.camera.is_dead:
            raise ConnectionResetError
        status, said, body = "200 OK", "", ""
        if method == "OPTIONS":
            said = f"Public: {_METHODS}\r\n"
        elif self._access is not None and not self._access.lets_in(method, headers.get("authorization", "")):
            status, said = "401 Unauthorized", f"WWW-Authenticate: {self._access.challenge}\r\n"
        elif film is None:
            status = "404 Not Found"
        elif method == "SETUP" and "TCP" not in headers.get("transport", ""):
            status = "461 Unsupported Transport"
        else:
            said, body = await self._served(method, url, film, watching, writer)
        writer.write(
            f"RTSP/1.0 {status}\r\nCSeq: {headers.get('cseq', '0')}\r\n{said}"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        if method == "PLAY" and status.startswith("200") and film is not None:
            viewer = _Viewer(writer)
            film.viewers.append(viewer)
            watching.callback(film.viewers.remove, viewer)
            watching.enter_context(film.camera.video.one())

    async def _served(
        self, method: str, url: str, film: _Film, watching: ExitStack, writer: asyncio.StreamWriter
    ) -> tuple[str, str]:
        """Return headers and body of the answer to whoever was let in."""
        session = f"Session: {id(writer):x};timeout=60\r\n"
        if method == "DESCRIBE":
            if not film.parameters[0]:
                await film.next()
            return f"Content-Base: {url.rstrip('/')}/\r\nContent-Type: application/sdp\r\n", self._described(film)
        if method == "SETUP":
            return f"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n{session}", ""
        if method == "PLAY":
            return f"{session}Range: npt=0.000-\r\n", ""
        return session, ""

    def _described(self, film: _Film) -> str:
        """Return the session description of a camera's video."""
        sps, pps = film.parameters
        sets = f"{base64.b64encode(sps).decode()},{base64.b64encode(pps).decode()}"
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
            f"a=range:npt=now-\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/{_CLOCK}\r\na=framerate:{self._fps}\r\n"
            f"a=fmtp:96 packetization-mode=1;profile-level-id={sps[1:4].hex().upper()};sprop-parameter-sets={sets}\r\n"
            "a=control:trackID=0\r\n"
        )


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, Headers] | None:
    """Return the method, URL and headers of the next request, None after the last."""
    while (first := await reader.readexactly(1)) == b"$":
        # What the client reports about its reception.
        await reader.readexactly(int.from_bytes((await reader.readexactly(3))[1:]))
    lines = (first + await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, url, _ = lines[0].split(" ", 2)
    pairs = (line.split(":", 1) for line in lines[1:] if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    await reader.readexactly(int(headers.get("content-length", "0")))
    return None if method == "TEARDOWN" else (method, url, headers)


def _send(viewer: _Viewer, stamp: int, units: list[bytes]) -> None:
    """Send a frame to a viewer, if it can take it."""
    if viewer.writer.transport.get_write_buffer_size() > _BACKLOG:
        viewer.has_begun = False
    viewer.has_begun |= any(unit[0] & 31 == _KEY for unit in units)
    if not viewer.has_begun:
        return
    packets = bytearray()
    for is_last, payload in _payloads(units):
        kind = 96 | (128 if is_last else 0)
        head = struct.pack(">cBHBBHII", b"$", 0, len(payload) + 12, 0x80, kind, viewer.sequence, stamp, viewer.ssrc)
        packets += head + payload
        viewer.sequence = (viewer.sequence + 1) & 0xFFFF
    viewer.writer.write(bytes(packets))


def _payloads(units: list[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Give what fits a packet each, and whether it is the frame's last (RFC 6184)."""
    for unit in units:
        is_last_unit = unit is units[-1]
        if len(unit) <= _PAYLOAD:
            yield is_last_unit, unit
            continue
        indicator, kind, size = unit[0] & 0xE0 | 28, unit[0] & 31, _PAYLOAD - 2
        for start in range(1, len(unit), size):
            is_end = start + size >= len(unit)
            mark = (0x80 if start == 1 else 0) | (0x40 if is_end else 0)
            yield is_last_unit and is_end, bytes((indicator, mark | kind)) + unit[start : start + size]
