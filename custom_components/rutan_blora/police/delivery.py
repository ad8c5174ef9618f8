"""How far an alert has come at one police device, and whose turn it is. Rules only: no Home Assistant, no clock.

`queued → sent → delivered → acknowledged`, or `failed` and tried again. `sent` only says that it was handed over:
receipt needs the device's own word. Whoever stays silent is told loudly again, at stored times.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import voluptuous as vol

from ..journal.record import stored_time

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


_PROVEN: Final = (DeliveryState.DELIVERED, DeliveryState.ACKNOWLEDGED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """An alert at one device.

    `told` is the last revision handed over, `urgent` the urgent one that `state` is about, `loud_at` when it last rang
    (UTC), `reason` why the last try failed, `again` that the device is to be told loudly once more, `address` where it
    goes: a device that gets another is told anew. `memo` is the channel's own.
    """

    tag: str
    state: DeliveryState = DeliveryState.QUEUED
    told: int = 0
    tries: int = 0
    reason: str | None = None
    again: bool = False
    address: str = ""
    urgent: int = 0
    loud_at: datetime | None = None
    memo: Mapping[str, Any] = field(default_factory=dict)

    def is_loud(self, urgent: int) -> bool:
        """Tell whether the next push must break the silence: the device was not told the urgent revision yet."""
        return self.again or (self.told < urgent and not self._is_proven(urgent))

    def handed_over(
        self,
        revision: int,
        urgent: int,
        *,
        loud_at: datetime | None = None,
        confirmed: bool = False,
        memo: Mapping[str, Any] | None = None,
    ) -> Delivery:
        """Return the delivery after a push left; a new urgent one needs a new receipt and a new answer.

        `loud_at` is when the device last rang (UTC), be it by this push. A repeat that fell due while a quiet one was
        under way is still owed.
        """
        state = self.state if self._is_proven(urgent) else DeliveryState.SENT
        if confirmed and state is DeliveryState.SENT:
            state = DeliveryState.DELIVERED
        return replace(
            self,
            state=state,
            told=revision,
            urgent=max(self.urgent, urgent),
            tries=0,
            reason=None,
            again=self.again and loud_at == self.loud_at,
            loud_at=loud_at,
            memo=memo or {},
        )

    def _is_proven(self, urgent: int) -> bool:
        """Tell whether the device has shown that it has an urgent revision; it may do so before the push returns."""
        return self.state in _PROVEN and self.urgent >= urgent

    def failed(self, reason: str, urgent: int) -> Delivery:
        """Return the delivery after a try failed; what is proven of the urgent revision stays proven."""
        state = self.state if self._is_proven(urgent) else DeliveryState.FAILED
        return replace(self, state=state, tries=self.tries + 1, reason=reason)

    def received(self, urgent: int) -> Delivery:
        """Return the delivery after the device's receipt of an urgent revision; one of an earlier says nothing."""
        if urgent < self.urgent or (self.state is DeliveryState.ACKNOWLEDGED and urgent == self.urgent):
            return self
        return replace(self, state=DeliveryState.DELIVERED, urgent=urgent)

    def acknowledged(self, urgent: int) -> Delivery:
        """Return the delivery after an answer to an urgent revision; one to an earlier says nothing of this."""
        if urgent < self.urgent:
            return self
        return replace(self, state=DeliveryState.ACKNOWLEDGED, urgent=urgent, again=False)

    def repeated(self) -> Delivery:
        """Return the delivery whose device is to be told loudly once more, unless it has answered."""
        return self if self.state is DeliveryState.ACKNOWLEDGED else replace(self, again=True)

    def repeat_due(self, repeat: float | None, now: datetime) -> float | None:
        """Return the seconds until a silent device is told again, None if it is not; `repeat` is the interval (s).

        Never longer than the interval: a clock that was set back must not silence the alarm.
        """
        if repeat is None or self.state is DeliveryState.ACKNOWLEDGED:
            return None
        if self.loud_at is None:
            return 0.0
        return min(max(0.0, repeat - (now - self.loud_at).total_seconds()), repeat)

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Who is told when: copied into an incident when it is raised, so that later edits don't touch it.

    All times in seconds (design §4). `tiers` is the escalation step of each device by id.
    """

    tier_delay: float = 30.0
    repeat_interval: float = 60.0
    response_time: float = 600.0
    tiers: Mapping[str, int] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[int, ...]:
        """Return the tiers there are, in their order."""
        return tuple(sorted(set(self.tiers.values())))

    def first(self) -> int:
        """Return the tier that is told at once."""
        return min(self.tiers.values(), default=1)

    def after(self, tier: int) -> int | None:
        """Return the tier told after this one, None after the last."""
        return next((step for step in self.steps if step > tier), None)


def chosen(on_duty: Mapping[str, bool], tiers: Mapping[str, int], tier: int) -> frozenset[str]:
    """Return the devices to be told at a tier: all up to it that are on duty.

    If nobody is on duty all count as being; if nobody up to the tier is, the next that is steps in at once.
    """
    awake = [device_id for device_id in tiers if on_duty.get(device_id, True)] or list(tiers)
    reached = max(tier, min((tiers[device_id] for device_id in awake), default=tier))
    return frozenset(device_id for device_id in awake if tiers[device_id] <= reached)


def received_of(deliveries: Iterable[Delivery]) -> tuple[int, int]:
    """Return how many devices have shown that they have the alert, and how many were told."""
    states = [delivery.state for delivery in deliveries]
    return sum(state in _PROVEN for state in states), len(states)


def plan_to_body(plan: Plan) -> dict[str, Any]:
    """Return what the journal keeps of a plan."""
    return {
        "tier_delay": plan.tier_delay,
        "repeat_interval": plan.repeat_interval,
        "response_time": plan.response_time,
        "tiers": dict(plan.tiers),
    }


def plan_from_body(body: Mapping[str, Any]) -> Plan:
    """Return the plan that the journal kept; raise ValueError if it is none."""
    try:
        return Plan(**_PLAN(body))
    except vol.Invalid as err:
        raise ValueError(f"not a plan: {err}") from err


def to_body(delivery: Delivery) -> dict[str, Any]:
    """Return what the journal keeps of a delivery."""
    return {
        "state": delivery.state.value,
        "told": delivery.told,
        "reason": delivery.reason,
        "address": delivery.address,
        "urgent": delivery.urgent,
        "loud_at": delivery.loud_at.isoformat() if delivery.loud_at else None,
        "memo": dict(delivery.memo),
    }


def from_body(tag: str, body: Mapping[str, Any]) -> Delivery:
    """Return the delivery that the journal kept; raise ValueError if it is none."""
    try:
        return Delivery(tag=tag, **_BODY(body))
    except vol.Invalid as err:
        raise ValueError(f"not a delivery: {err}") from err


_SECONDS: Final = vol.All(vol.Coerce(float), vol.Range(min=1, max=86400))
_PLAN: Final = vol.Schema(
    {
        "tier_delay": _SECONDS,
        "repeat_interval": _SECONDS,
        "response_time": _SECONDS,
        # A schema of its own: there need not be any.
        "tiers": vol.Schema({str: vol.All(int, vol.Range(min=1))}),
    },
    required=True,
    extra=vol.REMOVE_EXTRA,
)
_BODY: Final = vol.Schema(
    {
        "state": vol.Coerce(DeliveryState),
        "told": vol.All(int, vol.Range(min=0)),
        "reason": vol.Any(str, None),
        vol.Optional("address", default=""): str,
        vol.Optional("urgent", default=0): vol.All(int, vol.Range(min=0)),
        vol.Optional("loud_at", default=None): vol.Any(None, stored_time),
        vol.Optional("memo", default=dict): vol.Schema({str: object}),
    },
    required=True,
    extra=vol.REMOVE_EXTRA,
)
