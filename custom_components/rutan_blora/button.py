"""Buttons of Rutan Blora."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .alarm.incident import Actor, Origin, Response
from .const import SUBENTRY_PANIC_BUTTON
from .entity import RutanEntity, RutanEntityDescription, async_add
from .errors import translated
from .facility import Facility, RutanConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class RutanButtonDescription(RutanEntityDescription, ButtonEntityDescription):
    """A button: what pressing it does, with the facility, the subentry's id and who pressed."""

    press_fn: Callable[[Facility, str, Actor], object]


BUTTONS: Final[dict[str | None, tuple[RutanButtonDescription, ...]]] = {
    None: (
        RutanButtonDescription(
            key="acknowledge",
            press_fn=lambda facility, _, actor: facility.alarm.respond(actor, Response.ACKNOWLEDGED),
        ),
    ),
    SUBENTRY_PANIC_BUTTON: (
        RutanButtonDescription(
            key="panic",
            press_fn=lambda facility, subject, actor: facility.buttons.press(subject, actor),
        ),
    ),
}


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the buttons."""
    async_add(entry, async_add_entities, RutanButton, BUTTONS)


class RutanButton(RutanEntity, ButtonEntity):
    """A button of a facility or a panic button."""

    entity_description: RutanButtonDescription

    @override
    async def async_press(self) -> None:
        """Press the button."""
        actor = self.facility.people.actor(self._context) or Actor(origin=Origin.SERVICE)
        with translated():
            self.entity_description.press_fn(self.facility, self.subject, actor)
