"""Where visits are checked in, and by whom. Rules only: no Home Assistant, no clock, no I/O."""

from dataclasses import dataclass
from datetime import timedelta

from .check_in import Officer


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """A place where a visit is checked in.

    `tag_id` is the tag on its wall, `reader_device_id` the device that reads officers' cards there. With `live_code`
    only the code shown on the screen counts, not the printed one; `rotation` counts how often the printed one was made
    anew.
    """

    id: str
    name: str
    location: str
    debounce: timedelta
    tag_id: str | None = None
    reader_device_id: str | None = None
    zone_entity_id: str | None = None
    live_code: bool = False
    rotation: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownOfficer:
    """An officer the house knows: the ids of his cards, and the bcrypt hash of his PIN if he has one."""

    officer: Officer
    cards: frozenset[str] = frozenset()
    pin: str | None = None
