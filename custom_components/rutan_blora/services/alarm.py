"""Actions of the alarm: raise it, answer it, close it."""

from typing import Final

import voluptuous as vol

from homeassistant.const import ATTR_CODE, ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..alarm.incident import Incident, Kind, Outcome, Response
from ..const import CONF_KIND, CONF_LOCATION, CONF_OFFICER
from ..errors import translated
from .call import ATTR_MESSAGE, ATTR_REASON, actor_of, facility_of, texts_of

ATTR_DRILL: Final = "drill"
ATTR_RESPONSE: Final = "response"
ATTR_OUTCOME: Final = "outcome"

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


async def raise_alarm(call: ServiceCall) -> ServiceResponse:
    """Raise an alarm, or add a place to the open one."""
    texts = texts_of(call)
    facility = await facility_of(call)
    with translated():
        incident = facility.alarm.press(
            actor_of(facility, call),
            location=texts[CONF_LOCATION] or facility.name,
            kind=call.data[CONF_KIND],
            drill=call.data[ATTR_DRILL],
            message=texts[ATTR_MESSAGE],
        )
    return _response(incident)


async def respond(call: ServiceCall) -> ServiceResponse:
    """Answer the open incident for an officer."""
    texts = texts_of(call)
    facility = await facility_of(call)
    with translated():
        incident = facility.alarm.respond(
            actor_of(facility, call, texts[CONF_OFFICER]),
            call.data[ATTR_RESPONSE],
            message=texts[ATTR_MESSAGE],
        )
    return _response(incident)


async def close_alarm(call: ServiceCall) -> ServiceResponse:
    """Close the open incident."""
    texts = texts_of(call)
    facility = await facility_of(call)
    actor = actor_of(facility, call)
    with translated():
        if facility.alarm.incident is not None:
            await facility.close_code.check(call.data[ATTR_CODE], actor)
        # The code takes a while: the entry may have been reloaded meanwhile.
        facility = await facility_of(call)
        incident = facility.alarm.close(actor, call.data[ATTR_OUTCOME], reason=texts[ATTR_REASON])
    return _response(incident)


def _response(incident: Incident) -> ServiceResponse:
    return {"incident_id": incident.id, "state": incident.state.value}
