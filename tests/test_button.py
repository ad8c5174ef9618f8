"""The buttons."""

from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er

from .common import ENTRY_ID, House, panic_button, police_phone

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
        await house.set_up(panic_button(), police_phone("HP Budi", "gone"))
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
