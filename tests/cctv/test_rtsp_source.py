"""A camera over RTSP: what is decoded of its video, how it lets us in, and what its misbehaviour leads to."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
import logging
from pathlib import Path
import threading
import traceback

import av
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
import pytest

from custom_components.rutan_blora.cctv import rtsp_source
from custom_components.rutan_blora.cctv.picture import SourceError, SourceProblem
from custom_components.rutan_blora.cctv.rtsp_source import RtspSource
from custom_components.rutan_blora.cctv.source import probe
from demo import rtsp
from demo.access import Access
from demo.camera import Fault
from demo.cameras import Cameras
from demo.home_assistant import free_port
from homeassistant.core import HomeAssistant
from tests.cctv.servers import Talk, hang_up, serving, silence
from tests.common import until
from tests.tls import certificate

USERNAME = "admin"
PASSWORD = "p@s:/%41 w"
SIZE = (640, 360)


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let the tests use sockets of this machine."""


def reading() -> list[threading.Thread]:
    """Return the threads that read a camera."""
    return [thread for thread in threading.enumerate() if thread.name == "rutan_blora camera"]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """See that every thread ends, even one that was left to its own deadline."""
    yield
    for thread in reading():
        thread.join(10)
    assert reading() == []


@pytest.fixture
async def cameras() -> AsyncIterator[Cameras]:
    yard = Cameras(1, size=SIZE, access=Access(username=USERNAME, password=PASSWORD), fps=20, key_every=5)
    async with yard.on():
        yield yard


def source_of(hass: HomeAssistant, cameras: Cameras, number: int = 1) -> RtspSource:
    return RtspSource(hass, cameras.rtsp_url(number), USERNAME, PASSWORD)


async def frames_pass(cameras: Cameras, number: int) -> None:
    """Wait while the camera films."""
    film = cameras._rtsp._films[1]
    last = film._frames + number
    await until(lambda: film._frames > last)


async def problem_of(hass: HomeAssistant, source: RtspSource) -> SourceProblem:
    """Return why there is no picture; nothing told with it gives anything away."""
    with pytest.raises(SourceError) as error:
        await probe(hass, source)
    told = "".join(traceback.format_exception(error.value))
    assert PASSWORD not in told
    assert "p%40s" not in told
    return error.value.problem


async def problem_with(hass: HomeAssistant, talk: Talk) -> SourceProblem:
    async with serving(talk) as server:
        return await problem_of(hass, RtspSource(hass, f"rtsp://{server}/cam1", USERNAME, PASSWORD))


# --- pictures ---


async def test_key_frame_is_a_picture(hass: HomeAssistant, cameras: Cameras) -> None:
    picture = await probe(hass, source_of(hass, cameras))
    assert (picture.width, picture.height) == (640, 360)
    await until(lambda: cameras[1].video.open == 0)


async def test_pictures_come_over_one_connection(hass: HomeAssistant, cameras: Cameras) -> None:
    source = source_of(hass, cameras)
    assert all([await source.grab() for _ in range(3)])
    assert cameras[1].video.total == cameras[1].video.open == 1
    await source.close()


async def test_only_what_is_wanted_is_decoded(
    hass: HomeAssistant, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    decode = rtsp_source._decoded

    def noted(decoder: VideoCodecContext, packet: av.Packet[VideoStream]) -> av.VideoFrame | None:
        decoded.append(packet)
        return decode(decoder, packet)

    monkeypatch.setattr(rtsp_source, "_decoded", noted)
    source = source_of(hass, cameras)
    await source.grab()
    await frames_pass(cameras, 20)
    assert len(decoded) == 1
    await source.grab()
    assert len(decoded) == 2
    await source.close()


async def test_lost_connection_is_made_again(hass: HomeAssistant, cameras: Cameras) -> None:
    source = source_of(hass, cameras)
    await source.grab()
    cameras[1].switch(Fault.KILL, on=True)
    await until(lambda: cameras[1].video.open == 0)
    with pytest.raises(SourceError):
        await source.grab()
    cameras[1].switch(Fault.KILL, on=False)
    assert await source.grab()
    await source.close()


@pytest.mark.parametrize("scheme", ["basic", "digest"])
async def test_camera_lets_in_who_knows_the_password(hass: HomeAssistant, scheme: str) -> None:
    yard = Cameras(
        1, access=Access(username=USERNAME, password=PASSWORD, scheme=scheme), size=SIZE, fps=20, key_every=5
    )
    async with yard.on():
        assert await probe(hass, source_of(hass, yard))
        assert await problem_of(hass, RtspSource(hass, yard.rtsp_url(1), USERNAME, "wrong")) == "auth_failed"
        assert await problem_of(hass, RtspSource(hass, yard.rtsp_url(1))) == "auth_failed"


async def test_live_view_has_the_credentials_inside(hass: HomeAssistant) -> None:
    source = RtspSource(hass, "rtsp://10.0.0.9/cam", "admin", "p@ss")
    assert await source.live_url() == "rtsp://admin:p%40ss@10.0.0.9/cam"


# --- misbehaviour ---


async def test_wrong_path_is_refused(hass: HomeAssistant, cameras: Cameras) -> None:
    assert await problem_of(hass, source_of(hass, cameras, 9)) == "refused"


async def test_nobody_at_the_address(hass: HomeAssistant) -> None:
    assert await problem_of(hass, RtspSource(hass, f"rtsp://127.0.0.1:{free_port()}/")) == "unreachable"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://127.0.0.1/", "cam1"])
async def test_other_addresses_are_refused(hass: HomeAssistant, url: str) -> None:
    assert await problem_of(hass, RtspSource(hass, url)) == "bad_address"


async def be_a_web_server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>")
    await writer.drain()


@pytest.mark.parametrize("talk", [be_a_web_server, hang_up])
async def test_what_is_not_rtsp_is_no_video(hass: HomeAssistant, talk: Talk) -> None:
    assert await problem_with(hass, talk) == "no_video"


async def test_silent_camera_is_given_up(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtsp_source, "DEADLINE", 0.5)
    assert await problem_with(hass, silence) == "timeout"


async def test_camera_that_falls_silent_is_given_up(
    hass: HomeAssistant, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(hass, cameras)
    await source.grab()
    monkeypatch.setattr(rtsp, "_send", lambda *_: None)
    await frames_pass(cameras, 5)
    monkeypatch.setattr(rtsp_source, "_SILENCE", 0.5)
    with pytest.raises(SourceError, match="timeout"):
        await source.grab()


async def test_pause_in_the_video_is_no_end(
    hass: HomeAssistant, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that was interrupted is taken up again, on the same connection."""
    monkeypatch.setattr(rtsp_source, "_TICK", 0.3)
    source = source_of(hass, cameras)
    await source.grab()
    with monkeypatch.context() as paused:
        paused.setattr(rtsp, "_send", lambda *_: None)
        await frames_pass(cameras, 10)
    assert await source.grab()
    assert cameras[1].video.total == 1
    await source.close()


async def test_video_without_key_frames_is_no_video(
    hass: HomeAssistant, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    payloads = rtsp._payloads

    def demoted(units: list[bytes]) -> Iterator[tuple[bool, bytes]]:
        return payloads([bytes((unit[0] & 0xE0 | 1,)) + unit[1:] if unit[0] & 31 == 5 else unit for unit in units])

    monkeypatch.setattr(rtsp, "_payloads", demoted)
    monkeypatch.setattr(rtsp_source, "_KEY_FRAME_WITHIN", 3.0)
    assert await problem_of(hass, source_of(hass, cameras)) == "no_video"


@pytest.mark.parametrize(
    ("said", "instead"),
    [("m=video 0 RTP/AVP 96", "m=audio 0 RTP/AVP 0"), ("H264/90000", "X-SECRET/90000")],
    ids=["sound only", "unknown codec"],
)
async def test_stream_without_video_we_can_read(
    hass: HomeAssistant, cameras: Cameras, monkeypatch: pytest.MonkeyPatch, said: str, instead: str
) -> None:
    described = cameras._rtsp._described
    monkeypatch.setattr(cameras._rtsp, "_described", lambda film: described(film).replace(said, instead))
    assert await problem_of(hass, source_of(hass, cameras)) == "no_video"


async def test_video_that_is_too_large_is_refused(
    hass: HomeAssistant, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtsp_source, "MAX_PIXELS", 640 * 360 - 1)
    assert await problem_of(hass, source_of(hass, cameras)) == "too_large"


async def test_video_over_tls(hass: HomeAssistant, cameras: Cameras, tmp_path: Path) -> None:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        camera_reader, camera_writer = await asyncio.open_connection("127.0.0.1", cameras._rtsp.port)
        with closing(camera_writer):
            await asyncio.gather(_pump(reader, camera_writer), _pump(camera_reader, writer))

    # The server complains of a client that hangs up; here it has to.
    hass.loop.set_exception_handler(lambda _loop, _context: None)
    async with serving(relay, tls=certificate(tmp_path)) as server:
        url = f"rtsps://{server}/cam1"
        assert await problem_of(hass, RtspSource(hass, url, USERNAME, PASSWORD)) == "unreachable"
        assert await probe(hass, RtspSource(hass, url, USERNAME, PASSWORD, verify_ssl=False))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


async def test_broken_key_frame_is_passed_over(
    hass: HomeAssistant, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    payloads = rtsp._payloads
    sent = []

    def broken(units: list[bytes]) -> Iterator[tuple[bool, bytes]]:
        sent.append(units)
        if len(sent) < 8:
            units = [unit[:9] + bytes(len(unit) - 9) if unit[0] & 31 == 5 else unit for unit in units]
        return payloads(units)

    monkeypatch.setattr(rtsp, "_payloads", broken)
    source = source_of(hass, cameras)
    assert await source.grab()
    assert len(sent) >= 8
    await source.close()


async def test_closing_does_not_wait_for_a_camera_that_does_not_answer(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtsp_source, "DEADLINE", 1.0)
    monkeypatch.setattr(rtsp_source, "_END_WITHIN", 0.1)
    async with serving(silence) as server:
        source = RtspSource(hass, f"rtsp://{server}/cam1")
        grabbing = asyncio.create_task(source.grab())
        await asyncio.sleep(0.1)
        grabbing.cancel()
        await source.close()
        assert len(reading()) == 1
        await asyncio.wait((grabbing,))


async def test_no_secret_is_logged(hass: HomeAssistant, cameras: Cameras, caplog: pytest.LogCaptureFixture) -> None:
    """As loud as Home Assistant makes libav when the stream component is debugged."""
    caplog.set_level(logging.DEBUG)
    av.logging.set_level(av.logging.VERBOSE)
    try:
        await probe(hass, source_of(hass, cameras))
        await problem_of(hass, source_of(hass, cameras, 9))
        await problem_with(hass, hang_up)
    finally:
        av.logging.set_level(None)
    assert "libav" in caplog.text
    assert PASSWORD not in caplog.text
    assert "p%40s" not in caplog.text
