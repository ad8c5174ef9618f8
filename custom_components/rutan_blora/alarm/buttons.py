"""The panic buttons: what is a press of which, and what it means."""

from asyncio import TimerHandle
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from homeassistant.components.event import ATTR_EVENT_TYPE
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, State, callback
from homeassistant.util import dt as dt_util

from ..actor import Actor, Origin, RefusedError
from ..const import Source
from ..journal.record import Draft
from ..journal.store import Journal
from ..listeners import Listeners
from .desk import AlarmDesk
from .fault import Evidence, Fault, find_faults
from .incident import Kind, Refusal
from .people import People
from .source import baseline, domain_of, is_emphatic, is_press, pressed_at, read

# What was seen of a source when it was first watched, pressed or released: the memory over a restart.
RECORD_READING: Final = "reading"

# A button proved that it is heard; a press in test mode that proves nothing; the switching of the test mode.
RECORD_TESTED: Final = "button_tested"
RECORD_TEST_PRESS: Final = "test_press"
RECORD_TEST_MODE: Final = "test_mode"
# Seconds after which a press is a press again, whoever forgets.
TEST_MODE_TIME: Final = 300.0

# What was last seen of each button's source: by button, the entity and its reading.
type Known = dict[str, dict[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class PanicButton:
    """A place where somebody presses, and what a press there means; a long or multiple one may mean something graver.

    `supervision` is after how many seconds of silence of its source it counts as lost, `test_interval` after how many
    days it must be tested, 0 is never; `feedback_entity_id` shows there that the police have it.
    """

    id: str
    name: str
    location: str
    kind: Kind
    source: Source
    entity_id: str | None = None
    webhook_id: str | None = None
    local_only: bool = True
    long_press_kind: Kind | None = None
    supervision: float = 0
    battery_entity_id: str | None = None
    test_interval: float = 0
    feedback_entity_id: str | None = None


class PanicButtons:
    """The panic buttons of a facility.

    `known` holds what was last seen of each source, `tested` when each button last proved that it is heard; they
    outlive this object, so that nothing is taken for a press twice or missed over a reload.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        journal: Journal,
        desk: AlarmDesk,
        people: People,
        buttons: Iterable[PanicButton],
        known: Known,
        tested: dict[str, datetime],
    ) -> None:
        self.buttons: Mapping[str, PanicButton] = {button.id: button for button in buttons}
        self._hass = hass
        self._journal = journal
        self._desk = desk
        self._people = people
        self._known = known
        self.tested = tested
        self._testing: dict[str, TimerHandle] = {}
        self._begun = dt_util.utcnow()
        # What is seen of a new source now: it may be pressed before it is watched.
        self._first = {b.id: self._glance(b.entity_id) for b in self.buttons.values() if b.entity_id is not None}
        self._listeners: Listeners[[]] = Listeners(hass)

    @callback
    def listen(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when a source may have been lost or found."""
        return self._listeners.add(listener)

    @callback
    def press(
        self,
        button_id: str,
        actor: Actor | None = None,
        *,
        at: datetime | None = None,
        emphatic: bool = False,
        heard: bool = False,
    ) -> None:
        """Take in a press of a button; without an actor it was the hardware itself.

        In test mode it is only noted, unless an alarm is open: then nobody tests. `heard` says that it came from the
        source, whoever moved that.
        """
        button = self.buttons[button_id]
        is_test = button_id in self._testing and self._desk.incident is None
        if not is_test:
            self._desk.press(
                actor or Actor(origin=Origin.HARDWARE, id=button.id, name=button.name),
                location=button.location,
                kind=(button.long_press_kind if emphatic else None) or button.kind,
                button_id=button.id,
                pressed_at=at,
            )
        # Pressing its button on a screen proves nothing of the hardware; one without hardware can be tested there.
        is_proof = heard or actor is None or (is_test and button.source is Source.VIRTUAL)
        if is_proof or is_test:
            self._note(button, actor, is_test=is_test, is_proof=is_proof)

    def _note(self, button: PanicButton, actor: Actor | None, *, is_test: bool, is_proof: bool) -> None:
        """Record a press that was a test, or that proved the button."""
        at = dt_util.utcnow()
        if is_proof:
            self.tested[button.id] = at
        body = {"test_mode": is_test, "by": actor.name if actor else ""}
        kind = RECORD_TESTED if is_proof else RECORD_TEST_PRESS
        self._journal.append(Draft(kind=kind, at=at, subject=button.id, body=body))
        self._listeners.tell()

    def is_testing(self, button_id: str) -> bool:
        """Tell whether presses of a button are only noted."""
        return button_id in self._testing

    @callback
    def set_test_mode(self, button_id: str, *, is_on: bool) -> None:
        """Let presses of a button only be noted for a while; raise RefusedError while an alarm is open."""
        if is_on and self._desk.incident is not None:
            raise RefusedError(Refusal.TEST_DURING_ALARM)
        if (timer := self._testing.pop(button_id, None)) is not None:
            timer.cancel()
        if is_on:
            end = partial(self.set_test_mode, button_id, is_on=False)
            self._testing[button_id] = self._hass.loop.call_later(TEST_MODE_TIME, end)
        body = {"is_on": is_on}
        self._journal.append(Draft(kind=RECORD_TEST_MODE, at=dt_util.utcnow(), subject=button_id, body=body))
        self._listeners.tell()

    @callback
    def stop(self) -> None:
        """End all test modes: after a reload a press is a press."""
        for button_id in list(self._testing):
            self.set_test_mode(button_id, is_on=False)

    def faults(self, button_id: str) -> tuple[Fault, ...]:
        """Return why presses of a button might not be heard."""
        button = self.buttons[button_id]
        source, battery = self._state(button.entity_id), self._state(button.battery_entity_id)
        evidence = Evidence(
            is_lost=self.is_lost(button_id),
            heard_at=source.last_reported if source else None,
            battery=battery.state if battery else None,
            tested_at=self.tested.get(button_id),
        )
        return find_faults(
            evidence,
            supervision=button.supervision if button.entity_id is not None else 0,
            test_interval=button.test_interval,
            now=dt_util.utcnow(),
        )

    def _state(self, entity_id: str | None) -> State | None:
        return self._hass.states.get(entity_id) if entity_id is not None else None

    @callback
    def check(self) -> None:
        """Let the listeners look again: time alone may have made a fault."""
        self._listeners.tell()

    def is_pressed(self, button_id: str) -> bool:
        """Tell whether the open incident knows already what this button says; a drill says nothing of the kind."""
        incident, button = self._desk.incident, self.buttons[button_id]
        if incident is None or incident.drill:
            return False
        said = (button.location, button.kind)
        return any((press.location, press.kind) == said for press in incident.presses)

    def is_lost(self, button_id: str) -> bool:
        """Tell whether the source is gone, so that a press would not be heard."""
        entity_id = self.buttons[button_id].entity_id
        if entity_id is None:
            return False
        state = self._hass.states.get(entity_id)
        return state is None or state.state == STATE_UNAVAILABLE

    @callback
    def look(self) -> None:
        """Compare every source with what was last seen of it: a press may have come while nobody looked."""
        for button in self.buttons.values():
            if button.entity_id is not None:
                self.read(button.id, None, self._hass.states.get(button.entity_id))

    @callback
    def read(self, button_id: str, old: State | None, new: State | None) -> None:
        """Take in a source's new state, which may be a press; `old` is None if the source was not watched."""
        if (button := self.buttons.get(button_id)) is None or button.entity_id is None:
            return
        domain = domain_of(button.entity_id)
        reading = read(domain, new.state if new else None)
        known = self._known.get(button_id, {}).get(button.entity_id)
        if known is None:
            known = baseline(domain, self._first[button_id], self._begun)
            self._keep(button_id, button.entity_id, known)
        if new is not None and reading is not None and reading != known:
            if is_press(domain, known=known, old=read(domain, old.state if old else None), new=reading):
                at = pressed_at(domain, reading, new.last_changed)
                emphatic = is_emphatic(new.attributes.get(ATTR_EVENT_TYPE))
                self.press(button_id, self._people.actor(new.context), at=at, emphatic=emphatic, heard=True)
            self._keep(button_id, button.entity_id, reading)
        self._listeners.tell()

    @callback
    def rename(self, button_id: str, old: str, new: str) -> None:
        """Know a source by its new entity id: what was seen of it stays, or a closed contact would be a press."""
        if (reading := self._known.get(button_id, {}).get(old)) is not None:
            self._keep(button_id, new, reading)

    def _glance(self, entity_id: str) -> str | None:
        state = self._hass.states.get(entity_id)
        return read(domain_of(entity_id), state.state if state else None)

    def _keep(self, button_id: str, entity_id: str, reading: str) -> None:
        """Remember what was seen of a source; of one that a technician has exchanged nothing is known."""
        seen = self._known[button_id] = {entity_id: reading}
        self._journal.append(Draft(kind=RECORD_READING, at=dt_util.utcnow(), subject=button_id, body=seen))
