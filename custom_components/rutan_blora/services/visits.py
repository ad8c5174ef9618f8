"""Actions of visits: check in and out, sign, correct, excuse."""

from dataclasses import replace
from typing import Final

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from ..const import CONF_NRP, CONF_OFFICER, CONF_RANK, CONF_UNIT, DOMAIN, SUBENTRY_CHECKPOINT, SUBENTRY_PATROL_PLAN
from ..errors import translated
from ..facility import Facility
from ..patrol.check_in import CheckIn, Officer, Report, Situation
from ..patrol.visit import Correction, Visit
from .call import (
    ATTR_MESSAGE,
    ATTR_REASON,
    ATTR_VEHICLE,
    actor_of,
    facility_of,
    facility_of_visit,
    moment,
    part_of,
    texts_of,
)

ATTR_SITUATION: Final = "situation"
ATTR_PERSONNEL: Final = "personnel"
ATTR_AT: Final = "at"
ATTR_VISIT_ID: Final = "visit_id"
ATTR_VOID: Final = "void"
ATTR_PLAN: Final = "plan"

MAX_PERSONNEL: Final = 999

_WHO: Final[dict[vol.Marker, object]] = {
    vol.Optional(field): cv.string for field in (CONF_OFFICER, CONF_RANK, CONF_NRP, CONF_UNIT)
}
_REPORT: Final[dict[vol.Marker, object]] = {
    vol.Optional(ATTR_SITUATION): vol.Coerce(Situation),
    vol.Optional(ATTR_MESSAGE): cv.string,
    vol.Optional(ATTR_PERSONNEL): vol.All(vol.Coerce(int), vol.Range(min=1, max=MAX_PERSONNEL)),
    vol.Optional(ATTR_VEHICLE): cv.string,
}
SCHEMA_CHECK_IN: Final = vol.Schema(
    {vol.Required(ATTR_DEVICE_ID): cv.string, **_WHO, **_REPORT, vol.Optional(ATTR_AT): moment}
)
SCHEMA_CHECK_OUT: Final = vol.All(
    vol.Schema({vol.Optional(ATTR_DEVICE_ID): cv.string, vol.Optional(ATTR_VISIT_ID): cv.string}),
    cv.has_at_least_one_key(ATTR_DEVICE_ID, ATTR_VISIT_ID),
)
SCHEMA_COUNTERSIGN_VISIT: Final = vol.Schema(
    {vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string, vol.Optional(ATTR_VISIT_ID): cv.string}
)
SCHEMA_CORRECT_VISIT: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_VISIT_ID): cv.string,
        **_WHO,
        **_REPORT,
        vol.Optional(ATTR_VOID): cv.boolean,
        vol.Required(ATTR_REASON): cv.string,
    }
)
SCHEMA_EXCUSE_VISIT: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_PLAN): cv.string,
        vol.Required(ATTR_AT): moment,
        vol.Required(ATTR_REASON): cv.string,
    }
)


async def check_in(call: ServiceCall) -> ServiceResponse:
    """Check officers in at a checkpoint, now or as of when they came."""
    texts = texts_of(call)
    facility, checkpoint_id = await part_of(call, call.data[ATTR_DEVICE_ID], SUBENTRY_CHECKPOINT, "not_a_checkpoint")
    now = dt_util.utcnow()
    what = CheckIn(
        checkpoint_id=checkpoint_id,
        checkpoint=facility.patrol.checkpoints[checkpoint_id].name,
        at=call.data.get(ATTR_AT, now),
        received_at=now,
        officer=_officer(Officer(), texts),
        report=_report(call, texts),
    )
    with translated():
        visit = facility.patrol.check_in(what, actor_of(facility, call))
    return await _visit_response(facility, visit)


async def check_out(call: ServiceCall) -> ServiceResponse:
    """Take in that the officers of a visit, or of the latest at a checkpoint, have left."""
    visit_id: str | None = call.data.get(ATTR_VISIT_ID)
    if (device_id := call.data.get(ATTR_DEVICE_ID)) is not None:
        facility, checkpoint_id = await part_of(call, device_id, SUBENTRY_CHECKPOINT, "not_a_checkpoint")
    else:
        facility, checkpoint_id = await facility_of_visit(call, visit_id or ""), ""
    actor = actor_of(facility, call)
    with translated():
        if visit_id is not None:
            visit = facility.patrol.check_out(actor, visit_id)
        else:
            visit = facility.patrol.check_out_at(checkpoint_id, actor)
    return await _visit_response(facility, visit)


async def countersign_visit(call: ServiceCall) -> ServiceResponse:
    """Put the gate guard's signature under a visit, or the latest."""
    facility = await facility_of(call)
    with translated():
        visit = facility.countersign(actor_of(facility, call), call.data.get(ATTR_VISIT_ID))
    return await _visit_response(facility, visit)


async def correct_visit(call: ServiceCall) -> ServiceResponse:
    """Put on record what a visit was instead."""
    texts = texts_of(call)
    reason = _reason(texts)
    facility = await facility_of(call)
    visit_id = call.data[ATTR_VISIT_ID]
    report = _report(call, texts)
    correction = Correction(
        officer=_corrected(facility.patrol.book.visits.get(visit_id), texts),
        report=report if report != Report() else None,
        void=call.data.get(ATTR_VOID),
        reason=reason,
    )
    with translated():
        visit = facility.patrol.correct(actor_of(facility, call), visit_id, correction)
    return await _visit_response(facility, visit)


async def excuse_visit(call: ServiceCall) -> ServiceResponse:
    """Take the visits that a plan expects in a window out of the figures."""
    reason = _reason(texts_of(call))
    facility, plan_id = await part_of(call, call.data[ATTR_PLAN], SUBENTRY_PATROL_PLAN, "not_a_plan")
    with translated():
        slot = facility.excuse(actor_of(facility, call), plan_id, call.data[ATTR_AT], reason)
    on_record = await facility.async_is_on_record()
    return {"plan": slot.plan, "start": slot.start.isoformat(), "end": slot.end.isoformat(), "on_record": on_record}


async def _visit_response(facility: Facility, visit: Visit) -> ServiceResponse:
    """Return what came of a call once it is on record, or that takes too long."""
    on_record = await facility.async_is_on_record()
    return {"visit_id": visit.id, "verdict": facility.patrol.verdict(visit).value, "on_record": on_record}


def _officer(base: Officer, texts: dict[str, str]) -> Officer:
    """Return an officer with what was said of him; what was not said stays."""
    said = {
        "name": texts.get(CONF_OFFICER),
        "rank": texts.get(CONF_RANK),
        "nrp": texts.get(CONF_NRP),
        "unit": texts.get(CONF_UNIT),
    }
    return replace(base, **{key: text for key, text in said.items() if text})


def _corrected(visit: Visit | None, texts: dict[str, str]) -> Officer | None:
    """Return who came to a visit instead, None if nothing was said of it; his phone or card proves another no more."""
    if _officer(Officer(), texts) == Officer():
        return None
    base = visit.officers[0] if visit is not None and visit.officers else Officer()
    is_other = texts.get(CONF_OFFICER) or texts.get(CONF_NRP)
    return _officer(replace(base, id=None) if is_other else base, texts)


def _report(call: ServiceCall, texts: dict[str, str]) -> Report:
    """Return what was said of a visit."""
    return Report(
        situation=call.data.get(ATTR_SITUATION),
        note=texts.get(ATTR_MESSAGE, ""),
        personnel=call.data.get(ATTR_PERSONNEL),
        vehicle=texts.get(ATTR_VEHICLE, ""),
    )


def _reason(texts: dict[str, str]) -> str:
    """Return the reason; raise ServiceValidationError if none was given."""
    if not (reason := texts[ATTR_REASON]):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="reason_missing")
    return reason
