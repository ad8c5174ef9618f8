"""When a panic button is not to be relied on. Rules only: no Home Assistant, no clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# Percent at which a battery is to be changed; a sensor that only says low or not says `on`.
LOW_BATTERY: Final = 15.0


class Fault(StrEnum):
    """Why a press might not be heard, the gravest first."""

    LOST = "lost"
    SILENT = "silent"
    BATTERY_LOW = "battery_low"
    TEST_OVERDUE = "test_overdue"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is known of a button: whether its source is gone, when that was last heard (UTC), its battery's state."""

    is_lost: bool = False
    heard_at: datetime | None = None
    battery: str | None = None
    tested_at: datetime | None = None


def find_faults(evidence: Evidence, *, supervision: float, test_interval: float, now: datetime) -> tuple[Fault, ...]:
    """Return what is wrong; `supervision` is in seconds, `test_interval` in days, 0 asks for neither.

    A button that was never proven is overdue: nobody knows whether it works.
    """
    found = {
        Fault.LOST: evidence.is_lost,
        Fault.SILENT: not evidence.is_lost and _is_older(evidence.heard_at, timedelta(seconds=supervision), now),
        Fault.BATTERY_LOW: _is_low(evidence.battery),
        Fault.TEST_OVERDUE: _is_older(evidence.tested_at, timedelta(days=test_interval), now),
    }
    return tuple(fault for fault, is_there in found.items() if is_there)


def _is_older(at: datetime | None, age: timedelta, now: datetime) -> bool:
    """Tell whether something is longer ago than it may be, or never was; an age of 0 does not matter."""
    return bool(age) and (at is None or now - at > age)


def _is_low(battery: str | None) -> bool:
    """Tell whether a battery is low; one that says nothing is no evidence."""
    if battery is None:
        return False
    try:
        return float(battery) <= LOW_BATTERY
    except ValueError:
        return battery == "on"
