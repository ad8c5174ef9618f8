"""A camera's feed: one upstream however many look, pictures of known age, and the truth when there are none."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import override
from unittest.mock import Mock

import pytest

from custom_components.rutan_blora.cctv import feed as feed_module, http_source, pace
from custom_components.rutan_blora.cctv.feed import Feed
from custom_components.rutan_blora.cctv.http_source import HttpSource
from custom_components.rutan_blora.cctv.picture import SourceError, SourceProblem
from custom_components.rutan_blora.cctv.rtsp_source import RtspSource
from custom_components.rutan_blora.cctv.source import Source
from custom_components.rutan_blora.cctv.verify import check
from demo.camera import Fault
from demo.cameras import Cameras
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.cctv.servers import answering, jpeg, motion, serving, silence
from tests.common import until

SIZE = (320, 180)


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let the tests use sockets of this machine."""


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ten seconds be one."""
    monkeypatch.setattr(feed_module, "LOOKED_AT", 0.1)
    monkeypatch.setattr(feed_module, "STREAMED", 0.02)
    monkeypatch.setattr(feed_module, "LOOK", 1.0)
    monkeypatch.setattr(pace, "_SOON", 0.1)
    monkeypatch.setattr(pace, "_SLOWEST", 0.4)
    monkeypatch.setattr(http_source, "DEADLINE", 0.5)


class Album(Source):
    """A source that gives what it is told to, one after the other; the last again and again."""

    def __init__(self, *given: bytes | Exception) -> None:
        self.given = list(given)
        self.asked = 0
        self.open = False
        self.streams = False

    @override
    async def grab(self) -> bytes:
        self.asked += 1
        self.open = True
        given = self.given.pop(0) if len(self.given) > 1 else self.given[0]
        await asyncio.sleep(0)
        if isinstance(given, Exception):
            raise given
        return given

    @override
    def stream(self) -> AsyncGenerator[bytes] | None:
        return self._stream() if self.streams else None

    async def _stream(self) -> AsyncGenerator[bytes]:
        number = 1000
        while True:
            number += 1
            yield jpeg(number)
            await asyncio.sleep(0.001)

    @override
    async def close(self) -> None:
        self.open = False


@pytest.fixture
async def cameras() -> AsyncIterator[Cameras]:
    yard = Cameras(3, size=SIZE, fps=10, key_every=5)
    async with yard.on():
        yield yard


def running(hass: HomeAssistant, source: Source, interval: float = 0.5) -> aclosing[_Running]:
    """Let a feed run."""
    return aclosing(_Running(Feed(hass, source, "Menara 1", interval)))


class _Running:
    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        feed.start()

    async def aclose(self) -> None:
        await self.feed.stop()


TIMEOUT = SourceError(SourceProblem.TIMEOUT)
REFUSED = SourceError(SourceProblem.REFUSED)
AUTH = SourceError(SourceProblem.AUTH)


# --- pictures and their age ---


async def test_nothing_is_known_before_the_first_answer(hass: HomeAssistant) -> None:
    feed = Feed(hass, Album(jpeg()), "Menara 1", 0.5)
    assert not feed.is_known
    assert (feed.latest, feed.heard_at, feed.problem) == (None, None, None)


async def test_picture_carries_when_it_arrived(hass: HomeAssistant) -> None:
    before = dt_util.utcnow()
    async with running(hass, Album(jpeg())) as one:
        await until(lambda: one.feed.latest is not None)
        assert one.feed.latest is not None
        assert before < one.feed.latest.at < dt_util.utcnow()
        assert one.feed.latest.jpeg == jpeg()
        assert one.feed.is_known
        assert one.feed.problem is None


async def test_same_picture_again_grows_old_though_the_camera_is_heard(hass: HomeAssistant) -> None:
    source = Album(jpeg())
    async with running(hass, source, 0.1) as one:
        await until(lambda: source.asked >= 4)
        assert one.feed.latest is not None
        assert one.feed.heard_at is not None
        assert one.feed.heard_at > one.feed.latest.at
        assert one.feed.problem is None


async def test_listener_is_told_of_each_answer_whatever_another_does(hass: HomeAssistant) -> None:
    seen = []
    source = Album(jpeg(1), jpeg(1), jpeg(2), jpeg(2))
    async with running(hass, source, 0.1) as one:
        one.feed.listen(lambda: 1 / 0)
        remove = one.feed.listen(lambda: seen.append(one.feed.latest))
        await until(lambda: len(seen) >= 3)
        remove()
    assert [picture.jpeg for picture in seen if picture] == [jpeg(1), jpeg(1), jpeg(2)][: len(seen)]
    assert seen[0] is seen[1]


# --- pace ---


async def test_camera_is_left_alone_while_nobody_looks(hass: HomeAssistant) -> None:
    source = Album(jpeg())
    async with running(hass, source, 5) as one:
        one.feed._phase = 0.0
        await asyncio.sleep(0.3)
        assert source.asked <= 1


async def test_looking_wakes_the_camera_for_a_while(hass: HomeAssistant) -> None:
    source = Album(jpeg())
    async with running(hass, source, 60) as one:
        for _ in range(8):
            one.feed.look()
        await until(lambda: source.asked >= 3)
        await until(lambda: not one.feed.is_looked_at)
        asked = source.asked
        await asyncio.sleep(1)
        # One may have been on its way; at the pace of those who look there would be ten.
        assert source.asked <= asked + 2


async def test_stream_is_followed_only_while_somebody_looks(hass: HomeAssistant, cameras: Cameras) -> None:
    camera = cameras[1]
    async with running(hass, HttpSource(hass, cameras.motion_url(1))) as one:
        await until(lambda: one.feed.latest is not None)
        await until(lambda: camera.motion.open == 0)
        one.feed.look()
        await until(lambda: camera.motion.open == 1)
        seen = {one.feed.latest}
        one.feed.listen(lambda: seen.add(one.feed.latest))
        await until(lambda: len(seen) > 2)
        await until(lambda: camera.motion.open == 0)


async def test_stream_is_not_taken_faster_than_sensible(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "STREAMED", 0.2)
    source = Album(jpeg())
    source.streams = True
    told: list[None] = []
    async with running(hass, source) as one:
        one.feed.listen(lambda: told.append(None))
        began = hass.loop.time()
        one.feed.look()
        await until(lambda: len(told) >= 4)
        assert hass.loop.time() - began >= 3 * 0.2


async def test_many_viewers_are_one_upstream(
    hass: HomeAssistant, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "LOOK", 60.0)
    monkeypatch.setattr(http_source, "DEADLINE", 9.0)
    sources = (
        HttpSource(hass, cameras.still_url(1)),
        HttpSource(hass, cameras.motion_url(2)),
        RtspSource(hass, cameras.rtsp_url(3)),
    )
    feeds = [Feed(hass, source, f"Menara {number}", 0.5) for number, source in enumerate(sources)]

    async def view(feed: Feed) -> None:
        for _ in range(3):
            feed.look()
            assert await feed.fresh(dt_util.utcnow(), 10) is not None

    for feed in feeds:
        feed.start()
    try:
        await asyncio.gather(*(view(feed) for feed in feeds for _ in range(8)))
        # Eight viewers of three pictures: a connection each, and one more where the first tells that it gives motion,
        # or a busy machine lets it go between two stills.
        assert all(cameras[number].total <= 2 for number in (1, 2, 3))
        asked = [cameras[number] for number in (1, 2, 3)]
        assert all(one.stills.open + one.motion.open + one.video.open <= 1 for one in asked)
    finally:
        await asyncio.gather(*(feed.stop() for feed in feeds))


async def test_stream_is_decoded_once_an_interval(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "STREAMED", 0.0)
    checked = Mock(side_effect=check)
    monkeypatch.setattr(feed_module, "check", checked)
    source = Album(jpeg())
    source.streams = True
    async with running(hass, source, 3600) as one:
        one.feed.look()
        pictures: set[bytes] = set()

        def seen() -> int:
            if one.feed.latest is not None:
                pictures.add(one.feed.latest.jpeg)
            return len(pictures)

        await until(lambda: seen() >= 5)
        assert checked.call_count == 1
        assert one.feed.latest is not None
        assert one.feed.latest.small is None


async def test_picture_that_was_only_glanced_at_is_decoded_if_it_is_all_that_comes(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "LOOKED_AT", 0.01)
    monkeypatch.setattr(feed_module, "LOOK", 60.0)
    async with running(hass, Album(jpeg(1), jpeg(2)), 3600) as one:
        one.feed.look()
        await until(lambda: one.feed.latest is not None and one.feed.latest.jpeg == jpeg(2))
        await until(lambda: one.feed.latest is not None and one.feed.latest.small is not None)
        assert one.feed.latest is not None
        assert one.feed.heard_at is not None
        assert one.feed.latest.at < one.feed.heard_at


# --- fresh pictures ---


async def test_fresh_picture_is_one_that_arrived_later(hass: HomeAssistant) -> None:
    source = Album(jpeg(1), jpeg(2), jpeg(3))
    async with running(hass, source, 60) as one:
        first = await one.feed.fresh(dt_util.utcnow() - timedelta(days=1), 5)
        after = dt_util.utcnow()
        pictures = await asyncio.gather(*(one.feed.fresh(after, 5) for _ in range(8)))
        assert first is not None
        assert first.jpeg == jpeg(1)
        assert {picture.jpeg for picture in pictures if picture} == {jpeg(2)}
        assert None not in pictures
        assert source.asked == 2


async def test_picture_is_fresh_as_long_as_nothing_happened(hass: HomeAssistant) -> None:
    source = Album(jpeg(1), jpeg(2))
    async with running(hass, source, 60) as one:
        after = dt_util.utcnow()
        assert await one.feed.fresh(after, 5) is await one.feed.fresh(after, 5)


async def test_frozen_camera_has_no_fresh_picture(hass: HomeAssistant) -> None:
    async with running(hass, Album(jpeg()), 60) as one:
        assert await one.feed.fresh(dt_util.utcnow(), 5) is not None
        assert await one.feed.fresh(dt_util.utcnow(), 0.3) is None


async def test_camera_that_is_down_is_asked_once_more_for_a_fresh_picture(hass: HomeAssistant) -> None:
    source = Album(AUTH, jpeg())
    async with running(hass, source, 60) as one:
        one.feed._is_asked = True
        one.feed._wake.set()
        await until(lambda: one.feed.problem is not None)
        assert await one.feed.fresh(dt_util.utcnow(), 5) is not None
        assert one.feed.problem is None


async def test_feed_that_was_stopped_has_no_fresh_picture(hass: HomeAssistant) -> None:
    async with running(hass, Album(jpeg())) as one:
        pass
    assert await one.feed.fresh(dt_util.utcnow(), 0.1) is None


# --- problems ---


async def test_first_failure_of_a_new_camera_is_told(hass: HomeAssistant) -> None:
    async with running(hass, Album(REFUSED)) as one:
        await until(lambda: one.feed.is_known)
        assert one.feed.problem is SourceProblem.REFUSED
        assert one.feed.latest is None


async def test_one_failure_is_no_problem_and_two_are(hass: HomeAssistant) -> None:
    told = []
    source = Album(jpeg(1), REFUSED, jpeg(2), REFUSED, REFUSED, TIMEOUT, TIMEOUT, jpeg(3))
    async with running(hass, source, 0.2) as one:
        one.feed.listen(lambda: told.append((one.feed.problem, one.feed.connection)))
        await until(lambda: len(told) >= 5)
    assert told[:5] == [(None, 0), (None, 0), ("refused", 0), ("timeout", 0), (None, 1)]


async def test_wrong_password_is_a_problem_at_once(hass: HomeAssistant) -> None:
    source = Album(jpeg(), AUTH)
    async with running(hass, source, 0.1) as one:
        await until(lambda: one.feed.problem is not None)
        assert source.asked == 2
        assert one.feed.problem is SourceProblem.AUTH


async def test_last_picture_is_kept_with_its_age(hass: HomeAssistant) -> None:
    async with running(hass, Album(jpeg(), REFUSED), 0.1) as one:
        await until(lambda: one.feed.problem is not None)
        assert one.feed.latest is not None
        assert one.feed.latest.at == one.feed.heard_at


async def test_bytes_that_are_no_picture_are_a_problem(hass: HomeAssistant) -> None:
    async with running(hass, Album(jpeg(), jpeg()[:-500]), 0.1) as one:
        await until(lambda: one.feed.problem is not None)
        assert one.feed.problem is SourceProblem.NOT_AN_IMAGE


async def test_looking_does_not_hurry_a_camera_that_is_down(hass: HomeAssistant) -> None:
    source = Album(REFUSED)
    async with running(hass, source, 5) as one:
        one.feed.look()
        await until(lambda: source.asked == 2)
        for _ in range(20):
            one.feed.look()
            await asyncio.sleep(0.01)
        assert source.asked == 2


async def test_feed_outlives_what_nobody_thought_of(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    source = Album(RuntimeError("rtsp://admin:secret@10.0.0.9/"), jpeg())
    async with running(hass, source, 0.1) as one:
        await until(lambda: one.feed.problem is not None)
        await until(lambda: one.feed.latest is not None)
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_camera_comes_and_goes(hass: HomeAssistant, cameras: Cameras) -> None:
    for source in (HttpSource(hass, cameras.still_url(1)), RtspSource(hass, cameras.rtsp_url(1))):
        async with running(hass, source, 0.2) as one:
            await until(lambda: one.feed.latest is not None, within=10)
            cameras[1].switch(Fault.KILL, on=True)
            await until(lambda: one.feed.problem is not None, within=10)
            cameras[1].switch(Fault.KILL, on=False)
            await until(lambda: one.feed.problem is None, within=10)
            assert one.feed.connection == 1


async def test_stream_that_drops_again_and_again_still_gives_pictures(hass: HomeAssistant) -> None:
    seen = []
    async with (
        serving(motion(jpeg(1), jpeg(2), end=True)) as server,
        running(hass, HttpSource(hass, f"http://{server}/"), 0.1) as one,
    ):
        one.feed.listen(lambda: seen.append((one.feed.latest, one.feed.problem)))
        for _ in range(10):
            one.feed.look()
            await asyncio.sleep(0.05)
        await until(lambda: len(seen) > 4)
    assert {problem for _, problem in seen} == {None}


async def test_camera_may_change_its_size(hass: HomeAssistant) -> None:
    source = Album(jpeg(1), jpeg(1, (640, 360)), jpeg(1, (160, 90)))
    widths = []
    async with running(hass, source, 0.1) as one:
        one.feed.listen(lambda: widths.append(one.feed.latest and one.feed.latest.width))
        await until(lambda: len(widths) >= 3)
    assert widths[:3] == [320, 640, 160]


async def test_bad_cameras_leave_the_others_alone(hass: HomeAssistant, cameras: Cameras) -> None:
    async with serving(silence) as silent, serving(answering(b"<html>")) as web:
        bad = [Feed(hass, HttpSource(hass, f"http://{server}/"), server, 0.2) for server in (silent, web)]
        good = Feed(hass, HttpSource(hass, cameras.still_url(1)), "Menara 1", 0.2)
        for feed in (*bad, good):
            feed.start()
        await until(lambda: all(feed.problem for feed in bad))
        assert await good.fresh(dt_util.utcnow(), 5) is not None
        assert good.problem is None
        assert [feed.problem for feed in bad] == ["timeout", "not_an_image"]
        await asyncio.gather(*(feed.stop() for feed in (*bad, good)))


# --- stopping ---


async def test_stopped_feed_lets_go(hass: HomeAssistant) -> None:
    source = Album(jpeg())
    async with running(hass, source, 0.1) as one:
        await until(lambda: source.open)
    asked = source.asked
    await asyncio.sleep(0.3)
    assert not source.open
    assert source.asked == asked
    await one.feed.stop()


@pytest.mark.parametrize("kind", ["still", "motion", "rtsp"])
async def test_feed_can_be_stopped_in_the_midst(hass: HomeAssistant, cameras: Cameras, kind: str) -> None:
    source = {
        "still": HttpSource(hass, cameras.still_url(1)),
        "motion": HttpSource(hass, cameras.motion_url(1)),
        "rtsp": RtspSource(hass, cameras.rtsp_url(1)),
    }[kind]
    for pause in (0.0, 0.001, 0.01, 0.1, 0.3):
        async with running(hass, source) as one:
            one.feed.look()
            await asyncio.sleep(pause)
    await until(lambda: cameras[1].motion.open == cameras[1].video.open == 0)


async def test_feed_can_be_started_again(hass: HomeAssistant) -> None:
    source = Album(jpeg(1), jpeg(2))
    feed = Feed(hass, source, "Menara 1", 0.1)
    for _ in range(2):
        feed.start()
        assert await feed.fresh(dt_util.utcnow(), 5) is not None
        await feed.stop()
