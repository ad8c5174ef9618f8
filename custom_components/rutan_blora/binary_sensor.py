"""Binary sensors of Rutan Blora."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .cctv.picture import Condition
from .const import SUBENTRY_CAMERA, SUBENTRY_PANIC_BUTTON, SUBENTRY_PATROL_PLAN, SUBENTRY_POLICE_DEVICE
from .entity import (
    RutanEntity,
    RutanEntityDescription,
    async_add,
    on_alarm,
    on_camera,
    on_journal,
    on_patrol,
    on_reach,
    on_sources,
)
from .facility import Facility, RutanConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class RutanBinarySensorDescription(RutanEntityDescription, BinarySensorEntityDescription):
    """A binary sensor: whether it is on, from the facility and the subentry's id."""

    is_on_fn: Callable[[Facility, str], bool | None]
    attributes_fn: Callable[[Facility, str], Mapping[str, Any] | None] = lambda _, __: None


def _drill(facility: Facility, _: str) -> Mapping[str, Any]:
    incident = facility.alarm.incident
    return {"drill": incident is not None and incident.drill}


def _test(facility: Facility, subject: str) -> Mapping[str, Any] | None:
    """Return what came of the last test."""
    tested = facility.police.tested(subject)
    return {"test": tested.state.value, "reason": tested.reason} if tested else None


def _signal(facility: Facility, subject: str) -> bool | None:
    """Tell whether pictures come, None while nothing is known."""
    condition = facility.cameras.watches[subject].condition
    return None if condition is None else condition is not Condition.NO_SIGNAL


def _problem(facility: Facility, subject: str) -> Mapping[str, Any]:
    """Return why no pictures come."""
    problem = facility.cameras.watches[subject].feed.problem
    return {"problem": problem.value if problem else None}


def _overdue(facility: Facility, subject: str) -> Mapping[str, Any] | None:
    """Return which visit is overdue, and whether it is too late for it."""
    if (overdue := facility.patrol.overdue(subject)) is None:
        return None
    slot = overdue.slot
    missed = dt_util.utcnow() > slot.closes_at
    return {"start": slot.start.isoformat(), "end": slot.end.isoformat(), "missed": missed}


BINARY_SENSORS: Final[dict[str | None, tuple[RutanBinarySensorDescription, ...]]] = {
    None: (
        RutanBinarySensorDescription(
            key="alarm",
            device_class=BinarySensorDeviceClass.SAFETY,
            listen_fn=on_alarm,
            is_on_fn=lambda facility, _: facility.alarm.incident is not None,
            attributes_fn=_drill,
        ),
        RutanBinarySensorDescription(
            key="journal",
            device_class=BinarySensorDeviceClass.PROBLEM,
            entity_category=EntityCategory.DIAGNOSTIC,
            listen_fn=on_journal,
            is_on_fn=lambda facility, _: not facility.kept.is_journal_well,
        ),
        RutanBinarySensorDescription(
            key="police_reachable",
            device_class=BinarySensorDeviceClass.CONNECTIVITY,
            listen_fn=on_reach,
            is_on_fn=lambda facility, _: facility.is_police_reachable,
        ),
        RutanBinarySensorDescription(
            key="patrol_overdue",
            device_class=BinarySensorDeviceClass.PROBLEM,
            listen_fn=on_patrol,
            is_on_fn=lambda facility, _: any(facility.patrol.overdue(plan_id) for plan_id in facility.patrol.plans),
        ),
    ),
    SUBENTRY_PATROL_PLAN: (
        RutanBinarySensorDescription(
            key="overdue",
            device_class=BinarySensorDeviceClass.PROBLEM,
            listen_fn=on_patrol,
            is_on_fn=lambda facility, subject: facility.patrol.overdue(subject) is not None,
            attributes_fn=_overdue,
        ),
    ),
    SUBENTRY_PANIC_BUTTON: (
        RutanBinarySensorDescription(
            key="fault",
            device_class=BinarySensorDeviceClass.PROBLEM,
            entity_category=EntityCategory.DIAGNOSTIC,
            listen_fn=on_sources,
            is_on_fn=lambda facility, subject: bool(facility.buttons.faults(subject)),
            attributes_fn=lambda facility, subject: {
                "faults": [fault.value for fault in facility.buttons.faults(subject)]
            },
        ),
    ),
    SUBENTRY_POLICE_DEVICE: (
        RutanBinarySensorDescription(
            key="reachable",
            device_class=BinarySensorDeviceClass.CONNECTIVITY,
            entity_category=EntityCategory.DIAGNOSTIC,
            listen_fn=on_reach,
            is_on_fn=lambda facility, subject: facility.police.is_reachable(subject),
            attributes_fn=_test,
        ),
    ),
    SUBENTRY_CAMERA: (
        RutanBinarySensorDescription(
            key="signal",
            device_class=BinarySensorDeviceClass.CONNECTIVITY,
            entity_category=EntityCategory.DIAGNOSTIC,
            listen_fn=on_camera,
            is_on_fn=_signal,
            attributes_fn=_problem,
        ),
        RutanBinarySensorDescription(
            key="tamper",
            device_class=BinarySensorDeviceClass.TAMPER,
            listen_fn=on_camera,
            is_on_fn=lambda facility, subject: facility.cameras.watches[subject].is_tampered,
            attributes_fn=lambda facility, subject: {"by": list(facility.cameras.watches[subject].reporting)},
        ),
    ),
}


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the binary sensors."""
    async_add(entry, async_add_entities, RutanBinarySensor, BINARY_SENSORS)


class RutanBinarySensor(RutanEntity, BinarySensorEntity):
    """A binary sensor of a facility or one of its parts."""

    entity_description: RutanBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Tell whether it is on."""
        return self.entity_description.is_on_fn(self.facility, self.subject)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the attributes."""
        return self.entity_description.attributes_fn(self.facility, self.subject)
