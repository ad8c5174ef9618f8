"""The panic buttons: what is a press of which, and what it means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, State, callback
from homeassistant.util import dt as dt_util

from ..const import Source
from ..journal.record import Draft
from ..journal.store import Journal
from ..listeners import Listeners
from .desk import AlarmDesk
from .incident import Actor, Incident, Kind, Origin
from .people import People
from .source import baseline, domain_of, is_press, pressed_at, read

# What was seen of a source when it was first watched, pressed or released: the memory over a restart.
RECORD_READING: Final = "reading"

# What was last seen of each button's source: by button, the entity and its reading.
type Known = dict[str, dict[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class PanicButton:
    """A place where somebody presses, and what a press there means."""

    id: str
    name: str
    location: str
    kind: Kind
    source: Source
    entity_id: str | None = None
    webhook_id: str | None = None
    local_only: bool = True


class PanicButtons:
    """The panic buttons of a facility.

    `known` holds what was last seen of each source; it outlives this object, so that nothing is taken for a press
    twice or missed over a reload.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        journal: Journal,
        desk: AlarmDesk,
        people: People,
        buttons: Iterable[PanicButton],
        known: Known,
    ) -> None:
        self.buttons: Mapping[str, PanicButton] = {button.id: button for button in buttons}
        self._hass = hass
        self._journal = journal
        self._desk = desk
        self._people = people
        self._known = known
        self._begun = dt_util.utcnow()
        # What is seen of a new source now: it may be pressed before it is watched.
        self._first = {b.id: self._glance(b.entity_id) for b in self.buttons.values() if b.entity_id is not None}
        self._listeners: Listeners[[]] = Listeners(hass)

    @callback
    def listen(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when a source may have been lost or found."""
        return self._listeners.add(listener)

    @callback
    def press(self, button_id: str, actor: Actor | None = None, *, at: datetime | None = None) -> Incident:
        """Take in a press of a button; without an actor it was the hardware itself."""
        button = self.buttons[button_id]
        return self._desk.press(
            actor or Actor(origin=Origin.HARDWARE, id=button.id, name=button.name),
            location=button.location,
            kind=button.kind,
            button_id=button.id,
            pressed_at=at,
        )

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
                self.press(button_id, self._people.actor(new.context), at=at)
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
