"""One thing breaks: the others are told as if nothing was, what is wrong is shown, nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import timedelta
import logging
from typing import Any
from urllib.parse import quote

from aiohttp import web
from aiohttp.test_utils import TestServer
from freezegun.api import FrozenDateTimeFactory
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from sqlalchemy import event
from yarl import URL

from custom_components.rutan_blora.actor import Actor, Origin
from custom_components.rutan_blora.alarm.incident import Kind
from custom_components.rutan_blora.police import courier as courier_module, delivery as delivery_module
from homeassistant.config_entries import ConfigEntryDisabler, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component

from .broker import PATIENCE, Broker, Post
from .common import ENTRY_ID, FakePhone, House, panic_button, police_device, turns, until

pytest_plugins = ("tests.fixtures", "tests.mqtt")

EMERGENCY = "DARURAT: Tombol panik – Pintu Utama"
GUARD = Actor(origin=Origin.USER, id="guard", name="Slamet")
SECRET = "a secret of sixteen"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait ten seconds for a deadline, and everybody a minute for the next try."""
    monkeypatch.setattr(courier_module, "SEND_DEADLINE", 0.1)
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (60.0,))


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give the phone of an officer to whom nothing happens."""
    return await house.pair_taken_over("HP Budi")


# --- a channel breaks ---


async def hang(_: Any) -> None:
    """Take for ever."""
    await asyncio.sleep(60)


async def refuse(_: Any) -> None:
    """Refuse as an integration does."""
    raise HomeAssistantError("refused")


async def go_wrong(_: Any) -> None:
    """Fail as no integration should."""
    raise ValueError("boom")


type Action = Callable[[ServiceCall], Coroutine[Any, Any, None]]


def break_action(hass: HomeAssistant, domain: str, action: str, behave: Action) -> None:
    """Let the action of an integration behave like that."""
    hass.services.async_register(domain, action, behave)


@pytest.mark.parametrize(("behave", "reason"), [(hang, "timeout"), (refuse, "notify_refused"), (go_wrong, "error")])
async def test_notify_entity_that_breaks_touches_nobody_else(
    hass: HomeAssistant, house: House, budi: FakePhone, behave: Action, reason: str
) -> None:
    hass.states.async_set("notify.spkt", "unknown")
    break_action(hass, "notify", "send_message", behave)
    await check_fault(house, budi, police_device("Pos", "notify", entity_id="notify.spkt"), reason)


@pytest.mark.parametrize(("behave", "reason"), [(hang, "timeout"), (refuse, "annunciator_failed"), (go_wrong, "error")])
async def test_siren_that_breaks_touches_nobody_else(
    hass: HomeAssistant, house: House, budi: FakePhone, behave: Action, reason: str
) -> None:
    hass.states.async_set("siren.post", "off", {"supported_features": 3})
    break_action(hass, "siren", "turn_on", behave)
    await check_fault(house, budi, police_device("Pos", "annunciator", entity_ids=["siren.post"], duration=0), reason)


async def check_fault(house: House, budi: FakePhone, part: ConfigSubentryDataWithId, reason: str) -> None:
    """Press, and look at what everybody saw, what is shown and what is on record."""
    await house.set_up(panic_button(), part, budi.police_device())
    house.facility.buttons.press("gerbang")
    # Nothing was awaited yet.
    assert budi.titles == [EMERGENCY]
    await until(lambda: house.state("sensor", "delivery", "Pos") == "failed", within=10)
    assert house.entity("sensor", "delivery", "Pos").attributes["reason"] == reason
    assert house.state("sensor", "delivery", "HP Budi") == "sent"
    assert house.state("binary_sensor", "reachable", "Pos") == "off"
    assert house.entity("event", "alarm").attributes["event_type"] == "delivery_failed"
    failed = [row.loaded["reason"] for row in await house.rows("delivery") if row.subject == "pos"]
    assert failed == [reason]
    await budi.answer("GO")
    assert house.state("sensor", "alarm_state") == "responding"


# --- a web service breaks ---


async def rubbish(_: web.Request) -> web.Response:
    return web.Response(status=200, body=b"\xff}{" * 1000)


async def broken(_: web.Request) -> web.Response:
    return web.Response(status=500)


async def elsewhere(_: web.Request) -> web.Response:
    return web.Response(status=307, headers={"Location": "http://127.0.0.1:9/"})


async def never(_: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


@pytest.fixture
async def serve(socket_enabled: None) -> AsyncIterator[Callable[[Any], Awaitable[str]]]:
    """Give a way to serve one page."""
    servers: list[TestServer] = []

    async def start(page: Any) -> str:
        app = web.Application()
        app.router.add_post("/", page)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        return str(server.make_url("/"))

    yield start
    for server in servers:
        await server.close()


@pytest.mark.parametrize(
    ("page", "reason"), [(broken, "webhook_status"), (elsewhere, "webhook_redirected"), (never, "timeout")]
)
async def test_web_service_that_breaks_touches_nobody_else(
    house: House, budi: FakePhone, serve: Callable[[Any], Awaitable[str]], page: Any, reason: str
) -> None:
    await check_fault(house, budi, police_device("Pos", "webhook", url=await serve(page), secret=SECRET), reason)


async def test_web_service_that_is_gone_touches_nobody_else(
    house: House, budi: FakePhone, socket_enabled: None
) -> None:
    part = police_device("Pos", "webhook", url="http://127.0.0.1:9/", secret=SECRET)
    await check_fault(house, budi, part, "webhook_unreachable")


async def test_web_service_that_talks_rubbish_has_it_all_the_same(
    house: House, budi: FakePhone, serve: Callable[[Any], Awaitable[str]]
) -> None:
    await house.set_up(
        panic_button(), police_device("Pos", "webhook", url=await serve(rubbish), secret=SECRET), budi.police_device()
    )
    await house.press_entity()
    await until(lambda: house.state("sensor", "delivery", "Pos") == "delivered")


# --- the broker stops and comes back ---


async def test_broker_that_stops_in_the_middle_is_told_when_it_is_back(
    broker: Broker, mqtt: MockConfigEntry, house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (0.1,))
    monkeypatch.setattr(courier_module, "SEND_DEADLINE", 5)
    polres = Post(broker, "polres/spkt")
    await polres.join()
    await house.set_up(panic_button(), police_device("Pos", "mqtt", topic="polres/spkt"), budi.police_device())
    await polres.hears("availability")
    await broker.stop()
    await until(lambda: house.facility.police.is_reachable("pos") is False, within=PATIENCE)
    house.facility.buttons.press("gerbang")
    assert budi.titles == [EMERGENCY]
    await until(lambda: house.state("sensor", "delivery", "Pos") == "failed", within=PATIENCE)
    assert house.entity("sensor", "delivery", "Pos").attributes["reason"] == "mqtt_disconnected"
    await polres.leave()
    await broker.start()
    polres = Post(broker, "polres/spkt")
    await polres.join()
    told = (await polres.hears("event", lambda message: message.json["open"])).json
    assert told["title"] == EMERGENCY
    assert (await polres.hears("state")).json["title"] == EMERGENCY
    await until(lambda: house.state("sensor", "delivery", "Pos") == "sent", within=PATIENCE)
    await polres.hears("availability", lambda message: message.payload == b"online")
    await polres.command({"answer": "GO", "token": told["token"], "officer": "Aipda Cici"})
    await until(lambda: house.state("sensor", "alarm_state") == "responding", within=PATIENCE)
    (responder,) = house.entity("sensor", "alarm_state").attributes["responders"]
    assert responder["name"] == "Aipda Cici – Pos"
    await polres.leave()


async def test_post_cannot_answer_with_the_token_of_another(
    broker: Broker, mqtt: MockConfigEntry, house: House, budi: FakePhone
) -> None:
    polres = Post(broker, "polres/spkt")
    await polres.join()
    await house.set_up(panic_button(), police_device("Pos", "mqtt", topic="polres/spkt"), budi.police_device())
    await polres.hears("availability")
    await house.press_entity()
    token = budi.last.key("ACK").removeprefix("RUTAN_ACK_")
    await polres.command({"answer": "ACK", "token": token})
    await until(lambda: house.facility.police._refusals != [], within=PATIENCE)
    assert house.state("sensor", "alarm_state") == "alarm"
    (refused,) = await house.rows("answer_refused")
    assert refused.loaded == {"answer": "ACK", "police_device": "pos"}
    await polres.leave()


# --- a device goes in the middle of an alarm ---


async def sounding_house(hass: HomeAssistant, house: House) -> None:
    """Give a house whose siren sounds."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"siren": {}}})
    part = police_device("Pos", "annunciator", entity_ids=["input_boolean.siren"], duration=0)
    await house.set_up(panic_button(), part)
    await house.press_entity()
    await until(lambda: is_on(hass, "input_boolean.siren"))


def is_on(hass: HomeAssistant, entity_id: str) -> bool:
    """Tell whether an entity is on."""
    state = hass.states.get(entity_id)
    return state is not None and state.state == "on"


@pytest.mark.parametrize("reloaded", [False, True])
async def test_siren_that_is_no_police_device_any_more_is_switched_off(
    hass: HomeAssistant, house: House, *, reloaded: bool
) -> None:
    await sounding_house(hass, house)
    if reloaded:
        await house.reload()
        assert is_on(hass, "input_boolean.siren")
    await house.remove_part("Pos")
    await until(lambda: not is_on(hass, "input_boolean.siren"))
    assert house.state("sensor", "alarm_state") == "alarm"


@pytest.mark.parametrize("end", ["disable", "remove"])
async def test_siren_of_a_facility_that_is_over_is_switched_off(hass: HomeAssistant, house: House, end: str) -> None:
    await sounding_house(hass, house)
    if end == "disable":
        await hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    else:
        await hass.config_entries.async_remove(ENTRY_ID)
    await until(lambda: not is_on(hass, "input_boolean.siren"))


async def test_phone_that_is_no_police_device_any_more_loses_the_alarm_quietly(house: House, budi: FakePhone) -> None:
    cici = await house.pair_taken_over("HP Cici")
    await house.set_up(panic_button(), budi.police_device(), cici.police_device())
    await house.press_entity()
    await house.remove_part("HP Budi")
    await house.hass.async_block_till_done(wait_background_tasks=True)
    shown, clear, word = budi.pushes
    assert clear.clears
    assert clear.tag == shown.tag
    assert word.buttons == {}
    assert len(cici.pushes) == 1


async def test_post_hears_that_it_is_no_police_device_any_more(
    broker: Broker, mqtt: MockConfigEntry, house: House
) -> None:
    polres = Post(broker, "polres/spkt")
    await polres.join()
    await house.set_up(panic_button(), police_device("Pos", "mqtt", topic="polres/spkt"))
    await polres.hears("availability")
    await house.remove_part("Pos")
    await polres.hears("availability", lambda message: message.payload == b"offline")
    await polres.leave()


# --- the disk breaks ---


@pytest.mark.parametrize(
    ("pragma", "error"),
    [("max_page_count = 1", "full"), ("query_only = ON", "readonly")],
    ids=["disk full", "read-only"],
)
async def test_disk_that_takes_nothing_delays_no_push_and_all_is_written_when_it_does_again(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch, pragma: str, error: str
) -> None:
    monkeypatch.setattr("custom_components.rutan_blora.journal.store.RETRY", 0.05)
    await house.set_up(panic_button(), budi.police_device())
    engine = house.facility.kept.journal._engine

    def break_(connection: Any, _: object) -> None:
        connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", break_)
    engine.dispose()
    house.facility.buttons.press("gerbang")
    # Long enough for a file of one page to have no room left.
    for number in range(200):
        house.facility.alarm.press(GUARD, location=f"Blok {number} {'x' * 60}", kind=Kind.RIOT)
    assert budi.titles[0] == EMERGENCY
    await until(lambda: house.state("binary_sensor", "journal") == "on", within=10)
    assert error in (house.facility.kept.journal_error or "")
    event.remove(engine, "connect", break_)
    engine.dispose()
    await until(lambda: house.state("binary_sensor", "journal") == "off", within=10)
    assert len(await house.rows("raised", "location_added")) == 201


# --- the clock jumps ---


@pytest.mark.parametrize("hours", [1, -1])
async def test_clock_that_jumps_neither_silences_nor_floods(
    house: House, budi: FakePhone, freezer: FrozenDateTimeFactory, hours: int
) -> None:
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    freezer.tick(timedelta(hours=hours))
    await house.reload()
    async_fire_time_changed(house.hass)
    await house.hass.async_block_till_done(wait_background_tasks=True)
    jumped = len(budi.pushes)
    assert jumped <= 3
    for _ in range(2):
        freezer.tick(timedelta(seconds=61))
        async_fire_time_changed(house.hass)
        await house.hass.async_block_till_done(wait_background_tasks=True)
    assert jumped < len(budi.pushes) <= jumped + 6


# --- anybody may send anything ---

ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.lists(st.text(), max_size=3)
    | st.from_regex(r"RUTAN_(ACK|GO|HERE|CLOSE)_[0-9a-fA-F]{30,34}", fullmatch=True)
)
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def alarmed(house: House, budi: FakePhone, caplog: pytest.LogCaptureFixture) -> House:
    """Give a house with an open alarm, and a log that is looked at."""
    caplog.set_level(logging.WARNING)
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    await turns()
    caplog.clear()
    return house


@FUZZ
@given(action=ANYTHING, key=ANYTHING, name=st.sampled_from(["notification_action", "notification_received"]))
async def test_no_event_of_a_phone_is_believed_or_breaks_anything(
    alarmed: House, caplog: pytest.LogCaptureFixture, action: object, key: object, name: str
) -> None:
    alarmed.hass.bus.async_fire(f"mobile_app_{name}", {"action": action, "action_1_key": key})
    await turns()
    assert alarmed.state("sensor", "alarm_state") == "alarm"
    assert [record.message for record in caplog.records if "rutan_blora" in record.name] == []


@FUZZ
@given(
    answer=st.sampled_from(["ACK", "GO", "HERE"]) | st.text("abcXYZ0%.", min_size=1, max_size=8),
    token=st.text("0123456789abcdef", min_size=32, max_size=32) | st.text("abc%./ü", min_size=1, max_size=40),
    body=st.binary(max_size=200) | st.just(b'{"officer": "Budi"}'),
)
async def test_no_answer_url_that_was_guessed_is_believed_or_breaks_anything(
    alarmed: House, caplog: pytest.LogCaptureFixture, answer: str, token: str, body: bytes
) -> None:
    client = await alarmed.client()
    path = f"/api/rutan_blora/answer/{quote(answer, safe='')}/{quote(token, safe='')}"
    async with client.post(URL(path, encoded=True), data=body) as response:
        assert response.status in (400, 404, 429)
    assert alarmed.state("sensor", "alarm_state") == "alarm"
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
