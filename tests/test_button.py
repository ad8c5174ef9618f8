"""The buttons."""

from datetime import timedelta
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.rutan_blora.alarm.escalation import DRILL_TIME
from custom_components.rutan_blora.patrol.check_in import Evidence
from demo.phone import Push
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er

from .common import ENTRY_ID, House, checkpoint, panic_button, police_phone
from .visits import visits

pytest_plugins = ("tests.fixtures",)


async def test_buttons_at_rest(
    hass: HomeAssistant,
    house: House,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2026-11-23T03:00:00+00:00")
    with patch("custom_components.rutan_blora.PLATFORMS", [Platform.BUTTON]):
        await house.set_up(panic_button(), police_phone("HP Budi", "gone"), checkpoint())
        await snapshot_platform(hass, entity_registry, snapshot, ENTRY_ID)


@pytest.mark.parametrize("source", [{}, {"entity_id": "switch.gate"}, {"webhook_id": "a" * 64}])
async def test_every_panic_button_can_be_pressed_in_home_assistant(house: House, source: dict[str, str]) -> None:
    await house.set_up(panic_button(**source, kind="escape"))
    await house.press_entity()
    assert house.state("sensor", "alarm_state") == "alarm"
    assert house.entity("sensor", "alarm_state").attributes["kind"] == "escape"


async def test_user_who_presses_is_on_record(house: House) -> None:
    slamet = await house.user("Slamet")
    await house.set_up(panic_button())
    await house.press_entity(user=slamet)
    (raised,) = await house.rows("raised")
    assert raised.subject == "gerbang"
    assert raised.loaded["actor"] == {"origin": "user", "id": slamet.id, "name": "Slamet"}


async def test_automation_that_presses_is_on_record_as_such(house: House) -> None:
    await house.set_up(panic_button())
    await house.press_entity()
    (raised,) = await house.rows("raised")
    assert raised.loaded["actor"] == {"origin": "service", "id": None, "name": ""}


async def test_press_after_that_of_a_user_is_not_taken_for_his(house: House) -> None:
    slamet = await house.user("Slamet")
    await house.set_up(panic_button())
    await house.press_entity(user=slamet)
    await house.press_entity()
    (again,) = await house.rows("pressed_again")
    assert again.loaded["actor"]["origin"] == "service"


async def test_acknowledge_acknowledges_in_the_name_of_the_user(house: House) -> None:
    budi = await house.user("Aipda Budi")
    await house.set_up(panic_button())
    await house.press_entity()
    await house.press_entity("acknowledge", None, user=budi)
    assert house.state("sensor", "alarm_state") == "acknowledged"
    (responder,) = house.entity("sensor", "alarm_state").attributes["responders"]
    assert responder["name"] == "Aipda Budi"


async def test_acknowledge_without_an_incident_is_refused_in_plain_words(house: House) -> None:
    await house.set_up(panic_button())
    with pytest.raises(ServiceValidationError) as caught:
        await house.press_entity("acknowledge", None)
    assert (caught.value.translation_domain, caught.value.translation_key) == ("rutan_blora", "no_open_incident")


# --- the drill ---


async def test_drill_is_a_drill_by_whoever_starts_it(house: House) -> None:
    slamet = await house.user("Slamet")
    budi = await house.pair_taken_over("HP Budi")
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity("drill", None, user=slamet)
    assert budi.last.title == "LATIHAN: Tombol panik – Rutan Blora"
    (raised,) = await house.rows("raised")
    assert raised.loaded["actor"]["name"] == "Slamet"
    await house.press_entity()
    with pytest.raises(ServiceValidationError, match="A drill cannot start"):
        await house.press_entity("drill", None)


async def test_drill_that_nobody_closes_ends_by_itself(house: House, freezer: FrozenDateTimeFactory) -> None:
    await house.set_up(panic_button())
    await house.press_entity("drill", None)
    freezer.tick(timedelta(seconds=DRILL_TIME + 1))
    # Overdue by then: the round that nobody answered, then the end.
    for _ in range(2):
        async_fire_time_changed(house.hass)
        await house.hass.async_block_till_done()
    for _ in range(40):
        freezer.tick(timedelta(seconds=31))
        async_fire_time_changed(house.hass)
        await house.hass.async_block_till_done()
    assert house.state("sensor", "alarm_state") == "normal"
    (closed,) = await house.rows("closed")
    assert (closed.loaded["outcome"], closed.loaded["actor"]["origin"]) == ("drill", "plan")
    assert house.state("sensor", "acknowledgement_time") == "unknown"


# --- the test of a device ---


async def test_device_is_tested_with_what_is_plainly_no_alarm(house: House) -> None:
    budi = await house.pair_taken_over("HP Budi")
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity("test", "HP Budi")
    assert budi.last.title == "UJI COBA: Rutan Blora"
    assert "Bukan keadaan darurat" in budi.last.message
    assert house.state("sensor", "alarm_state") == "normal"
    shown = house.entity("binary_sensor", "reachable", "HP Budi").attributes
    assert (shown["test"], shown["reason"]) == ("sent", None)
    await budi.confirm()
    assert house.entity("binary_sensor", "reachable", "HP Budi").attributes["test"] == "delivered"
    await budi.answer("ACK")
    assert house.entity("binary_sensor", "reachable", "HP Budi").attributes["test"] == "acknowledged"
    assert house.state("sensor", "alarm_state") == "normal"
    assert await house.rows("answer_refused") == []


async def test_test_that_fails_says_why_and_shows_the_device_unreached_until_one_works(house: House) -> None:
    budi = await house.pair("HP Budi", app_data={"push_url": "http://127.0.0.1:9/push", "push_token": "token"})
    await house.set_up(panic_button(), budi.police_device())
    assert house.state("binary_sensor", "police_reachable") == "on"

    async def refuse(_: Push) -> None:
        raise HomeAssistantError("refused")

    budi.take_over(refuse)
    with pytest.raises(HomeAssistantError) as caught:
        await house.press_entity("test", "HP Budi")
    assert caught.value.translation_key == "test_failed"
    assert caught.value.translation_placeholders == {"name": "HP Budi", "reason": "push_refused"}
    await house.hass.async_block_till_done()
    assert house.state("binary_sensor", "reachable", "HP Budi") == "off"
    assert house.state("binary_sensor", "police_reachable") == "off"
    budi.take_over()
    await house.press_entity("test", "HP Budi")
    assert house.state("binary_sensor", "reachable", "HP Budi") == "on"
    assert house.state("binary_sensor", "police_reachable") == "on"


async def test_nothing_is_tested_while_an_alarm_is_open(house: House) -> None:
    budi = await house.pair_taken_over("HP Budi")
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    with pytest.raises(ServiceValidationError, match="An alarm is open"):
        await house.press_entity("test", "HP Budi")
    assert len(budi.pushes) == 1


# --- visits ---


async def test_check_in_and_out_are_a_visit_of_nobody_known_by_whoever_presses(house: House) -> None:
    slamet = await house.user("Slamet")
    await house.set_up(checkpoint(), checkpoint("Menara"))
    await house.press_entity("check_in", "Pos utama", user=slamet)
    (visit,) = visits(house)
    assert (visit.officers, visit.evidence, visit.is_open) == ((), Evidence.BUTTON, True)
    with pytest.raises(ServiceValidationError) as caught:
        await house.press_entity("check_out", "Menara")
    assert caught.value.translation_key == "no_open_visit"
    await house.press_entity("check_out", "Pos utama", user=slamet)
    (visit,) = visits(house)
    assert not visit.is_open
    rows = await house.rows("visit_checked_in", "visit_checked_out")
    assert [row.loaded["actor"]["name"] for row in rows] == ["Slamet", "Slamet"]


async def test_countersign_without_a_visit_is_refused_in_plain_words(house: House) -> None:
    await house.set_up(checkpoint())
    with pytest.raises(ServiceValidationError) as caught:
        await house.press_entity("countersign", None)
    assert caught.value.translation_key == "no_such_visit"
