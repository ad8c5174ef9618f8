"""What calls attention at a police post: sirens, lights, switches and media players of Home Assistant.

They are on while an alert is loud and nobody has answered, then put back to what they were. What they were goes on
record with the alert, so that a restart does not take our own light for the one that was on.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from enum import IntFlag, StrEnum
import logging
from typing import Any, Final, override

from homeassistant.components.light import (
    ATTR_BRIGHTNESS,
    ATTR_FLASH,
    FLASH_LONG,
    LightEntityFeature,
    LightEntityStateAttribute,
)
from homeassistant.components.media_player import MediaPlayerEntityFeature
from homeassistant.components.siren import ATTR_DURATION, SirenEntityFeature
from homeassistant.const import (
    ATTR_ENTITY_ID,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_ON,
    STATE_STANDBY,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    EntityStateAttribute,
    Platform,
)
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError, ServiceNotSupported
from homeassistant.helpers.state import async_reproduce_state
from homeassistant.util.async_ import create_eager_task

from ..alert import Alert
from ..delivery import RETRY_AFTER
from . import Channel, DeliveryError, Receipt
from .notify import is_missing

_LOGGER = logging.getLogger(__name__)

# Long enough to be noticed, short enough not to be taken for an alarm.
TEST_SECONDS: Final = 3.0
_FULL_BRIGHTNESS: Final = 255
_NOT_ON: Final = frozenset({STATE_OFF, STATE_STANDBY, STATE_UNKNOWN, STATE_UNAVAILABLE})
_LIGHT: Final = (
    LightEntityStateAttribute.BRIGHTNESS,
    LightEntityStateAttribute.EFFECT,
    LightEntityStateAttribute.COLOR_MODE,
    LightEntityStateAttribute.COLOR_TEMP_KELVIN,
    LightEntityStateAttribute.HS_COLOR,
    LightEntityStateAttribute.RGB_COLOR,
    LightEntityStateAttribute.RGBW_COLOR,
    LightEntityStateAttribute.RGBWW_COLOR,
    LightEntityStateAttribute.XY_COLOR,
)

# An entity as it was: its state, and of a light that was on the attributes that make it look so.
type Was = Mapping[str, Any]


class AnnunciatorProblem(StrEnum):
    """What is wrong with an entity, or why it did not do as it was told."""

    MISSING = "annunciator_missing"
    UNAVAILABLE = "annunciator_unavailable"
    UNSUPPORTED = "annunciator_unsupported"
    FAILED = "annunciator_failed"


class Annunciator(Channel):
    """Entities that call attention together; after `duration` seconds they rest until the next loud alert, 0 is never.

    Several alerts may sound at once: the entities are put back when the last of them is over.
    """

    takes_notices = False

    def __init__(
        self, hass: HomeAssistant, entity_ids: tuple[str, ...], *, duration: float, tts_entity_id: str | None
    ) -> None:
        self.watched = entity_ids
        self._hass = hass
        self._duration = duration
        self._tts_entity_id = tts_entity_id
        # Also kept here: a try that failed in part leaves no memo.
        self._before: dict[str, Was] = {}
        self._sounding: dict[str, Alert] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}

    @override
    def problem(self) -> str | None:
        """Return whether one of the entities, or the voice, has vanished or is disabled."""
        wanted = (*self.watched, self._tts_entity_id) if self._tts_entity_id else self.watched
        is_whole = not any(is_missing(self._hass, entity_id) for entity_id in wanted)
        return None if is_whole else AnnunciatorProblem.MISSING.value

    @override
    def is_reachable(self) -> bool:
        """Tell whether at least one of the entities is available."""
        states = (self._hass.states.get(entity_id) for entity_id in self.watched)
        return any(state is not None and state.state != STATE_UNAVAILABLE for state in states)

    @override
    async def send(self, alert: Alert, *, loud: bool, token: str, memo: Mapping[str, Any]) -> Receipt:
        """Sound what is loud until it is answered; confirmed if all entities show that they are on."""
        if alert.answered or alert.ended:
            self._remember(memo)
            self._forget_timer(alert.tag)
            await self._silence(alert.tag)
            return Receipt()
        if not loud and not alert.test:
            return Receipt(memo=memo)
        if alert.test and self._sounding.keys() - {alert.tag}:
            # A test must not cut short what sounds in earnest.
            return Receipt(confirmed=self._is_on())
        self._remember(memo)
        return await self._sound(alert)

    def _remember(self, memo: Mapping[str, Any]) -> None:
        """Take up what the entities were.

        Off is the truth: after a restart another alert may have taken what we switched on for what was before.
        """
        before: Mapping[str, Was] = memo.get("before", {})
        for entity_id, was in before.items():
            if entity_id not in self._before or not _was_on(was):
                self._before[entity_id] = was

    async def _sound(self, alert: Alert) -> Receipt:
        """Switch everything on, and set the time after which it rests."""
        seconds = TEST_SECONDS if alert.test else self._duration
        self._sounding[alert.tag] = alert
        self._forget_timer(alert.tag)
        tasks = _start(self._switch_on(entity_id, alert, seconds) for entity_id in self.watched)
        if seconds > 0:
            self._silence_after(alert.tag, seconds)
        await _all(tasks)
        return Receipt(confirmed=self._is_on(), memo={"before": dict(self._before)})

    async def _switch_on(self, entity_id: str, alert: Alert, seconds: float) -> None:
        """Switch one entity on; the call has left when this first waits."""
        state = self._available(entity_id)
        if state.domain == Platform.MEDIA_PLAYER:
            await self._speak_through(state, alert)
            return
        if state.domain == Platform.SIREN and not _supports(state, SirenEntityFeature.TURN_ON):
            raise DeliveryError(AnnunciatorProblem.UNSUPPORTED.value)
        self._before.setdefault(entity_id, _as_it_is(state))
        await self._call(state.domain, SERVICE_TURN_ON, entity_id, _manner(state, seconds))
        if state.domain == Platform.LIGHT and _supports(state, LightEntityFeature.FLASH):
            # Afterwards: some lamps flash for seconds and go back to what they were, which must be on.
            await self._call(state.domain, SERVICE_TURN_ON, entity_id, {ATTR_FLASH: FLASH_LONG})

    async def _speak_through(self, state: State, alert: Alert) -> None:
        """Turn a media player on if it can be, and let the voice speak through it if there is one."""
        can_turn_on = _supports(state, MediaPlayerEntityFeature.TURN_ON)
        if not can_turn_on and self._tts_entity_id is None:
            raise DeliveryError(AnnunciatorProblem.UNSUPPORTED.value)
        self._before.setdefault(state.entity_id, _as_it_is(state))
        if can_turn_on and state.state in _NOT_ON:
            await self._call(state.domain, SERVICE_TURN_ON, state.entity_id)
        if self._tts_entity_id is not None:
            self._available(self._tts_entity_id)
            words = alert.title if alert.test else f"{alert.title}. {alert.text}"
            said = {"media_player_entity_id": state.entity_id, "message": words, "cache": False}
            await self._call(Platform.TTS, "speak", self._tts_entity_id, said)

    async def _silence(self, tag: str) -> None:
        """Put everything back unless another alert sounds."""
        self._sounding.pop(tag, None)
        if not self._sounding:
            await _all(_start(self._put_back(entity_id, was) for entity_id, was in list(self._before.items())))

    async def _put_back(self, entity_id: str, was: Was) -> None:
        """Put one entity back to what it was; what was on before is left on."""
        state = self._available(entity_id)
        if not _was_on(was):
            await self._turn_off(state)
        elif state.domain == Platform.LIGHT:
            await _done(async_reproduce_state(self._hass, State(entity_id, was["state"], was["attributes"])))
        # What another alert has switched on meanwhile is not what was.
        if not self._sounding:
            self._before.pop(entity_id, None)

    async def _turn_off(self, state: State) -> None:
        """Turn an entity off; one that cannot be, like a chime, must have stopped by itself."""
        feature = _TURN_OFF.get(state.domain)
        if feature is None or _supports(state, feature):
            await self._call(state.domain, SERVICE_TURN_OFF, state.entity_id)
        elif state.state == STATE_ON:
            raise DeliveryError(AnnunciatorProblem.UNSUPPORTED.value)

    def _silence_after(self, tag: str, seconds: float) -> None:
        """Put everything back later, on a clock that nobody sets."""
        self._timers[tag] = self._hass.async_create_background_task(
            self._rest(tag, seconds), "rutan_blora rest of an annunciator"
        )

    async def _rest(self, tag: str, seconds: float) -> None:
        """Put everything back after some seconds, and try again if that fails: nobody else would before an answer."""
        for delay in (seconds, *RETRY_AFTER):
            await asyncio.sleep(delay)
            try:
                await self._silence(tag)
            except Exception:
                _LOGGER.debug("Putting %s back failed", ", ".join(self.watched), exc_info=True)
            else:
                return
        _LOGGER.warning("What called attention could not be put back: %s", ", ".join(self._before))

    def _forget_timer(self, tag: str) -> None:
        if (timer := self._timers.pop(tag, None)) is not None:
            timer.cancel()

    @override
    @callback
    def leave(self) -> None:
        """Let what is loud go on, the record knows how to end it; a test is known to nobody else and ends here."""
        for tag in list(self._timers):
            self._forget_timer(tag)
        for tag in [tag for tag, alert in self._sounding.items() if alert.test]:
            self._silence_after(tag, 0)

    def _is_on(self) -> bool:
        """Tell whether all entities show that they are on."""
        states = [self._hass.states.get(entity_id) for entity_id in self.watched]
        return all(state is not None and state.state not in _NOT_ON for state in states)

    def _available(self, entity_id: str) -> State:
        """Return an entity's state; Home Assistant skips one that is unavailable, and calls that a success."""
        if (state := self._hass.states.get(entity_id)) is None:
            raise DeliveryError(AnnunciatorProblem.MISSING.value)
        if state.state == STATE_UNAVAILABLE:
            raise DeliveryError(AnnunciatorProblem.UNAVAILABLE.value)
        return state

    async def _call(self, domain: str, action: str, entity_id: str, data: Mapping[str, object] | None = None) -> None:
        """Call an action on one entity and wait until it is done."""
        whole = {ATTR_ENTITY_ID: entity_id, **(data or {})}
        await _done(self._hass.services.async_call(domain, action, whole, blocking=True))


_TURN_OFF: Final[Mapping[str, IntFlag]] = {
    Platform.SIREN: SirenEntityFeature.TURN_OFF,
    Platform.MEDIA_PLAYER: MediaPlayerEntityFeature.TURN_OFF,
}


def _supports(state: State, feature: IntFlag) -> bool:
    """Tell whether an entity has a feature."""
    return bool(state.attributes.get(EntityStateAttribute.SUPPORTED_FEATURES, 0) & feature)


def _manner(state: State, seconds: float) -> dict[str, object]:
    """Return how an entity is switched on to be noticed; a light that has no brightness is not given one."""
    if state.domain == Platform.SIREN and seconds > 0 and _supports(state, SirenEntityFeature.DURATION):
        return {ATTR_DURATION: seconds}
    if state.domain == Platform.LIGHT:
        return {ATTR_BRIGHTNESS: _FULL_BRIGHTNESS}
    return {}


def _as_it_is(state: State) -> Was:
    """Return what must be known of an entity to put it back, as JSON."""
    if state.domain != Platform.LIGHT:
        return {"state": state.state}
    look = {name.value: value for name in _LIGHT if (value := state.attributes.get(name)) is not None}
    return {"state": state.state, "attributes": look}


def _was_on(was: Was) -> bool:
    return was["state"] not in _NOT_ON


async def _done(action: Coroutine[Any, Any, object]) -> None:
    """Wait for an action; raise DeliveryError if Home Assistant says that it failed."""
    try:
        await action
    except ServiceNotSupported as err:
        raise DeliveryError(AnnunciatorProblem.UNSUPPORTED.value) from err
    except HomeAssistantError as err:
        raise DeliveryError(AnnunciatorProblem.FAILED.value) from err


def _start(works: Iterable[Coroutine[Any, Any, None]]) -> list[asyncio.Task[None]]:
    """Start everything side by side, as far as each comes without waiting."""
    return [create_eager_task(work) for work in works]


async def _all(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Wait until everything is done, then raise what failed first."""
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
