"""The flow of a police device."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import BooleanSelector

from ..const import (
    CONF_CHANNEL,
    CONF_DUTY_ENTITY_ID,
    CONF_GATE,
    CONF_LANGUAGE,
    CONF_NRP,
    CONF_OFFICER,
    CONF_RANK,
    CONF_TIER,
    CONF_UNIT,
    FIRST_TIER,
    LAST_TIER,
    SUBENTRY_POLICE_DEVICE,
    ChannelType,
)
from .channels import FORMS
from .forms import (
    LANGUAGE,
    TEXT,
    SubentryFlow,
    clean,
    entity_error,
    entity_selector,
    name_error,
    resolve_entity_id,
    text_error,
    whole_number,
)

SECTION_OFFICER: Final = "officer_details"
SECTION_ADVANCED: Final = "advanced"

_OFFICER_FIELDS: Final = (CONF_OFFICER, CONF_RANK, CONF_NRP, CONF_UNIT)
_OFFICER: Final = section(vol.Schema({vol.Optional(field): TEXT for field in _OFFICER_FIELDS}), {"collapsed": True})
# Only these are on or off and nothing else.
_DUTY_DOMAINS: Final = ("binary_sensor", "input_boolean", "schedule", "switch", "calendar")
_DUTY: Final[dict[vol.Marker, object]] = {vol.Optional(CONF_DUTY_ENTITY_ID): entity_selector(_DUTY_DOMAINS)}
# Only a guard with a phone can sign a visit.
_GATE: Final[dict[vol.Marker, object]] = {vol.Optional(CONF_GATE): BooleanSelector()}
_TIER: Final = whole_number(FIRST_TIER, LAST_TIER)


def _schema(channel: ChannelType, language: str) -> vol.Schema:
    advanced = {**_DUTY, **(_GATE if channel is ChannelType.PHONE else {})}
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TEXT,
            **FORMS[channel].fields,
            vol.Required(CONF_TIER, default=FIRST_TIER): _TIER,
            vol.Required(CONF_LANGUAGE, default=language): LANGUAGE,
            vol.Optional(SECTION_OFFICER): _OFFICER,
            vol.Optional(SECTION_ADVANCED): section(vol.Schema(advanced), {"collapsed": True}),
        }
    )


class PoliceDeviceFlow(SubentryFlow):
    """Add or change a police device."""

    async def async_step_user(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask how the device is reached."""
        return self.async_show_menu(step_id="user", menu_options=[channel.value for channel in ChannelType])

    async def async_step_reconfigure(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the form the device was made with."""
        return self._async_step(ChannelType(self._get_reconfigure_subentry().data[CONF_CHANNEL]), None)

    async def async_step_phone(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a phone with Home Assistant's companion app."""
        return self._async_step(ChannelType.PHONE, user_input)

    async def async_step_notify(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a notify entity."""
        return self._async_step(ChannelType.NOTIFY, user_input)

    async def async_step_annunciator(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for what sounds or lights up."""
        return self._async_step(ChannelType.ANNUNCIATOR, user_input)

    async def async_step_mqtt(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for an MQTT topic."""
        return self._async_step(ChannelType.MQTT, user_input)

    async def async_step_webhook(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the webhook of another system."""
        return self._async_step(ChannelType.WEBHOOK, user_input)

    @callback
    def _async_step(self, channel: ChannelType, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        """Show the form of a channel, or check and save what was typed."""
        if user_input is None:
            return self._async_show(channel, self._shown(channel), {})
        name = clean(user_input[CONF_NAME])
        data = self._data(channel, user_input)
        if errors := _errors(self.hass, name, data):
            return self._async_show(channel, user_input, errors)
        return self.async_save(name, data, f"{SUBENTRY_POLICE_DEVICE}_{FORMS[channel].key(data)}")

    @callback
    def _async_show(self, channel: ChannelType, values: dict[str, Any], errors: dict[str, str]) -> SubentryFlowResult:
        schema = _schema(channel, self._get_entry().options[CONF_LANGUAGE])
        return self.async_show(channel.value, schema, values, errors)

    def _shown(self, channel: ChannelType) -> dict[str, Any]:
        """Return what the form is filled in with at first: what is stored without its secrets, or what is proposed."""
        form = FORMS[channel]
        if (stored := self.stored(SECTION_OFFICER, SECTION_ADVANCED)) is None:
            return form.proposed()
        return {field: value for field, value in stored.items() if field not in form.secret}

    def _data(self, channel: ChannelType, user_input: dict[str, Any]) -> dict[str, Any]:
        """Return what is stored of what was typed; a secret that was left empty stays."""
        form = FORMS[channel]
        stored = self.stored() or {}
        kept = {field: stored[field] for field in form.secret & stored.keys() if not user_input.get(field, "").strip()}
        officer = user_input.get(SECTION_OFFICER, {})
        data = {
            CONF_CHANNEL: channel.value,
            **form.data(self.hass, {**user_input, **kept}),
            CONF_TIER: user_input[CONF_TIER],
            CONF_LANGUAGE: user_input[CONF_LANGUAGE],
            **{field: clean(officer.get(field, "")) for field in _OFFICER_FIELDS},
        }
        advanced = user_input.get(SECTION_ADVANCED, {})
        if duty := advanced.get(CONF_DUTY_ENTITY_ID):
            data[CONF_DUTY_ENTITY_ID] = resolve_entity_id(self.hass, duty)
        if advanced.get(CONF_GATE):
            data[CONF_GATE] = True
        return data


@callback
def _errors(hass: HomeAssistant, name: str, data: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong, by field; the dialog shows no error inside a section, only above it."""
    found = {CONF_NAME: name_error(name), **FORMS[ChannelType(data[CONF_CHANNEL])].errors(hass, data)}
    details = (text_error(data[field]) for field in _OFFICER_FIELDS)
    found[SECTION_OFFICER] = next((error for error in details if error is not None), None)
    if duty := data.get(CONF_DUTY_ENTITY_ID):
        found[SECTION_ADVANCED] = entity_error(hass, duty, _DUTY_DOMAINS, "duty_unknown")
    return {field: error for field, error in found.items() if error is not None}
