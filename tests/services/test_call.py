"""A call of an action: the facility that is meant may be away, or be none."""

import asyncio

import pytest

from custom_components.rutan_blora import reloads
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from ..common import ENTRY_ID, House, panic_button

pytest_plugins = ("tests.fixtures",)


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a call not wait long for a facility that is away."""
    monkeypatch.setattr(reloads, "RELOAD_DEADLINE", 0.01)


@pytest.mark.usefixtures("hurry")
async def test_facility_that_is_not_loaded_is_said_so_after_a_while(house: House) -> None:
    await house.set_up()
    await house.unload()
    with pytest.raises(ServiceValidationError) as caught:
        await house.call("raise_alarm")
    assert caught.value.translation_key == "service_config_entry_not_loaded"


async def test_facility_that_is_disabled_is_said_so_at_once(hass: HomeAssistant, house: House) -> None:
    await house.set_up()
    await hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    with pytest.raises(ServiceValidationError) as caught:
        async with asyncio.timeout(1):
            await house.call("raise_alarm")
    assert caught.value.translation_key == "service_config_entry_not_loaded"


async def test_facility_that_nobody_knows_is_said_so_at_once(house: House) -> None:
    await house.set_up()
    with pytest.raises(ServiceValidationError) as caught:
        async with asyncio.timeout(1):
            await house.call("raise_alarm", config_entry_id="unknown")
    assert caught.value.translation_key == "service_config_entry_not_found"


async def test_entry_of_another_integration_is_no_facility(house: House) -> None:
    phone = await house.pair("HP Budi")
    await house.set_up(panic_button())
    other = house.phone_entry(phone)
    with pytest.raises(ServiceValidationError) as caught:
        async with asyncio.timeout(1):
            await house.call("raise_alarm", config_entry_id=other.entry_id)
    assert caught.value.translation_key == "service_config_entry_wrong_domain"


@pytest.mark.parametrize("action", ["raise_alarm", "respond", "close_alarm"])
async def test_call_during_a_reload_waits_for_it(house: House, action: str) -> None:
    data = {"respond": {"response": "responding"}, "close_alarm": {"outcome": "resolved"}}.get(action, {})
    await house.set_up()
    await house.call("raise_alarm")
    async with house.reloading():
        calling = house.hass.async_create_task(house.call(action, **data))
        await asyncio.sleep(0)
        assert not calling.done()
    assert (await calling)["incident_id"]
    assert len(await house.rows("raised")) == 1


async def test_actions_are_there_before_any_facility(hass: HomeAssistant, house: House) -> None:
    await house.set_up()
    await hass.config_entries.async_remove(ENTRY_ID)
    assert set(hass.services.async_services_for_domain("rutan_blora")) >= {"raise_alarm", "respond", "close_alarm"}
