"""A camera that Home Assistant has already: its own integration knows how to reach it."""

import asyncio
from typing import Final, override

from homeassistant.const import STATE_UNAVAILABLE, EntityStateAttribute
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .picture import SourceError, SourceProblem
from .source import DEADLINE, Source

_DEADLINE: Final = int(DEADLINE)


class EntitySource(Source):
    """A camera entity."""

    def __init__(self, hass: HomeAssistant, entity_id: str) -> None:
        self._hass = hass
        self._entity_id = entity_id
        self.watched = (entity_id,)

    @override
    async def grab(self) -> bytes:
        state = self._hass.states.get(self._entity_id)
        if state is None or state.state == STATE_UNAVAILABLE:
            raise SourceError(SourceProblem.ENTITY_MISSING)
        # Imported here and below: it brings the video libraries, which a house that has no camera may not have.
        from homeassistant.components.camera import async_get_image  # noqa: PLC0415

        try:
            return (await async_get_image(self._hass, self._entity_id, _DEADLINE)).content
        except Exception:  # noqa: BLE001  # another integration's code: it may raise anything, and name addresses
            _heed_cancelling()
        raise SourceError(SourceProblem.NO_VIDEO)

    @property
    @override
    def has_live_view(self) -> bool:
        from homeassistant.components.camera import CameraEntityFeature  # noqa: PLC0415

        state = self._hass.states.get(self._entity_id)
        features = state.attributes.get(EntityStateAttribute.SUPPORTED_FEATURES, 0) if state is not None else 0
        return bool(features & CameraEntityFeature.STREAM)

    @override
    async def live_url(self) -> str | None:
        from homeassistant.components.camera import async_get_stream_source  # noqa: PLC0415

        try:
            return await async_get_stream_source(self._hass, self._entity_id)
        except HomeAssistantError:
            return None


def _heed_cancelling() -> None:
    """Raise CancelledError if it was meant for us: the camera component takes it for its own deadline."""
    if (task := asyncio.current_task()) is not None and task.cancelling():
        raise asyncio.CancelledError
