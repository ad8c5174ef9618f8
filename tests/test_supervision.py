"""Watching what the alarm depends on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.config_entries import ConfigEntryDisabler, ConfigSubentryDataWithId
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component

from .common import (
    ENTRY_ID,
    FakePhone,
    House,
    checkpoint,
    panic_button,
    patrol_plan,
    police_device,
    police_phone,
    turns,
)
from .flows.test_checkpoint import device

pytest_plugins = ("tests.fixtures",)


def issues(hass: HomeAssistant) -> dict[str, str | None]:
    """Return the open issues of the integration and their texts' keys."""
    return {
        issue_id: issue.translation_key
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == "rutan_blora" and issue.active
    }


def source(hass: HomeAssistant, unique_id: str = "contact") -> str:
    """Register the hardware of a button and return its entity id."""
    return er.async_get(hass).async_get_or_create("binary_sensor", "zha", unique_id, object_id_base="gate").entity_id


async def rename(house: House, phone: FakePhone, name: str) -> None:
    """Rename a phone in its app."""
    await phone.send(
        "update_registration",
        {
            "app_version": "2026.10.1",
            "device_name": name,
            "manufacturer": "Samsung",
            "model": "A16",
            "app_data": {"push_websocket_channel": True},
        },
    )
    await house.hass.async_block_till_done()


# --- sources ---


async def test_source_that_is_there_is_no_issue(hass: HomeAssistant, house: House) -> None:
    hass.states.async_set("switch.gate", "off")
    await house.set_up(
        panic_button(entity_id="switch.gate"), panic_button("Layar"), panic_button("Hook", webhook_id="h")
    )
    assert issues(hass) == {}


async def test_source_that_is_gone_is_an_issue_until_it_is_back(hass: HomeAssistant, house: House) -> None:
    hass.states.async_set("switch.gate", "off")
    await house.set_up(panic_button(entity_id="switch.gate"))
    hass.states.async_remove("switch.gate")
    await hass.async_block_till_done()
    assert issues(hass) == {"source_missing_gerbang": "source_missing"}
    issue = ir.async_get(hass).async_get_issue("rutan_blora", "source_missing_gerbang")
    assert issue is not None
    assert issue.translation_placeholders == {"name": "Gerbang", "entity_id": "switch.gate"}
    assert issue.severity is ir.IssueSeverity.ERROR
    assert house.state("binary_sensor", "fault", "Gerbang") == "on"
    hass.states.async_set("switch.gate", "off")
    await hass.async_block_till_done()
    assert issues(hass) == {}


async def test_source_that_is_only_unavailable_is_a_fault_and_another_issue(hass: HomeAssistant, house: House) -> None:
    entity_id = source(hass)
    await house.set_up(panic_button(entity_id=entity_id))
    assert house.state("binary_sensor", "fault", "Gerbang") == "on"
    assert issues(hass) == {"button_lost_gerbang": "button_lost"}


async def test_source_that_is_removed_from_the_registry_is_a_fault_and_an_issue(
    hass: HomeAssistant, house: House
) -> None:
    entity_id = source(hass)
    hass.states.async_set(entity_id, "off")
    await house.set_up(panic_button(entity_id=entity_id))
    assert house.state("binary_sensor", "fault", "Gerbang") == "off"
    er.async_get(hass).async_remove(entity_id)
    hass.states.async_remove(entity_id)
    await hass.async_block_till_done()
    assert house.state("binary_sensor", "fault", "Gerbang") == "on"
    assert issues(hass) == {"source_missing_gerbang": "source_missing"}


async def test_nobody_is_alarmed_before_home_assistant_has_started(hass: HomeAssistant, house: House) -> None:
    hass.set_state(CoreState.starting)
    await house.set_up(panic_button(entity_id="switch.late"), police_phone("HP Budi", "gone"))
    assert issues(hass) == {}
    hass.states.async_set("switch.late", "off")
    hass.set_state(CoreState.running)
    hass.bus.async_fire("homeassistant_started")
    await hass.async_block_till_done()
    assert issues(hass) == {"phone_missing_hp_budi": "phone_missing"}


async def test_renamed_source_is_followed(hass: HomeAssistant, house: House) -> None:
    budi = await house.pair_taken_over("HP Budi")
    entity_id = source(hass)
    hass.states.async_set(entity_id, "off")
    await house.set_up(panic_button(entity_id=entity_id), budi.police_device())
    er.async_get(hass).async_update_entity(entity_id, new_entity_id="binary_sensor.pintu_utama")
    hass.states.async_remove(entity_id)
    hass.states.async_set("binary_sensor.pintu_utama", "off")
    await hass.async_block_till_done()
    assert house.entry.subentries["gerbang"].data["entity_id"] == "binary_sensor.pintu_utama"
    assert issues(hass) == {}
    assert house.state("binary_sensor", "fault", "Gerbang") == "off"
    hass.states.async_set("binary_sensor.pintu_utama", "on")
    assert len(budi.pushes) == 1


async def test_press_while_the_renamed_source_is_followed_is_not_lost(hass: HomeAssistant, house: House) -> None:
    budi = await house.pair_taken_over("HP Budi")
    entity_id = source(hass)
    hass.states.async_set(entity_id, "off")
    await house.set_up(panic_button(entity_id=entity_id), budi.police_device())
    er.async_get(hass).async_update_entity(entity_id, new_entity_id="binary_sensor.pintu_utama")
    hass.states.async_remove(entity_id)
    hass.states.async_set("binary_sensor.pintu_utama", "on")
    await hass.async_block_till_done()
    assert len(budi.pushes) == 1


async def test_rename_of_a_contact_that_is_still_on_is_no_press(hass: HomeAssistant, house: House) -> None:
    budi = await house.pair_taken_over("HP Budi")
    entity_id = source(hass)
    hass.states.async_set(entity_id, "off")
    await house.set_up(panic_button(entity_id=entity_id), budi.police_device())
    hass.states.async_set(entity_id, "on")
    await house.call("close_alarm", outcome="resolved")
    er.async_get(hass).async_update_entity(entity_id, new_entity_id="binary_sensor.pintu_utama")
    hass.states.async_remove(entity_id)
    hass.states.async_set("binary_sensor.pintu_utama", "on")
    await hass.async_block_till_done()
    assert house.state("sensor", "alarm_state") == "normal"


async def test_press_that_is_the_first_thing_seen_of_a_renamed_source_is_not_lost(
    hass: HomeAssistant, house: House
) -> None:
    budi = await house.pair_taken_over("HP Budi")
    entity_id = source(hass)
    hass.states.async_set(entity_id, "off")
    await house.set_up(panic_button(entity_id=entity_id), budi.police_device())
    er.async_get(hass).async_update_entity(entity_id, new_entity_id="binary_sensor.pintu_utama")
    hass.states.async_set("binary_sensor.pintu_utama", "on")
    await hass.async_block_till_done()
    assert len(budi.pushes) == 1


async def test_source_that_gets_the_name_of_another_buttons_source_is_heard_for_both(
    hass: HomeAssistant, house: House
) -> None:
    entity_id = source(hass)
    hass.states.async_set(entity_id, "off")
    await house.set_up(
        panic_button(entity_id=entity_id),
        panic_button("Blok B", entity_id="binary_sensor.blok_b", location="Blok B"),
    )
    er.async_get(hass).async_update_entity(entity_id, new_entity_id="binary_sensor.blok_b")
    hass.states.async_remove(entity_id)
    hass.states.async_set("binary_sensor.blok_b", "off")
    await hass.async_block_till_done()
    hass.states.async_set("binary_sensor.blok_b", "on")
    await turns()
    assert house.entity("sensor", "alarm_state").attributes["locations"] == ["Pintu Utama", "Blok B"]


async def test_other_changes_of_a_source_reload_nothing(hass: HomeAssistant, house: House) -> None:
    entity_id = source(hass)
    await house.set_up(panic_button(entity_id=entity_id))
    before = house.facility
    er.async_get(hass).async_update_entity(entity_id, name="Pintu")
    er.async_get(hass).async_update_entity(source(hass, "other"), new_entity_id="binary_sensor.elsewhere")
    await hass.async_block_till_done()
    assert house.facility is before


# --- phones ---


async def test_phone_that_is_there_is_no_issue(hass: HomeAssistant, house: House) -> None:
    budi = await house.pair("HP Budi")
    await house.set_up(budi.police_device())
    assert issues(hass) == {}


async def test_phone_that_vanished_is_an_issue(hass: HomeAssistant, house: House) -> None:
    budi = await house.pair("HP Budi")
    await house.set_up(budi.police_device())
    await house.remove_phone(budi)
    assert issues(hass) == {"phone_missing_hp_budi": "phone_missing"}
    issue = ir.async_get(hass).async_get_issue("rutan_blora", "phone_missing_hp_budi")
    assert issue is not None
    assert issue.translation_placeholders == {"name": "HP Budi"}


async def test_two_phones_of_one_name_are_an_issue_at_the_set_up(hass: HomeAssistant, house: House) -> None:
    older, newer = await house.pair("HP Piket"), await house.pair("HP Piket")
    await house.set_up(older.police_device("Piket 1"), newer.police_device("Piket 2"))
    assert issues(hass) == {"phone_same_name_piket_1": "phone_same_name"}


async def test_phone_that_takes_the_name_of_another_is_an_issue_when_it_registers(
    hass: HomeAssistant, house: House
) -> None:
    older = await house.pair("HP Piket")
    await house.set_up(older.police_device("Piket 1"))
    assert issues(hass) == {}
    await house.pair("HP Piket")
    assert issues(hass) == {"phone_same_name_piket_1": "phone_same_name"}


async def test_phone_that_is_renamed_to_the_name_of_another_is_an_issue_and_back_is_none(
    hass: HomeAssistant, house: House
) -> None:
    budi, cici = await house.pair("HP Budi"), await house.pair("HP Cici")
    await house.set_up(budi.police_device(), cici.police_device())
    await rename(house, cici, "HP Budi")
    assert list(issues(hass).values()) == ["phone_same_name"]
    await rename(house, cici, "HP Cici")
    assert issues(hass) == {}


async def test_phone_that_gets_its_own_name_is_no_issue_any_more(hass: HomeAssistant, house: House) -> None:
    older, newer = await house.pair("HP Piket"), await house.pair("HP Piket")
    await house.set_up(older.police_device("Piket 1"), newer.police_device("Piket 2"))
    await rename(house, older, "HP Piket Lama")
    assert issues(hass) == {}


async def test_phone_that_cannot_be_pushed_to_any_more_is_an_issue(hass: HomeAssistant, house: House) -> None:
    budi = await house.pair("HP Budi")
    await house.set_up(budi.police_device())
    await hass.config_entries.async_set_disabled_by(house.phone_entry(budi).entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    assert len(issues(hass)) == 1


# --- when it is over ---


@pytest.mark.parametrize("end", ["unload", "disable", "remove"])
async def test_issues_go_with_the_facility(hass: HomeAssistant, house: House, end: str) -> None:
    await house.set_up(panic_button(entity_id="switch.gone"), police_phone("HP Budi", "gone"))
    assert len(issues(hass)) == 2
    if end == "unload":
        await house.unload()
    elif end == "disable":
        await hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    else:
        await hass.config_entries.async_remove(ENTRY_ID)
    assert issues(hass) == {}


async def test_issues_of_a_part_go_with_it(hass: HomeAssistant, house: House) -> None:
    await house.set_up(panic_button(entity_id="switch.gone"), police_phone("HP Budi", "gone"))
    await house.remove_part("HP Budi")
    assert issues(hass) == {"source_missing_gerbang": "source_missing"}
    await house.remove_part("Gerbang")
    assert issues(hass) == {}


# --- faults that come with time ---


async def later(hass: HomeAssistant, freezer: FrozenDateTimeFactory, **time: float) -> None:
    """Let time pass."""
    freezer.tick(timedelta(**time))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def test_source_that_is_silent_for_too_long_is_a_fault_until_it_reports(
    hass: HomeAssistant, house: House, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set("switch.gate", "off")
    await house.set_up(panic_button(entity_id="switch.gate", supervision=3600))
    assert house.state("binary_sensor", "fault", "Gerbang") == "off"
    await later(hass, freezer, seconds=3660)
    assert house.entity("binary_sensor", "fault", "Gerbang").attributes["faults"] == ["silent"]
    assert issues(hass) == {"button_silent_gerbang": "button_silent"}
    hass.states.async_set("switch.gate", "off", force_update=True)
    await later(hass, freezer, seconds=61)
    assert house.state("binary_sensor", "fault", "Gerbang") == "off"
    assert issues(hass) == {}


async def test_low_battery_is_a_fault(hass: HomeAssistant, house: House, freezer: FrozenDateTimeFactory) -> None:
    hass.states.async_set("switch.gate", "off")
    hass.states.async_set("sensor.battery", "80")
    await house.set_up(panic_button(entity_id="switch.gate", battery_entity_id="sensor.battery"))
    assert house.state("binary_sensor", "fault", "Gerbang") == "off"
    hass.states.async_set("sensor.battery", "9")
    await later(hass, freezer, seconds=61)
    assert house.entity("binary_sensor", "fault", "Gerbang").attributes["faults"] == ["battery_low"]
    assert issues(hass) == {"button_battery_low_gerbang": "button_battery_low"}


async def test_button_that_was_not_tested_for_too_long_is_a_fault_until_it_is_pressed(
    hass: HomeAssistant, house: House, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set("switch.gate", "off")
    await house.set_up(panic_button(entity_id="switch.gate", test_interval=30))
    assert issues(hass) == {"button_test_overdue_gerbang": "button_test_overdue"}
    hass.states.async_set("switch.gate", "on")
    await later(hass, freezer, seconds=61)
    assert issues(hass) == {}
    await later(hass, freezer, days=31)
    assert house.entity("binary_sensor", "fault", "Gerbang").attributes["faults"] == ["test_overdue"]


@pytest.mark.parametrize(
    ("part", "issue"),
    [
        (police_device("Pos", "notify", entity_id="notify.gone"), "notify_missing"),
        (police_device("Pos", "annunciator", entity_ids=["siren.gone"], duration=0), "annunciator_missing"),
        (police_device("Pos", "mqtt", topic="polres"), "mqtt_missing"),
    ],
    ids=["notify", "annunciator", "mqtt"],
)
async def test_way_to_the_police_that_is_gone_is_an_issue_and_told_as_failed(
    hass: HomeAssistant, house: House, part: ConfigSubentryDataWithId, issue: str
) -> None:
    await house.set_up(panic_button(), part)
    assert issues(hass) == {f"{issue}_pos": issue}
    assert house.state("binary_sensor", "reachable", "Pos") == "off"
    await house.press_entity()
    assert house.state("sensor", "delivery", "Pos") == "failed"
    assert house.entity("sensor", "delivery", "Pos").attributes["reason"] == issue


# --- visits ---


async def test_plan_that_has_lost_a_checkpoint_is_an_issue_and_goes_on_with_the_others(
    hass: HomeAssistant, house: House
) -> None:
    await house.set_up(checkpoint("Pos"), checkpoint("Halaman"), patrol_plan("Malam", "pos", "halaman"))
    assert issues(hass) == {}
    await house.remove_part("Halaman")
    assert issues(hass) == {"plan_checkpoint_missing_malam": "plan_checkpoint_missing"}
    issue = ir.async_get(hass).async_get_issue("rutan_blora", "plan_checkpoint_missing_malam")
    assert issue is not None
    assert issue.translation_placeholders == {"name": "Malam", "count": "1"}
    assert issue.severity is ir.IssueSeverity.WARNING
    plan = house.facility.patrol.plans["malam"]
    assert plan.checkpoints == {"pos"}
    assert plan.windows
    await house.remove_part("Pos")
    assert house.facility.patrol.plans["malam"].windows == ()
    (left,) = house.entry.get_subentries_of_type("patrol_plan")
    hass.config_entries.async_update_subentry(house.entry, left, data={**left.data, "checkpoints": []})
    await hass.async_block_till_done()
    assert issues(hass) == {}


async def test_plan_that_tells_a_police_device_that_is_gone_is_an_issue(hass: HomeAssistant, house: House) -> None:
    budi = await house.pair("HP Budi")
    await house.set_up(checkpoint(), budi.police_device(), patrol_plan(police_devices=["hp_budi"]))
    assert issues(hass) == {}
    await house.remove_part("HP Budi")
    assert issues(hass) == {"plan_police_device_missing_patroli_malam": "plan_police_device_missing"}


async def test_reader_of_a_checkpoint_that_is_gone_is_an_issue(hass: HomeAssistant, house: House) -> None:
    reader = device(hass)
    await house.set_up(checkpoint(reader_device_id=reader))
    assert issues(hass) == {}
    dr.async_get(hass).async_remove_device(reader)
    await hass.async_block_till_done()
    assert issues(hass) == {"checkpoint_reader_missing_pos_utama": "checkpoint_reader_missing"}


async def test_zone_of_a_checkpoint_that_is_gone_is_an_issue_until_it_is_back(
    hass: HomeAssistant, house: House, freezer: FrozenDateTimeFactory
) -> None:
    await house.set_up(checkpoint(zone_entity_id="zone.rutan"))
    assert issues(hass) == {"checkpoint_zone_missing_pos_utama": "checkpoint_zone_missing"}
    hass.states.async_set("zone.rutan", "0")
    await later(hass, freezer, seconds=61)
    assert issues(hass) == {}


# --- the way to mend it ---


async def start_fix(client: TestClient[Any, Any], issue_id: str) -> dict[str, Any]:
    """Begin to mend an issue, as the UI does, and return the form."""
    body = {"handler": "rutan_blora", "issue_id": issue_id}
    async with client.post("/api/repairs/issues/fix", json=body) as response:
        form: dict[str, Any] = await response.json()
    return form


async def confirm(client: TestClient[Any, Any], form: dict[str, Any]) -> dict[str, Any]:
    """Go on and return where that leads."""
    async with client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={}) as response:
        end: dict[str, Any] = await response.json()
    return end


async def test_every_issue_of_a_part_leads_to_its_form(
    hass: HomeAssistant, house: House, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    await house.set_up(
        panic_button(entity_id="switch.gone"), police_phone("HP Budi", "gone"), patrol_plan("Malam", "gone")
    )
    client = await hass_client()
    steps = {
        "source_missing_gerbang": "entity",
        "phone_missing_hp_budi": "phone",
        "plan_checkpoint_missing_malam": "user",
    }
    for issue_id, step in steps.items():
        form = await start_fix(client, issue_id)
        assert form["step_id"] == "confirm"
        assert form["description_placeholders"]["name"] in ("Gerbang", "HP Budi", "Malam")
        end = await confirm(client, form)
        assert (end["type"], end["reason"]) == ("abort", "mend_part")
        kind, flow_id = end["next_flow"]
        assert kind == "config_subentries_flow"
        assert hass.config_entries.subentries.async_get(flow_id)["step_id"] == step
    assert issues(hass).keys() == steps.keys()


async def test_issue_of_a_part_that_is_gone_says_so(
    hass: HomeAssistant, house: House, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    await house.set_up(panic_button(entity_id="switch.gone"))
    client = await hass_client()
    form = await start_fix(client, "source_missing_gerbang")
    await house.remove_part("Gerbang")
    assert (await confirm(client, form))["reason"] == "part_gone"


# --- entities that get another id ---


@pytest.mark.parametrize(
    ("part", "unique_id"),
    [
        (police_device("Pos", "notify", entity_id="{}"), "police_device_notify_{}"),
        (police_device("Pos", "annunciator", entity_ids=["light.other", "{}"], duration=0), None),
        (
            police_device("Pos", "annunciator", entity_ids=["light.other"], duration=0, tts_entity_id="{}"),
            "police_device_pos",
        ),
        (police_device("Pos", "notify", entity_id="notify.other", duty_entity_id="{}"), "police_device_pos"),
        (panic_button("Pos", battery_entity_id="{}"), "panic_button_pos"),
        (panic_button("Pos", feedback_entity_id="{}"), "panic_button_pos"),
        (checkpoint("Pos", zone_entity_id="{}"), "checkpoint_pos"),
    ],
    ids=["notify", "annunciator", "voice", "duty", "battery", "feedback", "zone"],
)
async def test_entity_of_a_part_is_followed_when_it_gets_another_id(
    hass: HomeAssistant, house: House, part: ConfigSubentryDataWithId, unique_id: str | None
) -> None:
    old = source(hass)
    await house.set_up({**part, "data": named(part["data"], old)})
    new = "binary_sensor.renamed"
    er.async_get(hass).async_update_entity(old, new_entity_id=new)
    await hass.async_block_till_done()
    subentry = house.entry.subentries["pos"]
    assert subentry.data == named(part["data"], new)
    if unique_id is not None:
        assert subentry.unique_id == unique_id.format(new)


def named(data: Mapping[str, Any], entity_id: str) -> dict[str, Any]:
    """Return a part's data with an entity in its place."""

    def put(value: Any) -> Any:
        if isinstance(value, list):
            return [put(one) for one in value]
        return entity_id if value == "{}" else value

    return {key: put(value) for key, value in data.items()}
