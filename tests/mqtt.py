"""Home Assistant's mqtt with a real broker; a module asks for the fixtures with `pytest_plugins`."""

from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant

from .broker import Broker, require_broker, set_up


@pytest.fixture
async def broker(socket_enabled: None, tmp_path: Path) -> AsyncIterator[Broker]:
    """Give a broker that runs."""
    require_broker()
    broker = Broker(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def mqtt_entry(hass: HomeAssistant, broker: Broker, tmp_path: Path) -> AsyncIterator[MockConfigEntry]:
    """Give Home Assistant's mqtt, not set up yet; it looks for its broker more often than once in 10 s."""
    hass.config.config_dir = str(tmp_path)
    (tmp_path / "configuration.yaml").touch()
    entry = MockConfigEntry(
        domain="mqtt",
        data={"broker": "127.0.0.1", "port": broker.port, "protocol": "5"},
        options={"discovery": False, "birth_message": {}},
        version=2,
        minor_version=1,
    )
    with (
        patch("homeassistant.components.mqtt.client.RECONNECT_INTERVAL_SECONDS", 0.05),
        patch("homeassistant.components.mqtt.client.INITIAL_SUBSCRIBE_COOLDOWN", 0.0),
    ):
        yield entry
        if hass.config_entries.async_get_entry(entry.entry_id) is not None:
            await hass.config_entries.async_remove(entry.entry_id)
        await hass.async_block_till_done()


@pytest.fixture
async def mqtt(hass: HomeAssistant, mqtt_entry: MockConfigEntry) -> MockConfigEntry:
    """Give Home Assistant's mqtt, connected."""
    await set_up(hass, mqtt_entry)
    return mqtt_entry
