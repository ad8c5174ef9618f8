"""The call of an action: who calls, what is said, and which facility is meant."""

from datetime import UTC, datetime
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util

from ..actor import Actor, Origin, RefusedError
from ..const import CONF_LOCATION, CONF_NRP, CONF_OFFICER, CONF_RANK, CONF_UNIT, DOMAIN, MAX_NAME, MAX_TEXT
from ..errors import translated
from ..facility import Facility, RutanConfigEntry
from ..patrol.visit import Refusal
from ..police.alert import plain
from ..reloads import async_wait_for_reload

ATTR_MESSAGE: Final = "message"
ATTR_REASON: Final = "reason"
ATTR_VEHICLE: Final = "vehicle"

_LIMITS: Final = {
    CONF_LOCATION: MAX_NAME,
    ATTR_MESSAGE: MAX_TEXT,
    CONF_OFFICER: MAX_NAME,
    CONF_RANK: MAX_NAME,
    CONF_NRP: MAX_NAME,
    CONF_UNIT: MAX_NAME,
    ATTR_VEHICLE: MAX_NAME,
    ATTR_REASON: MAX_TEXT,
}


def moment(value: Any) -> datetime:
    """Return a time in UTC, one without a zone as of the house's clock; refuse those near the ends of all time."""
    at = cv.datetime(value)
    if not 1970 < at.year < 2200:
        raise vol.Invalid("no time of ours")
    return at.astimezone(UTC) if at.tzinfo is not None else dt_util.as_utc(at)


def actor_of(facility: Facility, call: ServiceCall, officer: str = "") -> Actor:
    """Return who called, in the officer's name if one is given."""
    user = facility.people.actor(call.context) or Actor(origin=Origin.SERVICE)
    return Actor(origin=user.origin, id=user.id, name=officer or user.name)


def texts_of(call: ServiceCall) -> dict[str, str]:
    """Return the texts of a call, harmless; raise ServiceValidationError if one is too long."""
    texts: dict[str, Any] = {field: call.data[field] for field in _LIMITS if field in call.data}
    for field, text in texts.items():
        if len(text) > _LIMITS[field]:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="text_too_long",
                translation_placeholders={"field": field, "max": str(_LIMITS[field])},
            )
    return {field: plain(text, _LIMITS[field]) for field, text in texts.items()}


async def facility_of(call: ServiceCall) -> Facility:
    """Return the facility of a call, waiting out a reload; raise ServiceValidationError if there is none."""
    return await _facility_of_entry(call.hass, call.data[ATTR_CONFIG_ENTRY_ID])


async def part_of(call: ServiceCall, device_id: str, kind: str, error: str) -> tuple[Facility, str]:
    """Return a part by its device, and its facility; raise ServiceValidationError if it is none of the kind."""
    device, entry = dr.async_get_device_and_config_entry_for_domain(call.hass, device_id, domain=DOMAIN)
    is_meant = entry is not None and call.data.get(ATTR_CONFIG_ENTRY_ID, entry.entry_id) == entry.entry_id
    if device is not None and entry is not None and is_meant:
        facility = await _facility_of_entry(call.hass, entry.entry_id)
        part = facility.subentries.get(device.config_subentry_id or "")
        if part is not None and part.subentry_type == kind:
            return facility, part.subentry_id
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key=error)


async def facility_of_visit(call: ServiceCall, visit_id: str) -> Facility:
    """Return the facility that has seen a visit, waiting out reloads; raise ServiceValidationError if none has."""
    for entry in call.hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False):
        await async_wait_for_reload(entry)
    loaded: list[RutanConfigEntry] = call.hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in loaded:
        if visit_id in entry.runtime_data.patrol.book.visits:
            return entry.runtime_data
    with translated():
        raise RefusedError(Refusal.NO_SUCH_VISIT)


async def _facility_of_entry(hass: HomeAssistant, entry_id: str) -> Facility:
    entry = hass.config_entries.async_get_entry(entry_id)
    if entry is not None and entry.domain == DOMAIN and entry.disabled_by is None:
        await async_wait_for_reload(entry)
    loaded: RutanConfigEntry = async_get_config_entry(hass, DOMAIN, entry_id)
    return loaded.runtime_data
