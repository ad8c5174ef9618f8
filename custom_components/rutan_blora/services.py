"""Actions of Rutan Blora."""

import asyncio
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CODE, ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry

from .actor import Actor, Origin
from .alarm.incident import Incident, Kind, Outcome, Response
from .const import CONF_KIND, CONF_LOCATION, CONF_OFFICER, DOMAIN, MAX_NAME, MAX_TEXT
from .errors import translated
from .facility import Facility, RutanConfigEntry
from .police.alert import plain

ATTR_MESSAGE: Final = "message"
ATTR_DRILL: Final = "drill"
ATTR_RESPONSE: Final = "response"
ATTR_OUTCOME: Final = "outcome"
ATTR_REASON: Final = "reason"

# A reload takes a fraction of a second; a call that comes in between waits this long (seconds).
RELOAD_DEADLINE: Final = 10

_LIMITS: Final = {
    CONF_LOCATION: MAX_NAME,
    ATTR_MESSAGE: MAX_TEXT,
    CONF_OFFICER: MAX_NAME,
    ATTR_REASON: MAX_TEXT,
}
_RELOADING: Final = (
    ConfigEntryState.NOT_LOADED,
    ConfigEntryState.SETUP_IN_PROGRESS,
    ConfigEntryState.UNLOAD_IN_PROGRESS,
)

SCHEMA_RAISE_ALARM: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(CONF_KIND, default=Kind.PANIC.value): vol.Coerce(Kind),
        vol.Optional(CONF_LOCATION, default=""): cv.string,
        vol.Optional(ATTR_MESSAGE, default=""): cv.string,
        vol.Optional(ATTR_DRILL, default=False): cv.boolean,
    }
)
SCHEMA_RESPOND: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_RESPONSE): vol.Coerce(Response),
        vol.Optional(CONF_OFFICER, default=""): cv.string,
        vol.Optional(ATTR_MESSAGE, default=""): cv.string,
    }
)
SCHEMA_CLOSE_ALARM: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_OUTCOME): vol.Coerce(Outcome),
        vol.Optional(ATTR_REASON, default=""): cv.string,
        vol.Optional(ATTR_CODE, default=""): cv.string,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema in (
        ("raise_alarm", _raise_alarm, SCHEMA_RAISE_ALARM),
        ("respond", _respond, SCHEMA_RESPOND),
        ("close_alarm", _close_alarm, SCHEMA_CLOSE_ALARM),
    ):
        hass.services.async_register(DOMAIN, name, handler, schema=schema, supports_response=SupportsResponse.OPTIONAL)


async def _raise_alarm(call: ServiceCall) -> ServiceResponse:
    """Raise an alarm, or add a place to the open one."""
    texts = _texts(call)
    facility = await _facility(call)
    with translated():
        incident = facility.alarm.press(
            _actor(facility, call),
            location=texts[CONF_LOCATION] or facility.name,
            kind=call.data[CONF_KIND],
            drill=call.data[ATTR_DRILL],
            message=texts[ATTR_MESSAGE],
        )
    return _response(incident)


async def _respond(call: ServiceCall) -> ServiceResponse:
    """Answer the open incident for an officer."""
    texts = _texts(call)
    facility = await _facility(call)
    with translated():
        incident = facility.alarm.respond(
            _actor(facility, call, texts[CONF_OFFICER]),
            call.data[ATTR_RESPONSE],
            message=texts[ATTR_MESSAGE],
        )
    return _response(incident)


async def _close_alarm(call: ServiceCall) -> ServiceResponse:
    """Close the open incident."""
    texts = _texts(call)
    facility = await _facility(call)
    actor = _actor(facility, call)
    with translated():
        if facility.alarm.incident is not None:
            await facility.close_code.check(call.data[ATTR_CODE], actor)
        # The code takes a while: the entry may have been reloaded meanwhile.
        facility = await _facility(call)
        incident = facility.alarm.close(actor, call.data[ATTR_OUTCOME], reason=texts[ATTR_REASON])
    return _response(incident)


def _response(incident: Incident) -> ServiceResponse:
    return {"incident_id": incident.id, "state": incident.state.value}


def _actor(facility: Facility, call: ServiceCall, officer: str = "") -> Actor:
    """Return who called, in the officer's name if one is given."""
    user = facility.people.actor(call.context) or Actor(origin=Origin.SERVICE)
    return Actor(origin=user.origin, id=user.id, name=officer or user.name)


def _texts(call: ServiceCall) -> dict[str, str]:
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


async def _facility(call: ServiceCall) -> Facility:
    """Return the facility of a call, waiting out a reload; raise ServiceValidationError if there is none."""
    entry_id = call.data[ATTR_CONFIG_ENTRY_ID]
    entry = call.hass.config_entries.async_get_entry(entry_id)
    if entry is not None and entry.domain == DOMAIN and entry.disabled_by is None and entry.state in _RELOADING:
        await _wait_for_reload(entry)
    loaded: RutanConfigEntry = async_get_config_entry(call.hass, DOMAIN, entry_id)
    return loaded.runtime_data


async def _wait_for_reload(entry: RutanConfigEntry) -> None:
    """Wait until the entry is there again, or the deadline passes."""
    changed = asyncio.Event()
    unsubscribe = entry.async_on_state_change(changed.set)
    try:
        async with asyncio.timeout(RELOAD_DEADLINE):
            while entry.state in _RELOADING:
                changed.clear()
                await changed.wait()
    except TimeoutError:
        return
    finally:
        unsubscribe()
