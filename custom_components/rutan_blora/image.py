"""Images of Rutan Blora: the latest evidence, and the signs of the checkpoints."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import SUBENTRY_CHECKPOINT
from .entity import RutanEntity, RutanEntityDescription, async_add, on_evidence
from .facility import RutanConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class RutanImageDescription(RutanEntityDescription, ImageEntityDescription):
    """An image."""


EVIDENCE: Final = RutanImageDescription(key="evidence", listen_fn=on_evidence)
QR_CODE: Final = RutanImageDescription(key="qr_code", entity_category=EntityCategory.DIAGNOSTIC)


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the images."""
    if entry.runtime_data.cameras.watches:
        async_add(entry, async_add_entities, EvidenceImage, {None: (EVIDENCE,)})
    async_add(entry, async_add_entities, SignImage, {SUBENTRY_CHECKPOINT: (QR_CODE,)})


class _Image(RutanEntity, ImageEntity):
    """What both kinds share."""

    entity_description: RutanImageDescription

    def __init__(
        self, entry: RutanConfigEntry, description: RutanImageDescription, subentry: ConfigSubentry | None = None
    ) -> None:
        """Initialize the image."""
        ImageEntity.__init__(self, entry.runtime_data.hass)
        super().__init__(entry, description, subentry)


class EvidenceImage(_Image):
    """The latest picture that was kept of an incident, of the camera nearest to it."""

    _attr_content_type = "image/jpeg"

    @property
    @override
    def image_last_updated(self) -> datetime | None:
        """Return when the picture arrived."""
        latest = self.facility.collector.latest
        return latest.at if latest else None

    @override
    async def async_image(self) -> bytes | None:
        """Return the picture."""
        latest = self.facility.collector.latest
        return latest.jpeg if latest else None


class SignImage(_Image):
    """The sign of a checkpoint, to be printed."""

    _attr_content_type = "image/png"

    @override
    async def async_added_to_hass(self) -> None:
        """Say since when it is this one: what makes it another reloads the entry."""
        await super().async_added_to_hass()
        self._attr_image_last_updated = dt_util.utcnow()

    @override
    async def async_image(self) -> bytes | None:
        """Return the sign; Home Assistant's address, which is in it, may have changed."""
        return await self.facility.signs.async_sign(self.facility.patrol.checkpoints[self.subject])
