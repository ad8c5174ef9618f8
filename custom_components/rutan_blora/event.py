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
from .const import SUBENTRY_CHECKPOINT, SUBENTRY_PANIC_BUTTON
from .entity import RutanEntity, RutanEntityDescription, async_add
from .facility import RutanConfigEntry
from .patrol.check_in import CheckIn
from .patrol.visit import Event as VisitEvent, Visit
from .police.courier import PoliceDevice
from .police.delivery import Delivery, DeliveryState

PARALLEL_UPDATES = 0

DELIVERY_FAILED: Final = "delivery_failed"
CHECKED_IN: Final = "checked_in"


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
CHECK_IN: Final = RutanEventDescription(key="check_in", event_types=[CHECKED_IN])


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the events."""
    async_add(
        entry,
        async_add_entities,
        _create,
        {None: (ALARM,), SUBENTRY_CHECKPOINT: (CHECK_IN,), SUBENTRY_PANIC_BUTTON: (PRESS,)},
    )


def _create(
    entry: RutanConfigEntry, description: RutanEventDescription, subentry: ConfigSubentry | None
) -> EventEntity:
    if subentry is None:
        return AlarmEvent(entry, description)
    kind = CheckInEvent if description is CHECK_IN else PressEvent
    return kind(entry, description, subentry)


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
        if delivery.state is DeliveryState.FAILED and not self.facility.is_of_visits(delivery.tag):
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


class CheckInEvent(RutanEntity, EventEntity):
    """The check-ins at one checkpoint."""

    entity_description: RutanEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the visits."""
        self.async_on_remove(self.facility.patrol.listen(self._happened))

    @callback
    def _happened(self, event: VisitEvent, visit: Visit) -> None:
        if event.check_in is not None and event.check_in.checkpoint_id == self.subject:
            verdict = self.facility.patrol.verdict(visit)
            self._trigger_event(CHECKED_IN, {**_check_in_attributes(event.check_in, visit), "verdict": verdict.value})
            self.async_write_ha_state()


def _check_in_attributes(check_in: CheckIn, visit: Visit) -> dict[str, Any]:
    """Return what an automation may want to know of a check-in."""
    officer, report = check_in.officer, visit.report
    return {
        "visit_id": visit.id,
        "at": check_in.at.isoformat(),
        "officer": officer.name,
        "rank": officer.rank,
        "unit": officer.unit,
        "is_known": officer.id is not None,
        "evidence": check_in.evidence.value,
        "late_entry": check_in.is_late_entry,
        "situation": report.situation.value if report.situation else None,
        "message": report.note,
    }


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
