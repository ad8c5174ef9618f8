"""Waiting for a facility that is only away for a reload."""

import asyncio
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState

# A reload takes a fraction of a second; what comes in between waits this long (seconds).
RELOAD_DEADLINE: Final = 10

_RELOADING: Final = (
    ConfigEntryState.NOT_LOADED,
    ConfigEntryState.SETUP_IN_PROGRESS,
    ConfigEntryState.UNLOAD_IN_PROGRESS,
)


async def async_wait_for_reload(entry: ConfigEntry[Any]) -> None:
    """Wait until an entry that is away is there again, or the deadline passes."""
    if entry.state not in _RELOADING:
        return
    changed = asyncio.Event()
    unsubscribe = entry.async_on_state_change(changed.set)
    try:
        async with asyncio.timeout(RELOAD_DEADLINE):
            while entry.state in _RELOADING:
                changed.clear()
                await changed.wait()
    except TimeoutError:
        return
    finally:
        unsubscribe()
