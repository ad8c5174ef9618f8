"""The camera desk: what each camera is worth, on record and told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.rutan_blora.cctv import health as health_module, sample as sample_module, watch as watch_module
from custom_components.rutan_blora.cctv.camera import Camera
from custom_components.rutan_blora.cctv.desk import CameraDesk
from custom_components.rutan_blora.cctv.health import Health
from custom_components.rutan_blora.cctv.picture import Condition, SourceProblem
from custom_components.rutan_blora.cctv.watch import Watch
from custom_components.rutan_blora.journal.store import Journal
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.common import until

from .common import StubSource, jpeg

TAMPER = "binary_sensor.tamper"


class Room:
    """A camera desk with one camera, whose pictures the test gives."""

    def __init__(self, hass: HomeAssistant, known: dict[str, Health] | None = None) -> None:
        self.hass = hass
        self.source = StubSource()
        self.journal = Mock(spec=Journal)
        self.told: list[Condition | None] = []
        camera = Camera(
            id="north",
            key="north 1",
            name="Tembok utara",
            source=self.source,
            interval=0.01,
            max_age=30,
            position=1,
            tamper_entity_ids=(TAMPER,),
        )
        self.known = {} if known is None else known
        self.desk = CameraDesk(hass, self.journal, [camera], self.known)
        self.desk.listen(lambda watch: self.told.append(watch.condition))
        self.desk.start()

    @property
    def north(self) -> Watch:
        """Return the camera's watch."""
        return self.desk.watches["north"]

    @property
    def records(self) -> list[dict[str, Any]]:
        """Return what is on record."""
        return [call.args[0].body for call in self.journal.append.call_args_list]

    async def until(self, condition: Condition) -> None:
        """Wait until the camera is worth that."""
        await until(lambda: self.north.condition is condition)


@pytest.fixture
async def room(hass: HomeAssistant) -> AsyncIterator[Room]:
    """Give a desk that is at work."""
    room = Room(hass)
    yield room
    await room.desk.async_stop()


async def test_nothing_is_said_of_a_camera_until_something_is_known(room: Room) -> None:
    assert (room.north.condition, room.north.age, room.north.is_stale, room.north.loss) == (None, None, True, None)
    assert not room.north.is_tampered
    assert room.records == []


async def test_first_picture_shows_what_the_camera_is_worth(room: Room) -> None:
    room.source.give(jpeg((0, 0, 0)), jpeg((1, 0, 0)), jpeg((0, 0, 1)))
    await until(lambda: room.north.condition is not None)
    assert room.north.age is not None
    assert room.north.age < 5
    assert not room.north.is_stale
    assert room.records[0]["problem"] is None


async def test_camera_that_gives_nothing_is_lost_and_that_is_told_and_on_record(
    hass: HomeAssistant, room: Room
) -> None:
    room.source.give(SourceProblem.AUTH)
    await room.until(Condition.NO_SIGNAL)
    loss = room.north.loss
    assert loss is not None
    assert (loss.id, loss.name, loss.condition, loss.since) == (
        "north",
        "Tembok utara",
        Condition.NO_SIGNAL,
        room.north.since,
    )
    await until(lambda: Condition.NO_SIGNAL in room.told)
    assert room.records[-1] == {"picture": "no_signal", "problem": "auth_failed", "tamper": []}
    assert room.desk.losses == [loss]


async def test_camera_whose_pictures_stop_without_a_word_is_lost_in_time(
    hass: HomeAssistant, room: Room, freezer: FrozenDateTimeFactory
) -> None:
    room.source.give(jpeg())
    await until(lambda: room.north.condition is not None)
    freezer.tick(31)
    room.north.look()
    assert room.north.condition is Condition.NO_SIGNAL
    assert room.north.is_stale


async def test_same_picture_grows_old_though_it_keeps_coming(room: Room, freezer: FrozenDateTimeFactory) -> None:
    room.source.give(jpeg())
    await until(lambda: room.north.condition is not None)
    before = room.north.feed.heard_at
    freezer.tick(31)
    room.source.give(jpeg())
    await until(lambda: room.north.feed.heard_at != before)
    assert room.north.age == pytest.approx(31, abs=1)
    assert room.north.is_stale


@pytest.fixture
def set_back(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Set the clock back an hour, and let all other clocks go on."""
    return lambda: monkeypatch.setattr(dt_util, "utcnow", lambda: datetime.now(UTC) - timedelta(hours=1))


async def test_clock_that_is_set_back_makes_no_old_picture_new(room: Room, set_back: Callable[[], None]) -> None:
    room.source.give(jpeg())
    await until(lambda: room.north.condition is not None)
    object.__setattr__(room.north.camera, "max_age", 0.05)
    set_back()
    await until(lambda: room.north.is_stale)


async def test_clock_that_is_set_back_keeps_no_picture_from_being_measured(
    room: Room, set_back: Callable[[], None]
) -> None:
    room.source.give(jpeg())
    await until(lambda: room.north.condition is not None)
    set_back()
    before = room.north.health
    # One that comes within the interval is only glanced at.
    room.source.give(*(jpeg((number, 2, 3)) for number in range(20)))
    await until(lambda: room.north.health is not before)


async def test_camera_that_is_there_again_and_refuses_the_login_is_told(room: Room) -> None:
    room.source.give(SourceProblem.UNREACHABLE, SourceProblem.UNREACHABLE)
    await room.until(Condition.NO_SIGNAL)
    since, told = room.north.since, len(room.told)
    await until(lambda: len(room.told) > 0)
    room.source.give(SourceProblem.AUTH)
    room.north.feed._is_asked = True
    room.north.feed._wake.set()
    await until(lambda: room.north.feed.problem is SourceProblem.AUTH)
    await until(lambda: len(room.told) > max(told, 1))
    assert room.north.since == since


async def test_device_that_tells_of_tampering_is_believed(hass: HomeAssistant, room: Room) -> None:
    hass.states.async_set(TAMPER, "on")
    await hass.async_block_till_done()
    assert room.north.is_tampered
    assert room.north.reporting == (TAMPER,)
    loss = room.north.loss
    assert loss is not None
    assert loss.condition is None
    hass.states.async_set(TAMPER, "unavailable")
    await hass.async_block_till_done()
    assert room.north.loss is None
    assert [record["tamper"] for record in room.records] == [[TAMPER], []]


async def test_each_picture_is_measured_once_an_interval_however_many_look(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = Mock(side_effect=sample_module.measure)
    monkeypatch.setattr(watch_module, "measure", measured)
    object.__setattr__(room.north.camera, "interval", 3600)
    room.source.give(*(jpeg((n, 0, 0)) for n in range(5)))
    await until(room.source.given.empty)
    await until(lambda: room.north.condition is not None)
    assert measured.call_count == 1


async def test_what_was_learnt_outlives_the_desk_but_not_the_camera(hass: HomeAssistant) -> None:
    room = Room(hass)
    room.source.give(jpeg())
    await until(lambda: room.north.condition is not None)
    learnt = room.north.health
    await room.desk.async_stop()
    assert room.source.is_closed
    assert room.known == {"north 1": learnt}
    again = Room(hass, room.known)
    assert again.north.health is learnt
    await again.desk.async_stop()


async def test_camera_learns_again_when_asked_and_that_is_on_record(room: Room) -> None:
    room.source.give(jpeg())
    await until(lambda: room.north.condition is not None)
    room.desk.relearn("north")
    assert room.north.health == Health()
    assert {"relearn": True} in room.records


async def test_camera_that_comes_back_votes_anew(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    reconnected = Mock(side_effect=health_module.reconnected)
    monkeypatch.setattr(watch_module, "reconnected", reconnected)
    room.source.give(SourceProblem.AUTH)
    await room.until(Condition.NO_SIGNAL)
    room.north.feed._failures = 0
    room.north.feed._wake.set()
    await asyncio.sleep(0)
    room.source.give(jpeg())
    room.north.feed._is_asked = True
    room.north.feed._wake.set()
    await until(lambda: room.north.condition is not Condition.NO_SIGNAL)
    assert reconnected.call_count == 1
