"""What the site has for police visits: checkpoints with their tags, an officer with a card, the guard, and a plan."""

from dataclasses import dataclass
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from custom_components.rutan_blora.const import DOMAIN, VISIT_PATH
from custom_components.rutan_blora.patrol.checkpoint import Checkpoint
from custom_components.rutan_blora.patrol.codes import fixed_code

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


def page_path(storage: Path, checkpoint_id: str) -> str:
    """Return where the printed code of a checkpoint leads to; the key it is computed of is known to the house only."""
    stored = json.loads((storage / "core.config_entries").read_text(encoding="utf-8"))
    entry = next(entry for entry in stored["data"]["entries"] if entry["domain"] == DOMAIN)
    subentry = next(part for part in entry["subentries"] if part["subentry_id"] == checkpoint_id)
    checkpoint = Checkpoint(
        id=checkpoint_id,
        name=subentry["title"],
        location="",
        debounce=timedelta(),
        rotation=subentry["data"].get("rotation", 0),
    )
    return f"{VISIT_PATH}/{fixed_code(entry['data']['token_key'], checkpoint)}"


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
