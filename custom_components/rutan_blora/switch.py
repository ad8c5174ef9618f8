"""Switches of Rutan Blora."""

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import SUBENTRY_PANIC_BUTTON
from .entity import RutanEntity, RutanEntityDescription, async_add, on_sources
from .errors import translated
from .facility import RutanConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class RutanSwitchDescription(RutanEntityDescription, SwitchEntityDescription):
    """A switch."""


TEST_MODE: Final = RutanSwitchDescription(key="test_mode", entity_category=EntityCategory.CONFIG, listen_fn=on_sources)


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the switches."""
    async_add(entry, async_add_entities, TestModeSwitch, {SUBENTRY_PANIC_BUTTON: (TEST_MODE,)})


class TestModeSwitch(RutanEntity, SwitchEntity):
    """While it is on, presses of a panic button are only noted; it goes off by itself."""

    entity_description: RutanSwitchDescription

    @property
    @override
    def is_on(self) -> bool:
        """Tell whether presses are only noted."""
        return self.facility.buttons.is_testing(self.subject)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Let presses only be noted."""
        with translated():
            self.facility.buttons.set_test_mode(self.subject, is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Let a press be a press."""
        self.facility.buttons.set_test_mode(self.subject, is_on=False)
