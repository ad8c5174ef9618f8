"""Bringing one alert to one police device: the newest revision, until it is handed over."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback

from ..const import Language
from .alert import Alert
from .channels import Channel, DeliveryError
from .delivery import Delivery, retry_delay, to_body

_LOGGER = logging.getLogger(__name__)

# Just under mobile_app's own 10 s, after which it reports success for a push that never left.
SEND_DEADLINE: Final = 9.5


@dataclass(frozen=True, kw_only=True, slots=True)
class PoliceDevice:
    """A police device: what it is called, who holds it, his language, and how and where it is reached."""

    id: str
    name: str
    holder: str
    language: Language
    channel: Channel
    address: str = ""


class Courier:
    """Brings one alert to one device; calls `on_change` whenever the delivery has come further."""

    def __init__(
        self,
        hass: HomeAssistant,
        device: PoliceDevice,
        delivery: Delivery,
        token: str,
        on_change: Callable[[Courier], None],
    ) -> None:
        self.device = device
        self.delivery = delivery
        self.token = token
        self._hass = hass
        self._on_change = on_change
        self._alert: Alert | None = None
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_done(self) -> bool:
        """Tell whether nothing is left to bring."""
        return self._task is None or self._task.done()

    @property
    def is_engaged(self) -> bool:
        """Tell whether it was given something to bring, be it brought already."""
        return self._alert is not None

    @property
    def has_ended(self) -> bool:
        """Tell whether what it brings is the end of the alert."""
        return self._alert is not None and self._alert.ended

    @callback
    def tell(self, alert: Alert) -> None:
        """Bring the alert; what is newly urgent leaves before this returns, whatever hangs in its way."""
        is_urgent = self._alert is not None and alert.urgent > self._alert.urgent
        self._alert = alert
        self._news.set()
        if is_urgent and self._task is not None:
            self._task.cancel()
            self._task = None
        if self.is_done:
            self._task = self._hass.async_create_background_task(
                self._deliver(), f"rutan_blora tell {self.device.name}", eager_start=True
            )

    @callback
    def stop(self) -> None:
        """Bring nothing more."""
        if self._task is not None:
            self._task.cancel()

    @callback
    def advance(self, delivery: Delivery) -> None:
        """Take in how far the delivery has come; one more failure of the same kind is no news."""
        old, self.delivery = self.delivery, delivery
        if to_body(old) != to_body(delivery):
            self._on_change(self)

    async def _deliver(self) -> None:
        """Hand over the newest revision until there is none newer, or it is given up."""
        while (alert := self._alert) is not None:
            self._news.clear()
            delay = await self._try(alert)
            if alert is not self._alert:
                continue
            if delay is None:
                return
            await self._pause(delay)

    async def _pause(self, seconds: float) -> None:
        """Wait for the next try, or for something newer to tell."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    async def _try(self, alert: Alert) -> float | None:
        """Hand the alert over once; return the seconds to the next try, None if there is to be none.

        Whatever a channel does, the courier goes on.
        """
        try:
            async with asyncio.timeout(SEND_DEADLINE):
                await self.device.channel.send(alert, loud=self.delivery.is_loud(alert.urgent), token=self.token)
        except TimeoutError:
            reason = "timeout"
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            # Something inside the channel was cancelled, not the courier.
            reason = "error"
        except DeliveryError as err:
            reason = err.reason
        except Exception as err:
            reason = "error"
            if self.delivery.reason != reason:
                _LOGGER.warning("Telling %s failed unexpectedly: %r", self.device.name, err)
                _LOGGER.debug("Telling %s failed at", self.device.name, exc_info=True)
        else:
            self.advance(self.delivery.handed_over(alert.revision, alert.urgent))
            return None
        self.advance(self.delivery.failed(reason, alert.urgent))
        return retry_delay(self.delivery.tries, ended=alert.ended)
