"""Images of Rutan Blora: the latest evidence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import RutanEntity, RutanEntityDescription, async_add, on_evidence
from .facility import RutanConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class RutanImageDescription(RutanEntityDescription, ImageEntityDescription):
    """An image."""


EVIDENCE: Final = RutanImageDescription(key="evidence", listen_fn=on_evidence)


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the images."""
    if entry.runtime_data.cameras.watches:
        async_add(entry, async_add_entities, EvidenceImage, {None: (EVIDENCE,)})


class EvidenceImage(RutanEntity, ImageEntity):
    """The latest picture that was kept of an incident, of the camera nearest to it."""

    entity_description: RutanImageDescription
    _attr_content_type = "image/jpeg"

    def __init__(
        self, entry: RutanConfigEntry, description: RutanImageDescription, subentry: ConfigSubentry | None = None
    ) -> None:
        """Initialize the image."""
        ImageEntity.__init__(self, entry.runtime_data.hass)
        super().__init__(entry, description, subentry)

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
