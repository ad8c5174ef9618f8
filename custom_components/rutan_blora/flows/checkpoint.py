"""The flow of a checkpoint: where visits are checked in, and what hangs there to be scanned."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.selector import BooleanSelector, DeviceSelector

from ..const import (
    CONF_CARD_IDS,
    CONF_DEBOUNCE,
    CONF_LIVE_CODE,
    CONF_LOCATION,
    CONF_READER_DEVICE_ID,
    CONF_TAG_ID,
    CONF_ZONE_ENTITY_ID,
    DEFAULT_DEBOUNCE,
    SUBENTRY_CHECKPOINT,
    SUBENTRY_OFFICER,
)
from ..police.channels.phone import find_registration
from .forms import (
    TEXT,
    SubentryFlow,
    choice,
    clean,
    entity_error,
    entity_selector,
    resolve_entity_id,
    text_error,
    whole_number,
)

SECTION_ADVANCED: Final = "advanced"

_TAG: Final = "tag"
_ZONES: Final = ("zone",)
_ADVANCED: Final = section(
    vol.Schema(
        {
            vol.Optional(CONF_READER_DEVICE_ID): DeviceSelector(),
            vol.Optional(CONF_ZONE_ENTITY_ID): entity_selector(_ZONES),
            vol.Required(CONF_DEBOUNCE, default=DEFAULT_DEBOUNCE): whole_number(0, 3600, UnitOfTime.SECONDS),
            vol.Required(CONF_LIVE_CODE, default=False): BooleanSelector(),
        }
    ),
    {"collapsed": True},
)
_FIELDS: Final = (
    CONF_LOCATION,
    CONF_TAG_ID,
    CONF_READER_DEVICE_ID,
    CONF_ZONE_ENTITY_ID,
    CONF_DEBOUNCE,
    CONF_LIVE_CODE,
)


class CheckpointFlow(SubentryFlow):
    """Add or change a checkpoint."""

    async def async_step_reconfigure(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the form the checkpoint was made with."""
        return await self.async_step_user()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where it is and what is scanned there."""
        if user_input is None:
            return self._async_show(self.stored(SECTION_ADVANCED), {})
        name = clean(user_input[CONF_NAME])
        data = self._data(user_input)
        if errors := self._errors(name, data):
            return self._async_show(user_input, errors)
        return self.async_save(name, data, f"{SUBENTRY_CHECKPOINT}_{name.casefold()}")

    @callback
    def _async_show(self, values: dict[str, Any] | None, errors: dict[str, str]) -> SubentryFlowResult:
        taken = self._taken_tags
        tags = {tag_id: name for tag_id, name in _known_tags(self.hass).items() if tag_id not in taken}
        schema = vol.Schema(
            {
                vol.Required(CONF_NAME): TEXT,
                vol.Optional(CONF_LOCATION): TEXT,
                vol.Optional(CONF_TAG_ID): choice(tags, custom=True),
                vol.Optional(SECTION_ADVANCED): _ADVANCED,
            }
        )
        return self.async_show("user", schema, values, errors)

    @property
    def _taken_tags(self) -> set[str]:
        """Return the tags that hang elsewhere, of any facility, and those that are officers' cards."""
        hanging = {other.data.get(CONF_TAG_ID, "") for other in self.others(SUBENTRY_CHECKPOINT, anywhere=True)}
        cards = (other.data.get(CONF_CARD_IDS, ()) for other in self.others(SUBENTRY_OFFICER, anywhere=True))
        return hanging.union(*cards) - {""}

    def _data(self, user_input: dict[str, Any]) -> dict[str, Any]:
        """Return what is stored of what was typed; what other hands have stored beside it stays."""
        stored = {key: value for key, value in (self.stored() or {}).items() if key not in (CONF_NAME, *_FIELDS)}
        data = {**stored, CONF_LOCATION: clean(user_input.get(CONF_LOCATION, ""))}
        data |= user_input.get(SECTION_ADVANCED, {})
        if tag_id := user_input.get(CONF_TAG_ID, "").strip():
            data[CONF_TAG_ID] = tag_id
        if zone := data.get(CONF_ZONE_ENTITY_ID):
            data[CONF_ZONE_ENTITY_ID] = resolve_entity_id(self.hass, zone)
        return data

    def _errors(self, name: str, data: Mapping[str, Any]) -> dict[str, str]:
        """Return what is wrong, by field; the dialog shows no error inside a section, only above it."""
        tag_id = data.get(CONF_TAG_ID, "")
        found = {
            CONF_NAME: self.title_error(SUBENTRY_CHECKPOINT, name),
            CONF_LOCATION: text_error(data[CONF_LOCATION]),
            CONF_TAG_ID: "tag_taken" if tag_id in self._taken_tags else text_error(tag_id),
            SECTION_ADVANCED: self._reader_error(data.get(CONF_READER_DEVICE_ID)),
        }
        if zone := data.get(CONF_ZONE_ENTITY_ID):
            found[SECTION_ADVANCED] = found[SECTION_ADVANCED] or entity_error(self.hass, zone, _ZONES, "zone_unknown")
        return {field: error for field, error in found.items() if error is not None}

    def _reader_error(self, device_id: str | None) -> str | None:
        """Return why a device cannot read the cards here, None if it can, or none does."""
        if device_id is None:
            return None
        if dr.async_get(self.hass).async_get(device_id) is None:
            return "reader_unknown"
        # What a phone scans are tags, whoever holds it.
        if find_registration(self.hass, device_id) is not None:
            return "reader_is_phone"
        others = self.others(SUBENTRY_CHECKPOINT, anywhere=True)
        is_taken = any(other.data.get(CONF_READER_DEVICE_ID) == device_id for other in others)
        return "reader_taken" if is_taken else None


@callback
def _known_tags(hass: HomeAssistant) -> dict[str, str]:
    """Return the tags Home Assistant knows, by id what each is called."""
    known = (entity for entity in er.async_get(hass).entities.values() if entity.platform == _TAG)
    return {entity.unique_id: entity.name or entity.original_name or entity.unique_id for entity in known}
