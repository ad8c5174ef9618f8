"""Sensors of Rutan Blora."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .alarm.escalation import due_at
from .alarm.incident import Incident, State
from .cctv.picture import Condition
from .const import (
    SUBENTRY_CAMERA,
    SUBENTRY_CHECKPOINT,
    SUBENTRY_PANIC_BUTTON,
    SUBENTRY_PATROL_PLAN,
    SUBENTRY_POLICE_DEVICE,
)
from .entity import (
    RutanEntity,
    RutanEntityDescription,
    async_add,
    on_age,
    on_alarm,
    on_camera,
    on_delivery,
    on_patrol,
    on_sources,
)
from .facility import Facility, RutanConfigEntry
from .patrol.outlook import COMPLIANCE_DAYS
from .patrol.plan import Verdict
from .police.delivery import Delivery, DeliveryState

PARALLEL_UPDATES = 0

NORMAL: Final = "normal"
IDLE: Final = "idle"


@dataclass(frozen=True, kw_only=True)
class RutanSensorDescription(RutanEntityDescription, SensorEntityDescription):
    """A sensor: its value and attributes from the facility and the subentry's id."""

    value_fn: Callable[[Facility, str], StateType | datetime]
    attributes_fn: Callable[[Facility, str], Mapping[str, Any] | None] = lambda _, __: None


def _alarm_state(facility: Facility, _: str) -> str:
    incident = facility.alarm.incident
    return incident.state.value if incident else NORMAL


def _alarm_attributes(facility: Facility, _: str) -> Mapping[str, Any] | None:
    if (incident := facility.alarm.incident) is None:
        return None
    received, told = facility.alarm.received
    due = due_at(incident)
    return {
        "incident_id": incident.id,
        "tier": incident.tier,
        "received": received,
        "told": told,
        "due_at": due.isoformat() if due else None,
        "kind": incident.kind.value,
        "drill": incident.drill,
        "locations": list(incident.locations),
        "pressed_at": incident.pressed_at.isoformat(),
        "responders": [
            {"name": r.actor.name, "response": r.response.value, "at": r.at.isoformat()} for r in incident.responders
        ],
    }


def _real(facility: Facility) -> Incident | None:
    """Return the latest incident unless it is a drill, which would spoil the statistics."""
    latest = facility.alarm.latest
    return None if latest is None or latest.drill else latest


def _acknowledgement_time(facility: Facility, _: str) -> float | None:
    if (latest := _real(facility)) is None or latest.acknowledged_at is None:
        return None
    return (latest.acknowledged_at - latest.pressed_at).total_seconds()


def _arrival_time(facility: Facility, _: str) -> float | None:
    if (latest := _real(facility)) is None or latest.arrived_at is None:
        return None
    return (latest.arrived_at - latest.pressed_at).total_seconds()


def _delivery(facility: Facility, subject: str) -> Delivery | None:
    """Return the device's delivery of the open incident."""
    incident = facility.alarm.incident
    return facility.police.delivery(incident.id, subject) if incident else None


def _delivery_state(facility: Facility, subject: str) -> str:
    delivery = _delivery(facility, subject)
    return delivery.state.value if delivery else IDLE


def _delivery_attributes(facility: Facility, subject: str) -> Mapping[str, Any] | None:
    delivery = _delivery(facility, subject)
    return {"tries": delivery.tries, "reason": delivery.reason} if delivery else None


def _picture(facility: Facility, subject: str) -> str | None:
    condition = facility.cameras.watches[subject].condition
    return condition.value if condition else None


def _picture_age(facility: Facility, subject: str) -> int | None:
    age = facility.cameras.watches[subject].age
    return None if age is None else round(age)


def _plan_id(subject: str) -> str | None:
    """Return the plan a sensor is of, None for all of the facility."""
    return subject or None


def _percent(facility: Facility, subject: str, days: int = COMPLIANCE_DAYS) -> float | None:
    return facility.patrol.outlook.compliance(_plan_id(subject), days).percent


def _compliance_attributes(facility: Facility, subject: str) -> Mapping[str, Any]:
    month = facility.patrol.outlook.compliance(_plan_id(subject), COMPLIANCE_DAYS)
    return {
        "today": _percent(facility, subject, 1),
        "last_7_days": _percent(facility, subject, 7),
        "expected": month.expected,
        "excused": month.excused,
        **{verdict.value: month.verdicts.get(verdict, 0) for verdict in Verdict if verdict is not Verdict.UNSCHEDULED},
    }


def _compliance(key: str) -> RutanSensorDescription:
    """Return the sensor of how many expected visits of 30 days came on time."""
    return RutanSensorDescription(
        key=key,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        listen_fn=on_patrol,
        value_fn=_percent,
        attributes_fn=_compliance_attributes,
    )


def _next_slot(facility: Facility, subject: str) -> datetime | None:
    slot = facility.patrol.next_slot(_plan_id(subject))
    return slot.start if slot is not None else None


def _next_attributes(facility: Facility, subject: str) -> Mapping[str, Any] | None:
    if (slot := facility.patrol.next_slot(_plan_id(subject))) is None:
        return None
    return {"plan": slot.plan, "until": slot.end.isoformat(), "visits": slot.visits}


def _next_visit(key: str) -> RutanSensorDescription:
    """Return the sensor of when a visit is expected next."""
    return RutanSensorDescription(
        key=key,
        device_class=SensorDeviceClass.TIMESTAMP,
        listen_fn=on_patrol,
        value_fn=_next_slot,
        attributes_fn=_next_attributes,
    )


_UNPREDICTABILITY: Final = RutanSensorDescription(
    key="unpredictability",
    state_class=SensorStateClass.MEASUREMENT,
    native_unit_of_measurement=PERCENTAGE,
    suggested_display_precision=0,
    entity_category=EntityCategory.DIAGNOSTIC,
    listen_fn=on_patrol,
    value_fn=lambda facility, subject: facility.patrol.outlook.plan(subject).unpredictability,
)


def _last_check_in(facility: Facility, subject: str) -> datetime | None:
    last = facility.patrol.last_check_in(subject)
    return last.at if last is not None else None


def _last_check_in_attributes(facility: Facility, subject: str) -> Mapping[str, Any] | None:
    if (last := facility.patrol.last_check_in(subject)) is None:
        return None
    return {"officer": last.officer.title, "unit": last.officer.unit, "evidence": last.evidence.value}


SENSORS: Final[dict[str | None, tuple[RutanSensorDescription, ...]]] = {
    None: (
        RutanSensorDescription(
            key="alarm_state",
            device_class=SensorDeviceClass.ENUM,
            options=[NORMAL, *(state.value for state in State if state is not State.CLOSED)],
            listen_fn=on_alarm,
            value_fn=_alarm_state,
            attributes_fn=_alarm_attributes,
        ),
        RutanSensorDescription(
            key="acknowledgement_time",
            device_class=SensorDeviceClass.DURATION,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfTime.SECONDS,
            suggested_display_precision=0,
            listen_fn=on_alarm,
            value_fn=_acknowledgement_time,
        ),
        RutanSensorDescription(
            key="arrival_time",
            device_class=SensorDeviceClass.DURATION,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfTime.SECONDS,
            suggested_display_precision=0,
            listen_fn=on_alarm,
            value_fn=_arrival_time,
        ),
        _compliance("patrol_compliance"),
        _next_visit("next_visit"),
    ),
    SUBENTRY_CHECKPOINT: (
        RutanSensorDescription(
            key="last_check_in",
            device_class=SensorDeviceClass.TIMESTAMP,
            listen_fn=on_patrol,
            value_fn=_last_check_in,
            attributes_fn=_last_check_in_attributes,
        ),
    ),
    SUBENTRY_PATROL_PLAN: (_compliance("compliance"), _next_visit("next_visit"), _UNPREDICTABILITY),
    SUBENTRY_PANIC_BUTTON: (
        RutanSensorDescription(
            key="last_test",
            device_class=SensorDeviceClass.TIMESTAMP,
            entity_category=EntityCategory.DIAGNOSTIC,
            listen_fn=on_sources,
            value_fn=lambda facility, subject: facility.buttons.tested.get(subject),
        ),
    ),
    SUBENTRY_POLICE_DEVICE: (
        RutanSensorDescription(
            key="delivery",
            device_class=SensorDeviceClass.ENUM,
            options=[IDLE, *(state.value for state in DeliveryState)],
            listen_fn=on_delivery,
            value_fn=_delivery_state,
            attributes_fn=_delivery_attributes,
        ),
        RutanSensorDescription(
            key="last_response",
            device_class=SensorDeviceClass.TIMESTAMP,
            listen_fn=on_delivery,
            value_fn=lambda facility, subject: facility.police.last_response.get(subject),
        ),
    ),
    SUBENTRY_CAMERA: (
        RutanSensorDescription(
            key="picture",
            device_class=SensorDeviceClass.ENUM,
            options=[condition.value for condition in Condition],
            listen_fn=on_camera,
            value_fn=_picture,
        ),
        RutanSensorDescription(
            key="picture_age",
            device_class=SensorDeviceClass.DURATION,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfTime.SECONDS,
            suggested_display_precision=0,
            entity_category=EntityCategory.DIAGNOSTIC,
            listen_fn=on_age,
            value_fn=_picture_age,
        ),
    ),
}


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sensors."""
    async_add(entry, async_add_entities, RutanSensor, SENSORS)


class RutanSensor(RutanEntity, SensorEntity):
    """A sensor of a facility or one of its parts."""

    entity_description: RutanSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value."""
        return self.entity_description.value_fn(self.facility, self.subject)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the attributes."""
        return self.entity_description.attributes_fn(self.facility, self.subject)
