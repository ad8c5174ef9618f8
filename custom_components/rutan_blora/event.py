"""Events of Rutan Blora."""

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.event import (
    ButtonEventType,
    EventDeviceClass,
    EventEntity,
    EventEntityDescription,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .alarm.incident import Event, EventType
from .const import SUBENTRY_PANIC_BUTTON
from .entity import RutanEntity, RutanEntityDescription, async_add
from .facility import RutanConfigEntry
from .police.courier import PoliceDevice
from .police.delivery import Delivery, DeliveryState

PARALLEL_UPDATES = 0

DELIVERY_FAILED: Final = "delivery_failed"


@dataclass(frozen=True, kw_only=True)
class RutanEventDescription(RutanEntityDescription, EventEntityDescription):
    """An event entity."""


ALARM: Final = RutanEventDescription(
    key="alarm",
    event_types=[*(kind.value for kind in EventType if kind is not EventType.PRESSED_AGAIN), DELIVERY_FAILED],
)
PRESS: Final = RutanEventDescription(
    key="press", device_class=EventDeviceClass.BUTTON, event_types=[ButtonEventType.PRESS_END]
)


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the events."""
    async_add(entry, async_add_entities, _create, {None: (ALARM,), SUBENTRY_PANIC_BUTTON: (PRESS,)})


def _create(
    entry: RutanConfigEntry, description: RutanEventDescription, subentry: ConfigSubentry | None
) -> AlarmEvent | PressEvent:
    return AlarmEvent(entry, description) if subentry is None else PressEvent(entry, description, subentry)


class AlarmEvent(RutanEntity, EventEntity):
    """What happens to the incident."""

    entity_description: RutanEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the incident and its deliveries."""
        self.async_on_remove(self.facility.alarm.listen(self._happened))
        self.async_on_remove(self.facility.police.listen(self._delivered))

    @callback
    def _happened(self, event: Event) -> None:
        if event.type is not EventType.PRESSED_AGAIN:
            received, told = self.facility.alarm.received
            self._trigger_event(event.type.value, {**_attributes(event), "received": received, "told": told})
            self.async_write_ha_state()

    @callback
    def _delivered(self, device: PoliceDevice, delivery: Delivery) -> None:
        if delivery.state is DeliveryState.FAILED:
            self._trigger_event(
                DELIVERY_FAILED,
                {"incident_id": delivery.tag, "police_device": device.name, "reason": delivery.reason},
            )
            self.async_write_ha_state()


class PressEvent(RutanEntity, EventEntity):
    """The presses of one panic button."""

    entity_description: RutanEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the button."""
        self.async_on_remove(self.facility.alarm.listen(self._happened))

    @callback
    def _happened(self, event: Event) -> None:
        if event.press is not None and event.press.button_id == self.subject:
            self._trigger_event(ButtonEventType.PRESS_END, _attributes(event))
            self.async_write_ha_state()


def _attributes(event: Event) -> dict[str, Any]:
    """Return what an automation may want to know of an event."""
    attributes: dict[str, Any] = {
        "incident_id": event.incident_id,
        "drill": event.drill,
        "by": event.actor.name,
        "origin": event.actor.origin.value,
    }
    if event.press is not None:
        attributes |= {"kind": event.press.kind.value, "location": event.press.location}
    if event.outcome is not None:
        attributes["outcome"] = event.outcome.value
    if event.tier is not None:
        attributes["tier"] = event.tier
    if event.message:
        attributes["message"] = event.message
    return attributes
