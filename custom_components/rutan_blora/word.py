"""A word to one device, told once: what came of a scan or of a tap."""

import asyncio
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .patrol.limiter import Limiter
from .police.alert import Alert
from .police.channels import Channel

_LOGGER = logging.getLogger(__name__)

# Seconds until a device that does not take a word is left alone.
WORD_DEADLINE: Final = 10.0
# A phone that lies on a tag scans it all day. The push service takes some 500 pushes a day to a phone, alarms included.
WORDS_PER_HOUR: Final = 20
# No answer is asked for with a word.
_NO_TOKEN: Final = "0" * 32


class Words:
    """Says words; whether they are heard or not, what they are about has happened."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._limiter = Limiter(WORDS_PER_HOUR, 3600)

    @callback
    def say(self, key: str, channel: Channel, alert: Alert) -> None:
        """Tell a device, beside everything else; one that is told too often, by its key, is not."""
        if not self._limiter.admit(key, self._hass.loop.time()):
            self._hass.async_create_background_task(_say(channel, alert), f"{DOMAIN} say a word")


async def _say(channel: Channel, alert: Alert) -> None:
    try:
        async with asyncio.timeout(WORD_DEADLINE):
            await channel.send(alert, loud=True, token=_NO_TOKEN, memo={})
    except Exception as err:  # noqa: BLE001  # whatever a channel does, nothing waits for a word
        # Its text may hold an address.
        _LOGGER.debug("A word was not told: %s", type(err).__name__)
