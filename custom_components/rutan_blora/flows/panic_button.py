"""The flow of a panic button."""

from collections.abc import Mapping
import hashlib
from types import MappingProxyType
from typing import Any, Final

import voluptuous as vol

from homeassistant.components import webhook
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigSubentry,
    FlowType,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.const import CONF_ENTITY_ID, CONF_NAME, CONF_WEBHOOK_ID, STATE_ON, Platform, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.json import json_fragment
from homeassistant.helpers.network import NoURLAvailableError
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..alarm.incident import Kind
from ..alarm.source import CONTACTS, DOMAINS, domain_of
from ..const import (
    CONF_BATTERY_ENTITY_ID,
    CONF_CAMERAS,
    CONF_FEEDBACK_ENTITY_ID,
    CONF_KIND,
    CONF_LOCAL_ONLY,
    CONF_LOCATION,
    CONF_LONG_PRESS_KIND,
    CONF_SOURCE,
    CONF_SUPERVISION,
    CONF_TEST_INTERVAL,
    DOMAIN,
    SUBENTRY_CAMERA,
    SUBENTRY_PANIC_BUTTON,
    SUBENTRY_POLICE_DEVICE,
    Source,
)
from .forms import (
    FIRST_SETUP,
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

SECTION_ADVANCED: Final = "advanced"

_KIND: Final = SelectSelector(
    SelectSelectorConfig(
        options=[kind.value for kind in reversed(Kind)],
        translation_key="kind",
        mode=SelectSelectorMode.DROPDOWN,
    )
)
_MEANING: Final = {vol.Required(CONF_KIND, default=Kind.PANIC.value): _KIND, vol.Optional(CONF_LOCATION): TEXT}
_FEEDBACKS: Final = (Platform.LIGHT.value, Platform.SWITCH.value, "input_boolean")
_BATTERIES: Final = (Platform.SENSOR.value, Platform.BINARY_SENSOR.value)
_TEST: Final[dict[vol.Marker, object]] = {
    vol.Optional(CONF_TEST_INTERVAL, default=0): whole_number(0, 365, UnitOfTime.DAYS),
    vol.Optional(CONF_FEEDBACK_ENTITY_ID): entity_selector(_FEEDBACKS),
}
_BATTERY: Final[dict[vol.Marker, object]] = {vol.Optional(CONF_BATTERY_ENTITY_ID): entity_selector(_BATTERIES)}
_ADVANCED: Final[Mapping[Source, dict[vol.Marker, object]]] = {
    Source.ENTITY: {
        vol.Optional(CONF_LONG_PRESS_KIND): _KIND,
        vol.Optional(CONF_SUPERVISION, default=0): whole_number(0, 604800, UnitOfTime.SECONDS),
        **_BATTERY,
        **_TEST,
    },
    Source.WEBHOOK: {vol.Required(CONF_LOCAL_ONLY, default=True): BooleanSelector(), **_BATTERY, **_TEST},
    Source.VIRTUAL: _TEST,
}
_SOURCES: Final[Mapping[Source, dict[vol.Marker, object]]] = {
    Source.ENTITY: {vol.Required(CONF_ENTITY_ID): entity_selector(sorted(DOMAINS))},
    Source.WEBHOOK: {},
    Source.VIRTUAL: {},
}


def _schema(source: Source, cameras: Mapping[str, str]) -> vol.Schema:
    """Return the form of a source; `cameras` are those that may show its place, by id."""
    options = [SelectOptionDict(value=camera_id, label=name) for camera_id, name in cameras.items()]
    near = SelectSelector(SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.DROPDOWN))
    advanced: dict[vol.Marker, object] = {vol.Optional(CONF_CAMERAS): near} if cameras else {}
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TEXT,
            **_SOURCES[source],
            **_MEANING,
            vol.Optional(SECTION_ADVANCED): section(vol.Schema(advanced | _ADVANCED[source]), {"collapsed": True}),
        }
    )


# Entities of the section, which kinds they may be, and what is told of another.
_BESIDE: Final = {
    CONF_BATTERY_ENTITY_ID: (_BATTERIES, "battery_unknown"),
    CONF_FEEDBACK_ENTITY_ID: (_FEEDBACKS, "feedback_unknown"),
}


class _LedOnResult(SubentryFlowResult, total=False):
    """An abort that opens the next flow; the dialog needs the entry beside it to show that one's texts."""

    next_flow: tuple[FlowType, str]
    result: json_fragment


class PanicButtonFlow(SubentryFlow):
    """Add or change a panic button."""

    _webhook_id: str | None = None

    async def async_step_user(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask what the button is."""
        return self.async_show_menu(step_id="user", menu_options=[source.value for source in Source])

    async def async_step_reconfigure(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the form the button was made with."""
        return await self._async_step(Source(self._get_reconfigure_subentry().data[CONF_SOURCE]), None)

    async def async_step_entity(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a button that Home Assistant knows as an entity."""
        return await self._async_step(Source.ENTITY, user_input)

    async def async_step_webhook(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a button that calls a webhook."""
        return await self._async_step(Source.WEBHOOK, user_input)

    async def async_step_virtual(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a button that exists in Home Assistant only."""
        return await self._async_step(Source.VIRTUAL, user_input)

    async def _async_step(self, source: Source, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        """Show the form of a source, or check and save what was typed."""
        if user_input is None:
            return self._async_show(source, self._shown(), {})
        name = clean(user_input[CONF_NAME])
        data = self._data(source, user_input)
        if errors := self._errors(name, data):
            return self._async_show(source, user_input, errors)
        unique_id = _unique_id(name, data)
        if self.init_data == FIRST_SETUP and not self._has_police_device:
            return await self._async_lead_on(name, data, unique_id)
        return self.async_save(name, data, unique_id)

    def _shown(self) -> dict[str, Any] | None:
        """Return what the form is filled in with: what is stored, without cameras that are gone."""
        if (stored := self.stored()) is None:
            return None
        cameras = [camera_id for camera_id in stored.get(CONF_CAMERAS, ()) if camera_id in self._cameras]
        shown = {**stored, **({CONF_CAMERAS: cameras} if CONF_CAMERAS in stored else {})}
        return {**shown, SECTION_ADVANCED: shown}

    @property
    def _cameras(self) -> dict[str, str]:
        """Return the names of the facility's cameras by their id."""
        return {
            camera.subentry_id: camera.title for camera in self._get_entry().get_subentries_of_type(SUBENTRY_CAMERA)
        }

    @callback
    def _async_show(self, source: Source, values: dict[str, Any] | None, errors: dict[str, str]) -> SubentryFlowResult:
        placeholders = {"url": _url(self.hass, self._own_webhook_id)} if source is Source.WEBHOOK else {}
        schema = _schema(source, self._cameras)
        return self.async_show(source.value, schema, values, errors, placeholders)

    @property
    def _own_webhook_id(self) -> str:
        """Return the button's webhook: the stored one, or one made for this flow."""
        if self._webhook_id is None:
            stored = self.stored(SECTION_ADVANCED) or {}
            self._webhook_id = stored.get(CONF_WEBHOOK_ID) or webhook.async_generate_id()
        return self._webhook_id

    @property
    def _has_police_device(self) -> bool:
        return any(self._get_entry().get_subentries_of_type(SUBENTRY_POLICE_DEVICE))

    def _data(self, source: Source, user_input: dict[str, Any]) -> dict[str, Any]:
        """Return what is stored of what was typed."""
        data: dict[str, Any] = {
            CONF_SOURCE: source.value,
            CONF_KIND: user_input[CONF_KIND],
            CONF_LOCATION: clean(user_input.get(CONF_LOCATION, "")),
        }
        if source is Source.ENTITY:
            data[CONF_ENTITY_ID] = resolve_entity_id(self.hass, user_input[CONF_ENTITY_ID])
        elif source is Source.WEBHOOK:
            data |= {CONF_WEBHOOK_ID: self._own_webhook_id, CONF_LOCAL_ONLY: True}
        data |= user_input.get(SECTION_ADVANCED, {})
        return data | {field: resolve_entity_id(self.hass, data[field]) for field in _BESIDE if field in data}

    def _errors(self, name: str, data: dict[str, Any]) -> dict[str, str]:
        """Return what is wrong, by field."""
        found = {CONF_NAME: name_error(name), CONF_LOCATION: text_error(data[CONF_LOCATION])}
        if (entity_id := data.get(CONF_ENTITY_ID)) is not None:
            watched = (self.stored(SECTION_ADVANCED) or {}).get(CONF_ENTITY_ID) == entity_id
            found[CONF_ENTITY_ID] = _source_error(self.hass, entity_id, watched=watched)
        beside = (
            entity_error(self.hass, data[field], domains, error)
            for field, (domains, error) in _BESIDE.items()
            if field in data
        )
        found[SECTION_ADVANCED] = next((error for error in beside if error is not None), None)
        return {field: error for field, error in found.items() if error is not None}

    async def _async_lead_on(self, name: str, data: dict[str, Any], unique_id: str) -> SubentryFlowResult:
        """Add the first panic button and lead on to the first police device.

        The dialog needs the entry to open a next flow, and Home Assistant lets only an abort carry it: so the
        button is added here and the flow ends as an abort.
        """
        entry = self._get_entry()
        button = ConfigSubentry(
            data=MappingProxyType(data), subentry_type=SUBENTRY_PANIC_BUTTON, title=name, unique_id=unique_id
        )
        self.hass.config_entries.async_add_subentry(entry, button)
        following = await self.hass.config_entries.subentries.async_init(
            (entry.entry_id, SUBENTRY_POLICE_DEVICE), context=SubentryFlowContext(source=SOURCE_USER)
        )
        return _LedOnResult(
            **self.async_abort(reason="panic_button_added"),
            next_flow=(FlowType.CONFIG_SUBENTRIES_FLOW, following["flow_id"]),
            result=entry.as_json_fragment,
        )


def _unique_id(name: str, data: dict[str, Any]) -> str:
    """Return the subentry's unique id; the type is in it because all types share one space.

    Home Assistant shows unique ids, so the secret of a webhook is only hinted at.
    """
    if webhook_id := data.get(CONF_WEBHOOK_ID):
        key = hashlib.sha256(webhook_id.encode()).hexdigest()[:16]
    else:
        key = data.get(CONF_ENTITY_ID) or name.casefold()
    return f"{SUBENTRY_PANIC_BUTTON}_{key}"


@callback
def _source_error(hass: HomeAssistant, entity_id: str, *, watched: bool) -> str | None:
    """Return why an entity cannot be a source, None if it can; the selector's filter binds only the browser.

    A contact that is closed now would be taken for a press, unless it is the one that is watched already.
    """
    registered = er.async_get(hass).async_get(entity_id)
    state = hass.states.get(entity_id)
    if registered is None and state is None:
        return "source_unknown"
    if domain_of(entity_id) not in DOMAINS:
        return "source_not_allowed"
    if registered is not None and registered.platform == DOMAIN:
        return "source_is_own"
    if registered is not None and registered.disabled:
        return "source_disabled"
    if domain_of(entity_id) in CONTACTS and state is not None and state.state == STATE_ON and not watched:
        return "source_is_on"
    return None


@callback
def _url(hass: HomeAssistant, webhook_id: str) -> str:
    """Return the address to call: the one inside the house, only its path if Home Assistant knows none."""
    try:
        return webhook.async_generate_url(hass, webhook_id, allow_external=False, prefer_external=False)
    except NoURLAvailableError:
        return webhook.async_generate_path(webhook_id)
