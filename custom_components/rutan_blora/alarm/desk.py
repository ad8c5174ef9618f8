"""The alarm desk: the one open incident; commands in, journal, police and listeners out."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
import logging
from typing import TYPE_CHECKING, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util, ulid as ulid_util

from ..actor import Actor, Origin
from ..const import Language
from ..journal.record import Draft, Record
from ..journal.store import Journal
from ..listeners import Listeners
from ..police.alert import Alert, Answer
from ..police.courier import PoliceDevice
from ..police.delivery import Delivery, Plan, received_of
from ..police.dispatcher import Dispatcher
from . import escalation, incident as rules
from .incident import Event, EventType, Incident, Kind, Outcome, Press, Response, State
from .wording import compose

_LOGGER = logging.getLogger(__name__)

_RESPONSES: Final = {
    Answer.ACKNOWLEDGE: Response.ACKNOWLEDGED,
    Answer.GO: Response.RESPONDING,
    Answer.HERE: Response.ON_SCENE,
}


class AlarmDesk:
    """Keeps the incident; every command is synchronous and returns when the first pushes have left."""

    def __init__(self, hass: HomeAssistant, journal: Journal, police: Dispatcher, plan: Plan, *, site: str) -> None:
        self.latest: Incident | None = None
        self._hass = hass
        self._journal = journal
        self._police = police
        self._plan = plan
        self._timer: asyncio.TimerHandle | None = None
        self._site = site
        self._listeners: Listeners[Event] = Listeners(hass)
        # The path of the picture that goes with an incident; nothing may be awaited or looked up for it.
        self.picture_of: Callable[[Incident], str | None] = lambda _: None
        police.on_answer = self.answered

    @property
    def incident(self) -> Incident | None:
        """Return the open incident."""
        return self.latest if self.latest is not None and self.latest.state is not State.CLOSED else None

    @callback
    def listen(self, listener: Callable[[Event], object]) -> CALLBACK_TYPE:
        """Call the listener with everything that happens to an incident."""
        return self._listeners.add(listener)

    @callback
    def press(
        self,
        actor: Actor,
        *,
        location: str,
        kind: Kind,
        button_id: str | None = None,
        pressed_at: datetime | None = None,
        drill: bool = False,
        message: str = "",
    ) -> Incident:
        """Take in a press and return the open incident; raise RefusedError for a drill in a real one."""
        now = dt_util.utcnow()
        what = Press(location=location, kind=kind, at=pressed_at or now, button_id=button_id)
        new_id = ulid_util.ulid_now()
        return self._take(
            rules.press(
                self.incident,
                what,
                new_id=new_id,
                at=now,
                actor=actor,
                drill=drill,
                message=message,
                plan=self._plan,
            )
        )

    @callback
    def respond(self, actor: Actor, response: Response, *, message: str = "") -> Incident:
        """Take in an answer; raise RefusedError if no incident is open."""
        return self._take(rules.respond(self.incident, response, at=dt_util.utcnow(), actor=actor, message=message))

    @callback
    def close(self, actor: Actor, outcome: Outcome, *, reason: str = "") -> Incident:
        """Close the incident; raise RefusedError if none is open or the outcome does not fit."""
        return self._take(rules.close(self.incident, outcome, at=dt_util.utcnow(), actor=actor, reason=reason))

    @callback
    def answered(self, tag: str, device: PoliceDevice, answer: Answer, officer: str = "") -> None:
        """Take in an officer's answer to the alert of an incident; without a name it is the device's holder."""
        response = _RESPONSES.get(answer)
        if response is not None and self.incident is not None and self.incident.id == tag:
            name = f"{officer} – {device.holder}" if officer else device.holder
            self.respond(Actor(origin=Origin.OFFICER, id=device.id, name=name), response)

    @callback
    def restore(self, records: Iterable[Record]) -> None:
        """Take up the latest incident that the journal kept, and how far its deliveries had come."""
        records = list(records)
        for record in records:
            if record.kind in EventType:
                self._replay(record)
        if self.latest is None:
            return
        self._police.restore(self.latest.id, records)
        for responder in self.latest.responders:
            if responder.actor.id is not None:
                self._police.last_response[responder.actor.id] = responder.at

    @callback
    def take_over(self, latest: Incident | None, deliveries: Mapping[str, Delivery]) -> None:
        """Take up the latest incident as another desk has left it."""
        self.latest = latest
        self._police.take_over(deliveries)

    @property
    def deliveries(self) -> dict[str, Delivery]:
        """Return how far the latest incident has come at each police device that was told."""
        return self._police.deliveries(self.latest.id) if self.latest else {}

    @callback
    def resume(self) -> None:
        """Go on telling the police what they had not heard yet, as far as the journal knows."""
        if (latest := self.latest) is not None:
            self._police.resume(self._compose(latest), tier=latest.tier, tiers=latest.plan.tiers)
            self._wait()

    @callback
    def stop(self) -> None:
        """Take no step of the plan any more; the next desk does."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def received(self) -> tuple[int, int]:
        """Return how many police devices have shown that they have the latest alarm, and how many were told."""
        return received_of(self.deliveries.values())

    def _wait(self) -> None:
        """Wait for the plan's next step, on a clock that nobody sets."""
        self.stop()
        if self.incident is not None and (delay := escalation.due_in(self.incident, dt_util.utcnow())) is not None:
            self._timer = self._hass.loop.call_later(delay, self._step)

    @callback
    def _step(self) -> None:
        self._timer = None
        if self.incident is not None:
            self._take(escalation.step(self.incident, at=dt_util.utcnow()))

    def _replay(self, record: Record) -> None:
        """Fold a record into the incident; a damaged one is left out and said so, the rest counts."""
        try:
            event = rules.from_body(record.kind, record.incident or "", record.time, record.load())
            self.latest = rules.apply(self.incident, event)
        except ValueError as err:
            _LOGGER.error("Record %d of the journal cannot be replayed: %s", record.seq, err)

    def _take(self, events: tuple[Event, ...]) -> Incident:
        """Keep what happened: on record, to the police (the newest first), then to whoever listens."""
        told: list[Incident] = []
        for event in events:
            self.latest = rules.apply(self.incident, event)
            self._journal.append(_draft(event))
            if event.type is not EventType.PRESSED_AGAIN:
                told.append(self.latest)
        for event in events:
            self._listeners.tell(event)
        for incident in reversed(told):
            self._police.tell(self._compose(incident), tier=incident.tier, tiers=incident.plan.tiers)
        self._wait()
        if TYPE_CHECKING:
            # A command that finds no incident raises one or is refused.
            assert self.latest is not None
        return self.latest

    def _compose(self, incident: Incident) -> Callable[[Language], Alert]:
        zone = dt_util.get_default_time_zone()
        return partial(compose, incident, site=self._site, zone=zone, picture=self._picture(incident))

    def _picture(self, incident: Incident) -> str | None:
        """Return the picture that goes with an incident; whatever a camera is in, the push leaves."""
        try:
            return self.picture_of(incident)
        except Exception:
            _LOGGER.exception("The picture of an alarm was not found")
            return None


def _draft(event: Event) -> Draft:
    """Return the record of an event; a press is filed under its button."""
    return Draft(
        kind=event.type.value,
        at=event.at,
        incident=event.incident_id,
        subject=event.press.button_id if event.press else event.actor.id,
        body=partial(rules.to_body, event),
    )
