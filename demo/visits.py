"""What the site has for visits: checkpoints with tags, a screen, an officer with a card, the guard, and a plan."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .api import Json

# As in configuration.yaml.
_ZONE: Final = ZoneInfo("Asia/Jakarta")
PIN: Final = "2468"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A checkpoint and the tag on its wall."""

    name: str
    tag: str


PLACES: Final = (
    Place(name="Pos P2U", tag="rutan-demo-p2u"),
    Place(name="Pos belakang", tag="rutan-demo-belakang"),
)
# A screen whose code is good for half a minute.
SCREEN: Final = "Layar gerbang"
PLAN: Final = "Sambang patroli"
GUARD: Final = "Rupam jaga"
# One who has no phone with the app: he writes his report on the page.
VISITOR: Final[Json] = {
    "name": "Andi Wijaya",
    "rank": "Aipda",
    "nrp": "80030003",
    "unit": "Polsek Blora Kota",
    "card_ids": ["04-A1-B2-C3"],
    "pin": PIN,
}


def plan(checkpoints: list[str], told: list[str]) -> Json:
    """Return what the form of a plan asks, for a window that is open now."""
    now = datetime.now(_ZONE).replace(second=0, microsecond=0)
    start, end = (now + timedelta(minutes=minutes) for minutes in (-30, 30))
    return {
        "name": PLAN,
        "checkpoints": checkpoints,
        "windows": [{"start": start.time().isoformat(), "end": end.time().isoformat(), "visits": 1}],
        "grace": 15,
        "notify": {"police_devices": told},
    }
