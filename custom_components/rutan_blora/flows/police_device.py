"""The flow of a police device."""

from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_DEVICE_ID, CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import DeviceFilterSelectorConfig, DeviceSelector, DeviceSelectorConfig

from ..const import (
    CONF_CHANNEL,
    CONF_LANGUAGE,
    CONF_NRP,
    CONF_OFFICER,
    CONF_RANK,
    CONF_UNIT,
    SUBENTRY_POLICE_DEVICE,
    ChannelType,
)
from ..police.channels.phone import MOBILE_APP, can_push, find_registration
from .forms import LANGUAGE, TEXT, SubentryFlow, clean, name_error, text_error

SECTION_OFFICER: Final = "officer_details"

_OFFICER_FIELDS: Final = (CONF_OFFICER, CONF_RANK, CONF_NRP, CONF_UNIT)
_PHONE: Final = DeviceSelector(DeviceSelectorConfig(filter=DeviceFilterSelectorConfig(integration=MOBILE_APP)))
_OFFICER: Final = section(vol.Schema({vol.Optional(field): TEXT for field in _OFFICER_FIELDS}), {"collapsed": True})


def _phone_schema(language: str) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TEXT,
            vol.Required(CONF_DEVICE_ID): _PHONE,
            vol.Required(CONF_LANGUAGE, default=language): LANGUAGE,
            vol.Optional(SECTION_OFFICER): _OFFICER,
        }
    )


class PoliceDeviceFlow(SubentryFlow):
    """Add or change a police device."""

    async def async_step_user(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask how the device is reached."""
        return self.async_show_menu(step_id="user", menu_options=[channel.value for channel in ChannelType])

    async def async_step_reconfigure(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the form the device was made with."""
        return await self.async_step_phone()

    async def async_step_phone(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a phone with Home Assistant's companion app."""
        if user_input is None:
            return self._async_show(self.stored(SECTION_OFFICER), {})
        name = clean(user_input[CONF_NAME])
        data = _data(user_input)
        if errors := _errors(self.hass, name, data):
            return self._async_show(user_input, errors)
        return self.async_save(name, data, f"{SUBENTRY_POLICE_DEVICE}_{data[CONF_DEVICE_ID]}")

    @callback
    def _async_show(self, values: dict[str, Any] | None, errors: dict[str, str]) -> SubentryFlowResult:
        schema = _phone_schema(self._get_entry().options[CONF_LANGUAGE])
        return self.async_show(ChannelType.PHONE, schema, values, errors)


def _data(user_input: dict[str, Any]) -> dict[str, Any]:
    """Return what is stored of what was typed."""
    officer = user_input.get(SECTION_OFFICER, {})
    return {
        CONF_CHANNEL: ChannelType.PHONE.value,
        CONF_DEVICE_ID: user_input[CONF_DEVICE_ID],
        CONF_LANGUAGE: user_input[CONF_LANGUAGE],
        **{field: clean(officer.get(field, "")) for field in _OFFICER_FIELDS},
    }


@callback
def _errors(hass: HomeAssistant, name: str, data: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong, by field; the dialog shows no error inside a section, only above it."""
    found = {CONF_NAME: name_error(name), CONF_DEVICE_ID: _phone_error(hass, data[CONF_DEVICE_ID])}
    details = (text_error(data[field]) for field in _OFFICER_FIELDS)
    found[SECTION_OFFICER] = next((error for error in details if error is not None), None)
    return {field: error for field, error in found.items() if error is not None}


@callback
def _phone_error(hass: HomeAssistant, device_id: str) -> str | None:
    """Return why a device cannot be told, None if it can; the selector's filter binds only the browser."""
    if (registration := find_registration(hass, device_id)) is None:
        return "phone_unknown"
    return None if can_push(registration) else "no_push"
