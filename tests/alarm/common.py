"""Incidents as the tests of their rules need them."""

from datetime import UTC, datetime, timedelta
from typing import Final

from custom_components.rutan_blora.actor import Actor, Origin
from custom_components.rutan_blora.alarm.incident import (
    Event,
    EventType,
    Incident,
    Kind,
    Press,
    Response,
    apply,
    press,
    respond,
)

NOW: Final = datetime(2026, 3, 2, 1, 5, 9, 250000, tzinfo=UTC)
LATER: Final = NOW + timedelta(minutes=4)
GATE: Final = Actor(origin=Origin.HARDWARE, id="gate", name="Gerbang utama")
BUDI: Final = Actor(origin=Origin.OFFICER, id="phone-1", name="AKP Budi")
SITI: Final = Actor(origin=Origin.OFFICER, id="phone-2", name="Ipda Siti")
WARDEN: Final = Actor(origin=Origin.USER, id="user-1", name="Karutan")


def a_press(location: str = "P2U", kind: Kind = Kind.PANIC, at: datetime = NOW) -> Press:
    return Press(location=location, kind=kind, at=at, button_id="gate")


def fold(incident: Incident | None, *batches: tuple[Event, ...]) -> Incident:
    for batch in batches:
        for event in batch:
            incident = apply(incident, event)
    assert incident is not None
    return incident


def an_incident(*, drill: bool = False, presses: tuple[Press, ...] = (a_press(),)) -> Incident:
    incident: Incident | None = None
    for what in presses:
        incident = fold(incident, press(incident, what, new_id="A", at=NOW, actor=GATE, drill=drill))
    assert incident is not None
    return incident


def answered(incident: Incident, *answers: tuple[Actor, Response]) -> Incident:
    for minute, (actor, response) in enumerate(answers, start=1):
        at = NOW + timedelta(minutes=minute)
        incident = fold(incident, respond(incident, response, at=at, actor=actor))
    return incident


def an_event(kind: EventType, *, incident_id: str = "A", what: Press | None = None) -> Event:
    return Event(type=kind, incident_id=incident_id, at=LATER, actor=BUDI, press=what)
