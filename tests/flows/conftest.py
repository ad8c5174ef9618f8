"""What the tests of the subentry flows share."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """Return a facility that is known but not loaded: its flows need no more."""
    entry = MockConfigEntry(
        domain="rutan_blora",
        title="Rutan Blora",
        unique_id="rutan_blora",
        data={"site_name": "Rutan Blora", "token_key": "00" * 32},
        options={"language": "id"},
    )
    entry.add_to_hass(hass)
    return entry
