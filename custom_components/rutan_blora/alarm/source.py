"""When a source's reading is a press. Rules only: no Home Assistant.

A *contact* (binary_sensor, switch, input_boolean) reads `on` or `off`; going `on` is a press, opening again is none.
A *moment* (event, button, input_button) reads the time of its last actuation; another time is another press.
"""

from datetime import UTC, datetime
from typing import Final

CONTACTS: Final = frozenset({"binary_sensor", "input_boolean", "switch"})
MOMENTS: Final = frozenset({"button", "event", "input_button"})
DOMAINS: Final = CONTACTS | MOMENTS


def domain_of(entity_id: str) -> str:
    """Return the domain of an entity id."""
    return entity_id.partition(".")[0]


def read(domain: str, state: str | None) -> str | None:
    """Return the reading in a state: `on`/`off` or a UTC time, None if the source has none to give now."""
    if state is None:
        return None
    if domain in CONTACTS:
        return state if state in ("on", "off") else None
    try:
        return datetime.fromisoformat(state).astimezone(UTC).isoformat()
    except ValueError, OverflowError:
        return None


def baseline(domain: str, reading: str | None, now: datetime) -> str:
    """Return the reading to compare with when a source is watched for the first time.

    A source that cannot be read yet is taken as untouched: a contact as open, a moment as before now (UTC).
    """
    if reading is not None:
        return reading
    return "off" if domain in CONTACTS else now.isoformat()


def pressed_at(domain: str, reading: str, changed: datetime) -> datetime:
    """Return when the source was pressed: a moment says so itself, a contact when its state changed (UTC)."""
    if domain in CONTACTS:
        return changed
    return min(datetime.fromisoformat(reading), changed)


def is_press(domain: str, *, known: str, old: str | None, new: str) -> bool:
    """Tell whether a new reading is a press.

    `known` is the last reading taken in, over restarts; `old` the reading just before, None if the source was away.
    While it is watched any other time is a press, so that a clock set back loses none; when the source comes back,
    only a later time is one, for it may come back with an old one. What was known may be damaged: then it is no help.
    """
    if domain in CONTACTS:
        return new == "on" and known != "on"
    if new == known:
        return False
    if old is not None:
        return True
    before = read(domain, known)
    return before is not None and datetime.fromisoformat(new) > datetime.fromisoformat(before)


def is_emphatic(event_type: str | None) -> bool:
    """Tell whether an event is a long or multiple press, by Home Assistant's standard event types."""
    return event_type is not None and event_type.startswith(("long_press", "multi_press"))
