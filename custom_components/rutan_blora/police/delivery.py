"""How far an alert has come at one police device. Rules only: no Home Assistant, no clock.

`queued → sent → delivered → acknowledged`, or `failed` and tried again. `sent` only says that it was handed over:
receipt needs the device's own word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import voluptuous as vol

# Seconds between tries (design §4); the last one goes on.
RETRY_AFTER: Final = (2.0, 5.0, 10.0, 30.0, 60.0)
# An ended alert is taken off a phone that was out of reach, but not for ever: ten tries, about six minutes.
ENDED_TRIES: Final = 10


class DeliveryState(StrEnum):
    """How far an alert has come at a device."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """An alert at one device.

    `told` is the last revision handed over, `reason` why the last try failed, `again` that what the device was told
    before a restart is to be told once more, `address` where it goes: a device that gets another is told anew.
    """

    tag: str
    state: DeliveryState = DeliveryState.QUEUED
    told: int = 0
    tries: int = 0
    reason: str | None = None
    again: bool = False
    address: str = ""

    def is_loud(self, urgent: int) -> bool:
        """Tell whether the next push must break the silence: the device was not told the urgent revision yet."""
        return self.again or self.told < urgent

    def handed_over(self, revision: int, urgent: int) -> Delivery:
        """Return the delivery after a push left; a new urgent one needs a new receipt and a new answer."""
        is_news = self.is_loud(urgent) or self.state in (DeliveryState.QUEUED, DeliveryState.FAILED)
        state = DeliveryState.SENT if is_news else self.state
        return replace(self, state=state, told=revision, tries=0, reason=None, again=False)

    def failed(self, reason: str, urgent: int) -> Delivery:
        """Return the delivery after a try failed; what is proven of the urgent revision stays proven."""
        is_proven = self.state in (DeliveryState.DELIVERED, DeliveryState.ACKNOWLEDGED) and not self.is_loud(urgent)
        state = self.state if is_proven else DeliveryState.FAILED
        return replace(self, state=state, tries=self.tries + 1, reason=reason)

    def received(self) -> Delivery:
        """Return the delivery after the device's receipt."""
        if self.state is DeliveryState.ACKNOWLEDGED:
            return self
        return replace(self, state=DeliveryState.DELIVERED)

    def acknowledged(self) -> Delivery:
        """Return the delivery after an answer."""
        return replace(self, state=DeliveryState.ACKNOWLEDGED, again=False)

    def resumed(self) -> Delivery:
        """Return the delivery after a restart: whoever had not answered is told again, loudly."""
        if self.state is DeliveryState.ACKNOWLEDGED:
            return self
        return replace(self, state=DeliveryState.QUEUED, tries=0, reason=None, again=True)

    def owes(self, urgent: int) -> bool:
        """Tell whether the device must still hear after a restart: all but who answered all there was to answer."""
        return self.state is not DeliveryState.ACKNOWLEDGED or self.is_loud(urgent)

    def misses_end(self, revision: int) -> bool:
        """Tell whether the device was told, but not the last revision: it still shows what is over."""
        return 0 < self.told < revision


def retry_delay(tries: int, *, ended: bool) -> float | None:
    """Return the seconds to the next try after `tries` failed ones, None to give up."""
    if ended and tries >= ENDED_TRIES:
        return None
    return RETRY_AFTER[min(tries, len(RETRY_AFTER)) - 1]


def to_body(delivery: Delivery) -> dict[str, Any]:
    """Return what the journal keeps of a delivery."""
    return {
        "state": delivery.state.value,
        "told": delivery.told,
        "reason": delivery.reason,
        "address": delivery.address,
    }


def from_body(tag: str, body: Mapping[str, Any]) -> Delivery:
    """Return the delivery that the journal kept; raise ValueError if it is none."""
    try:
        return Delivery(tag=tag, **_BODY(body))
    except vol.Invalid as err:
        raise ValueError(f"not a delivery: {err}") from err


_BODY: Final = vol.Schema(
    {
        "state": vol.Coerce(DeliveryState),
        "told": vol.All(int, vol.Range(min=0)),
        "reason": vol.Any(str, None),
        vol.Optional("address", default=""): str,
    },
    required=True,
    extra=vol.REMOVE_EXTRA,
)
