"""The events."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.rutan_blora.patrol.check_in import Report, Situation
from custom_components.rutan_blora.police import delivery as delivery_module
from homeassistant.const import EVENT_STATE_CHANGED, Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.helpers import entity_registry as er

from .common import ENTRY_ID, FakePhone, House, checkpoint, panic_button, patrol_plan, police_phone
from .visits import GUARD, SATLANTAS, Clock, check_in

pytest_plugins = ("tests.fixtures",)

OWN = {"event_types", "event_type", "friendly_name", "device_class", "incident_id"}


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give an officer's phone whose pushes are known at once."""
    return await house.pair_taken_over("HP Budi")


class Watch:
    """What an event entity has fired since it is watched."""

    def __init__(self, house: House, key: str, title: str | None = None) -> None:
        self._entity_id = house.entity_id("event", key, title)
        self._events: list[Event[EventStateChangedData]] = async_capture_events(house.hass, EVENT_STATE_CHANGED)

    @property
    def seen(self) -> list[tuple[str, dict[str, Any]]]:
        """Return type and attributes of each."""
        states = [e.data["new_state"] for e in self._events if e.data["entity_id"] == self._entity_id]
        return [
            (s.attributes["event_type"], {k: v for k, v in s.attributes.items() if k not in OWN}) for s in states if s
        ]

    @property
    def types(self) -> list[str]:
        """Return the type of each."""
        return [kind for kind, _ in self.seen]


async def test_events_at_rest(
    hass: HomeAssistant,
    house: House,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2026-11-23T03:00:00+00:00")
    with patch("custom_components.rutan_blora.PLATFORMS", [Platform.EVENT]):
        await house.set_up(panic_button(), police_phone("HP Budi", "gone"), checkpoint())
        await snapshot_platform(hass, entity_registry, snapshot, ENTRY_ID)


async def test_alarm_fires_everything_that_happens_to_the_incident(house: House, budi: FakePhone) -> None:
    slamet = await house.user("Slamet")
    await house.set_up(panic_button(), panic_button("Blok B", location="Blok B", kind="fire"), budi.police_device())
    alarm = Watch(house, "alarm")
    await house.press_entity(user=slamet)
    await house.press_entity(title="Blok B")
    await house.press_entity(title="Blok B")
    await budi.answer("GO")
    await house.call("respond", response="on_scene", officer="Ipda Cici", message="Dua regu")
    await house.call("close_alarm", slamet, outcome="resolved", reason="Padam")
    slamet_did = {"by": "Slamet", "origin": "user", "drill": False, "told": 1}
    nobody = {"by": "", "origin": "service", "drill": False, "told": 1}
    assert alarm.seen == [
        ("raised", {**slamet_did, "kind": "panic", "location": "Pintu Utama", "received": 0}),
        ("location_added", {**nobody, "kind": "fire", "location": "Blok B", "received": 0}),
        ("responding", {"drill": False, "by": "HP Budi", "origin": "officer", "received": 1, "told": 1}),
        ("on_scene", {**nobody, "by": "Ipda Cici", "message": "Dua regu", "received": 1}),
        ("closed", {**slamet_did, "outcome": "resolved", "message": "Padam", "received": 1}),
    ]
    assert house.facility.alarm.latest is not None
    assert house.entity("event", "alarm").attributes["incident_id"] == house.facility.alarm.latest.id


async def test_alarm_fires_the_end_of_the_drill_before_the_real_alarm(house: House) -> None:
    await house.set_up(panic_button())
    alarm = Watch(house, "alarm")
    await house.call("raise_alarm", drill=True)
    await house.press_entity()
    assert [(kind, data["drill"]) for kind, data in alarm.seen] == [
        ("raised", True),
        ("closed", True),
        ("raised", False),
    ]


async def test_alarm_fires_a_delivery_that_failed_once_for_each_reason(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (0.01,))
    budi = await house.pair("HP Budi")
    await house.set_up(panic_button(), budi.police_device())
    alarm = Watch(house, "alarm")
    await house.press_entity()
    assert alarm.types.count("delivery_failed") == 1
    await house.hass.async_block_till_done()
    failed = dict(alarm.seen)["delivery_failed"]
    assert failed == {"police_device": "HP Budi", "reason": "push_refused"}
    budi.take_over()
    await house.hass.async_block_till_done(wait_background_tasks=True)
    assert sorted(alarm.types) == ["delivery_failed", "raised"]


async def test_alarm_fires_the_raise_before_a_delivery_of_it_that_failed(house: House) -> None:
    await house.set_up(panic_button(), police_phone("HP Budi", "gone"))
    alarm = Watch(house, "alarm")
    await house.press_entity()
    assert alarm.types == ["raised", "delivery_failed"]


async def test_press_fires_for_every_press_of_its_own_button(house: House, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to("2026-11-23T03:00:00+00:00")
    await house.set_up(panic_button(), panic_button("Blok B", location="Blok B"))
    gate, blok = Watch(house, "press", "Gerbang"), Watch(house, "press", "Blok B")
    await house.press_entity()
    freezer.tick(timedelta(seconds=1))
    await house.press_entity()
    await house.call("raise_alarm", location="Pintu Utama")
    assert gate.types == ["press_end", "press_end"]
    assert blok.types == []
    assert house.state("event", "press", "Gerbang") == "2026-11-23T03:00:01.000+00:00"


async def test_last_event_is_known_after_a_reload(house: House) -> None:
    await house.set_up(panic_button())
    await house.press_entity()
    before = house.entity("event", "alarm")
    await house.reload()
    after = house.entity("event", "alarm")
    assert (after.state, after.attributes) == (before.state, before.attributes)


# --- visits ---


async def test_check_in_fires_for_every_check_in_at_its_own_checkpoint(
    hass: HomeAssistant, house: House, freezer: FrozenDateTimeFactory
) -> None:
    await hass.config.async_set_time_zone("Asia/Jakarta")
    clock = Clock(hass, freezer)
    clock.set("19:00")
    await house.set_up(checkpoint(), checkpoint("Menara"), patrol_plan())
    gate, tower = Watch(house, "check_in", "Pos utama"), Watch(house, "check_in", "Menara")
    await clock.to("20:30")
    visit = check_in(house, SATLANTAS, report=Report(situation=Situation.REMARKS, note="Lampu padam"))
    await clock.to("20:31")
    check_in(house, SATLANTAS)
    await clock.to("20:32")
    assert tower.seen == []
    assert gate.seen == [
        (
            "checked_in",
            {
                "visit_id": visit.id,
                "at": "2026-11-23T13:30:00+00:00",
                "officer": "Siti",
                "rank": "Bripka",
                "unit": "Satlantas",
                "is_known": False,
                "evidence": "button",
                "late_entry": False,
                "situation": "remarks",
                "message": "Lampu padam",
                "verdict": "on_time",
            },
        )
    ]
    house.facility.patrol.countersign(GUARD)
    await clock.to("20:33")
    assert len(gate.seen) == 1
