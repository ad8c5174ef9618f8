"""Actions on the record: read it, check it, report on a period."""

from datetime import timedelta
from functools import partial
from typing import Final

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, json_loads_object

from ..const import DOMAIN
from ..errors import readable
from ..facility import RutanConfigEntry
from ..journal.copy import CopyState
from ..journal.record import Record
from ..reporting import async_report
from ..reports.content import Period, last_month, period_of
from ..reports.export import Format
from .call import actor_of, facility_of, moment

ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_FORMATS: Final = "formats"
ATTR_KINDS: Final = "kinds"
ATTR_INCIDENT: Final = "incident"
ATTR_LIMIT: Final = "limit"
ATTR_HEAD: Final = "head"
ATTR_SEQ: Final = "seq"

MAX_RECORDS: Final = 1000
# A report of more would keep Home Assistant busy for long.
MAX_PERIOD: Final = timedelta(days=367)

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
        vol.Optional(ATTR_START): moment,
        vol.Optional(ATTR_END): moment,
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


async def export_report(call: ServiceCall) -> ServiceResponse:
    """Write a report on a period, last month if none is given."""
    period = _period(call)
    facility = await facility_of(call)
    entry: RutanConfigEntry = async_get_config_entry(call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID])
    return await async_report(call.hass, entry, actor_of(facility, call), period, call.data[ATTR_FORMATS])


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


async def get_journal(call: ServiceCall) -> ServiceResponse:
    """Return the latest records, of a time, some kinds or an incident."""
    facility = await facility_of(call)
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


async def verify_journal(call: ServiceCall) -> ServiceResponse:
    """Check the whole journal, and how its copy is."""
    if ATTR_SEQ in call.data and ATTR_HEAD not in call.data:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="head_missing")
    facility = await facility_of(call)
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
