"""The notify actions all contenders call; each takes the time at its first line."""

import asyncio
from collections.abc import Iterable
from enum import StrEnum
from time import perf_counter

from homeassistant.components.notify.const import NOTIFY_SERVICE_SCHEMA
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError


class Behaviour(StrEnum):
    """How a notifier takes a call."""

    HEALTHY = "healthy"
    RAISING = "raising"
    HANGING = "hanging"


class Notifiers:
    """Notify actions in place of those of the phones, in the order they are to be told."""

    def __init__(self, hass: HomeAssistant, actions: Iterable[str]) -> None:
        self.actions = list(actions)
        self._behaviours: dict[str, Behaviour] = {}
        self._entered: dict[str, float] = {}
        self._all_entered = asyncio.Event()
        self._release = asyncio.Event()
        for action in self.actions:
            self._register(hass, action)

    def begin(self, behaviours: Iterable[Behaviour]) -> None:
        """Forget what was and behave from now on like this, the first notifier first; the rest is healthy."""
        self._behaviours = dict(zip(self.actions, behaviours, strict=False))
        self._entered = {}
        self._all_entered.clear()
        self._release.clear()

    def recover(self) -> None:
        """Let go of what hangs and be healthy."""
        self._behaviours = {}
        self._release.set()

    async def entered(self, patience: float) -> list[float | None]:
        """Return when each was called, once all were or patience has run out."""
        try:
            async with asyncio.timeout(patience):
                await self._all_entered.wait()
        except TimeoutError:
            pass
        return [self._entered.get(action) for action in self.actions]

    def _register(self, hass: HomeAssistant, action: str) -> None:
        async def notify(call: ServiceCall) -> None:
            now = perf_counter()
            if action not in self._entered:
                self._entered[action] = now
                if len(self._entered) == len(self.actions):
                    self._all_entered.set()
            behaviour = self._behaviours.get(action, Behaviour.HEALTHY)
            if behaviour is Behaviour.RAISING:
                raise HomeAssistantError("the push was refused")
            if behaviour is Behaviour.HANGING:
                await self._release.wait()

        hass.services.async_register("notify", action, notify, schema=NOTIFY_SERVICE_SCHEMA)
