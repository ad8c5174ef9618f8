"""Hearing buttons and phones without a gap."""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.rutan_blora.alarm import intake as intake_module
from custom_components.rutan_blora.alarm.intake import HOLD_LIMIT, WEBHOOK_INTERVAL
from custom_components.rutan_blora.facility import Facility
from custom_components.rutan_blora.kept import KEPT
from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import area_registry as ar, entity_registry as er
from homeassistant.util.aiohttp import MockRequest
from tests.common import ENTRY_ID, FakePhone, House, context_of, panic_button, turns

pytest_plugins = ("tests.fixtures",)

HOOK = "0a1b2c3d" * 8
EMERGENCY = "DARURAT: Tombol panik – Pintu Utama"


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give an officer's phone whose pushes are known at once."""
    return await house.pair_taken_over("HP Budi")


async def call(house: House, method: str = "POST", hook: str = HOOK, **request: Any) -> int:
    """Call a button's webhook and return the status of the answer."""
    response = await (await house.client()).request(method, f"/api/webhook/{hook}", **request)
    await turns()
    return response.status


# --- webhooks ---


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_webhook_is_a_press(house: House, budi: FakePhone, method: str) -> None:
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    response = await (await house.client()).request(method, f"/api/webhook/{HOOK}")
    assert response.status == HTTPStatus.OK
    assert await response.json() == {"accepted": True}
    assert budi.titles == [EMERGENCY]
    (raised,) = await house.rows("raised")
    assert raised.loaded["actor"] == {"origin": "hardware", "id": "gerbang", "name": "Gerbang"}


@pytest.mark.parametrize("method", ["PUT", "HEAD"])
async def test_webhook_called_in_another_way_is_no_press(house: House, budi: FakePhone, method: str) -> None:
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    response = await (await house.client()).request(method, f"/api/webhook/{HOOK}")
    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert response.headers["Allow"] == "GET, POST"
    assert budi.pushes == []


@pytest.mark.parametrize(
    "request_",
    [
        {"data": b"x" * 5_000_000},
        {"data": b"\xff\xfe\x00garbage"},
        {"data": "{", "headers": {"Content-Type": "application/json"}},
        {"data": b"x", "headers": {"Content-Encoding": "gzip"}},
        {"json": {"drill": True, "location": "Aula"}},
        {"params": {"drill": "1"}},
    ],
    ids=["huge", "garbage", "broken JSON", "not gzip", "JSON", "query"],
)
async def test_what_a_webhook_is_sent_is_not_read(house: House, budi: FakePhone, request_: dict[str, Any]) -> None:
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    assert await call(house, **request_) == HTTPStatus.OK
    assert budi.titles == [EMERGENCY]


async def test_flood_of_calls_is_turned_away_but_the_first_counts(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "WEBHOOK_INTERVAL", 60)
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    statuses = [await call(house) for _ in range(20)]
    assert statuses == [HTTPStatus.OK] + [HTTPStatus.TOO_MANY_REQUESTS] * 19
    assert budi.titles == [EMERGENCY]
    assert [row.kind for row in await house.rows("raised", "pressed_again")] == ["raised"]


async def test_call_after_the_interval_is_recorded_as_one_more_press(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "WEBHOOK_INTERVAL", 0.01)
    await house.set_up(panic_button(webhook_id=HOOK))
    assert await call(house) == HTTPStatus.OK
    await asyncio.sleep(0.02)
    assert await call(house) == HTTPStatus.OK
    assert [row.kind for row in await house.rows("raised", "pressed_again")] == ["raised", "pressed_again"]


async def test_call_right_after_the_close_is_a_new_alarm(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "WEBHOOK_INTERVAL", 60)
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    await call(house)
    await house.call("close_alarm", outcome="false_alarm")
    assert await call(house) == HTTPStatus.OK
    assert house.state("sensor", "alarm_state") == "alarm"
    assert budi.titles.count(EMERGENCY) == 2


async def test_call_during_a_drill_is_a_real_alarm_whatever_came_before(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "WEBHOOK_INTERVAL", 60)
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    await call(house)
    await house.call("close_alarm", outcome="false_alarm")
    await house.call("raise_alarm", drill=True)
    assert await call(house) == HTTPStatus.OK
    assert house.entity("sensor", "alarm_state").attributes["drill"] is False


async def test_call_during_a_drill_at_the_same_place_is_a_real_alarm_whatever_came_before(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "WEBHOOK_INTERVAL", 60)
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    await call(house)
    await house.call("close_alarm", outcome="false_alarm")
    await house.call("raise_alarm", drill=True, location="Pintu Utama")
    assert await call(house) == HTTPStatus.OK
    assert house.entity("sensor", "alarm_state").attributes["drill"] is False


async def test_each_button_has_a_flood_of_its_own(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "WEBHOOK_INTERVAL", 60)
    other = "f" * 64
    await house.set_up(
        panic_button(webhook_id=HOOK), panic_button("Blok B", webhook_id=other, location="Blok B"), budi.police_device()
    )
    assert [await call(house), await call(house), await call(house, hook=other)] == [200, 429, 200]
    assert len(budi.pushes) == 2


async def test_flood_of_a_second_button_at_the_same_place_is_turned_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "WEBHOOK_INTERVAL", 60)
    other = "f" * 64
    await house.set_up(panic_button(webhook_id=HOOK), panic_button("Cadangan", webhook_id=other))
    await call(house)
    assert [await call(house, hook=other) for _ in range(3)] == [200, 429, 429]


def test_interval_is_short_enough_for_a_second_press() -> None:
    assert WEBHOOK_INTERVAL <= 1


@pytest.mark.parametrize(
    ("remote", "local_only", "pushes"),
    [
        ("203.0.113.7", True, 0),
        ("2001:db8::1", True, 0),
        ("192.168.1.20", True, 1),
        ("127.0.0.1", True, 1),
        ("203.0.113.7", False, 1),
        (None, True, 0),
    ],
)
async def test_webhook_is_reached_from_afar_only_if_that_is_wanted(
    hass: HomeAssistant, house: House, budi: FakePhone, remote: str | None, local_only: bool, pushes: int
) -> None:
    await house.set_up(panic_button(webhook_id=HOOK, local_only=local_only), budi.police_device())
    request = MockRequest(b"", "test", method="POST", remote=remote)
    response = await webhook.async_handle_webhook(hass, HOOK, request)
    assert response.status == HTTPStatus.OK
    assert len(budi.pushes) == pushes


async def test_webhook_is_local_unless_said_otherwise(hass: HomeAssistant, house: House) -> None:
    await house.set_up(panic_button(webhook_id=HOOK))
    assert hass.data[webhook.DOMAIN][HOOK].local_only is True


# --- while the facility is away ---


async def test_presses_of_every_kind_during_a_reload_are_told_once_when_it_is_back(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    for entity_id in ("switch.gate", "event.gate"):
        hass.states.async_set(entity_id, "off" if entity_id == "switch.gate" else "2026-01-01T00:00:00+00:00")
    await house.set_up(
        panic_button("Saklar", entity_id="switch.gate", location="Saklar"),
        panic_button("Tombol", entity_id="event.gate", location="Tombol"),
        panic_button("Hook", webhook_id=HOOK, location="Hook"),
        panic_button("Layar", location="Layar"),
        budi.police_device(),
    )
    layar = house.entity_id("button", "panic", "Layar")
    await house.client()
    async with house.reloading():
        assert house.entry.state is ConfigEntryState.SETUP_IN_PROGRESS
        hass.states.async_set("switch.gate", "on")
        hass.states.async_set("event.gate", "2026-01-01T00:00:01+00:00")
        assert await call(house) == HTTPStatus.OK
        await hass.services.async_call("button", "press", {"entity_id": layar}, blocking=True)
        raising = hass.async_create_task(house.call("raise_alarm", location="Aksi"))
        await asyncio.sleep(0)
        assert budi.pushes == []
    response = await raising
    assert house.state("sensor", "alarm_state") == "alarm"
    locations = ["Saklar", "Tombol", "Hook", "Layar", "Aksi"]
    assert sorted(house.entity("sensor", "alarm_state").attributes["locations"]) == sorted(locations)
    assert {row.incident for row in await house.rows("raised", "location_added")} == {response["incident_id"]}
    assert await house.rows("pressed_again") == []
    assert len(budi.pushes) == len(locations)


@pytest.mark.parametrize(
    ("moment", "button"),
    [
        (moment, button)
        for moment in ("reloading", "unloading", "setting_up")
        for button in ("switch", "event", "webhook", "screen", "action")
    ],
)
async def test_press_at_any_moment_of_a_reload_is_told_once_in_one_incident(
    hass: HomeAssistant, house: House, budi: FakePhone, moment: str, button: str
) -> None:
    hass.states.async_set("switch.gate", "off")
    hass.states.async_set("event.gate", "2026-01-01T00:00:00+00:00")
    await house.set_up(
        panic_button("Saklar", entity_id="switch.gate"),
        panic_button("Tombol", entity_id="event.gate"),
        panic_button("Hook", webhook_id=HOOK),
        panic_button("Layar"),
        budi.police_device(),
    )
    await house.call("raise_alarm", location="Kemarin")
    await house.call("close_alarm", outcome="resolved")
    layar = house.entity_id("button", "panic", "Layar")
    await house.client()
    budi.pushes.clear()
    async with getattr(house, moment)():
        if button == "switch":
            hass.states.async_set("switch.gate", "on")
        elif button == "event":
            hass.states.async_set("event.gate", "2026-01-01T00:00:01+00:00")
        elif button == "webhook":
            assert await call(house) == HTTPStatus.OK
        elif button == "screen":
            await hass.services.async_call("button", "press", {"entity_id": layar}, blocking=True)
        else:
            raising = hass.async_create_task(house.call("raise_alarm", location="Pintu Utama"))
            await asyncio.sleep(0)
    if button == "action":
        await raising
    assert budi.titles == [EMERGENCY]
    assert house.facility.alarm.incident is not None
    raised = [row.incident for row in await house.rows("raised")]
    assert raised[1:] == [house.facility.alarm.incident.id]


@pytest.mark.parametrize("moment", ["reloading", "unloading", "setting_up"])
async def test_contact_that_is_closed_only_for_a_moment_of_a_reload_was_pressed(
    hass: HomeAssistant, house: House, budi: FakePhone, moment: str
) -> None:
    hass.states.async_set("switch.gate", "off")
    await house.set_up(panic_button(entity_id="switch.gate"), budi.police_device())
    async with getattr(house, moment)():
        hass.states.async_set("switch.gate", "on")
        hass.states.async_set("switch.gate", "off")
    assert budi.titles == [EMERGENCY]


async def test_user_who_pressed_during_a_reload_is_on_record(hass: HomeAssistant, house: House) -> None:
    slamet = await house.user("Slamet")
    await house.set_up(panic_button())
    entity_id = house.entity_id("button", "panic", "Gerbang")
    async with house.reloading():
        await hass.services.async_call("button", "press", {"entity_id": entity_id}, context=context_of(slamet))
    (raised,) = await house.rows("raised")
    assert raised.loaded["actor"] == {"origin": "user", "id": slamet.id, "name": "Slamet"}


async def test_press_during_a_reload_keeps_its_time(house: House, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to("2026-11-23T03:00:00+00:00")
    await house.set_up(panic_button(webhook_id=HOOK))
    await house.client()
    async with house.reloading():
        await call(house)
        freezer.move_to("2026-11-23T03:00:07+00:00")
    assert (incident := house.facility.alarm.incident)
    assert incident.pressed_at.isoformat() == "2026-11-23T03:00:00+00:00"
    assert incident.raised_at.isoformat() == "2026-11-23T03:00:07+00:00"


async def test_press_of_an_area_or_device_during_a_reload_counts(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.set_up(
        panic_button(),
        panic_button("Blok B", location="Blok B"),
        panic_button("Dapur", location="Dapur"),
        budi.police_device(),
    )
    gate = er.async_get(hass).async_get(house.entity_id("button", "panic", "Gerbang"))
    assert gate is not None
    area = ar.async_get(hass).async_create("Blok")
    er.async_get(hass).async_update_entity(house.entity_id("button", "panic", "Blok B"), area_id=area.id)
    async with house.reloading():
        await hass.services.async_call("button", "press", {"device_id": gate.device_id}, blocking=True)
        await hass.services.async_call("button", "press", {"area_id": area.id}, blocking=True)
    assert house.entity("sensor", "alarm_state").attributes["locations"] == ["Pintu Utama", "Blok B"]


@pytest.mark.parametrize("written", ["button.other, {gate}", ["{gate}"], "{GATE}", "all"])
async def test_press_during_a_reload_counts_however_it_is_written(
    hass: HomeAssistant, house: House, budi: FakePhone, written: str | list[str]
) -> None:
    await house.set_up(panic_button(), budi.police_device())
    gate = house.entity_id("button", "panic", "Gerbang")

    def fill(text: str) -> str:
        return text.format(gate=gate, GATE=gate.upper())

    entity_ids = fill(written) if isinstance(written, str) else [fill(text) for text in written]
    async with house.reloading():
        await hass.services.async_call("button", "press", {"entity_id": entity_ids}, blocking=True)
    assert budi.titles == [EMERGENCY]


async def test_press_during_a_reload_of_somebody_who_may_not_is_none(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    visitor = await hass.auth.async_create_user("Tamu", group_ids=["system-read-only"])
    await house.set_up(panic_button(), budi.police_device())
    gate = house.entity_id("button", "panic", "Gerbang")
    async with house.reloading():
        with suppress(Unauthorized):
            await hass.services.async_call("button", "press", {"entity_id": gate}, True, context_of(visitor))
    assert budi.pushes == []


async def test_calls_of_other_things_during_a_reload_are_no_press(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    async_mock_service(hass, "light", "turn_on")
    await house.set_up(panic_button(), budi.police_device())
    gate, acknowledge = house.entity_id("button", "panic", "Gerbang"), house.entity_id("button", "acknowledge")
    async with house.reloading():
        await hass.services.async_call("light", "turn_on", {"entity_id": gate}, blocking=True)
        for entity_id in ("button.another", acknowledge):
            await hass.services.async_call("button", "press", {"entity_id": entity_id}, blocking=True)
    assert budi.pushes == []


async def test_press_of_a_button_that_is_removed_during_the_reload_is_no_press(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    await house.client()
    async with house.unloading():
        assert await call(house) == HTTPStatus.OK
        hass.config_entries.async_remove_subentry(house.entry, "gerbang")
    assert house.entry.state is ConfigEntryState.LOADED
    assert budi.pushes == []


async def test_second_call_of_a_webhook_during_a_reload_is_turned_away(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "WEBHOOK_INTERVAL", 60)
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    await house.client()
    async with house.reloading():
        assert [await call(house) for _ in range(5)] == [200, 429, 429, 429, 429]
    assert budi.titles == [EMERGENCY]


async def test_first_call_of_a_webhook_during_a_reload_counts_even_right_after_a_closed_alarm(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "WEBHOOK_INTERVAL", 60)
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    await call(house)
    await house.call("close_alarm", outcome="false_alarm")
    async with house.reloading():
        assert await call(house) == HTTPStatus.OK
    assert house.state("sensor", "alarm_state") == "alarm"


async def test_call_that_waits_too_long_is_not_called_accepted_but_not_lost_either(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    await house.client()
    await house.unload()
    monkeypatch.setattr(intake_module, "HOLD_LIMIT", -1)
    assert await call(house) == HTTPStatus.SERVICE_UNAVAILABLE
    await house.set_up_again()
    assert budi.titles == [EMERGENCY]


def test_reload_is_over_before_calls_are_not_accepted_any_more() -> None:
    assert HOLD_LIMIT >= 10


async def test_answer_and_receipt_during_a_reload_are_not_lost(house: House, budi: FakePhone) -> None:
    cici = await house.pair_taken_over("HP Cici")
    await house.set_up(panic_button(), budi.police_device(), cici.police_device())
    await house.press_entity()
    first = {phone.name: phone.last for phone in (budi, cici)}
    async with house.reloading():
        await budi.answer("GO", first["HP Budi"])
        await cici.confirm(first["HP Cici"])
    assert house.state("sensor", "alarm_state") == "responding"
    assert house.state("sensor", "delivery", "HP Budi") == "acknowledged"
    assert house.state("sensor", "delivery", "HP Cici") == "delivered"


async def test_phone_that_answered_during_a_reload_is_not_told_again(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    async with house.reloading():
        await budi.answer("GO", budi.last)
    assert [push.data["channel"] for push in budi.pushes] == ["alarm_stream", "rutan_blora"]


async def test_presses_wait_for_the_next_set_up_if_this_one_fails(
    hass: HomeAssistant, house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    await house.client()
    with monkeypatch.context() as patch:
        patch.setattr(Facility, "async_open", lambda _: 1 / 0)
        assert not await hass.config_entries.async_reload(ENTRY_ID)
    assert house.entry.state is ConfigEntryState.SETUP_ERROR
    assert await call(house) == HTTPStatus.OK
    assert budi.pushes == []
    await hass.config_entries.async_reload(ENTRY_ID)
    assert budi.titles == [EMERGENCY]


async def test_press_before_the_first_set_up_is_done_is_heard_from_the_sources(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    hass.states.async_set("switch.gate", "off")
    await house.set_up(panic_button(entity_id="switch.gate"), budi.police_device())
    await house.switch_off()
    async with house.setting_up():
        hass.states.async_set("switch.gate", "on")
    assert budi.titles == [EMERGENCY]


# --- when it is over ---


async def test_disabled_facility_hears_nothing(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    hass.states.async_set("switch.gate", "off")
    await house.set_up(
        panic_button(webhook_id=HOOK), panic_button("Blok B", entity_id="switch.gate"), budi.police_device()
    )
    assert HOOK in hass.data[webhook.DOMAIN]
    await hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    assert HOOK not in hass.data[webhook.DOMAIN]
    assert hass.data[KEPT] == {}
    hass.states.async_set("switch.gate", "on")
    await hass.async_block_till_done()
    assert budi.pushes == []


async def test_facility_that_is_enabled_again_hears_again(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    await hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    await hass.config_entries.async_set_disabled_by(ENTRY_ID, None)
    assert await call(house) == HTTPStatus.OK
    assert budi.titles == [EMERGENCY]


async def test_incident_goes_on_when_the_facility_is_enabled_again(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    before = house.facility.alarm.incident
    await hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    await hass.config_entries.async_set_disabled_by(ENTRY_ID, None)
    await hass.async_block_till_done()
    assert house.facility.alarm.incident == before
    # Out of service it was taken off the phone; now it is there again.
    assert [push.clears for push in budi.pushes] == [False, True, False, False]
    assert budi.last.tag == budi.pushes[0].tag
    assert budi.last.data["channel"] == "alarm_stream"


async def test_removed_facility_hears_nothing(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    await hass.config_entries.async_remove(ENTRY_ID)
    assert HOOK not in hass.data[webhook.DOMAIN]
    assert hass.data[KEPT] == {}
    assert house.journal_path.exists()


async def test_webhook_of_a_removed_button_is_gone(hass: HomeAssistant, house: House) -> None:
    await house.set_up(panic_button(webhook_id=HOOK), panic_button("Blok B", webhook_id="f" * 64))
    await house.remove_part("Gerbang")
    assert HOOK not in hass.data[webhook.DOMAIN]
    assert "f" * 64 in hass.data[webhook.DOMAIN]


async def test_intake_that_holds_already_goes_on_holding(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(webhook_id=HOOK), budi.police_device())
    await house.client()
    await house.unload()
    intake = house.hass.data[KEPT][ENTRY_ID].intake
    intake.hold()
    assert await call(house) == HTTPStatus.OK
    await house.set_up_again()
    assert budi.titles == [EMERGENCY]
