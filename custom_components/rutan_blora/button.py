"""Buttons of Rutan Blora."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import isawaitable
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .actor import Actor, Origin
from .alarm.incident import Kind, Response
from .const import DOMAIN, SUBENTRY_CAMERA, SUBENTRY_CHECKPOINT, SUBENTRY_PANIC_BUTTON, SUBENTRY_POLICE_DEVICE
from .entity import RutanEntity, RutanEntityDescription, async_add
from .errors import translated
from .facility import Facility, RutanConfigEntry
from .patrol.check_in import CheckIn, Evidence

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class RutanButtonDescription(RutanEntityDescription, ButtonEntityDescription):
    """A button: what pressing it does, with the facility, the subentry's id and who pressed."""

    press_fn: Callable[[Facility, str, Actor], object]


async def _test(facility: Facility, subject: str, _: Actor) -> None:
    """Test a police device; raise HomeAssistantError if it was not reached."""
    delivery = await facility.async_test(subject)
    if delivery.reason is not None:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="test_failed",
            translation_placeholders={"name": facility.police.devices[subject].name, "reason": delivery.reason},
        )


def _check_in(facility: Facility, subject: str, actor: Actor) -> None:
    """Check in somebody who is not said."""
    checkpoint, now = facility.patrol.checkpoints[subject], dt_util.utcnow()
    what = CheckIn(checkpoint_id=subject, checkpoint=checkpoint.name, at=now, received_at=now, evidence=Evidence.BUTTON)
    facility.patrol.check_in(what, actor)


BUTTONS: Final[dict[str | None, tuple[RutanButtonDescription, ...]]] = {
    None: (
        RutanButtonDescription(
            key="acknowledge",
            press_fn=lambda facility, _, actor: facility.alarm.respond(actor, Response.ACKNOWLEDGED),
        ),
        RutanButtonDescription(
            key="drill",
            press_fn=lambda facility, _, actor: facility.alarm.press(
                actor, location=facility.name, kind=Kind.PANIC, drill=True
            ),
        ),
        RutanButtonDescription(
            key="countersign",
            press_fn=lambda facility, _, actor: facility.countersign(actor),
        ),
    ),
    SUBENTRY_CHECKPOINT: (
        RutanButtonDescription(key="check_in", press_fn=_check_in),
        RutanButtonDescription(
            key="rotate_qr",
            entity_category=EntityCategory.CONFIG,
            press_fn=lambda facility, subject, actor: facility.replace_code(subject, actor),
        ),
        RutanButtonDescription(
            key="check_out",
            press_fn=lambda facility, subject, actor: facility.patrol.check_out_at(subject, actor),
        ),
    ),
    SUBENTRY_PANIC_BUTTON: (
        RutanButtonDescription(
            key="panic",
            press_fn=lambda facility, subject, actor: facility.buttons.press(subject, actor),
        ),
    ),
    SUBENTRY_POLICE_DEVICE: (
        RutanButtonDescription(key="test", entity_category=EntityCategory.DIAGNOSTIC, press_fn=_test),
    ),
    SUBENTRY_CAMERA: (
        RutanButtonDescription(
            key="relearn",
            entity_category=EntityCategory.CONFIG,
            press_fn=lambda facility, subject, _: facility.cameras.relearn(subject),
        ),
    ),
}


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the buttons."""
    async_add(entry, async_add_entities, RutanButton, BUTTONS)


class RutanButton(RutanEntity, ButtonEntity):
    """A button of a facility or one of its parts."""

    entity_description: RutanButtonDescription

    @override
    async def async_press(self) -> None:
        """Press the button."""
        actor = self.facility.people.actor(self._context) or Actor(origin=Origin.SERVICE)
        with translated():
            done = self.entity_description.press_fn(self.facility, self.subject, actor)
            if isawaitable(done):
                await done
