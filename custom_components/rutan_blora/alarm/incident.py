"""The incident: from the press to the close. Rules only: no Home Assistant, no clock, no I/O.

Commands (`press`, `respond`, `close`) look at the incident and return the events that follow from them, none if
nothing changes; `apply` folds an event into the incident. The journal keeps the events, so replaying them gives
the incident back after a restart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import voluptuous as vol

from ..actor import Actor, RefusedError, actor_from_body
from ..journal.record import stored_time
from ..police.delivery import Plan, plan_from_body, plan_to_body


class Kind(StrEnum):
    """What a press means, gravest last (the house's bell: 3 strokes fire, 4 escape, 5 riot)."""

    MEDICAL = "medical"
    PERIMETER = "perimeter"
    ASSAULT = "assault"
    PANIC = "panic"
    FIRE = "fire"
    ESCAPE = "escape"
    RIOT = "riot"


class State(StrEnum):
    """How far an incident has come, in this order; back only to `alarm`, when nobody set out in time."""

    ALARM = "alarm"
    ACKNOWLEDGED = "acknowledged"
    RESPONDING = "responding"
    ON_SCENE = "on_scene"
    CLOSED = "closed"


class Response(StrEnum):
    """What the police can answer."""

    ACKNOWLEDGED = "acknowledged"
    RESPONDING = "responding"
    ON_SCENE = "on_scene"


class Outcome(StrEnum):
    """What an incident turned out to be."""

    RESOLVED = "resolved"
    FALSE_ALARM = "false_alarm"
    DRILL = "drill"


class EventType(StrEnum):
    """What can happen to an incident."""

    RAISED = "raised"
    LOCATION_ADDED = "location_added"
    PRESSED_AGAIN = "pressed_again"
    ESCALATED = "escalated"
    UNANSWERED = "unanswered"
    ACKNOWLEDGED = "acknowledged"
    RESPONDING = "responding"
    ON_SCENE = "on_scene"
    CLOSED = "closed"


class Refusal(StrEnum):
    """Why a command was refused."""

    NO_OPEN_INCIDENT = "no_open_incident"
    REAL_INCIDENT_OPEN = "real_incident_open"
    OUTCOME_IS_DRILL = "outcome_is_drill"
    OUTCOME_NOT_DRILL = "outcome_not_drill"
    TEST_DURING_ALARM = "test_during_alarm"


# Events that must break the silence of a police device; the others bring its notification up to date.
URGENT: Final = frozenset({EventType.RAISED, EventType.LOCATION_ADDED, EventType.UNANSWERED})
# Events that change nothing of what the police read.
_UNTOLD: Final = frozenset({EventType.PRESSED_AGAIN, EventType.ESCALATED})

_KINDS: Final = list(Kind)
_STATES: Final = list(State)


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """One actuation: where, what it means, when (UTC)."""

    location: str
    kind: Kind
    at: datetime
    button_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened to an incident; `at` is when it was taken in (UTC), `tier` who is told from now on."""

    type: EventType
    incident_id: str
    at: datetime
    actor: Actor
    press: Press | None = None
    drill: bool = False
    outcome: Outcome | None = None
    message: str = ""
    tier: int | None = None
    plan: Plan | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Responder:
    """An officer on the case and his latest answer."""

    actor: Actor
    response: Response
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """An incident as far as it has come.

    `presses` holds the first press of every place and kind; `revision` counts what the police are told, `urgent`
    is the last revision that must break their silence. `message` is the latest given with a press. `tier` is how far
    it was escalated, `rounds` how often all tiers stayed silent, `since` when the running step began (UTC); `lapsed`
    says that it was acknowledged and nobody set out.
    """

    id: str
    drill: bool
    raised_at: datetime
    message: str
    state: State = State.ALARM
    presses: tuple[Press, ...] = ()
    responders: tuple[Responder, ...] = ()
    acknowledged_at: datetime | None = None
    arrived_at: datetime | None = None
    closed: Event | None = None
    revision: int = 0
    urgent: int = 0
    plan: Plan = field(default_factory=Plan)
    tier: int = 1
    rounds: int = 0
    since: datetime
    lapsed: bool = False

    @property
    def pressed_at(self) -> datetime:
        """Return when the first button was pressed (UTC)."""
        return self.presses[0].at

    @property
    def kind(self) -> Kind:
        """Return the gravest kind pressed so far."""
        return max((press.kind for press in self.presses), key=_KINDS.index)

    @property
    def locations(self) -> tuple[str, ...]:
        """Return the places pressed, first press first, each once."""
        return tuple(dict.fromkeys(press.location for press in self.presses))


def press(
    incident: Incident | None,
    what: Press,
    *,
    new_id: str,
    at: datetime,
    actor: Actor,
    drill: bool = False,
    message: str = "",
    plan: Plan | None = None,
) -> tuple[Event, ...]:
    """Return what a press does: raise an incident, add a place to the open one, or be one more press there.

    A real press during a drill ends the drill and raises a real incident (design §2).
    Raise RefusedError if a drill is asked for while a real incident is open.
    """
    ended: tuple[Event, ...] = ()
    if incident is not None:
        if drill and not incident.drill:
            raise RefusedError(Refusal.REAL_INCIDENT_OPEN)
        if drill == incident.drill:
            return (_press_again(incident, what, at=at, actor=actor, message=message),)
        ended = close(incident, Outcome.DRILL, at=at, actor=actor)
    raised = Event(
        type=EventType.RAISED,
        incident_id=new_id,
        at=at,
        actor=actor,
        press=what,
        drill=drill,
        message=message,
        plan=plan,
    )
    return (*ended, raised)


def _press_again(incident: Incident, what: Press, *, at: datetime, actor: Actor, message: str) -> Event:
    """Return the event of a press while its incident is open."""
    known = any((old.location, old.kind) == (what.location, what.kind) for old in incident.presses)
    return Event(
        type=EventType.PRESSED_AGAIN if known else EventType.LOCATION_ADDED,
        incident_id=incident.id,
        at=at,
        actor=actor,
        press=what,
        drill=incident.drill,
        message=message,
    )


def respond(
    incident: Incident | None, response: Response, *, at: datetime, actor: Actor, message: str = ""
) -> tuple[Event, ...]:
    """Return what an answer of the police does; nothing if this officer had already come that far.

    Raise RefusedError if no incident is open.
    """
    if incident is None:
        raise RefusedError(Refusal.NO_OPEN_INCIDENT)
    given = next((old.response for old in incident.responders if old.actor.key == actor.key), None)
    if given is not None and _rank(given) >= _rank(response):
        return ()
    return (
        Event(
            type=EventType(response.value),
            incident_id=incident.id,
            at=at,
            actor=actor,
            drill=incident.drill,
            message=message,
        ),
    )


def close(
    incident: Incident | None, outcome: Outcome, *, at: datetime, actor: Actor, reason: str = ""
) -> tuple[Event, ...]:
    """Return the close of the incident.

    Raise RefusedError if none is open, or if a drill would be called real or a real incident a drill.
    """
    if incident is None:
        raise RefusedError(Refusal.NO_OPEN_INCIDENT)
    if incident.drill and outcome is not Outcome.DRILL:
        raise RefusedError(Refusal.OUTCOME_IS_DRILL)
    if not incident.drill and outcome is Outcome.DRILL:
        raise RefusedError(Refusal.OUTCOME_NOT_DRILL)
    return (
        Event(
            type=EventType.CLOSED,
            incident_id=incident.id,
            at=at,
            actor=actor,
            drill=incident.drill,
            outcome=outcome,
            message=reason,
        ),
    )


def apply(incident: Incident | None, event: Event) -> Incident:
    """Return the incident after the event; a raise starts a new one.

    Raise ValueError for an event that cannot follow (only a damaged journal holds such).
    """
    if event.type is EventType.RAISED:
        return _raised(event)
    if incident is None or incident.id != event.incident_id or incident.state is State.CLOSED:
        raise ValueError(f"{event.type} of an incident that is not open")
    incident = _gone_on(incident, event)
    if event.type in _UNTOLD:
        return incident
    revision = incident.revision + 1
    return replace(incident, revision=revision, urgent=revision if event.type in URGENT else incident.urgent)


def _raised(event: Event) -> Incident:
    """Return a new incident."""
    if event.press is None:
        raise ValueError("a raise without a press")
    plan = event.plan or Plan()
    return Incident(
        id=event.incident_id,
        drill=event.drill,
        raised_at=event.at,
        message=event.message,
        presses=(event.press,),
        revision=1,
        urgent=1,
        plan=plan,
        tier=plan.first(),
        since=event.at,
    )


def _gone_on(incident: Incident, event: Event) -> Incident:
    """Return an open incident after what happened to it."""
    match event.type:
        case EventType.PRESSED_AGAIN:
            return incident
        case EventType.LOCATION_ADDED:
            return _spread(incident, event)
        case EventType.ESCALATED:
            return _escalated(incident, event)
        case EventType.UNANSWERED:
            return _unanswered(incident, event)
        case EventType.CLOSED:
            return replace(incident, state=State.CLOSED, closed=event)
        case _:
            return _answered(incident, event, Response(event.type.value))


def _spread(incident: Incident, event: Event) -> Incident:
    """Return the incident with one more place or kind."""
    if event.press is None:
        raise ValueError("a location without a press")
    return replace(incident, presses=(*incident.presses, event.press), message=event.message or incident.message)


def _escalated(incident: Incident, event: Event) -> Incident:
    """Return the incident one tier further; the next step is timed from when this one was due, be it overdue."""
    if event.tier is None:
        raise ValueError("an escalation without a tier")
    since = incident.since + timedelta(seconds=incident.plan.tier_delay)
    return replace(incident, tier=event.tier, since=min(since, event.at))


def _unanswered(incident: Incident, event: Event) -> Incident:
    """Return the incident after a round without an answer, or without anybody on the way: it is an alarm again.

    Who only acknowledged must do so anew; all tiers are told from now on.
    """
    lapsed = incident.lapsed or incident.state is State.ACKNOWLEDGED
    going = tuple(old for old in incident.responders if old.response is not Response.ACKNOWLEDGED)
    return replace(
        incident,
        state=State.ALARM,
        responders=going,
        tier=max((incident.tier, *incident.plan.steps)),
        rounds=incident.rounds + 1,
        since=event.at,
        lapsed=lapsed,
    )


def _answered(incident: Incident, event: Event, response: Response) -> Incident:
    """Return the incident after an answer: it goes forward, never back."""
    others = tuple(old for old in incident.responders if old.actor.key != event.actor.key)
    here = response is Response.ON_SCENE
    state = max(incident.state, State(response.value), key=_STATES.index)
    return replace(
        incident,
        state=state,
        since=incident.since if state is incident.state else event.at,
        lapsed=False,
        responders=(*others, Responder(actor=event.actor, response=response, at=event.at)),
        acknowledged_at=incident.acknowledged_at or event.at,
        arrived_at=incident.arrived_at or (event.at if here else None),
    )


def _rank(response: Response) -> int:
    return _STATES.index(State(response.value))


def to_body(event: Event) -> dict[str, Any]:
    """Return what the journal keeps of an event beside its kind, incident and time."""
    body: dict[str, Any] = {
        "actor": event.actor.to_body(),
        "drill": event.drill,
        "message": event.message,
    }
    if event.outcome is not None:
        body["outcome"] = event.outcome.value
    if event.tier is not None:
        body["tier"] = event.tier
    if event.plan is not None:
        body["plan"] = plan_to_body(event.plan)
    if (what := event.press) is not None:
        body["press"] = {
            "location": what.location,
            "kind": what.kind.value,
            "at": what.at.isoformat(),
            "button_id": what.button_id,
        }
    return body


def from_body(kind: str, incident_id: str, at: datetime, body: Mapping[str, Any]) -> Event:
    """Return the event that the journal kept; raise ValueError if it is none."""
    try:
        kept = _BODY(body)
    except vol.Invalid as err:
        raise ValueError(f"not an event: {err}") from err
    return Event(
        type=EventType(kind),
        incident_id=incident_id,
        at=at,
        actor=kept["actor"],
        press=Press(**kept["press"]) if "press" in kept else None,
        drill=kept["drill"],
        outcome=kept.get("outcome"),
        message=kept["message"],
        tier=kept.get("tier"),
        plan=plan_from_body(kept["plan"]) if "plan" in kept else None,
    )


_TEXT_OR_NONE: Final = vol.Any(str, None)
_BODY: Final = vol.Schema(
    {
        "actor": vol.All(dict, actor_from_body),
        "drill": bool,
        "message": str,
        vol.Optional("outcome"): vol.Coerce(Outcome),
        vol.Optional("tier"): vol.All(int, vol.Range(min=1)),
        vol.Optional("plan"): dict,
        vol.Optional("press"): vol.Schema(
            {"location": str, "kind": vol.Coerce(Kind), "at": stored_time, "button_id": _TEXT_OR_NONE}, required=True
        ),
    },
    required=True,
    extra=vol.REMOVE_EXTRA,
)
