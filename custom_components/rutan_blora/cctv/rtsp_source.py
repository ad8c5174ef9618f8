"""A camera that gives video over RTSP: one connection that stays, of which only the wanted key frames are decoded."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
import threading
from time import monotonic
from typing import TYPE_CHECKING, Final, override

from PIL import Image

from homeassistant.core import HomeAssistant

from .address import RTSP, parse
from .picture import SourceError, SourceProblem
from .source import DEADLINE, Source
from .verify import MAX_PIXELS

if TYPE_CHECKING:
    from av import Packet, VideoCodecContext, VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

# A camera that saves bandwidth sends a key frame every ten seconds or more.
_KEY_FRAME_WITHIN: Final = 20.0
# No packet for so long is a dead line.
_SILENCE: Final = 10.0
# A read is interrupted so often, to see whether it is still wanted.
_TICK: Final = 1.0
# How long closing waits for the thread; one that is still knocking at a silent camera ends within the deadline.
_END_WITHIN: Final = 2.0
_QUALITY: Final = 85
# What arrives while libav analyses the stream (0.1 s of it) is kept, and shown as new: so not for long.
_OPTIONS: Final = {"rtsp_transport": "tcp", "allowed_media_types": "video", "analyzeduration": "100000"}


class RtspSource(Source):
    """A camera at an rtsp or rtsps URL."""

    def __init__(
        self, hass: HomeAssistant, url: str, username: str = "", password: str = "", *, verify_ssl: bool = True
    ) -> None:
        self._hass = hass
        self._url = url
        self._username = username
        self._password = password
        self._options = {**_OPTIONS, "tls_verify": "1" if verify_ssl else "0"}
        self._line: _Line | None = None

    @override
    async def grab(self) -> bytes:
        if self._line is None or self._line.has_ended:
            url = parse(self._url, RTSP, self._username, self._password).with_credentials()
            self._line = _Line(self._hass.loop, url, self._options)
        try:
            return await self._line.picture()
        except SourceError:
            # A new connection begins with a key frame.
            await self.close()
            raise

    @property
    @override
    def has_live_view(self) -> bool:
        return True

    @override
    async def live_url(self) -> str | None:
        return parse(self._url, RTSP, self._username, self._password).with_credentials()

    @override
    async def close(self) -> None:
        if self._line is not None:
            line, self._line = self._line, None
            await line.close()


class _Line:
    """A connection to the camera, and the thread that reads it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, url: str, options: dict[str, str]) -> None:
        self._loop = loop
        self._url = url
        self._options = options
        self._next: asyncio.Future[bytes] = loop.create_future()
        self._ended: asyncio.Future[None] = loop.create_future()
        self._problem = SourceProblem.UNREACHABLE
        # Both are read by the thread.
        self._is_wanted = False
        self._is_closing = False
        # A daemon: Home Assistant does not wait for it when it ends.
        threading.Thread(target=self._run, name="rutan_blora camera", daemon=True).start()

    @property
    def has_ended(self) -> bool:
        """Tell whether no picture comes from here any more."""
        return self._ended.done()

    async def picture(self) -> bytes:
        """Return the next key frame as JPEG."""
        self._next = self._loop.create_future()
        self._is_wanted = True
        try:
            async with asyncio.timeout(_KEY_FRAME_WITHIN):
                await asyncio.wait((self._next, self._ended), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise SourceError(SourceProblem.NO_VIDEO) from None
        if not self._next.done():
            raise SourceError(self._problem)
        return self._next.result()

    async def close(self) -> None:
        """End the thread, or leave it to its own deadline."""
        self._is_closing = True
        await asyncio.wait((self._ended,), timeout=_END_WITHIN)

    def _put(self, jpeg: bytes) -> None:
        if not self._next.done():
            self._next.set_result(jpeg)

    def _end(self, problem: SourceProblem) -> None:
        self._problem = problem
        self._ended.set_result(None)

    # --- in the thread ---

    def _run(self) -> None:
        """Read until nobody wants it any more, or it breaks."""
        began = monotonic()
        try:
            self._read()
            problem = SourceProblem.UNREACHABLE
        except SourceError as err:
            problem = err.problem
        except Exception as err:  # noqa: BLE001  # libav's errors name the URL: none may get out
            problem = _explain(err, monotonic() - began)
        with suppress(RuntimeError):  # Home Assistant has ended
            self._loop.call_soon_threadsafe(self._end, problem)

    def _read(self) -> None:
        """Decode the key frames that are wanted; all other packets only pass."""
        import av  # noqa: PLC0415  # heavy, and not for a facility without such a camera

        with av.open(self._url, options=self._options, timeout=(DEADLINE, _TICK)) as container:
            if not container.streams.video:
                raise SourceError(SourceProblem.NO_VIDEO)
            video = container.streams.video[0]
            decoder = _prepared(video)
            for packet in self._packets(container, video):
                if self._is_wanted and packet.is_keyframe and (frame := _decoded(decoder, packet)) is not None:
                    self._is_wanted = False
                    self._loop.call_soon_threadsafe(self._put, _as_jpeg(frame))

    def _packets(self, container: InputContainer, video: VideoStream) -> Iterator[Packet[VideoStream]]:
        """Give the packets as they come, until this is closed; raise SourceError when none come any more."""
        from av.error import ExitError  # noqa: PLC0415

        heard = monotonic()
        while not self._is_closing and monotonic() - heard < _SILENCE:
            with suppress(ExitError):
                for packet in container.demux(video):
                    if self._is_closing or not packet.size:
                        return
                    heard = monotonic()
                    yield packet
        if not self._is_closing:
            raise SourceError(SourceProblem.TIMEOUT)


def _prepared(video: VideoStream) -> VideoCodecContext:
    """Return the decoder; raise SourceError if there is none for this video."""
    decoder: VideoCodecContext | None = video.codec_context
    if decoder is None:
        raise SourceError(SourceProblem.NO_VIDEO)
    # One frame now and then: more threads would only wait, each with a frame of its own in memory.
    decoder.thread_count = 1
    return decoder


def _decoded(decoder: VideoCodecContext, packet: Packet[VideoStream]) -> VideoFrame | None:
    """Return the key frame, None if it is broken: the next may be whole."""
    try:
        frames = [*decoder.decode(packet), *decoder.decode(None)]
    except ValueError:  # what libav calls invalid data
        frames = []
    decoder.flush_buffers()
    if not frames or frames[0].is_corrupt:
        return None
    if frames[0].width * frames[0].height > MAX_PIXELS:
        raise SourceError(SourceProblem.TOO_LARGE)
    return frames[0]


def _as_jpeg(frame: VideoFrame) -> bytes:
    jpeg = BytesIO()
    Image.fromarray(frame.to_ndarray(format="rgb24")).save(jpeg, "JPEG", quality=_QUALITY)
    return jpeg.getvalue()


def _explain(err: Exception, after: float) -> SourceProblem:
    """Return what an error of libav means, that many seconds after the connection was begun."""
    from av import error  # noqa: PLC0415

    match err:
        case error.HTTPUnauthorizedError() | error.HTTPForbiddenError():
            return SourceProblem.AUTH
        case error.HTTPError() | error.HTTPClientError():
            return SourceProblem.REFUSED
        case error.ExitError() | error.TimeoutError():
            return SourceProblem.TIMEOUT
        case error.OSError() | OSError():
            return SourceProblem.UNREACHABLE
        # What it finds in no answer is invalid data, too.
        case error.InvalidDataError() if after >= DEADLINE:
            return SourceProblem.TIMEOUT
    return SourceProblem.NO_VIDEO
