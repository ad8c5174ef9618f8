"""What a facility adds to the start of Home Assistant."""

from pathlib import Path
from time import perf_counter
from typing import Final

from .core import facility_entry, pair_all, running_core
from .figures import Figures, Goal, table

_BUTTONS: Final = 10


async def measure_startup(folder: Path, devices: int) -> Figures:
    """Return how long the set-up of a facility with so many police devices takes, all entities written."""
    times = []
    for number in range(3):
        async with running_core(folder / str(number), {"notify": {}, "mobile_app": {}}) as hass:
            paired = await pair_all(hass, devices)
            buttons = [f"binary_sensor.gate_{button}" for button in range(_BUTTONS)]
            for entity_id in buttons:
                hass.states.async_set(entity_id, "off")
            await hass.async_block_till_done()
            begin = perf_counter()
            await hass.config_entries.async_add(facility_entry(buttons, paired))
            await hass.async_block_till_done()
            times.append(perf_counter() - begin)
            entities = len(hass.states.async_all())
    first, *again = sorted(times)
    return {
        "devices": devices,
        "buttons": _BUTTONS,
        "states": entities,
        "best_ms": round(first * 1000, 1),
        "worst_ms": round(again[-1] * 1000, 1),
    }


def startup_goals(startup: Figures) -> list[Goal]:
    """Return what was wanted of a start."""
    name = f"start of a facility with {startup['devices']} police devices"
    return [Goal(name=name, limit=150.0, measured=startup["best_ms"], unit="ms")]


def startup_table(startup: Figures) -> str:
    """Return the table of a start."""
    row = (startup["devices"], startup["buttons"], startup["states"], startup["best_ms"], startup["worst_ms"])
    return table(("police devices", "panic buttons", "states", "best ms", "worst ms"), [row])
