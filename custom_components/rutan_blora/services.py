"""Actions of Rutan Blora."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import ATTR_CODE, ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_config_entry, async_register_admin_service
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, json_loads_object

from .actor import Actor, Origin, RefusedError
from .alarm.incident import Incident, Kind, Outcome, Response
from .const import (
    CONF_KIND,
    CONF_LOCATION,
    CONF_NRP,
    CONF_OFFICER,
    CONF_RANK,
    CONF_UNIT,
    DOMAIN,
    MAX_NAME,
    MAX_TEXT,
    SUBENTRY_CHECKPOINT,
    SUBENTRY_PATROL_PLAN,
)
from .errors import readable, translated
from .facility import Facility, RutanConfigEntry
from .journal.copy import CopyState
from .journal.record import Record
from .patrol.visit import CheckIn, Correction, Officer, Refusal, Report, Situation, Visit
from .police.alert import plain
from .reloads import async_wait_for_reload
from .reporting import async_report
from .reports.content import Period, last_month, period_of
from .reports.export import Format

ATTR_MESSAGE: Final = "message"
ATTR_DRILL: Final = "drill"
ATTR_RESPONSE: Final = "response"
ATTR_OUTCOME: Final = "outcome"
ATTR_REASON: Final = "reason"
ATTR_SITUATION: Final = "situation"
ATTR_PERSONNEL: Final = "personnel"
ATTR_VEHICLE: Final = "vehicle"
ATTR_AT: Final = "at"
ATTR_VISIT_ID: Final = "visit_id"
ATTR_VOID: Final = "void"
ATTR_PLAN: Final = "plan"
ATTR_KINDS: Final = "kinds"
ATTR_INCIDENT: Final = "incident"
ATTR_LIMIT: Final = "limit"
ATTR_HEAD: Final = "head"
ATTR_SEQ: Final = "seq"

ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_FORMATS: Final = "formats"

MAX_PERSONNEL: Final = 999
MAX_RECORDS: Final = 1000
# A report of more would keep Home Assistant busy for long.
MAX_PERIOD: Final = timedelta(days=367)

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


def _moment(value: Any) -> datetime:
    """Return a time in UTC, one without a zone as of the house's clock; refuse those near the ends of all time."""
    moment = cv.datetime(value)
    if not 1970 < moment.year < 2200:
        raise vol.Invalid("no time of ours")
    return moment.astimezone(UTC) if moment.tzinfo is not None else dt_util.as_utc(moment)


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
    {vol.Required(ATTR_DEVICE_ID): cv.string, **_WHO, **_REPORT, vol.Optional(ATTR_AT): _moment}
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
        vol.Required(ATTR_AT): _moment,
        vol.Required(ATTR_REASON): cv.string,
    }
)
SCHEMA_EXPORT_REPORT: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_START): cv.date,
        vol.Optional(ATTR_END): cv.date,
        vol.Optional(ATTR_FORMATS, default=list(Format)): vol.All(cv.ensure_list, [vol.Coerce(Format)], vol.Length(1)),
    }
)
SCHEMA_GET_JOURNAL: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_START): _moment,
        vol.Optional(ATTR_END): _moment,
        vol.Optional(ATTR_KINDS, default=list): vol.All(cv.ensure_list, [cv.string], vol.Length(max=100)),
        vol.Optional(ATTR_INCIDENT): cv.string,
        vol.Optional(ATTR_LIMIT, default=100): vol.All(vol.Coerce(int), vol.Range(min=1, max=MAX_RECORDS)),
    }
)
SCHEMA_VERIFY_JOURNAL: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_HEAD): vol.All(cv.string, vol.Strip, vol.Lower, vol.Match(r"^[0-9a-f]{64}$")),
        vol.Optional(ATTR_SEQ): cv.positive_int,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema in (
        ("raise_alarm", _raise_alarm, SCHEMA_RAISE_ALARM),
        ("respond", _respond, SCHEMA_RESPOND),
        ("close_alarm", _close_alarm, SCHEMA_CLOSE_ALARM),
        ("check_in", _check_in, SCHEMA_CHECK_IN),
        ("check_out", _check_out, SCHEMA_CHECK_OUT),
        ("countersign_visit", _countersign_visit, SCHEMA_COUNTERSIGN_VISIT),
        ("correct_visit", _correct_visit, SCHEMA_CORRECT_VISIT),
        ("excuse_visit", _excuse_visit, SCHEMA_EXCUSE_VISIT),
        ("export_report", _export_report, SCHEMA_EXPORT_REPORT),
    ):
        hass.services.async_register(DOMAIN, name, handler, schema=schema, supports_response=SupportsResponse.OPTIONAL)
    # They show who did what, and all of it: for administrators, as core's own look into its records.
    for name, handler, schema in (
        ("get_journal", _get_journal, SCHEMA_GET_JOURNAL),
        ("verify_journal", _verify_journal, SCHEMA_VERIFY_JOURNAL),
    ):
        async_register_admin_service(hass, DOMAIN, name, handler, schema, SupportsResponse.ONLY)


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


# --- visits ---


async def _check_in(call: ServiceCall) -> ServiceResponse:
    """Check officers in at a checkpoint, now or as of when they came."""
    texts = _texts(call)
    facility, checkpoint_id = await _part(call, call.data[ATTR_DEVICE_ID], SUBENTRY_CHECKPOINT, "not_a_checkpoint")
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
        visit = facility.patrol.check_in(what, _actor(facility, call))
    return _visit_response(facility, visit)


async def _check_out(call: ServiceCall) -> ServiceResponse:
    """Take in that the officers of a visit, or of the latest at a checkpoint, have left."""
    visit_id: str | None = call.data.get(ATTR_VISIT_ID)
    if (device_id := call.data.get(ATTR_DEVICE_ID)) is not None:
        facility, checkpoint_id = await _part(call, device_id, SUBENTRY_CHECKPOINT, "not_a_checkpoint")
    else:
        facility, checkpoint_id = await _facility_of_visit(call.hass, visit_id or ""), ""
    actor = _actor(facility, call)
    with translated():
        if visit_id is not None:
            visit = facility.patrol.check_out(actor, visit_id)
        else:
            visit = facility.patrol.check_out_at(checkpoint_id, actor)
    return _visit_response(facility, visit)


async def _countersign_visit(call: ServiceCall) -> ServiceResponse:
    """Put the gate guard's signature under a visit, or the latest that has none."""
    facility = await _facility(call)
    with translated():
        visit = facility.countersign(_actor(facility, call), call.data.get(ATTR_VISIT_ID))
    return _visit_response(facility, visit)


async def _correct_visit(call: ServiceCall) -> ServiceResponse:
    """Put on record what a visit was instead."""
    texts = _texts(call)
    reason = _reason(texts)
    facility = await _facility(call)
    visit_id = call.data[ATTR_VISIT_ID]
    report = _report(call, texts)
    correction = Correction(
        officer=_corrected(facility.patrol.book.visits.get(visit_id), texts),
        report=report if report != Report() else None,
        void=call.data.get(ATTR_VOID),
        reason=reason,
    )
    with translated():
        visit = facility.patrol.correct(_actor(facility, call), visit_id, correction)
    return _visit_response(facility, visit)


async def _excuse_visit(call: ServiceCall) -> ServiceResponse:
    """Take the visits that a plan expects in a window out of the figures."""
    reason = _reason(_texts(call))
    facility, plan_id = await _part(call, call.data[ATTR_PLAN], SUBENTRY_PATROL_PLAN, "not_a_plan")
    with translated():
        slot = facility.excuse(_actor(facility, call), plan_id, call.data[ATTR_AT], reason)
    return {"plan": slot.plan, "start": slot.start.isoformat(), "end": slot.end.isoformat()}


def _visit_response(facility: Facility, visit: Visit) -> ServiceResponse:
    return {"visit_id": visit.id, "verdict": facility.patrol.verdict(visit).value}


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


async def _export_report(call: ServiceCall) -> ServiceResponse:
    """Write a report on a period, last month if none is given."""
    period = _period(call)
    facility = await _facility(call)
    entry: RutanConfigEntry = async_get_config_entry(call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID])
    return await async_report(call.hass, entry, _actor(facility, call), period, call.data[ATTR_FORMATS])


def _period(call: ServiceCall) -> Period:
    """Return the days that are asked for; raise ServiceValidationError if they are none, or too many."""
    today = dt_util.now().date()
    first, last = last_month(today)
    if ATTR_START in call.data or ATTR_END in call.data:
        last = call.data.get(ATTR_END, today)
        first = call.data.get(ATTR_START, last.replace(day=1))
    try:
        period = period_of(first, last, dt_util.get_default_time_zone())
    except ValueError as err:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="period_unfit") from err
    if period.until - period.since > MAX_PERIOD:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="period_too_long",
            translation_placeholders={"days": str(MAX_PERIOD.days)},
        )
    return period


# --- the journal ---


async def _get_journal(call: ServiceCall) -> ServiceResponse:
    """Return the latest records, of a time, some kinds or an incident."""
    facility = await _facility(call)
    limit = call.data[ATTR_LIMIT]
    read = partial(
        facility.kept.journal.latest,
        # One more tells whether there are more.
        limit + 1,
        kinds=call.data[ATTR_KINDS],
        incident=call.data.get(ATTR_INCIDENT),
        since=call.data.get(ATTR_START),
        until=call.data.get(ATTR_END),
    )
    with readable():
        records = await call.hass.async_add_executor_job(read)
    return {"records": [_record(record) for record in records[-limit:]], "more": len(records) > limit}


def _record(record: Record) -> JsonObjectType:
    """Return a record to look at; what is damaged is shown as it is."""
    shown: JsonObjectType = {"seq": record.seq, "intact": record.is_intact}
    for field in ("at", "kind", "incident", "subject", "hash"):
        shown[field] = _text(getattr(record, field))
    try:
        return {**shown, "body": json_loads_object(record.body)}
    except ValueError, TypeError:
        return {**shown, "body": None, "text": _text(record.body)}


def _text(value: object) -> str | None:
    """Return a field of a record as text, whatever damage has made of it."""
    return value if isinstance(value, str | None) else repr(value)


async def _verify_journal(call: ServiceCall) -> ServiceResponse:
    """Check the whole journal, and how its copy is."""
    if ATTR_SEQ in call.data and ATTR_HEAD not in call.data:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="head_missing")
    facility = await _facility(call)
    with readable():
        found, copy = await facility.kept.async_verify(call.data.get(ATTR_HEAD), call.data.get(ATTR_SEQ))
    return {
        "intact": found.is_intact and (copy is None or copy.state is not CopyState.DIFFERS),
        "records": found.records,
        "first_broken": found.first_broken,
        "head": _text(found.head),
        "at": _text(found.at),
        "head_found": found.knows_head,
        "copy": {"state": copy.state.value, "seq": copy.seq, "error": copy.error} if copy is not None else None,
    }


# --- who calls, what is said, and which facility is meant ---


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


async def _part(call: ServiceCall, device_id: str, kind: str, error: str) -> tuple[Facility, str]:
    """Return a part by its device, and its facility; raise ServiceValidationError if it is none of the kind."""
    device, entry = dr.async_get_device_and_config_entry_for_domain(call.hass, device_id, domain=DOMAIN)
    is_meant = entry is not None and call.data.get(ATTR_CONFIG_ENTRY_ID, entry.entry_id) == entry.entry_id
    if device is not None and entry is not None and is_meant:
        facility = await _facility_of_entry(call.hass, entry.entry_id)
        part = facility.subentries.get(device.config_subentry_id or "")
        if part is not None and part.subentry_type == kind:
            return facility, part.subentry_id
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key=error)


async def _facility_of_visit(hass: HomeAssistant, visit_id: str) -> Facility:
    """Return the facility that has seen a visit, waiting out reloads; raise ServiceValidationError if none has."""
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False):
        await async_wait_for_reload(entry)
    loaded: list[RutanConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in loaded:
        if visit_id in entry.runtime_data.patrol.book.visits:
            return entry.runtime_data
    with translated():
        raise RefusedError(Refusal.NO_SUCH_VISIT)


async def _facility(call: ServiceCall) -> Facility:
    """Return the facility of a call, waiting out a reload; raise ServiceValidationError if there is none."""
    return await _facility_of_entry(call.hass, call.data[ATTR_CONFIG_ENTRY_ID])


async def _facility_of_entry(hass: HomeAssistant, entry_id: str) -> Facility:
    entry = hass.config_entries.async_get_entry(entry_id)
    if entry is not None and entry.domain == DOMAIN and entry.disabled_by is None:
        await async_wait_for_reload(entry)
    loaded: RutanConfigEntry = async_get_config_entry(hass, DOMAIN, entry_id)
    return loaded.runtime_data
