"""Bringing one alert to one police device: the newest revision, until it is handed over."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..const import FIRST_TIER, Language
from .alert import Alert, Urgency
from .channels import Channel, DeliveryError, Receipt
from .delivery import Delivery, retry_delay, to_body

_LOGGER = logging.getLogger(__name__)

# Just under mobile_app's own 10 s, after which it reports success for a push that never left.
SEND_DEADLINE: Final = 9.5
# The reason of what no channel should raise.
UNEXPECTED: Final = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class PoliceDevice:
    """A police device: what it is called, who holds it, his language, and how and where it is reached.

    `tier` is its escalation step; it is told only while `duty_entity_id` is on, and of drills only if `drills`. One
    at the `gate` is the guards': no alarm is told there, only what is for it.
    """

    id: str
    name: str
    holder: str
    language: Language
    channel: Channel
    address: str = ""
    tier: int = FIRST_TIER
    duty_entity_id: str | None = None
    drills: bool = True
    gate: bool = False

    def hears(self, alert: Alert) -> bool:
        """Tell whether an alert of this kind is for this device."""
        is_for_it = not self.gate if alert.to is None else self.id in alert.to
        is_loud = self.channel.takes_notices or alert.urgency is Urgency.ALARM
        return is_for_it and is_loud and (self.drills or not alert.drill)


class Courier:
    """Brings one alert to one device; calls `on_change` whenever the delivery has come further."""

    def __init__(
        self,
        hass: HomeAssistant,
        device: PoliceDevice,
        delivery: Delivery,
        token: Callable[[int], str],
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
        self._timer: asyncio.TimerHandle | None = None

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
        self._go()

    async def test(self, alert: Alert) -> Delivery:
        """Hand an alert over once and return what came of it."""
        await self._try(alert)
        return self.delivery

    @callback
    def dismiss(self) -> None:
        """Take off what was brought: the device is no longer asked."""
        if (alert := self._alert) is not None and not alert.ended:
            self.tell(replace(alert, revision=alert.revision + 1, answers=(), answered=True, ended=True, repeat=None))

    @callback
    def stop(self) -> None:
        """Bring nothing more."""
        self._forget_repeat()
        if self._task is not None:
            self._task.cancel()

    @callback
    def advance(self, delivery: Delivery) -> None:
        """Take in how far the delivery has come; one more failure of the same kind is no news."""
        old, self.delivery = self.delivery, delivery
        if to_body(old) != to_body(delivery):
            self._on_change(self)

    def _go(self) -> None:
        """Bring what there is to bring, unless that is under way."""
        if self.is_done:
            self._task = self._hass.async_create_background_task(
                self._deliver(), f"rutan_blora tell {self.device.name}", eager_start=True
            )

    async def _deliver(self) -> None:
        """Hand over the newest revision until the device has it or is given up, then wait for its repeat."""
        while (alert := self._alert) is not None and self._has_to_tell(alert):
            self._news.clear()
            delay = await self._try(alert)
            if alert is not self._alert or delay == 0:
                continue
            if delay is None:
                return
            await self._pause(delay)
        self._await_repeat()

    def _has_to_tell(self, alert: Alert) -> bool:
        """Tell whether something is to be handed over now, not only waited for."""
        return self.delivery.told < alert.revision or self.delivery.again or self.delivery.reason is not None

    def _await_repeat(self) -> None:
        """Wait until a silent device is to be told again, on a clock that nobody sets."""
        self._forget_repeat()
        repeat = self._alert.repeat if self._alert is not None else None
        if (delay := self.delivery.repeat_due(repeat, dt_util.utcnow())) is not None:
            self._timer = self._hass.loop.call_later(delay, self._repeat)

    def _forget_repeat(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @callback
    def _repeat(self) -> None:
        """Tell the device loudly again, unless it has answered meanwhile."""
        self._timer = None
        self.delivery = self.delivery.repeated()
        self._go()

    async def _pause(self, seconds: float) -> None:
        """Wait for the next try, or for something newer to tell."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    async def _try(self, alert: Alert) -> float | None:
        """Hand the alert over once; return the seconds to the next try, 0 if it worked, None if there is to be none.

        Whatever a channel does, the courier goes on.
        """
        loud = self.delivery.is_loud(alert.urgent)
        try:
            receipt = await self._send(alert, loud=loud)
        except DeliveryError as err:
            self._say_once(err)
            self.advance(self.delivery.failed(err.reason, alert.urgent))
            return retry_delay(self.delivery.tries, ended=alert.ended)
        self._handed_over(alert, receipt, loud=loud)
        return 0

    async def _send(self, alert: Alert, *, loud: bool) -> Receipt:
        """Let the channel send; whatever it does is a DeliveryError."""
        try:
            async with asyncio.timeout(SEND_DEADLINE):
                return await self.device.channel.send(
                    alert, loud=loud, token=self.token(alert.urgent), memo=self.delivery.memo
                )
        except DeliveryError:
            raise
        except TimeoutError as err:
            raise DeliveryError("timeout") from err
        except asyncio.CancelledError as err:
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            # Something inside the channel was cancelled, not the courier.
            raise DeliveryError(UNEXPECTED) from err
        except Exception as err:
            raise DeliveryError(UNEXPECTED) from err

    def _say_once(self, error: DeliveryError) -> None:
        """Log what no channel should raise, not at every try."""
        if error.reason == UNEXPECTED != self.delivery.reason:
            _LOGGER.warning("Telling %s failed unexpectedly: %r", self.device.name, error.__cause__)
            _LOGGER.debug("Telling %s failed at", self.device.name, exc_info=error.__cause__)

    def _handed_over(self, alert: Alert, receipt: Receipt, *, loud: bool) -> None:
        at = dt_util.utcnow() if loud else self.delivery.loud_at
        self.advance(
            self.delivery.handed_over(
                alert.revision, alert.urgent, loud_at=at, confirmed=receipt.confirmed, memo=receipt.memo
            )
        )
