"""Cameras of Rutan Blora: the perimeter cameras, the wall that shows them all, and the screens at checkpoints."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Self, override

from aiohttp import web

from homeassistant.components.camera import (
    Camera,
    CameraEntityDescription,
    CameraEntityFeature,
    async_get_still_stream,
)
from homeassistant.components.camera.const import DATA_COMPONENT
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_LIVE_CODE, SUBENTRY_CAMERA, SUBENTRY_CHECKPOINT
from .entity import RutanEntity, RutanEntityDescription, async_add, on_camera
from .facility import RutanConfigEntry

PARALLEL_UPDATES = 0

# Seconds until who looks at a camera that gives no new picture sees how old the last one has become.
LOOK_AGAIN: Final = 1.0
# Seconds between two pictures for who looks at the wall.
WALL_INTERVAL: Final = 1.0
# Seconds until who looks at a checkpoint's screen sees that its code has changed.
CODE_INTERVAL: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class RutanCameraDescription(RutanEntityDescription, CameraEntityDescription):
    """A camera."""


CAMERA: Final = RutanCameraDescription(key="camera", name=None, listen_fn=on_camera)
WALL: Final = RutanCameraDescription(key="wall")
LIVE_CODE: Final = RutanCameraDescription(
    key="live_code", exists_fn=lambda subentry: bool(subentry.data.get(CONF_LIVE_CODE))
)


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the cameras."""
    tables: dict[str | None, tuple[RutanCameraDescription, ...]] = {
        SUBENTRY_CAMERA: (CAMERA,),
        SUBENTRY_CHECKPOINT: (LIVE_CODE,),
    }
    if entry.runtime_data.cameras.watches:
        tables[None] = (WALL,)
    async_add(entry, async_add_entities, _create, tables)


def _create(
    entry: RutanConfigEntry, description: RutanCameraDescription, subentry: ConfigSubentry | None
) -> PerimeterCamera | WallCamera | LiveCodeCamera:
    if subentry is None:
        return WallCamera(entry, description)
    if description is LIVE_CODE:
        return LiveCodeCamera(entry, description, subentry)
    return PerimeterCamera(entry, description, subentry)


class _Camera(RutanEntity, Camera):
    """What all kinds share: who looks goes on looking after a reload, at the entity that is there then."""

    entity_description: RutanCameraDescription

    def __init__(
        self, entry: RutanConfigEntry, description: RutanCameraDescription, subentry: ConfigSubentry | None = None
    ) -> None:
        """Initialize the camera."""
        Camera.__init__(self)
        super().__init__(entry, description, subentry)

    @property
    def _successor(self) -> Self:
        """Return this camera as it is since the last reload; a stream outlives the entity it was begun with."""
        entity = self.facility.hass.data[DATA_COMPONENT].get_entity(self.entity_id)
        return entity if isinstance(entity, type(self)) else self

    @override
    async def handle_async_still_stream(self, request: web.Request, interval: float) -> web.StreamResponse:
        """Send pictures at an interval."""

        async def image() -> bytes | None:
            return await self._successor.async_camera_image()

        return await async_get_still_stream(request, image, self.content_type, interval)


class PerimeterCamera(_Camera):
    """A perimeter camera.

    Its picture is the latest one, or says that there is none: an old one is never shown as how it is now.
    """

    def __init__(self, entry: RutanConfigEntry, description: RutanCameraDescription, subentry: ConfigSubentry) -> None:
        """Initialize the camera."""
        super().__init__(entry, description, subentry)
        self._watch = self.facility.cameras.watches[self.subject]

    @override
    async def async_added_to_hass(self) -> None:
        """Let alerts offer the picture; a renamed entity is added anew."""
        await super().async_added_to_hass()
        self.facility.pictures[self.subject] = f"/api/camera_proxy/{self.entity_id}"

    @property
    @override
    def available(self) -> bool:
        """Tell whether there is a picture that is not too old."""
        return super().available and not self._watch.is_stale

    @property
    @override
    def supported_features(self) -> CameraEntityFeature:
        """Tell whether there is a live view; a camera entity that is our source may come later than we do."""
        return CameraEntityFeature.STREAM if self._watch.camera.source.has_live_view else CameraEntityFeature(0)

    @override
    async def stream_source(self) -> str | None:
        """Return the address of the live view."""
        return await self._watch.camera.source.live_url()

    @override
    async def async_camera_image(self, width: int | None = None, height: int | None = None) -> bytes | None:
        """Return the latest picture, or one that says since when there is none."""
        self._watch.feed.look()
        picture = self._watch.feed.latest
        if picture is not None and not self._watch.is_stale:
            return picture.jpeg
        return await self.facility.screen.async_card(self._watch)

    @override
    async def handle_async_mjpeg_stream(self, request: web.Request) -> web.StreamResponse:
        """Send each picture as soon as it arrives: who asks every now and then sees it late, or asks in vain."""
        async with aclosing(self._images()) as images:
            return await async_get_still_stream(request, images.__anext__, self.content_type, 0)

    async def _images(self) -> AsyncGenerator[bytes | None]:
        """Give what is to be seen, again whenever that may be something else."""
        while True:
            camera = self._successor
            feed = camera._watch.feed  # noqa: SLF001  # of the same class
            picture = feed.latest
            yield await camera.async_camera_image()
            await feed.other(picture, LOOK_AGAIN)


class WallCamera(_Camera):
    """All pictures of the facility in one."""

    _attr_frame_interval = WALL_INTERVAL

    @override
    async def async_camera_image(self, width: int | None = None, height: int | None = None) -> bytes | None:
        """Return the wall as it is now."""
        return await self.facility.screen.async_wall()


class LiveCodeCamera(_Camera):
    """The screen of a checkpoint: a code that is good for a moment, drawn when somebody looks."""

    _attr_frame_interval = CODE_INTERVAL

    @override
    async def async_camera_image(self, width: int | None = None, height: int | None = None) -> bytes | None:
        """Return the code as it is now."""
        return await self.facility.signs.async_live(self.facility.patrol.checkpoints[self.subject])
