"""Telling listeners: after the pushes have left, in the order things happened, and each whatever the others do."""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

# A push to a phone's own connection leaves after three turns of the event loop. Twenty entities that write their
# states take it two milliseconds, so they wait until then.
_TURNS: Final = 4


class Listeners[**P]:
    """Who wants to hear of something."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._news = hass.data.setdefault(_NEWS, _News(hass))
        self._listeners: list[Callable[P, object]] = []

    def add(self, listener: Callable[P, object]) -> Callable[[], None]:
        """Add a listener; call what is returned to remove it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Tell all of them, soon."""
        self._news.put(partial(self._tell, *args, **kwargs))

    def _tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for listener in list(self._listeners):
            try:
                listener(*args, **kwargs)
            except Exception:
                _LOGGER.exception("A listener failed")


class _News:
    """What has happened and was not told yet, over all rooms: their order is one."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_under_way = False

    def put(self, news: Callable[[], None]) -> None:
        self._waiting.append(news)
        if not self._is_under_way:
            self._is_under_way = True
            # Starting a task takes time that belongs to the pushes.
            self._hass.loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._hass.async_create_task(self._spread(), f"{DOMAIN} news")

    async def _spread(self) -> None:
        try:
            for _ in range(_TURNS - 1):
                await asyncio.sleep(0)
            while self._waiting:
                self._waiting.popleft()()
        finally:
            self._is_under_way = False


_NEWS: Final[HassKey[_News]] = HassKey(f"{DOMAIN}.news")
