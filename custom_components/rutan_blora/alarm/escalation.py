"""When the plan of an incident takes its next step, and which. Rules only: no Home Assistant, no clock."""

from datetime import datetime, timedelta
from typing import Final

from ..actor import Actor, Origin
from .incident import Event, EventType, Incident, Outcome, State, close

# Seconds until a drill that nobody closes ends.
DRILL_TIME: Final = 900.0


def due_in(incident: Incident, now: datetime) -> float | None:
    """Return the seconds until the plan's next step, None if there is none to wait for.

    Never longer than the step itself: a clock that was set back must not hold up the alarm.
    """
    return min((left for left, _ in _due(incident, now)), default=None)


def step(incident: Incident, *, at: datetime) -> tuple[Event, ...]:
    """Return the plan's next step: the next tier; after the last that nobody answered, round after round.

    Acknowledged and nobody on the way counts as unanswered too (design §4). A drill ends by itself. Nothing if no
    step is to come.
    """
    if not (due := _due(incident, at)):
        return ()
    actor = Actor(origin=Origin.PLAN)
    _, is_end = min(due)
    if is_end:
        return close(incident, Outcome.DRILL, at=at, actor=actor)
    tier = incident.plan.after(incident.tier) if incident.state is State.ALARM else None
    return (
        Event(
            type=EventType.UNANSWERED if tier is None else EventType.ESCALATED,
            incident_id=incident.id,
            at=at,
            actor=actor,
            drill=incident.drill,
            tier=tier,
        ),
    )


def due_at(incident: Incident) -> datetime | None:
    """Return when the plan's next step is due by the clock (UTC), None if there is none to wait for."""
    return min((since + timedelta(seconds=length) for since, length, _ in _running(incident)), default=None)


def _due(incident: Incident, now: datetime) -> list[tuple[float, bool]]:
    """Return in how many seconds a step is due, and whether it is the end of a drill."""
    return [
        (min(max(0.0, length - (now - since).total_seconds()), length), is_end)
        for since, length, is_end in _running(incident)
    ]


def _running(incident: Incident) -> list[tuple[datetime, float, bool]]:
    """Return since when what is running and for how long (s): the step, and a drill to its end."""
    running = []
    if (length := _step_length(incident)) is not None:
        running.append((incident.since, length, False))
    if incident.drill and incident.state is not State.CLOSED:
        running.append((incident.raised_at, DRILL_TIME, True))
    return running


def _step_length(incident: Incident) -> float | None:
    """Return how long the running step lasts (s): a tier's delay, of a later round all of them; the response time."""
    if incident.state is State.ALARM:
        tiers = max(1, len(incident.plan.steps)) if incident.rounds else 1
        return incident.plan.tier_delay * tiers
    return incident.plan.response_time if incident.state is State.ACKNOWLEDGED else None
