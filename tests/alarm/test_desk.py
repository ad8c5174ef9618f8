"""The alarm desk: commands in; journal, police and listeners out; and on again after a restart."""

import asyncio
from contextlib import closing
from datetime import timedelta
from itertools import product
import sqlite3
from typing import Any
from unittest.mock import Mock

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker, AiohttpClientMockResponse
from yarl import URL

from custom_components.rutan_blora.actor import Actor, Origin, RefusedError
from custom_components.rutan_blora.alarm.incident import Event, EventType, Kind, Outcome, Response, State
from custom_components.rutan_blora.police import courier as courier_module, delivery as delivery_module
from custom_components.rutan_blora.police.alert import Answer, token
from demo.phone import Push
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.common import TOKEN_KEY, FakePhone, House, panic_button, turns

pytest_plugins = ("tests.fixtures",)

GUARD = Actor(origin=Origin.USER, id="guard", name="Slamet")
EMERGENCY = "DARURAT: Tombol panik – Pintu Utama"


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give an officer's phone whose pushes are known at once."""
    return await house.pair_taken_over("HP Budi")


@pytest.fixture
async def cici(house: House) -> FakePhone:
    """Give another officer's phone."""
    return await house.pair_taken_over("HP Cici")


async def settle(house: House) -> None:
    """Let everything that was sent come to its end."""
    await house.hass.async_block_till_done(wait_background_tasks=True)


# --- commands ---


async def test_no_incident_is_open_at_first(house: House) -> None:
    await house.set_up()
    desk = house.facility.alarm
    assert desk.incident is None
    assert desk.latest is None
    with pytest.raises(RefusedError, match="no_open_incident"):
        desk.respond(GUARD, Response.ACKNOWLEDGED)
    with pytest.raises(RefusedError, match="no_open_incident"):
        desk.close(GUARD, Outcome.RESOLVED)
    assert await house.rows() == []


async def test_everything_that_happens_is_recorded_told_to_the_police_and_to_the_listeners(
    house: House, budi: FakePhone
) -> None:
    await house.set_up(budi.police_device())
    desk, heard = house.facility.alarm, list[Event]()
    unsubscribe = desk.listen(heard.append)
    incident = desk.press(GUARD, location="Pintu Utama", kind=Kind.PANIC, message="Dua orang")
    desk.press(GUARD, location="Blok B", kind=Kind.FIRE)
    desk.press(GUARD, location="Blok B", kind=Kind.FIRE)
    desk.respond(GUARD, Response.RESPONDING)
    desk.respond(GUARD, Response.ACKNOWLEDGED)
    desk.close(GUARD, Outcome.RESOLVED, reason="Padam")
    assert desk.incident is None
    await turns()
    assert desk.latest is not None
    assert (desk.latest.id, desk.latest.state) == (incident.id, State.CLOSED)
    kinds = ["raised", "location_added", "pressed_again", "responding", "closed"]
    assert [event.type.value for event in heard] == kinds
    assert [row.kind for row in await house.rows(*EventType)] == kinds
    assert {row.incident for row in await house.rows(*EventType)} == {incident.id}
    assert budi.titles == [
        EMERGENCY,
        "DARURAT: Kebakaran – Pintu Utama, Blok B",
        "DARURAT: Kebakaran – Pintu Utama, Blok B",
        "clear_notification",
        "Selesai: Kebakaran – Pintu Utama, Blok B",
    ]
    unsubscribe()
    desk.press(GUARD, location="Pintu Utama", kind=Kind.PANIC)
    await turns()
    assert len(heard) == len(kinds)


async def test_police_are_told_before_the_listeners(house: House, budi: FakePhone) -> None:
    await house.set_up(budi.police_device())
    seen: list[int] = []
    house.facility.alarm.listen(lambda _: seen.append(len(budi.pushes)))
    house.facility.alarm.press(GUARD, location="Pintu Utama", kind=Kind.PANIC)
    await turns()
    assert seen == [1]


async def test_listener_that_fails_keeps_nothing_from_the_police(house: House, budi: FakePhone) -> None:
    await house.set_up(budi.police_device())
    house.facility.alarm.listen(Mock(side_effect=ValueError("a listener's own trouble")))
    house.facility.alarm.press(GUARD, location="Aula", kind=Kind.PANIC, drill=True)
    house.facility.alarm.press(GUARD, location="Pintu Utama", kind=Kind.PANIC)
    assert EMERGENCY in budi.titles
    await turns()
    assert house.state("sensor", "alarm_state") == "alarm"


async def test_press_is_told_with_a_journal_that_takes_nothing(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.set_up(budi.police_device())
    with monkeypatch.context() as patch:
        patch.setattr(house.facility.kept.journal, "_write", lambda _: False)
        house.facility.alarm.press(GUARD, location="Pintu Utama", kind=Kind.PANIC)
        assert budi.titles == [EMERGENCY]
    assert [row.kind for row in await house.rows("raised")] == ["raised"]


# --- drills ---


async def test_drill_says_so_everywhere(house: House, budi: FakePhone) -> None:
    await house.set_up(budi.police_device(), (await house.pair_taken_over("John")).police_device(language="en"))
    desk = house.facility.alarm
    desk.press(GUARD, location="Pintu Utama", kind=Kind.PANIC, drill=True)
    desk.close(GUARD, Outcome.DRILL)
    assert budi.titles == [
        "LATIHAN: Tombol panik – Pintu Utama",
        "clear_notification",
        "LATIHAN · Selesai: Tombol panik – Pintu Utama",
    ]
    assert not any("DARURAT" in title for title in budi.titles)


async def test_real_press_ends_the_drill_and_leaves_first(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    drill = house.facility.alarm.press(GUARD, location="Pintu Utama", kind=Kind.PANIC, drill=True)
    budi.pushes.clear()
    await house.press_entity()
    real = house.facility.alarm.incident
    assert real is not None
    assert (real.drill, real.id != drill.id) == (False, True)
    assert budi.titles == [EMERGENCY, "clear_notification", "LATIHAN · Selesai: Tombol panik – Pintu Utama"]
    assert budi.pushes[0].data["channel"] == "alarm_stream"
    assert [(row.kind, row.incident) for row in await house.rows(*EventType)] == [
        ("raised", drill.id),
        ("closed", drill.id),
        ("raised", real.id),
    ]


async def test_answer_to_the_drill_does_not_count_for_the_real_alarm(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    house.facility.alarm.press(GUARD, location="Pintu Utama", kind=Kind.PANIC, drill=True)
    of_drill = budi.last
    await house.press_entity()
    await budi.answer("ACK", of_drill)
    assert house.state("sensor", "alarm_state") == "alarm"
    assert len(await house.rows("answer_refused")) == 1


# --- answers ---


@pytest.mark.parametrize(
    ("answer", "state"), [("ACK", "acknowledged"), ("GO", "responding"), ("HERE", "on_scene")], ids=lambda value: value
)
async def test_answer_of_a_phone_takes_the_incident_forward(
    house: House, budi: FakePhone, cici: FakePhone, answer: str, state: str
) -> None:
    await house.set_up(
        panic_button(),
        budi.police_device(officer="Budi Santoso", rank="Aipda", unit="Sat Samapta"),
        cici.police_device(),
    )
    await house.press_entity()
    await budi.answer(answer)
    assert house.state("sensor", "alarm_state") == state
    assert house.state("sensor", "delivery", "HP Budi") == "acknowledged"
    assert house.state("sensor", "delivery", "HP Cici") == "sent"
    (responder,) = house.entity("sensor", "alarm_state").attributes["responders"]
    assert (responder["name"], responder["response"]) == ("Aipda Budi Santoso – Sat Samapta", state)
    (row,) = await house.rows(state)
    assert row.loaded["actor"] == {"origin": "officer", "id": "hp_budi", "name": "Aipda Budi Santoso – Sat Samapta"}
    assert "Aipda Budi Santoso – Sat Samapta" in cici.last.message
    assert cici.last.data["channel"] == "rutan_blora"


async def test_answer_over_a_real_websocket_and_back(house: House) -> None:
    budi = await house.pair("HP Budi")
    await budi.connect()
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    await budi.answer("GO", await budi.next_push())
    assert house.state("sensor", "alarm_state") == "responding"
    assert "Menuju lokasi: HP Budi" in (await budi.next_push()).message


async def test_same_answer_twice_and_an_earlier_one_after_a_later_change_nothing(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    first = budi.last
    await budi.answer("GO", first)
    incident, pushes = house.facility.alarm.incident, len(budi.pushes)
    for answer in ("GO", "ACK", "GO"):
        await budi.answer(answer, first)
    assert house.facility.alarm.incident is incident
    assert len(budi.pushes) == pushes
    assert len(await house.rows("responding", "acknowledged")) == 1


async def test_answer_after_the_close_changes_nothing_but_is_recorded(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    shown = budi.last
    await house.call("close_alarm", outcome="resolved")
    await budi.answer("HERE", shown)
    assert house.state("sensor", "alarm_state") == "normal"
    (refused,) = await house.rows("answer_refused")
    assert refused.loaded == {"answer": "HERE", "user_id": budi.user.id}


async def test_answer_with_a_stolen_token_from_another_phone_changes_nothing(
    house: House, budi: FakePhone, cici: FakePhone
) -> None:
    await house.set_up(panic_button(), budi.police_device(), cici.police_device())
    await house.press_entity()
    await cici.answer("GO", budi.last)
    await cici.confirm(budi.last)
    assert house.state("sensor", "alarm_state") == "alarm"
    assert house.state("sensor", "delivery", "HP Budi") == "sent"
    (refused,) = await house.rows("answer_refused")
    assert refused.loaded["user_id"] == cici.user.id


async def test_forged_answers_are_recorded_at_most_twenty_times_a_minute(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    for number in range(25):
        house.hass.bus.async_fire("mobile_app_notification_action", {"action": f"RUTAN_ACK_{number:032x}"})
    await house.hass.async_block_till_done()
    assert house.state("sensor", "alarm_state") == "alarm"
    assert len(await house.rows("answer_refused")) == 20


@pytest.mark.parametrize(
    "action",
    [None, 1, ["RUTAN_ACK"], {"RUTAN_ACK": 1}, "x" * 10_000, "RUTAN_ACK_", "SILENCE"],
    ids=["none", "number", "list", "object", "10 kB", "no token", "foreign"],
)
async def test_foreign_event_of_a_phone_changes_nothing(house: House, budi: FakePhone, action: Any) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    before = await house.rows()
    for data in ({"action": action}, {"action_1_key": action}, {}):
        await budi.fire("mobile_app_notification_action", data)
        await budi.fire("mobile_app_notification_received", data)
    assert await house.rows() == before
    assert house.state("sensor", "alarm_state") == "alarm"


async def test_receipt_shows_the_delivery_delivered(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    assert house.state("sensor", "delivery", "HP Budi") == "sent"
    await budi.confirm()
    assert house.state("sensor", "delivery", "HP Budi") == "delivered"


async def test_late_receipt_of_an_earlier_push_says_nothing_of_a_new_place(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), panic_button("Blok B", location="Blok B"), budi.police_device())
    await house.press_entity()
    first = budi.last
    await house.press_entity(title="Blok B")
    await budi.confirm(first)
    assert house.state("sensor", "delivery", "HP Budi") == "sent"
    await budi.confirm(budi.last)
    assert house.state("sensor", "delivery", "HP Budi") == "delivered"


async def test_token_is_of_one_incident_and_one_phone(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    assert (incident := house.facility.alarm.incident)
    assert budi.last.key("ACK") == f"RUTAN_ACK_{token(TOKEN_KEY, incident.id, 'hp_budi', 1)}"


# --- phones in trouble ---


@pytest.mark.parametrize(
    ("error", "reason"),
    [(HomeAssistantError("not connected"), "push_refused"), (RuntimeError("boom"), "error")],
    ids=["refused", "unexpected"],
)
async def test_phone_that_fails_is_shown_failed_and_tried_again_while_the_others_are_told(
    house: House, cici: FakePhone, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (0.01,))
    mended = asyncio.Event()

    async def fail(_: Push) -> None:
        if not mended.is_set():
            raise error

    budi = await house.pair("HP Budi")
    budi.take_over(fail)
    await house.set_up(panic_button(), budi.police_device(), cici.police_device())
    await house.press_entity()
    assert cici.titles == [EMERGENCY]
    assert house.state("sensor", "delivery", "HP Budi") == "failed"
    assert house.entity("sensor", "delivery", "HP Budi").attributes["reason"] == reason
    mended.set()
    await settle(house)
    assert house.state("sensor", "delivery", "HP Budi") == "sent"
    # How often it was tried meanwhile depends on the machine; once it is told, never again.
    tries = len(budi.pushes)
    assert tries > 1
    await settle(house)
    assert (len(budi.pushes), len(cici.pushes)) == (tries, 1)


async def test_phone_that_hangs_is_given_up_after_the_deadline_and_tried_again(
    house: House, cici: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (0.01,))
    monkeypatch.setattr(courier_module, "SEND_DEADLINE", 0.02)

    budi = await house.pair("HP Budi")

    async def hang(_: Push) -> None:
        if len(budi.pushes) < 3:
            await asyncio.Event().wait()

    budi.take_over(hang)
    await house.set_up(panic_button(), budi.police_device(), cici.police_device())
    await house.press_entity()
    assert len(cici.pushes) == 1
    assert house.state("sensor", "delivery", "HP Budi") == "queued"
    await settle(house)
    assert len(budi.pushes) == 3
    reasons = [row.loaded["reason"] for row in await house.rows("delivery") if row.subject == "hp_budi"]
    assert reasons == ["timeout", None]
    assert house.state("sensor", "delivery", "HP Budi") == "sent"


async def test_push_service_that_hangs_holds_up_nobody_and_is_tried_again(
    aioclient_mock: AiohttpClientMocker, house: House, cici: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (0.01,))
    monkeypatch.setattr(courier_module, "SEND_DEADLINE", 0.02)
    url, asked = "https://push.example.com/v1", Mock()

    async def hang(method: str, url: URL, data: object) -> AiohttpClientMockResponse:
        asked()
        if asked.call_count < 3:
            await asyncio.Event().wait()
        return AiohttpClientMockResponse(method, url, status=201, json={})

    aioclient_mock.post(url, side_effect=hang)  # type: ignore[no-untyped-call]
    budi = await house.pair("HP Budi", app_data={"push_url": url, "push_token": "x"})
    await house.set_up(panic_button(), budi.police_device(), cici.police_device())
    await house.press_entity()
    assert cici.titles == [EMERGENCY]
    await settle(house)
    assert asked.call_count == 3
    assert house.state("sensor", "delivery", "HP Budi") == "sent"


async def test_push_that_hangs_delays_neither_a_new_place_nor_a_new_incident(house: House) -> None:
    budi, go_on = await house.pair("HP Budi"), asyncio.Event()

    async def hang(push: Push) -> None:
        if push is budi.pushes[0]:
            await go_on.wait()

    budi.take_over(hang)
    await house.set_up(panic_button(), panic_button("Blok B", location="Blok B"), budi.police_device())
    await house.call("raise_alarm", drill=True, location="Aula")
    await house.press_entity()
    assert EMERGENCY in budi.titles
    await house.press_entity(title="Blok B")
    assert budi.titles[-1] == "DARURAT: Tombol panik – Pintu Utama, Blok B"
    go_on.set()
    await settle(house)


async def test_hanging_push_of_an_open_incident_does_not_delay_its_new_place(house: House) -> None:
    budi = await house.pair("HP Budi")

    async def hang(push: Push) -> None:
        if push is budi.pushes[0]:
            await asyncio.Event().wait()

    budi.take_over(hang)
    await house.set_up(panic_button(), panic_button("Blok B", location="Blok B"), budi.police_device())
    await house.press_entity()
    assert house.state("sensor", "delivery", "HP Budi") == "queued"
    await house.press_entity(title="Blok B")
    assert budi.titles == [EMERGENCY, "DARURAT: Tombol panik – Pintu Utama, Blok B"]
    assert house.state("sensor", "delivery", "HP Budi") == "sent"


async def test_of_two_phones_of_one_name_both_are_told_one_in_plain_words(house: House) -> None:
    older, newer = await house.pair("HP Piket"), await house.pair("HP Piket")
    await older.connect()
    await newer.connect()
    await house.set_up(panic_button(), older.police_device("Piket 1"), newer.police_device("Piket 2"))
    await house.press_entity()
    assert [phone.titles for phone in (older, newer)] == [[EMERGENCY], [EMERGENCY]]
    assert older.last.data == {}
    assert newer.last.data["channel"] == "alarm_stream"
    assert house.state("sensor", "delivery", "Piket 1") == "sent"
    await newer.answer("GO", await newer.next_push())
    assert "Menuju lokasi: Piket 2" in older.last.message
    await house.call("close_alarm", outcome="resolved")
    assert older.titles[-1] == "Selesai: Tombol panik – Pintu Utama"


async def test_phone_that_vanished_fails_as_missing(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.remove_phone(budi)
    await house.press_entity()
    assert house.state("sensor", "delivery", "HP Budi") == "failed"
    assert house.entity("sensor", "delivery", "HP Budi").attributes["reason"] == "phone_missing"


# --- the alarm does not give up ---


async def wait(house: House, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass with nobody answering."""
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(house.hass)
    await settle(house)


def loud(phone: FakePhone) -> int:
    """Return how often a phone broke the silence."""
    return sum(push.data.get("channel") == "alarm_stream" for push in phone.pushes)


async def test_next_tier_is_told_when_the_first_stays_silent(
    house: House, budi: FakePhone, cici: FakePhone, freezer: FrozenDateTimeFactory
) -> None:
    await house.set_up(panic_button(), budi.police_device(tier=1), cici.police_device(tier=2))
    await house.press_entity()
    await wait(house, freezer, 29)
    assert (loud(budi), loud(cici)) == (1, 0)
    await wait(house, freezer, 2)
    assert (loud(budi), loud(cici)) == (1, 1)
    assert house.state("sensor", "delivery", "HP Cici") == "sent"
    (row,) = await house.rows("escalated")
    assert row.loaded["tier"] == 2


async def test_acknowledged_alarm_goes_to_no_further_tier(
    house: House, budi: FakePhone, cici: FakePhone, freezer: FrozenDateTimeFactory
) -> None:
    await house.set_up(panic_button(), budi.police_device(tier=1), cici.police_device(tier=2))
    await house.press_entity()
    await budi.answer("ACK")
    await wait(house, freezer, 300)
    assert cici.pushes == []
    assert loud(budi) == 1


async def test_alarm_that_nobody_answers_is_told_to_all_again_round_after_round(
    house: House, budi: FakePhone, cici: FakePhone, freezer: FrozenDateTimeFactory
) -> None:
    await house.set_up(panic_button(), budi.police_device(tier=1), cici.police_device(tier=2))
    await house.press_entity()
    await wait(house, freezer, 30)
    for round_ in (1, 2):
        before = loud(budi), loud(cici)
        await wait(house, freezer, 30 if round_ == 1 else 60)
        assert house.entity("event", "alarm").attributes["event_type"] == "unanswered"
        assert loud(budi) > before[0]
        assert loud(cici) > before[1]
    assert len(await house.rows("unanswered")) == 2


async def test_silent_device_is_told_again_while_the_plan_waits(
    house: House, budi: FakePhone, freezer: FrozenDateTimeFactory
) -> None:
    await house.set_up(panic_button(), budi.police_device())
    house.hass.config_entries.async_update_entry(
        house.entry, options={**house.entry.options, "tier_delay": 600, "repeat_interval": 60}
    )
    await house.reload()
    await house.press_entity()
    await wait(house, freezer, 61)
    assert loud(budi) == 2
    assert len({push.tag for push in budi.pushes}) == 1
    await budi.answer("ACK")
    await wait(house, freezer, 61)
    assert loud(budi) == 2


async def test_acknowledged_and_nobody_on_the_way_is_an_alarm_again_and_says_why(
    house: House, budi: FakePhone, cici: FakePhone, freezer: FrozenDateTimeFactory
) -> None:
    await house.set_up(panic_button(), budi.police_device(), cici.police_device(tier=2))
    await house.press_entity()
    await budi.answer("ACK")
    await wait(house, freezer, 601)
    assert house.state("sensor", "alarm_state") == "alarm"
    assert (loud(budi), loud(cici)) == (2, 1)
    assert "belum ada yang menuju lokasi" in budi.last.message
    await budi.answer("GO")
    assert house.state("sensor", "alarm_state") == "responding"
    await wait(house, freezer, 3600)
    assert house.state("sensor", "alarm_state") == "responding"


async def test_plan_of_an_open_incident_is_the_one_at_its_press(
    house: House, budi: FakePhone, cici: FakePhone, freezer: FrozenDateTimeFactory
) -> None:
    await house.set_up(panic_button(), budi.police_device(tier=1), cici.police_device(tier=2))
    await house.press_entity()
    house.hass.config_entries.async_update_entry(house.entry, options={**house.entry.options, "tier_delay": 600})
    await house.reload()
    await wait(house, freezer, 31)
    assert loud(cici) == 1


@pytest.mark.parametrize("away", [10, 45, 3600])
async def test_plan_goes_on_at_its_stored_times_after_a_restart(
    house: House, budi: FakePhone, cici: FakePhone, freezer: FrozenDateTimeFactory, away: float
) -> None:
    await house.set_up(panic_button(), budi.police_device(tier=1), cici.police_device(tier=2))
    await house.press_entity()
    await house.switch_off()
    freezer.tick(timedelta(seconds=away))
    await house.set_up_again()
    await wait(house, freezer, 0)
    assert [row.kind for row in await house.rows("escalated")] == (["escalated"] if away > 30 else [])
    await wait(house, freezer, 31 - away if away < 30 else 1)
    assert len(await house.rows("escalated")) == 1
    assert len(await house.rows("unanswered")) == (1 if away > 60 else 0)
    assert loud(cici) >= 1


async def test_unloaded_facility_takes_no_step(house: House, budi: FakePhone, freezer: FrozenDateTimeFactory) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    await house.unload()
    await wait(house, freezer, 3600)
    assert loud(budi) == 1
    assert await house.rows("unanswered") == []


# --- after a reload or restart ---


async def test_incident_goes_on_after_a_reload(house: House, budi: FakePhone, cici: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device(), cici.police_device())
    await house.press_entity()
    await budi.answer("GO")
    before = house.facility.alarm.incident
    told = {phone.name: len(phone.pushes) for phone in (budi, cici)}
    await house.reload()
    assert house.facility.alarm.incident == before
    assert len(budi.pushes) == told["HP Budi"]
    assert len(cici.pushes) == told["HP Cici"]
    assert [row.kind for row in await house.rows("raised")] == ["raised"]


async def test_deliveries_are_shown_after_a_reload(house: House, budi: FakePhone, cici: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device(), cici.police_device())
    await house.press_entity()
    await budi.answer("GO")
    await house.reload()
    assert house.state("sensor", "delivery", "HP Budi") == "acknowledged"
    assert house.state("sensor", "delivery", "HP Cici") == "sent"


async def test_entities_show_the_incident_after_a_reload(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    await budi.answer("GO")
    before = house.entity("sensor", "alarm_state")
    await house.reload()
    assert house.state("sensor", "alarm_state") == "responding"
    assert house.entity("sensor", "alarm_state").attributes == before.attributes
    assert house.state("binary_sensor", "alarm") == "on"
    assert house.state("sensor", "acknowledgement_time") != "unknown"


async def test_answer_to_a_push_from_before_the_reload_counts(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    first = budi.last
    await house.reload()
    await budi.answer("HERE", first)
    assert house.state("sensor", "alarm_state") == "on_scene"


async def test_incident_goes_on_after_a_restart_and_many_reloads(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    before = house.facility.alarm.incident
    await house.restart()
    for _ in range(3):
        await house.reload()
    assert house.facility.alarm.incident == before
    assert len({push.tag for push in budi.pushes}) == 1
    await budi.answer("ACK")
    pushes = len(budi.pushes)
    await house.restart()
    assert len(budi.pushes) == pushes


async def test_closed_incident_stays_closed_and_its_times_are_kept(
    house: House, budi: FakePhone, freezer: FrozenDateTimeFactory
) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    freezer.tick(timedelta(seconds=42))
    await budi.answer("HERE")
    await house.call("close_alarm", outcome="resolved")
    await settle(house)
    pushes = len(budi.pushes)
    await house.restart()
    assert house.state("sensor", "alarm_state") == "normal"
    assert len(budi.pushes) == pushes
    assert house.facility.alarm.latest is not None
    assert house.facility.alarm.latest.arrived_at is not None


async def test_device_added_during_the_incident_is_told(house: House, budi: FakePhone, cici: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    await budi.answer("ACK")
    pushes = len(budi.pushes)
    await house.add_part(cici.police_device())
    assert cici.titles == [EMERGENCY]
    assert "Diterima: HP Budi" in cici.last.message
    assert len(budi.pushes) == pushes


async def test_device_that_gets_another_phone_during_the_incident_is_told_anew(
    house: House, budi: FakePhone, cici: FakePhone
) -> None:
    await house.set_up(panic_button(), budi.police_device("Piket"))
    await house.press_entity()
    await budi.answer("ACK")
    piket = house.entry.subentries["piket"]
    house.hass.config_entries.async_update_subentry(house.entry, piket, data={**piket.data, "device_id": cici.id})
    await house.hass.async_block_till_done()
    assert cici.titles == [EMERGENCY]
    assert cici.last.data["channel"] == "alarm_stream"
    await cici.answer("HERE")
    assert house.state("sensor", "alarm_state") == "on_scene"


async def test_device_removed_during_the_incident_is_left_alone_and_its_answers_refused(
    house: House, budi: FakePhone, cici: FakePhone
) -> None:
    await house.set_up(panic_button(), budi.police_device(), cici.police_device())
    await house.press_entity()
    shown = cici.last
    await house.remove_part("HP Cici")
    pushes = len(cici.pushes)
    await cici.answer("GO", shown)
    await budi.answer("ACK")
    assert house.state("sensor", "alarm_state") == "acknowledged"
    assert len(cici.pushes) == pushes
    assert len(await house.rows("answer_refused")) == 1


async def test_end_that_a_phone_has_not_seen_is_brought_after_a_restart(house: House, cici: FakePhone) -> None:
    away = asyncio.Event()

    async def fail(_: Push) -> None:
        if away.is_set():
            raise HomeAssistantError("not connected")

    budi = await house.pair("HP Budi")
    budi.take_over(fail)
    await house.set_up(panic_button(), budi.police_device(), cici.police_device())
    await house.press_entity()
    away.set()
    await house.call("close_alarm", outcome="false_alarm")
    await house.unload()
    away.clear()
    budi.pushes.clear()
    cici.pushes.clear()
    await house.set_up_again()
    assert budi.titles == ["clear_notification", "Selesai: Tombol panik – Pintu Utama"]
    assert cici.titles == []


async def test_last_response_is_known_after_a_reload(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    await budi.answer("ACK")
    before = house.facility.police.last_response["hp_budi"]
    await house.reload()
    assert (house.facility.police.last_response["hp_budi"] - before) < timedelta(seconds=1)


async def test_last_response_of_an_earlier_incident_is_known_after_a_reload(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    await budi.answer("ACK")
    await house.call("close_alarm", outcome="resolved")
    await house.press_entity()
    await house.reload()
    assert house.state("sensor", "last_response", "HP Budi") != "unknown"


async def test_desk_answers_only_for_its_open_incident(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    device = house.facility.police.devices["hp_budi"]
    house.facility.alarm.answered("nothing open", device, Answer.GO)
    await house.press_entity()
    house.facility.alarm.answered("another", device, Answer.GO)
    assert house.state("sensor", "alarm_state") == "alarm"


# --- a damaged journal ---


def damage(house: House, sql: str, *values: object) -> None:
    """Alter the journal behind its back."""
    with closing(sqlite3.connect(house.journal_path)) as database:
        database.execute("DROP TRIGGER records_no_update")
        database.execute("DROP TRIGGER records_no_delete")
        database.execute(sql, values)
        database.commit()


GARBAGE = ["", "garbage", "[]", "null", "7", '{"a":', "\x00\xff", "[" * 100_000]
NO_EVENT = ["{}", '{"actor":7,"drill":false,"message":""}']


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        *product(("raised", "acknowledged", "delivery", "reading"), GARBAGE),
        *product(("raised", "acknowledged", "delivery"), NO_EVENT),
    ],
    ids=lambda value: value[:20],
)
async def test_alarm_works_with_a_damaged_record(
    hass: HomeAssistant, house: House, budi: FakePhone, kind: str, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    hass.states.async_set("switch.gate", "off")
    await house.set_up(
        panic_button(), panic_button("Blok B", entity_id="switch.gate", location="Blok B"), budi.police_device()
    )
    await house.press_entity()
    await budi.answer("ACK")
    await house.switch_off()
    damage(house, "UPDATE records SET body = ? WHERE kind = ?", body, kind)
    await house.set_up_again()
    assert "of the journal" in caplog.text
    budi.pushes.clear()
    hass.states.async_set("switch.gate", "on")
    assert len(budi.pushes) == 1
    await turns()
    assert house.state("sensor", "alarm_state") in ("alarm", "acknowledged")


@pytest.mark.parametrize("path", ["$.press.location", "$.actor.name", "$.message", "$.press.at", "$.drill"])
@pytest.mark.parametrize("value", ["[7]", "null", '"2026-11-23T03:00:00"'])
async def test_alarm_works_with_a_record_of_wrong_types(house: House, budi: FakePhone, path: str, value: str) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.call("raise_alarm", location="Aula", message="Dua orang")
    await house.call("respond", response="acknowledged", officer="Aipda Budi")
    await house.switch_off()
    damage(house, "UPDATE records SET body = json_replace(body, ?, json(?)) WHERE incident IS NOT NULL", path, value)
    await house.set_up_again()
    budi.pushes.clear()
    await house.press_entity()
    assert len(budi.pushes) == 1
