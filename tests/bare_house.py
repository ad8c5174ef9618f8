"""A house in a process of its own, where nothing is loaded yet, and the modules named on the command line cannot be.

Prints what has come of it as JSON: `alarm` and `signs` say whether the alarm and the signs of the visits work, `issues`
what is repaired, `loaded` which of the video libraries and what needs them of Home Assistant are loaded.
"""

import asyncio
import json
from pathlib import Path
import sys
from typing import Any

for blocked in sys.argv[3:]:
    sys.modules[blocked] = None  # type: ignore[assignment]  # so Python marks a module that is not to be found

import custom_components.rutan_blora  # noqa: E402, F401, I001  # before the test plug-in's own of that name
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant  # noqa: E402

from homeassistant.config_entries import ConfigEntryState  # noqa: E402
from homeassistant.core import HomeAssistant  # noqa: E402
from homeassistant.helpers import entity_registry as er, issue_registry as ir  # noqa: E402
from homeassistant.loader import DATA_CUSTOM_COMPONENTS  # noqa: E402

VIDEO = ("numpy", "av", "turbojpeg", "homeassistant.components.camera", "homeassistant.components.stream")


def parts(camera: str) -> list[dict[str, Any]]:
    """Return a panic button, a checkpoint, and a camera unless that is `none`."""
    button = {"kind": "panic", "location": "Pintu Utama", "source": "virtual"}
    http = {"source": "http", "still_url": "http://127.0.0.1:9/a.jpg", "verify_ssl": True}
    found = [
        {"subentry_type": "panic_button", "title": "Gerbang", "data": button},
        {"subentry_type": "checkpoint", "title": "Pos utama", "data": {}},
        {"subentry_type": "camera", "title": "Utara", "data": {**http, "interval": 5, "max_age": 30, "position": 1}},
    ]
    return [{**part, "unique_id": part["title"]} for part in (found[:2] if camera == "none" else found)]


async def live(config: str, camera: str) -> dict[str, Any]:
    """Set the facility up as Home Assistant does, and press its button."""
    async with async_test_home_assistant(config_dir=config) as hass:
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        entry = MockConfigEntry(
            domain="rutan_blora",
            title="Rutan Blora",
            unique_id="rutan_blora",
            data={"site_name": "Rutan Blora", "token_key": "00" * 32},
            options={"language": "id"},
            subentries_data=parts(camera),
        )
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        told = await tell(hass, entry)
        await hass.async_stop(force=True)
        return told


async def tell(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Return what has come of the facility."""
    told: dict[str, Any] = {"set_up": entry.state is ConfigEntryState.LOADED}
    find = er.async_get(hass).async_get_entity_id
    if told["set_up"]:
        (button,) = entry.get_subentries_of_type("panic_button")
        panic = find("button", "rutan_blora", f"{entry.entry_id}_{button.subentry_id}_panic")
        await hass.services.async_call("button", "press", {"entity_id": panic}, blocking=True)
        await hass.async_block_till_done()
        alarm = hass.states.get(find("binary_sensor", "rutan_blora", f"{entry.entry_id}_alarm") or "")
        told["alarm"] = alarm.state if alarm else None
        told["signs"] = hass.states.async_entity_ids("image")
    issues = ir.async_get(hass).issues.values()
    told["issues"] = [(i.translation_key, i.translation_placeholders) for i in issues if i.domain == "rutan_blora"]
    told["loaded"] = [name for name in VIDEO if sys.modules.get(name) is not None]
    return told


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(live(str(Path(sys.argv[1])), sys.argv[2]))))
