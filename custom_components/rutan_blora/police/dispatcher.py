"""Telling all police devices: at once, and each on its own; their answers back."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
import hmac
from itertools import product
import logging
from typing import Final
from weakref import WeakSet

from homeassistant.const import STATE_OFF
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, LAST_TIER, Language
from ..journal.record import Draft, Record
from ..journal.store import Journal
from ..listeners import Listeners
from .alert import Alert, Answer, token, urgent_of
from .courier import Courier, PoliceDevice
from .delivery import Delivery, chosen, from_body, to_body

_LOGGER = logging.getLogger(__name__)

RECORD_DELIVERY: Final = "delivery"
RECORD_REFUSED: Final = "answer_refused"
# Refused answers are recorded, but a flood of them must not fill the disk.
REFUSALS_PER_MINUTE: Final = 20

# Every device at the tier it is set to now.
_AS_SET: Final[Mapping[str, int]] = {}

type Compose = Callable[[Language], Alert]
# The alert's tag, the device, its answer, and the officer if the device said who.
type AnswerHandler = Callable[[str, PoliceDevice, Answer, str], None]


class Dispatcher:
    """The police devices of a facility and what they are being told."""

    def __init__(self, hass: HomeAssistant, journal: Journal, devices: Iterable[PoliceDevice], token_key: str) -> None:
        self.devices: Mapping[str, PoliceDevice] = {device.id: device for device in devices}
        self.last_response: dict[str, datetime] = {}
        self.on_answer: AnswerHandler | None = None
        self.on_refused: Callable[[PoliceDevice, Answer], object] | None = None
        # Alerts that nobody is being told any more, of which the alarm may still be raised.
        self.find_past: Callable[[], Iterable[str]] = tuple
        self._hass = hass
        self._journal = journal
        self._token_key = token_key
        self._couriers: dict[tuple[str, str], Courier] = {}
        self._tests: dict[str, Courier] = {}
        # Devices that the last try did not reach.
        self._unreached: set[str] = set()
        self._listeners: Listeners[PoliceDevice, Delivery] = Listeners(hass)
        self._refusals: list[datetime] = []
        self._used: set[tuple[Answer, str]] = set()
        # What phones have answered, and who: a second tap says the same.
        self._given: set[tuple[Answer, str, str | None]] = set()
        self._others = hass.data.setdefault(_DISPATCHERS, WeakSet())
        self._others.add(self)

    @callback
    def stop(self) -> None:
        """Tell nobody anything more. What is answered meanwhile is for the successor, and still no other's business."""
        for courier in self._couriers.values():
            courier.stop()

    @callback
    def listen(self, listener: Callable[[PoliceDevice, Delivery], object]) -> CALLBACK_TYPE:
        """Call the listener with every delivery that has come further."""
        return self._listeners.add(listener)

    def delivery(self, tag: str, device_id: str) -> Delivery | None:
        """Return how far an alert has come at a device."""
        courier = self._couriers.get((tag, device_id))
        return courier.delivery if courier else None

    def deliveries(self, tag: str) -> dict[str, Delivery]:
        """Return how far an alert has come at each device that was told."""
        return {device_id: courier.delivery for (told, device_id), courier in self._couriers.items() if told == tag}

    @property
    def tags(self) -> frozenset[str]:
        """Return the alerts that anybody is being told."""
        return frozenset(tag for tag, _ in self._couriers)

    @callback
    def tell(self, compose: Compose, *, tier: int = LAST_TIER, tiers: Mapping[str, int] = _AS_SET) -> None:
        """Tell the devices whose turn it is and all told before; the first pushes have left when this returns.

        `tiers` are the escalation steps as they were planned; a device that came later brings its own.
        """
        alerts = _Alerts(compose)
        self._tell(self._turn(self._any(alerts), tier, tiers), alerts)

    def _any(self, alerts: _Alerts) -> Alert:
        """Return the alert in a language that somebody reads, for what is the same in all of them."""
        return alerts[next((device.language for device in self.devices.values()), Language.EN)]

    def _turn(self, alert: Alert, tier: int, tiers: Mapping[str, int]) -> list[PoliceDevice]:
        """Return who is to hear of an alert now; its end only who heard of it."""
        due: frozenset[str] = frozenset()
        if not alert.ended:
            steps = {d.id: tiers.get(d.id, d.tier) for d in self.devices.values() if d.hears(alert)}
            due = chosen({device_id: self.is_on_duty(device_id) for device_id in steps}, steps, tier)
        return [d for d in self.devices.values() if d.id in due or (alert.tag, d.id) in self._couriers]

    def is_on_duty(self, device_id: str) -> bool:
        """Tell whether a device is to be told by what its duty entity says; without one it always is.

        An entity that says nothing counts as on duty: rather one alarm too many.
        """
        entity_id = self.devices[device_id].duty_entity_id
        state = self._hass.states.get(entity_id) if entity_id else None
        return state is None or state.state != STATE_OFF

    @property
    def watched(self) -> set[str]:
        """Return the entities whose state says who can be told now."""
        duty = {d.duty_entity_id for d in self.devices.values() if d.duty_entity_id is not None}
        return duty.union(*(device.channel.watched for device in self.devices.values()))

    def is_reachable(self, device_id: str) -> bool | None:
        """Tell from evidence whether a device could be told now, None if there is none."""
        channel = self.devices[device_id].channel
        if channel.problem() is not None or device_id in self._unreached:
            return False
        return channel.is_reachable()

    async def test(self, device_id: str, compose: Compose) -> Delivery:
        """Tell one device what is only a test, once, and return what came of it."""
        device = self.devices[device_id]
        alert = compose(device.language)
        courier = self._tests[device_id] = self._courier(device, Delivery(tag=alert.tag, address=device.address))
        return await courier.test(alert)

    def tested(self, device_id: str) -> Delivery | None:
        """Return what came of the last test of a device."""
        courier = self._tests.get(device_id)
        return courier.delivery if courier else None

    @callback
    def restore(self, tag: str, records: Iterable[Record]) -> None:
        """Take up the deliveries of an alert that the journal kept."""
        self.take_over(_replay(tag, records))

    @callback
    def take_over(self, deliveries: Mapping[str, Delivery]) -> None:
        """Take up deliveries by device; one to another address was to somebody else."""
        for device_id, delivery in deliveries.items():
            device = self.devices.get(device_id)
            if device is not None and device.address == delivery.address:
                self._hire(device, delivery)

    @callback
    def resume(self, compose: Compose, *, tier: int = LAST_TIER, tiers: Mapping[str, int] = _AS_SET) -> None:
        """Go on with a restored alert: each device at its own stored time, an overdue one at once."""
        alerts = _Alerts(compose)
        alert = self._any(alerts)
        owing = []
        for device in self._turn(alert, tier, tiers):
            courier = self._couriers.get((alert.tag, device.id))
            if courier is not None and courier.is_engaged:
                continue
            delivery = Delivery(tag=alert.tag, address=device.address)
            if courier is not None and courier.delivery.told > alert.revision:
                # The journal lost what was told since: rather once too often.
                courier.advance(delivery)
            elif courier is not None:
                delivery = courier.delivery
            if delivery.misses_end(alert.revision) if alert.ended else delivery.owes(alert.urgent):
                owing.append(device)
            elif alert.ended:
                self._couriers.pop((alert.tag, device.id), None)
        self._tell(owing, alerts)

    def _tell(self, devices: Iterable[PoliceDevice], alerts: _Alerts) -> None:
        for device in devices:
            alert = alerts[device.language]
            courier = self._couriers.get((alert.tag, device.id)) or self._hire(
                device, Delivery(tag=alert.tag, address=device.address)
            )
            courier.tell(alert)

    def _hire(self, device: PoliceDevice, delivery: Delivery) -> Courier:
        """Return a new courier, and let go of those that have brought the end of what they were hired for."""
        self._couriers = {key: old for key, old in self._couriers.items() if not (old.has_ended and old.is_done)}
        courier = self._couriers[delivery.tag, device.id] = self._courier(device, delivery)
        self._note(courier)
        return courier

    def _courier(self, device: PoliceDevice, delivery: Delivery) -> Courier:
        secret = partial(token, self._token_key, delivery.tag, device.id)
        return Courier(self._hass, device, delivery, secret, self._changed)

    def _note(self, courier: Courier) -> None:
        """Note whether the last try reached the device."""
        if courier.delivery.reason is not None:
            self._unreached.add(courier.device.id)
        elif courier.delivery.told:
            self._unreached.discard(courier.device.id)

    @callback
    def _changed(self, courier: Courier) -> None:
        """Record how far a delivery has come and tell the listeners."""
        self._note(courier)
        delivery = courier.delivery
        self._journal.append(
            Draft(
                kind=RECORD_DELIVERY,
                at=dt_util.utcnow(),
                incident=delivery.tag,
                subject=courier.device.id,
                body=to_body(delivery),
            )
        )
        self._listeners.tell(courier.device, delivery)

    @callback
    def answered(self, answer: Answer, presented: str, user_id: str | None) -> None:
        """Take in an officer's tap, if it is from the phone that was told."""
        courier = self._find(presented, lambda device: device.channel.belongs_to(user_id))
        given = (answer, presented, user_id)
        if courier is not None:
            self._given.add(given)
            self._accept(courier, answer, presented)
        # Who raises the alarm of a visit that another has just signed has not come too late.
        elif (
            answer is Answer.RAISE
            and (past := self._find_past(presented, user_id)) is not None
            and self.on_answer is not None
        ):
            self.on_answer(*past, answer, "")
        # Every facility hears every phone: an answer to another one is none of our business, nor is a second tap.
        elif given not in self._given and not any(o.has_told(presented) for o in self._others if o is not self):
            self._refuse(answer, {"user_id": user_id})
            self._let_know(user_id, answer)

    @callback
    def answered_over(self, device_id: str, answer: Answer, presented: str, officer: str) -> None:
        """Take in an answer that came over a device's own channel, if it is to what the device was told."""
        if (courier := self._find(presented, lambda device: device.id == device_id)) is not None:
            self._accept(courier, answer, presented, officer)
        else:
            self._refuse(answer, {"police_device": device_id})

    @callback
    def answered_at_url(self, answer: Answer, presented: str, officer: str) -> bool:
        """Take in an answer given at an address of ours; False if it is over, or was given there already.

        Raise LookupError if the address belongs to nobody here.
        """
        courier = next((c for c in self._told(presented) if c.device.channel.answers_at_url), None)
        if courier is None:
            raise LookupError
        given = (answer, presented)
        if given in self._used or courier.has_ended or urgent_of(presented) < courier.delivery.urgent:
            return False
        self._used.add(given)
        self._accept(courier, answer, presented, officer)
        return True

    def _accept(self, courier: Courier, answer: Answer, presented: str, officer: str = "") -> None:
        self.last_response[courier.device.id] = dt_util.utcnow()
        courier.advance(courier.delivery.acknowledged(urgent_of(presented)))
        if self.on_answer is not None:
            self.on_answer(courier.delivery.tag, courier.device, answer, officer)

    @callback
    def received(self, presented: str, user_id: str | None) -> None:
        """Take in a phone's receipt."""
        courier = self._find(presented, lambda device: device.channel.belongs_to(user_id))
        if courier is not None:
            courier.advance(courier.delivery.received(urgent_of(presented)))

    @callback
    def has_told(self, presented: str) -> bool:
        """Tell whether a token is of an alert that is told here."""
        return bool(self._told(presented))

    def _find(self, presented: str, fits: Callable[[PoliceDevice], bool]) -> Courier | None:
        """Return who brought the alert with this token to a device that fits."""
        return next((c for c in self._told(presented) if not c.has_ended and fits(c.device)), None)

    def _find_past(self, presented: str, user_id: str | None) -> tuple[str, PoliceDevice] | None:
        """Return of which past alert a token is and who was told; a phone may have missed its end."""
        held = [device for device in self.devices.values() if device.gate and device.channel.belongs_to(user_id)]
        for tag, device in product(self.find_past(), held):
            right = token(self._token_key, tag, device.id, urgent_of(presented))
            if hmac.compare_digest(right.encode(), presented.encode(errors="replace")):
                return tag, device
        return None

    def _told(self, presented: str) -> list[Courier]:
        """Return who brought an alert with this token; every token is compared, in constant time."""
        couriers = (*self._couriers.values(), *self._tests.values())
        return [courier for courier in couriers if _is_of(courier, presented)]

    def _refuse(self, answer: Answer, sender: Mapping[str, str | None]) -> None:
        """Record an answer that is not to be believed: forged, of an old alert, or from another's phone."""
        now = dt_util.utcnow()
        self._refusals = [at for at in self._refusals if (now - at).total_seconds() < 60]
        if len(self._refusals) >= REFUSALS_PER_MINUTE:
            return
        self._refusals.append(now)
        _LOGGER.info("An answer that belongs to no alert of its sender was refused")
        self._journal.append(Draft(kind=RECORD_REFUSED, at=now, body={"answer": answer.value, **sender}))

    def _let_know(self, user_id: str | None, answer: Answer) -> None:
        """Have who holds a device told that his answer was not taken: silence would be taken for the opposite."""
        for device in self.devices.values():
            if device.channel.belongs_to(user_id) and self.on_refused is not None:
                self.on_refused(device, answer)

    @callback
    def dismiss(self, successor: Dispatcher | None = None) -> None:
        """Take the alert off devices that the successor no longer has, or reaches elsewhere."""
        self._others.discard(self)
        for device in self.devices.values():
            heir = successor.devices.get(device.id) if successor else None
            if heir is not None and heir.address == device.address:
                continue
            for (_, device_id), courier in self._couriers.items():
                if device_id == device.id:
                    courier.dismiss()
            device.channel.leave()

    @callback
    def leave(self) -> None:
        """Let the devices know, where that is possible, that nothing more will come."""
        for device in self.devices.values():
            device.channel.leave()


class _Alerts(dict[Language, Alert]):
    """One alert in every language that is asked for, composed once."""

    def __init__(self, compose: Compose) -> None:
        super().__init__()
        self._compose = compose

    def __missing__(self, language: Language) -> Alert:
        alert = self[language] = self._compose(language)
        return alert


_DISPATCHERS: Final[HassKey[WeakSet[Dispatcher]]] = HassKey(f"{DOMAIN}.dispatchers")


def _is_of(courier: Courier, presented: str) -> bool:
    """Tell whether a token is of what the courier brings, in constant time."""
    return hmac.compare_digest(courier.token(urgent_of(presented)).encode(), presented.encode(errors="replace"))


def _replay(tag: str, records: Iterable[Record]) -> dict[str, Delivery]:
    """Return the deliveries that the journal kept, by device."""
    found: dict[str, Delivery] = {}
    for record in records:
        if record.kind != RECORD_DELIVERY or record.subject is None:
            continue
        try:
            found[record.subject] = from_body(tag, record.load())
        except ValueError as err:
            _LOGGER.error("Record %d of the journal is no delivery: %s", record.seq, err)
    return found
