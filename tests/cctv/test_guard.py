"""Guarded cameras: who moves before one while it is guarded raises the alarm."""

from unittest.mock import Mock

import pytest

from custom_components.rutan_blora.cctv.camera import Camera
from custom_components.rutan_blora.cctv.guard import Guard
from custom_components.rutan_blora.journal.store import Journal
from homeassistant.core import HomeAssistant

from .common import StubSource

MOTION = "binary_sensor.motion"


def camera(camera_id: str, motion_entity_id: str | None = MOTION) -> Camera:
    return Camera(
        id=camera_id,
        key=camera_id,
        name=camera_id,
        source=StubSource(),
        interval=5,
        max_age=30,
        position=1,
        motion_entity_id=motion_entity_id,
    )


class Yard:
    """A yard with three cameras, two of them with one motion sensor."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.journal = Mock(spec=Journal)
        self.entered: list[str] = []
        cameras = [camera("north"), camera("east"), camera("south", None)]
        self.guard = Guard(hass, self.journal, cameras, {}, lambda entered: self.entered.append(entered.id))
        self.guard.start()

    async def move(self, *states: str) -> None:
        """Let the motion sensor go through these states."""
        for state in states:
            self.hass.states.async_set(MOTION, state)
            await self.hass.async_block_till_done()


@pytest.fixture
async def yard(hass: HomeAssistant) -> Yard:
    """Give a yard where nobody moves."""
    hass.states.async_set(MOTION, "off")
    return Yard(hass)


async def test_movement_is_an_alarm_only_while_it_is_guarded(yard: Yard) -> None:
    await yard.move("on", "off")
    assert yard.entered == []
    yard.guard.set("north", is_on=True, by="Karutan")
    await yard.move("on", "off")
    assert yard.entered == ["north"]
    yard.guard.set("north", is_on=False, by="Karutan")
    await yard.move("on", "off")
    assert yard.entered == ["north"]


async def test_one_sensor_may_speak_for_two_cameras(yard: Yard) -> None:
    for name in ("north", "east", "south"):
        yard.guard.set(name, is_on=True, by="")
    await yard.move("on")
    assert yard.entered == ["north", "east"]


@pytest.mark.parametrize(
    ("states", "entered"),
    [
        pytest.param(["on", "on"], 1, id="still on"),
        pytest.param(["on", "off", "on"], 2, id="again"),
        pytest.param(["unavailable", "on"], 1, id="back from away and moving"),
        pytest.param(["unavailable", "off"], 0, id="back from away"),
        pytest.param(["unknown"], 0, id="unknown"),
    ],
)
async def test_what_is_a_movement(yard: Yard, states: list[str], entered: int) -> None:
    yard.guard.set("north", is_on=True, by="")
    await yard.move(*states)
    assert len(yard.entered) == entered


async def test_sensor_that_has_only_just_appeared_has_seen_nobody_enter(hass: HomeAssistant) -> None:
    yard = Yard(hass)
    yard.guard.set("north", is_on=True, by="")
    await yard.move("on")
    assert yard.entered == []


async def test_who_guards_and_who_ends_it_is_on_record_once(yard: Yard) -> None:
    for is_on in (False, True, True, False):
        yard.guard.set("north", is_on=is_on, by="Karutan")
    bodies = [call.args[0].body for call in yard.journal.append.call_args_list]
    assert bodies == [{"is_on": True, "by": "Karutan"}, {"is_on": False, "by": "Karutan"}]


async def test_what_was_guarded_before_a_restart_still_is_and_is_no_news(yard: Yard) -> None:
    yard.guard.restore("north")
    await yard.move("on")
    assert yard.entered == ["north"]
    yard.journal.append.assert_not_called()


async def test_record_outdoes_what_is_remembered_of_a_switch(yard: Yard) -> None:
    yard.guard.set("north", is_on=True, by="Karutan")
    yard.guard.set("north", is_on=False, by="Karutan")
    yard.guard.restore("north")
    assert not yard.guard.is_guarded("north")


async def test_stopped_guard_hears_nothing(yard: Yard) -> None:
    yard.guard.restore("north")
    yard.guard.stop()
    await yard.move("on")
    assert yard.entered == []
