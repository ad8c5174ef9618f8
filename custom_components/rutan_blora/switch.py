"""Switches of Rutan Blora."""

from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import STATE_ON, EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity

from .const import CONF_MOTION_ENTITY_ID, SUBENTRY_CAMERA, SUBENTRY_PANIC_BUTTON
from .entity import RutanEntity, RutanEntityDescription, async_add, on_sources
from .errors import translated
from .facility import RutanConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class RutanSwitchDescription(RutanEntityDescription, SwitchEntityDescription):
    """A switch."""


GUARD: Final = RutanSwitchDescription(
    key="guard",
    exists_fn=lambda subentry: bool(subentry.data.get(CONF_MOTION_ENTITY_ID)),
    needs_pictures=False,
)
TEST_MODE: Final = RutanSwitchDescription(key="test_mode", entity_category=EntityCategory.CONFIG, listen_fn=on_sources)


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the switches."""
    async_add(entry, async_add_entities, TestModeSwitch, {SUBENTRY_PANIC_BUTTON: (TEST_MODE,)})
    async_add(entry, async_add_entities, GuardSwitch, {SUBENTRY_CAMERA: (GUARD,)})


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


class GuardSwitch(RutanEntity, SwitchEntity, RestoreEntity):
    """While it is on, whoever moves before a camera raises the alarm; off at first, and what it was after a restart."""

    entity_description: RutanSwitchDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Be what it was."""
        await super().async_added_to_hass()
        if (last := await self.async_get_last_state()) is not None and last.state == STATE_ON:
            self.facility.guard.restore(self.subject)

    @property
    @override
    def is_on(self) -> bool:
        """Tell whether a movement is an alarm."""
        return self.facility.guard.is_guarded(self.subject)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Let a movement be an alarm."""
        self._set(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Let a movement be none."""
        self._set(is_on=False)

    @callback
    def _set(self, *, is_on: bool) -> None:
        actor = self.facility.people.actor(self._context)
        self.facility.guard.set(self.subject, is_on=is_on, by=actor.name if actor else "")
        self.async_write_ha_state()
