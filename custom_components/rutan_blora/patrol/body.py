"""Plans, judgements and visits as the journal keeps them. Rules only: no Home Assistant, no clock, no I/O."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import voluptuous as vol

from ..actor import actor_from_body
from ..journal.record import stored_time
from .check_in import CheckIn, Evidence, Officer, Report, Situation
from .judgement import Judgement, Result
from .plan import MAX_GRACE, MAX_VISITS, Override, PatrolPlan, Slot, Verdict, Window
from .visit import Correction, Event, EventType


def plan_to_body(plan: PatrolPlan) -> dict[str, Any]:
    """Return what the journal keeps of a plan beside its id."""
    return {
        "name": plan.name,
        "weekdays": sorted(plan.weekdays),
        "windows": [_window_to_body(window) for window in plan.windows],
        "grace": plan.grace.total_seconds(),
        "checkpoints": sorted(plan.checkpoints),
        "overrides": [
            {
                "name": override.name,
                "first": override.first.isoformat(),
                "last": override.last.isoformat(),
                "windows": [_window_to_body(window) for window in override.windows],
            }
            for override in plan.overrides
        ],
    }


def _window_to_body(window: Window) -> dict[str, Any]:
    return {"start": window.start.isoformat(), "end": window.end.isoformat(), "visits": window.visits}


def plan_from_body(plan_id: str, body: Mapping[str, Any]) -> PatrolPlan:
    """Return the plan that the journal, or a form, kept; raise ValueError if it is none."""
    try:
        return PatrolPlan(id=plan_id, **_PLAN(body))
    except vol.Invalid as err:
        raise ValueError(f"not a plan: {err}") from err


def judgement_to_body(judgement: Judgement) -> dict[str, Any]:
    """Return what the journal keeps of a judgement."""
    slot = judgement.slot
    return {
        "slot": {
            "plan_id": slot.plan_id,
            "plan": slot.plan,
            "start": slot.start.isoformat(),
            "end": slot.end.isoformat(),
            "visits": slot.visits,
            "grace": slot.grace.total_seconds(),
            "checkpoints": sorted(slot.checkpoints),
        },
        "results": [
            {
                "verdict": result.verdict.value,
                "visit_id": result.visit_id,
                "at": result.at.isoformat() if result.at else None,
                "missing": sorted(result.missing),
            }
            for result in judgement.results
        ],
    }


def judgement_from_body(body: Mapping[str, Any]) -> Judgement:
    """Return the judgement that the journal kept; raise ValueError if it is none."""
    try:
        kept = _JUDGEMENT(body)
    except vol.Invalid as err:
        raise ValueError(f"not a judgement: {err}") from err
    judgement = Judgement(slot=kept["slot"], results=tuple(kept["results"]))
    if not _is_sound(judgement):
        raise ValueError("not a judgement: the results are not those of the slot")
    return judgement


def _is_sound(judgement: Judgement) -> bool:
    """Tell whether the slot can have these results."""
    slot, results = judgement.slot, judgement.results
    return len(results) == slot.visits and all(
        result.verdict is Verdict.MISSED
        or (result.visit_id is not None and result.at is not None and slot.fit(result.at) is result.verdict)
        for result in results
    )


def event_to_body(event: Event) -> dict[str, Any]:
    """Return what the journal keeps of an event beside its kind, visit and time."""
    body: dict[str, Any] = {"actor": event.actor.to_body()}
    if (what := event.check_in) is not None:
        body["again"] = event.again
        body["check_in"] = {
            "checkpoint_id": what.checkpoint_id,
            "checkpoint": what.checkpoint,
            "received_at": what.received_at.isoformat(),
            "officer": asdict(what.officer),
            "evidence": what.evidence.value,
            "is_fresh": what.is_fresh,
            "report": asdict(what.report),
        }
    if (correction := event.correction) is not None:
        body["correction"] = asdict(correction)
    return body


def event_from_body(kind: str, visit_id: str, at: datetime, body: Mapping[str, Any]) -> Event:
    """Return the event that the journal kept; raise ValueError if it is none."""
    try:
        kept = _EVENT(body)
    except vol.Invalid as err:
        raise ValueError(f"not an event: {err}") from err
    return Event(
        type=EventType(kind),
        visit_id=visit_id,
        at=at,
        actor=kept["actor"],
        check_in=CheckIn(at=at, **kept["check_in"]) if "check_in" in kept else None,
        again=kept.get("again", False),
        correction=kept.get("correction"),
    )


def _made[T](make: Callable[..., T], fields: Mapping[str, object]) -> vol.All[T]:
    """Return the schema of what is made of all of the fields."""
    return vol.All(vol.Schema(fields, required=True), lambda kept: make(**kept))


def _slot(**kept: Any) -> Slot:
    """Return a slot that was kept; raise ValueError for one that no window comes to."""
    slot = Slot(**kept)
    if slot.end <= slot.start:
        raise ValueError("a slot that ends before it starts")
    return slot


def _clock(text: str) -> time:
    """Return a time of day; raise ValueError if it is none, or of a zone or with a fraction, which no clock shows."""
    clock = time.fromisoformat(text)
    if clock.tzinfo is not None or clock.microsecond:
        raise ValueError("not a time of day")
    return clock


_TEXT_OR_NONE: Final = vol.Any(None, str)
_IDS: Final = vol.All([str], vol.Coerce(frozenset))
_DATE: Final = vol.All(str, date.fromisoformat)
_CLOCK: Final = vol.All(str, _clock)
_VISITS: Final = vol.All(int, vol.Range(min=1, max=MAX_VISITS))
_GRACE: Final = vol.All(
    vol.Any(int, float), vol.Range(min=0, max=MAX_GRACE.total_seconds()), lambda s: timedelta(seconds=s)
)
_WINDOWS: Final = vol.All(
    [_made(Window, {"start": _CLOCK, "end": _CLOCK, "visits": _VISITS})],
    vol.Coerce(tuple),
)
_OVERRIDE: Final = _made(Override, {"name": str, "first": _DATE, "last": _DATE, "windows": _WINDOWS})
_PLAN: Final = vol.Schema(
    {
        "name": str,
        "weekdays": vol.All([vol.All(int, vol.Range(min=0, max=6))], vol.Coerce(frozenset)),
        "windows": _WINDOWS,
        "grace": _GRACE,
        "checkpoints": _IDS,
        "overrides": vol.All([_OVERRIDE], vol.Coerce(tuple)),
    },
    required=True,
    extra=vol.REMOVE_EXTRA,
)
_SLOT: Final = _made(
    _slot,
    {
        "plan_id": str,
        "plan": str,
        "start": stored_time,
        "end": stored_time,
        "visits": _VISITS,
        "grace": _GRACE,
        "checkpoints": _IDS,
    },
)
_RESULT: Final = _made(
    Result,
    {
        "verdict": vol.Coerce(Verdict),
        "visit_id": _TEXT_OR_NONE,
        "at": vol.Any(None, stored_time),
        "missing": _IDS,
    },
)
_JUDGEMENT: Final = vol.Schema({"slot": _SLOT, "results": [_RESULT]}, required=True, extra=vol.REMOVE_EXTRA)
_OFFICER: Final = _made(Officer, {"name": str, "rank": str, "nrp": str, "unit": str, "id": _TEXT_OR_NONE})
_REPORT: Final = _made(
    Report,
    {
        "situation": vol.Any(None, vol.Coerce(Situation)),
        "note": str,
        "personnel": vol.Any(None, int),
        "vehicle": str,
        "photo": _TEXT_OR_NONE,
    },
)
# Its time is the event's.
_CHECK_IN: Final = vol.Schema(
    {
        "checkpoint_id": str,
        "checkpoint": str,
        "received_at": stored_time,
        "officer": _OFFICER,
        "evidence": vol.Coerce(Evidence),
        "is_fresh": bool,
        "report": _REPORT,
    },
    required=True,
)
_CORRECTION: Final = _made(
    Correction,
    {"officer": vol.Any(None, _OFFICER), "report": vol.Any(None, _REPORT), "void": vol.Any(None, bool), "reason": str},
)
_EVENT: Final = vol.Schema(
    {
        vol.Required("actor"): vol.All(dict, actor_from_body),
        "again": bool,
        "check_in": _CHECK_IN,
        "correction": _CORRECTION,
    },
    extra=vol.REMOVE_EXTRA,
)
