"""Showing at the gate that the police have the alarm: a light or switch is on while that is true, and only then."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event

from .facility import Facility, RutanConfigEntry


@callback
def async_give_feedback(hass: HomeAssistant, entry: RutanConfigEntry) -> None:
    """Follow the alarm for every light or switch of a panic button, until the entry is unloaded."""
    facility = entry.runtime_data
    places: dict[str, set[str]] = {}
    for button in facility.buttons.buttons.values():
        if button.feedback_entity_id is not None:
            places.setdefault(button.feedback_entity_id, set()).add(button.location)

    @callback
    def show(*_: object) -> None:
        for entity_id, locations in places.items():
            facility.kept.lamps.show(entity_id, is_on=_is_received(facility, locations))

    entry.async_on_unload(facility.alarm.listen(show))
    entry.async_on_unload(facility.police.listen(show))
    entry.async_on_unload(async_track_state_change_event(hass, places, show))
    facility.kept.lamps.keep(places)
    show()


def _is_received(facility: Facility, locations: set[str]) -> bool:
    """Tell whether the open alarm was raised here and a police device has shown that it has it."""
    incident = facility.alarm.incident
    if incident is None or locations.isdisjoint(incident.locations):
        return False
    received, _ = facility.alarm.received
    return received > 0
