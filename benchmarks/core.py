"""Real Home Assistant cores in this process, and what stands in them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
import json
import logging
from pathlib import Path
import sqlite3
import time
from types import MappingProxyType
from typing import Any, Final

from custom_components.rutan_blora.const import DEFAULT_INTERVAL, DEFAULT_MAX_AGE, DOMAIN
from demo.home_assistant import free_port, http_settings
from homeassistant import auth, loader
from homeassistant.bootstrap import async_load_base_functionality
from homeassistant.config_entries import ConfigEntries, ConfigEntry, ConfigSubentryDataWithId
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util.logging import async_activate_log_queue_handler

ROOT: Final = Path(__file__).parents[1]
ENTRY_ID: Final = "01RUTANBLORABENCHMARK00000"
SITE: Final = "Rutan Blora"

type Config = dict[str, Any]


@asynccontextmanager
async def running_core(folder: Path, config: Config) -> AsyncIterator[HomeAssistant]:
    """Run a core on a folder with the integrations of a configuration; `http.start` lets it serve people."""
    (folder / "custom_components").mkdir(parents=True)
    (folder / "custom_components" / DOMAIN).symlink_to(ROOT / "custom_components" / DOMAIN)
    (folder / ".storage").mkdir()
    (folder / ".storage" / "http").write_text(json.dumps(http_settings(free_port())), encoding="utf-8")
    hass = HomeAssistant(str(folder))
    loader.async_setup(hass)
    hass.config.skip_pip = True
    hass.config_entries = ConfigEntries(hass, config)
    await async_load_base_functionality(hass)
    hass.auth = await auth.auth_manager_from_config(hass, [{"type": "homeassistant"}], [])
    await async_process_ha_core_config(hass, {"time_zone": "Asia/Jakarta", "country": "ID"})
    hass.set_state(CoreState.running)
    try:
        for domain in config:
            if not await async_setup_component(hass, domain, config):
                raise RuntimeError(f"{domain} was not set up")
        await hass.async_block_till_done()
        yield hass
    finally:
        await hass.async_stop(force=True)


def log_to(hass: HomeAssistant, file: Path) -> None:
    """Log as Home Assistant does: through a queue, written by another thread."""
    logging.basicConfig(level=logging.WARNING, handlers=[logging.FileHandler(file)], force=True)
    async_activate_log_queue_handler(hass)


async def pair(hass: HomeAssistant, name: str) -> tuple[str, str]:
    """Register a phone with the real mobile_app; return its device and its notify action."""
    user = await hass.auth.async_create_user(name)
    registration = {
        "app_id": "io.homeassistant.companion",
        "app_name": "Home Assistant",
        "app_version": "2026.10.1",
        "app_data": {"push_websocket_channel": True},
        "device_id": name,
        "device_name": name,
        "manufacturer": "Samsung",
        "model": "A16",
        "os_name": "Android",
        "os_version": "16",
        "supports_encryption": False,
        "user_id": user.id,
        "webhook_id": f"webhook-of-{name}",
    }
    await hass.config_entries.flow.async_init("mobile_app", data=registration, context={"source": "registration"})
    await hass.async_block_till_done()
    entry = next(e for e in hass.config_entries.async_entries("mobile_app") if e.data["device_id"] == name)
    device = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)[0]
    return device.id, f"mobile_app_{name}"


async def pair_all(hass: HomeAssistant, count: int) -> dict[str, str]:
    """Register phones; return their notify actions by device."""
    return dict([await pair(hass, f"phone_{number}") for number in range(1, count + 1)])


def panic_button(number: int, entity_id: str) -> ConfigSubentryDataWithId:
    """Return a panic button that is an entity."""
    return ConfigSubentryDataWithId(
        subentry_id=f"button_{number}",
        subentry_type="panic_button",
        title=f"Gerbang {number}",
        unique_id=f"panic_button_{entity_id}",
        data={"source": "entity", "entity_id": entity_id, "kind": "panic", "location": f"Pintu {number}"},
    )


def police_phone(number: int, device_id: str) -> ConfigSubentryDataWithId:
    """Return a phone as a police device."""
    return ConfigSubentryDataWithId(
        subentry_id=f"phone_{number}",
        subentry_type="police_device",
        title=f"HP {number}",
        unique_id=f"police_device_{device_id}",
        data={"channel": "phone", "device_id": device_id, "language": "id"},
    )


def perimeter_camera(number: int, address: str) -> ConfigSubentryDataWithId:
    """Return a camera at an address, as it is set up when nothing is changed."""
    data = {"source": "http", "still_url": address, "verify_ssl": True}
    if address.startswith("rtsp:"):
        data = {"source": "rtsp", "stream_url": address}
    return ConfigSubentryDataWithId(
        subentry_id=f"camera_{number}",
        subentry_type="camera",
        title=f"Tembok {number}",
        unique_id=f"camera_{address}",
        data={**data, "interval": DEFAULT_INTERVAL, "max_age": DEFAULT_MAX_AGE, "position": number},
    )


def facility_entry(
    buttons: Iterable[str] = (),
    phones: Iterable[str] = (),
    cameras: Iterable[str] = (),
    *,
    evidence: bool = True,
    others: Iterable[ConfigSubentryDataWithId] = (),
) -> ConfigEntry[Any]:
    """Return a facility with these entities as buttons, devices as police phones, addresses as cameras, and others."""
    parts = [panic_button(number, entity_id) for number, entity_id in enumerate(buttons, 1)]
    parts += [police_phone(number, device_id) for number, device_id in enumerate(phones, 1)]
    parts += [perimeter_camera(number, address) for number, address in enumerate(cameras, 1)]
    parts += others
    return ConfigEntry(
        data={"site_name": SITE, "token_key": "5ec2e7" * 10},
        discovery_keys=MappingProxyType({}),
        domain=DOMAIN,
        entry_id=ENTRY_ID,
        minor_version=1,
        options={"language": "id", "evidence": evidence},
        source="user",
        subentries_data=parts,
        title=SITE,
        unique_id="rutan_blora",
        version=1,
    )


def journal_path(folder: Path) -> Path:
    """Return where the facility of a core keeps its journal."""
    return folder / DOMAIN / "rutan_blora.db"


async def close_alarm(hass: HomeAssistant) -> None:
    """Close the open incident and wait until the police know."""
    data = {"config_entry_id": ENTRY_ID, "outcome": "resolved"}
    await hass.services.async_call(DOMAIN, "close_alarm", data, blocking=True)
    await hass.async_block_till_done()
    # Cameras and evidence go on in the background: only who is being told is waited for.
    while telling := [task for task in asyncio.all_tasks() if task.get_name().startswith(f"{DOMAIN} tell ")]:
        await asyncio.wait(telling)


class Tail:
    """The end of a journal as another process sees it."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)

    def until_quiet(self) -> None:
        """Wait until nothing more is written, so that one trial's record is no other trial's burden; blocks."""
        quiet, last = 0, -1
        while quiet < 5:
            time.sleep(0.002)
            (head,) = self._database.execute("SELECT coalesce(max(seq), 0) FROM records").fetchone()
            quiet, last = (quiet + 1, last) if head == last else (0, head)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
