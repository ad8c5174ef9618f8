"""Setting a facility up, unloading and removing it."""

import json
import logging
import threading
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.rutan_blora.const import DOMAIN
from custom_components.rutan_blora.kept import KEPT
from custom_components.rutan_blora.police import delivery as delivery_module
from custom_components.rutan_blora.police.alert import token
from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util.event_type import EventType

from .common import ENTRY_ID, SITE, TOKEN_KEY, FakePhone, House, panic_button, police_phone

pytest_plugins = ("tests.fixtures",)

HOOK = "0a1b2c3d" * 8
EMERGENCY = "DARURAT: Tombol panik – Pintu Utama"


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give an officer's phone whose pushes are known at once."""
    return await house.pair_taken_over("HP Budi")


def threads() -> list[str]:
    """Return the threads of our own that run."""
    return [thread.name for thread in threading.enumerate() if "rutan_blora" in thread.name]


# --- up and down ---


async def test_facility_is_set_up_and_unloaded(house: House) -> None:
    await house.set_up(panic_button(), police_phone("HP Budi", "gone"))
    states = [house.entry.state]
    await house.unload()
    states.append(house.entry.state)
    assert states == [ConfigEntryState.LOADED, ConfigEntryState.NOT_LOADED]


async def test_facility_needs_no_parts(house: House) -> None:
    await house.set_up()
    assert house.state("sensor", "alarm_state") == "normal"


async def test_facility_is_set_up_while_home_assistant_starts(hass: HomeAssistant, house: House) -> None:
    hass.set_state(CoreState.starting)
    await house.set_up(panic_button())
    await house.press_entity()
    assert house.state("sensor", "alarm_state") == "alarm"


async def test_facility_is_set_up_without_mobile_app(hass: HomeAssistant, house: House) -> None:
    await house.set_up(panic_button(), police_phone("HP Budi", "gone"))
    assert "mobile_app" not in hass.config.components
    await house.press_entity()
    assert house.state("sensor", "delivery", "HP Budi") == "failed"


async def test_parts_are_devices_of_their_own_behind_the_facility(hass: HomeAssistant, house: House) -> None:
    await house.set_up(panic_button(), police_phone("HP Budi", "gone"))
    registry = dr.async_get(hass)
    hub = registry.async_get_device_by_identifier(("rutan_blora", ENTRY_ID), ENTRY_ID)
    assert hub is not None
    assert (hub.name, hub.entry_type) == (SITE, dr.DeviceEntryType.SERVICE)
    for subentry_id, name in (("gerbang", "Gerbang"), ("hp_budi", "HP Budi")):
        device = registry.async_get_device_by_identifier(("rutan_blora", f"{ENTRY_ID}_{subentry_id}"), ENTRY_ID)
        assert isinstance(device, dr.DeviceEntry)
        assert (device.name, device.via_device_id, device.config_subentry_id) == (name, hub.id, subentry_id)


async def test_part_that_is_added_or_removed_is_taken_up_at_once(hass: HomeAssistant, house: House) -> None:
    await house.set_up()
    await house.add_part(panic_button())
    await house.press_entity()
    assert house.state("sensor", "alarm_state") == "alarm"
    entity_id = house.entity_id("button", "panic", "Gerbang")
    await house.remove_part("Gerbang")
    assert er.async_get(hass).async_get(entity_id) is None
    assert house.state("sensor", "alarm_state") == "alarm"


async def test_renamed_facility_is_told_by_its_new_name(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    hass.config_entries.async_update_entry(house.entry, title="Rutan Kelas IIB Blora")
    await hass.async_block_till_done()
    await house.press_entity()
    assert "Rutan Kelas IIB Blora · " in budi.last.message


async def test_removed_facility_leaves_its_journal_and_nothing_else(hass: HomeAssistant, house: House) -> None:
    await house.set_up(panic_button(webhook_id=HOOK), police_phone("HP Budi", "gone"))
    await house.press_entity()
    await hass.config_entries.async_remove(ENTRY_ID)
    assert house.journal_path.exists()
    assert [row.kind for row in await house.rows("raised")] == ["raised"]
    assert HOOK not in hass.data[webhook.DOMAIN]
    assert er.async_entries_for_config_entry(er.async_get(hass), ENTRY_ID) == []
    assert dr.async_entries_for_config_entry(dr.async_get(hass), ENTRY_ID) == []
    assert threads() == []


async def test_facility_that_never_came_up_can_be_removed(hass: HomeAssistant, house: House) -> None:
    house.add(panic_button())
    await hass.config_entries.async_remove(ENTRY_ID)
    assert hass.config_entries.async_entries("rutan_blora") == []


async def test_facility_set_up_anew_after_its_removal_goes_on_with_its_journal(
    hass: HomeAssistant, house: House
) -> None:
    await house.set_up(panic_button())
    await house.press_entity()
    await hass.config_entries.async_remove(ENTRY_ID)
    await house.set_up(panic_button())
    assert house.state("sensor", "alarm_state") == "alarm"


def final_writers(hass: HomeAssistant) -> list[str]:
    """Return what of ours writes at Home Assistant's end."""
    jobs = [listener[0] for listener in hass.bus._listeners.get(EVENT_HOMEASSISTANT_FINAL_WRITE, [])]
    return [str(job.target) for job in jobs if DOMAIN in str(job.target)]


@pytest.mark.parametrize("end", ["disable", "remove"])
async def test_nothing_of_a_facility_goes_on_when_it_is_over(
    hass: HomeAssistant, house: House, budi: FakePhone, end: str
) -> None:
    hass.states.async_set("switch.gate", "off")
    parts = (panic_button(entity_id="switch.gate"), panic_button("Hook", webhook_id=HOOK), budi.police_device())

    async def live() -> dict[EventType[Any] | str, int]:
        """Let the facility live through an incident to its end, and return who listens to what then."""
        await house.set_up(*parts)
        await house.press_entity()
        await house.reload()
        assert len(threads()) == 1
        if end == "disable":
            await hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
        else:
            await hass.config_entries.async_remove(ENTRY_ID)
        await hass.async_block_till_done()
        assert threads() == []
        assert hass.data[KEPT] == {}
        # Home Assistant's own stores listen for its end while they have something to write.
        return {**hass.bus.async_listeners(), EVENT_HOMEASSISTANT_FINAL_WRITE: len(final_writers(hass))}

    assert await live() == await live()
    pushes = len(budi.pushes)
    hass.states.async_set("switch.gate", "on")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(budi.pushes) == pushes


async def test_unloaded_facility_tells_nobody_anything_more(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (0.01,))
    budi = await house.pair("HP Budi")
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    await house.unload()
    budi.take_over()
    await house.hass.async_block_till_done(wait_background_tasks=True)
    assert budi.pushes == []


# --- two houses ---


async def test_two_facilities_live_side_by_side(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    cici = await house.pair_taken_over("HP Cici")
    await house.set_up(panic_button(), budi.police_device())
    other = await second_facility(hass, cici)
    await house.press_entity()
    assert budi.titles == [EMERGENCY]
    assert cici.titles == []
    assert other.runtime_data.alarm.incident is None
    await hass.services.async_call("rutan_blora", "raise_alarm", {"config_entry_id": other.entry_id}, blocking=True)
    assert cici.titles == ["DARURAT: Tombol panik – Rutan Cepu"]
    assert len(budi.pushes) == 1


async def test_answer_to_one_facility_is_no_refused_answer_of_the_other(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.set_up(panic_button())
    await second_facility(hass, budi)
    other = hass.config_entries.async_entries("rutan_blora")[1]
    await hass.services.async_call("rutan_blora", "raise_alarm", {"config_entry_id": other.entry_id}, blocking=True)
    await budi.answer("GO")
    assert other.runtime_data.alarm.incident.state == "responding"
    assert await house.rows("answer_refused") == []


async def test_answer_to_a_facility_that_reloads_is_not_refused_by_the_other(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await second_facility(hass, budi)
    await house.press_entity()
    async with house.reloading():
        await budi.answer("GO")
    assert house.state("sensor", "alarm_state") == "responding"
    assert "Jawaban TIDAK diterima" not in budi.titles


async def second_facility(hass: HomeAssistant, phone: FakePhone) -> MockConfigEntry:
    """Set up another facility beside the first."""
    entry = MockConfigEntry(
        domain="rutan_blora",
        title="Rutan Cepu",
        unique_id="rutan_cepu",
        data={"site_name": "Rutan Cepu", "token_key": "another key"},
        options={"language": "id"},
        subentries_data=[phone.police_device()],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


# --- secrets ---


async def test_no_secret_is_in_our_log_the_journal_or_a_state(
    hass: HomeAssistant, house: House, budi: FakePhone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cici = await house.pair("HP Cici")

    async def fail(_: object) -> None:
        raise RuntimeError("boom")

    cici.take_over(fail)
    doni = await house.pair("HP Doni")
    await house.set_up(
        panic_button(webhook_id=HOOK),
        *(phone.police_device() for phone in (budi, cici, doni)),
        police_phone("HP Gone", "gone"),
    )
    client = await house.client()
    for method in ("POST", "POST", "PUT", "HEAD", "GET"):
        await client.request(method, f"/api/webhook/{HOOK}")
    incident = house.facility.alarm.incident
    assert incident is not None
    await budi.confirm()
    await cici.answer("GO", budi.last)
    await budi.fire("mobile_app_notification_action", {"action": f"RUTAN_GO_{'0' * 32}"})
    await budi.answer("GO", budi.pushes[0])
    await house.reload()
    await house.call("close_alarm", outcome="resolved")
    await house.rows()
    tokens = [token(TOKEN_KEY, incident.id, device, 1) for device in house.facility.police.devices]
    assert tokens[0] in budi.pushes[0].key("ACK")
    secrets = [TOKEN_KEY, HOOK, *tokens, budi.webhook_id, cici.webhook_id, doni.webhook_id]
    ours = "\n".join(
        logging.Formatter("%(message)s").format(record)
        for record in caplog.records
        if record.name.startswith("custom_components.rutan_blora")
    )
    assert "Telling HP Cici failed unexpectedly" in ours
    shown = json.dumps([state.as_dict() for state in hass.states.async_all()], default=str)
    kept = b"".join(path.read_bytes() for path in house.journal_path.parent.iterdir())
    for secret in secrets:
        assert secret not in ours
        assert secret not in shown
        assert secret.encode() not in kept
