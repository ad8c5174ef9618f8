"""Fixtures of the tests that live in a detention house; a module asks for them with `pytest_plugins`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from homeassistant.core import HomeAssistant

from .common import House


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Give snapshots that read well and hold nothing that changes from run to run."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
async def house(
    hass: HomeAssistant, tmp_path: Path, hass_client_no_auth: ClientSessionGenerator
) -> AsyncIterator[House]:
    """Give a house whose facility is not set up yet, in a Home Assistant with an empty disk."""
    house = House(hass, tmp_path, hass_client_no_auth)
    yield house
    await house.leave()
