"""What a camera's pictures come from."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .picture import Picture, SourceError, SourceProblem
from .verify import check

# How long a source may take to give a picture, from the first knock to the last byte.
DEADLINE: Final = 9.0
# How long a form waits for one.
_PROBE_WITHIN: Final = 15.0


class Source(ABC):
    """A camera as it is reached; one user at a time, the feed or a form."""

    # Entities whose states tell about it.
    watched: tuple[str, ...] = ()

    @property
    def has_live_view(self) -> bool:
        """Tell whether there is something for Home Assistant's own live view."""
        return False

    @abstractmethod
    async def grab(self) -> bytes:
        """Return a picture of now as the source gives it, unchecked; raise SourceError if it gives none."""

    def stream(self) -> AsyncGenerator[bytes] | None:
        """Return the pictures as they come, where it is known that they come by themselves."""
        return None

    async def live_url(self) -> str | None:
        """Return what Home Assistant's own live view plays, credentials inside: it is never shown."""
        return None

    async def close(self) -> None:  # noqa: B027  # most keep nothing open
        """Let go of what was opened; the next picture opens it again."""


async def probe(hass: HomeAssistant, source: Source) -> Picture:
    """Return a picture to show whoever sets the camera up; raise SourceError if there is none in time."""
    try:
        async with asyncio.timeout(_PROBE_WITHIN):
            data = await source.grab()
    except TimeoutError:
        raise SourceError(SourceProblem.TIMEOUT) from None
    finally:
        await source.close()
    return await hass.async_add_executor_job(check, data, dt_util.utcnow())
