"""A camera over HTTP: how it lets us in, what it sends, and what its misbehaviour leads to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
import logging
from pathlib import Path
import traceback

import pytest

from custom_components.rutan_blora.cctv import http_source, source as source_module
from custom_components.rutan_blora.cctv.http_source import HttpSource
from custom_components.rutan_blora.cctv.picture import SourceError, SourceProblem
from custom_components.rutan_blora.cctv.source import Source, probe
from demo.access import Access
from demo.camera import Fault
from demo.cameras import Cameras
from demo.home_assistant import free_port
from homeassistant.core import HomeAssistant
from tests.cctv.servers import Flood, Talk, answering, hang_up, jpeg, motion, serving, silence, trickle
from tests.common import until
from tests.tls import certificate

PASSWORD = "p@ss:w/rd%41 ü"


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let the tests use sockets of this machine."""


@pytest.fixture
async def cameras() -> AsyncIterator[Cameras]:
    yard = Cameras(1, size=(320, 180))
    async with yard.on():
        yield yard


async def problem_of(hass: HomeAssistant, source: Source) -> SourceProblem:
    """Return why there is no picture; nothing told with it gives anything away."""
    with pytest.raises(SourceError) as error:
        await probe(hass, source)
    assert PASSWORD not in "".join(traceback.format_exception(error.value))
    return error.value.problem


async def problem_with(hass: HomeAssistant, talk: Talk) -> SourceProblem:
    async with serving(talk) as server:
        return await problem_of(hass, HttpSource(hass, f"http://{server}/?pwd={PASSWORD}", "admin", PASSWORD))


# --- pictures ---


async def test_still_is_a_picture_of_now(hass: HomeAssistant, cameras: Cameras) -> None:
    cameras[1].switch(Fault.FREEZE, on=True)
    picture = await probe(hass, HttpSource(hass, cameras.still_url(1)))
    assert (picture.width, picture.height) == (320, 180)
    assert picture.jpeg == await cameras[1].jpeg()


async def test_stills_are_no_stream(hass: HomeAssistant, cameras: Cameras) -> None:
    source = HttpSource(hass, cameras.still_url(1))
    await source.grab()
    assert source.stream() is None


async def test_motion_jpeg_gives_a_picture_and_lets_go(hass: HomeAssistant, cameras: Cameras) -> None:
    picture = await probe(hass, HttpSource(hass, cameras.motion_url(1)))
    assert picture.width == 320
    await until(lambda: cameras[1].motion.open == 0)


async def test_motion_jpeg_is_known_as_a_stream_from_the_first_picture_on(
    hass: HomeAssistant, cameras: Cameras
) -> None:
    source = HttpSource(hass, cameras.motion_url(1))
    assert source.stream() is None
    await source.grab()
    stream = source.stream()
    assert stream is not None
    async with aclosing(stream):
        assert [await anext(stream) for _ in range(3)]
        assert cameras[1].motion.open == 1
    assert cameras[1].motion.total == 2


async def test_stream_that_became_a_still_ends(hass: HomeAssistant) -> None:
    async with serving(motion(jpeg(), end=False)) as server:
        source = HttpSource(hass, f"http://{server}/")
        await source.grab()
    port = int(server.rpartition(":")[2])
    still = await asyncio.start_server(_talking(answering(jpeg())), "127.0.0.1", port)
    stream = source.stream()
    assert stream is not None
    assert [picture async for picture in stream] == []
    assert source.stream() is None
    still.close()


def _talking(talk: Talk) -> Talk:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except asyncio.IncompleteReadError, ConnectionError:
            writer.close()

    return serve


async def test_stream_that_is_cut_says_so(hass: HomeAssistant) -> None:
    async with serving(motion(jpeg(1), jpeg(2), end=True)) as server:
        source = HttpSource(hass, f"http://{server}/")
        assert await source.grab() == jpeg(1)
        stream = source.stream()
        assert stream is not None
        with pytest.raises(SourceError, match="unreachable"):
            [picture async for picture in stream]


# --- letting in ---


@pytest.mark.parametrize("scheme", ["basic", "digest"])
async def test_camera_lets_in_who_knows_the_password(hass: HomeAssistant, scheme: str) -> None:
    yard = Cameras(1, access=Access(username="admin", password=PASSWORD, scheme=scheme), size=(320, 180))
    async with yard.on():
        source = HttpSource(hass, yard.still_url(1), "admin", PASSWORD)
        for _ in range(3):
            assert await source.grab()
        assert await probe(hass, HttpSource(hass, yard.motion_url(1), "admin", PASSWORD))
        assert await problem_of(hass, HttpSource(hass, yard.still_url(1), "admin", "wrong")) == "auth_failed"
        assert await problem_of(hass, HttpSource(hass, yard.still_url(1))) == "auth_failed"


async def test_password_is_not_shown_to_a_camera_that_can_do_without(hass: HomeAssistant) -> None:
    requests: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            challenge = b'WWW-Authenticate: Digest realm="x", nonce="1"\r\nWWW-Authenticate: Basic realm="x"\r\n'
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n" + challenge + b"\r\n")

    async with serving(listen) as server:
        source = HttpSource(hass, f"http://{server}/", "admin", PASSWORD)
        with pytest.raises(SourceError, match="auth_failed"):
            await source.grab()
    assert b"authorization" not in requests[0].lower()
    assert b"digest" in requests[1].lower()


async def test_user_name_no_camera_can_read_is_refused(hass: HomeAssistant, cameras: Cameras) -> None:
    assert await problem_of(hass, HttpSource(hass, cameras.still_url(1), "a:b", PASSWORD)) == "auth_failed"


# --- misbehaviour ---


@pytest.mark.parametrize(
    ("talk", "problem"),
    [
        (answering(b"<html>Log in</html>", content_type="text/html"), "not_an_image"),
        (answering(jpeg()[:-500]), "not_an_image"),
        (answering(b""), "not_an_image"),
        (answering(b"", status="401 Unauthorized"), "auth_failed"),
        (answering(b"", status="403 Forbidden"), "auth_failed"),
        (answering(b"", status="404 Not Found"), "refused"),
        (answering(b"", status="503 Service Unavailable"), "refused"),
        (answering(b"", status="302 Found", headers="Location: http://127.0.0.1:1/\r\n"), "redirected"),
        (answering(b"", status="302 Found", headers="Location: file:///etc/passwd\r\n"), "redirected"),
        (hang_up, "unreachable"),
        (motion(end=True), "no_video"),
        (motion(b"no picture", end=False), "not_an_image"),
    ],
)
async def test_misbehaviour_is_named(hass: HomeAssistant, talk: Talk, problem: str) -> None:
    assert await problem_with(hass, talk) == problem


@pytest.mark.parametrize("talk", [silence, trickle, motion(end=False)], ids=["silent", "trickling", "motion"])
async def test_slow_camera_is_given_up(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, talk: Talk) -> None:
    monkeypatch.setattr(http_source, "DEADLINE", 0.3)
    assert await problem_with(hass, talk) == "timeout"


async def test_stream_that_falls_silent_is_given_up(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(motion(jpeg(), end=False)) as server:
        source = HttpSource(hass, f"http://{server}/")
        await source.grab()
        monkeypatch.setattr(http_source, "DEADLINE", 0.3)
        stream = source.stream()
        assert stream is not None
        assert await anext(stream) == jpeg()
        with pytest.raises(SourceError, match="timeout"):
            await anext(stream)


async def test_form_does_not_wait_for_ever(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "_PROBE_WITHIN", 0.1)
    assert await problem_with(hass, silence) == "timeout"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: image/jpeg\r\nContent-Length: 104857600\r\n\r\n",
        b"Content-Type: image/jpeg\r\nTransfer-Encoding: identity\r\n\r\n",
        b"Content-Type: multipart/x-mixed-replace;boundary=x\r\n\r\n--x\r\nContent-Length: 104857600\r\n\r\n",
        b"Content-Type: multipart/x-mixed-replace;boundary=x\r\n\r\n--x\r\n\r\n",
    ],
    ids=["said to be", "is", "part said to be", "part is"],
)
async def test_100_megabytes_are_not_taken_in(hass: HomeAssistant, head: bytes) -> None:
    flood = Flood(head)
    assert await problem_with(hass, flood) == "too_large"
    assert flood.sent < 25_000_000


async def test_nobody_at_the_address(hass: HomeAssistant) -> None:
    assert await problem_of(hass, HttpSource(hass, f"http://127.0.0.1:{free_port()}/")) == "unreachable"


async def test_dead_camera_is_unreachable(hass: HomeAssistant, cameras: Cameras) -> None:
    cameras[1].switch(Fault.KILL, on=True)
    assert await problem_of(hass, HttpSource(hass, cameras.still_url(1))) == "unreachable"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "rtsp://127.0.0.1/", "still.jpg"])
async def test_other_addresses_are_refused(hass: HomeAssistant, url: str) -> None:
    assert await problem_of(hass, HttpSource(hass, url)) == "bad_address"


async def test_certificate_nobody_vouches_for(hass: HomeAssistant, tmp_path: Path) -> None:
    # The server complains of a client that hangs up; here it has to.
    hass.loop.set_exception_handler(lambda _loop, _context: None)
    async with serving(answering(jpeg()), tls=certificate(tmp_path)) as server:
        url = f"https://{server}/"
        assert await problem_of(hass, HttpSource(hass, url)) == "tls_failed"
        assert (await probe(hass, HttpSource(hass, url, verify_ssl=False))).jpeg == jpeg()


async def test_no_secret_is_logged(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for talk in (answering(b"", status="404 Not Found"), hang_up, answering(b"no picture")):
        await problem_with(hass, talk)
    assert PASSWORD not in caplog.text
    assert "rd%41" not in caplog.text


# --- live view ---


async def test_live_view_has_the_credentials_inside(hass: HomeAssistant) -> None:
    source = HttpSource(hass, "http://10.0.0.9/still", "admin", "p@ss", stream_url="rtsp://10.0.0.9/cam")
    assert await source.live_url() == "rtsp://admin:p%40ss@10.0.0.9/cam"


async def test_still_has_no_live_view(hass: HomeAssistant) -> None:
    assert await HttpSource(hass, "http://10.0.0.9/still").live_url() is None
