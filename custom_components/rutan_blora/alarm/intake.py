"""Hearing buttons and phones without a gap: what comes while the entry reloads waits for the next desk.

An intake outlives the entry's runtime. Home Assistant answers a webhook it does not know with 200 and skips a button
entity that is not there: both would lose a press without a word.
"""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs
from aiohttp.web import Request, Response, json_response

from homeassistant.components import webhook
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.const import (
    ATTR_DOMAIN,
    ATTR_ENTITY_ID,
    ATTR_SERVICE,
    ATTR_SERVICE_DATA,
    ENTITY_MATCH_ALL,
    EVENT_CALL_SERVICE,
)
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.util import dt as dt_util

from ..actor import Actor
from ..const import DOMAIN
from ..police.alert import Answer
from ..police.channels import ChannelAnswer
from ..police.channels.phone import async_listen
from ..police.dispatcher import Dispatcher
from .buttons import Known, PanicButton, PanicButtons
from .people import People

# A webhook is pressed at most this often (seconds) while its press is already known; the first always counts.
WEBHOOK_INTERVAL: Final = 1.0
# A reload takes a fraction of a second. After this long (seconds) what waits is no longer called accepted.
HOLD_LIMIT: Final = 30.0

# Answers to what is not known yet; somebody who makes them up must not fill the memory.
MAX_EARLY: Final = 100

type Letter = Callable[[PanicButtons, Dispatcher], object]


class Intake:
    """The ears of a facility: sources, webhooks, phones and, while they are away, the panic button entities."""

    def __init__(self, hass: HomeAssistant, people: People) -> None:
        self.known: Known = {}
        # Whether all is known that was told before the start; until then an answer may be to it.
        self.is_all_read = True
        self._hass = hass
        self._people = people
        self._desk: tuple[PanicButtons, Dispatcher] | None = None
        self._police: Dispatcher | None = None
        self._letters: list[Letter] = []
        self._webhooks: dict[str, float] = {}
        self._held_since = 0.0
        self._held: set[str] = set()
        self._unsubs: list[CALLBACK_TYPE] = []

    @callback
    def open(self, buttons: PanicButtons, police: Dispatcher) -> None:
        """Give what comes to these, first what has waited."""
        self._deaf()
        self._desk = (buttons, police)
        if self._police is not None:
            self._police.dismiss(police)
        self._police = police
        self._hear(buttons.buttons.values())
        self._unsubs += [device.channel.listen(self._answered_over(device.id)) for device in police.devices.values()]
        letters, self._letters = self._letters, []
        for letter in letters:
            letter(*self._desk)
        buttons.look()

    @callback
    def hold(self) -> None:
        """Keep what comes until the next `open`."""
        if self._desk is None:
            return
        entity_ids = _panic_entities(self._hass, self._desk[0].buttons)
        self._desk = None
        self._held_since = self._hass.loop.time()
        self._held.clear()

        @callback
        def called(event: Event[Mapping[str, Any]]) -> None:
            self._pressed_away(event, entity_ids)

        self._unsubs.append(self._hass.bus.async_listen(EVENT_CALL_SERVICE, called))

    @callback
    def close(self) -> None:
        """Hear nothing more."""
        self._desk = None
        self._deaf()

    @callback
    def dismiss(self) -> None:
        """Ask nobody any more: the facility is out of service."""
        if self._police is not None:
            self._police.dismiss()

    def _deaf(self) -> None:
        for unsub in self._unsubs:
            unsub()
        self._unsubs = []

    def _hear(self, buttons: Iterable[PanicButton]) -> None:
        """Watch the entities and answer the webhooks."""
        entities: dict[str, list[str]] = {}
        for button in buttons:
            if button.entity_id is not None:
                entities.setdefault(button.entity_id, []).append(button.id)
            if button.webhook_id is not None:
                self._answer_webhook(button, button.webhook_id)

        @callback
        def changed(event: Event[EventStateChangedData]) -> None:
            for button_id in entities[event.data["entity_id"]]:
                self._put(_reading(button_id, event.data))

        self._unsubs.append(async_track_state_change_event(self._hass, entities, changed))
        self._unsubs.append(async_listen(self._hass, self._answered, self._received))

    @callback
    def _answered(self, answer: Answer, token: str, user_id: str | None) -> None:
        def letter(_: PanicButtons, police: Dispatcher) -> None:
            if self.is_all_read or police.has_told(token):
                police.answered(answer, token, user_id)
            elif len(self._letters) < MAX_EARLY:
                self._letters.append(letter)

        self._put(letter)

    def _answered_over(self, device_id: str) -> ChannelAnswer:
        """Return the handler of the answers that come over a device's own channel."""

        def answered(answer: Answer, token: str, officer: str) -> None:
            self._put(lambda _, police: police.answered_over(device_id, answer, token, officer))

        return answered

    @callback
    def _received(self, token: str, user_id: str | None) -> None:
        self._put(lambda _, police: police.received(token, user_id))

    def _answer_webhook(self, button: PanicButton, webhook_id: str) -> None:
        # All methods are let in: Home Assistant would log the secret id of one it turns away.
        webhook.async_register(
            self._hass,
            DOMAIN,
            button.name,
            webhook_id,
            self._webhook(button.id),
            local_only=button.local_only,
            allowed_methods=webhook.SUPPORTED_METHODS,
        )
        self._unsubs.append(lambda: webhook.async_unregister(self._hass, webhook_id))

    def _webhook(self, button_id: str) -> webhook.HandlerType:
        """Return the handler of a button's webhook. What it is sent is not read: the call is the press."""

        async def handle(_: HomeAssistant, __: str, request: Request) -> Response:
            if request.method not in (hdrs.METH_GET, hdrs.METH_POST):
                return Response(
                    status=HTTPStatus.METHOD_NOT_ALLOWED,
                    headers={hdrs.ALLOW: f"{hdrs.METH_GET}, {hdrs.METH_POST}"},
                )
            if self._is_flooded(button_id):
                return Response(status=HTTPStatus.TOO_MANY_REQUESTS)
            self._put(_press(button_id, None))
            if self._desk is None and self._hass.loop.time() - self._held_since > HOLD_LIMIT:
                return Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
            return json_response({"accepted": True})

        return handle

    def _is_flooded(self, button_id: str) -> bool:
        """Tell whether this is one call too many: the press is known already, and the last call just now."""
        now = self._hass.loop.time()
        again = now - self._webhooks.get(button_id, now - WEBHOOK_INTERVAL) < WEBHOOK_INTERVAL
        is_known = self._desk[0].is_pressed(button_id) if self._desk else button_id in self._held
        if again and is_known:
            return True
        self._webhooks[button_id] = now
        self._held.add(button_id)
        return False

    def _pressed_away(self, event: Event[Mapping[str, Any]], entity_ids: Mapping[str, str]) -> None:
        """Keep a press of a panic button entity that is not there just now."""
        if (event.data[ATTR_DOMAIN], event.data[ATTR_SERVICE]) != (BUTTON_DOMAIN, SERVICE_PRESS):
            return
        user_id, actor = event.context.user_id, self._people.actor(event.context)
        for entity_id in entity_ids.keys() & self._targets(event.data[ATTR_SERVICE_DATA]):
            if self._people.may_control(user_id, entity_id):
                self._letters.append(_press(entity_ids[entity_id], actor))

    def _targets(self, data: Mapping[str, Any]) -> set[str]:
        """Return the entities of a call as it was written: they may be a list, one after a comma, or all."""
        entity_ids = data.get(ATTR_ENTITY_ID)
        if isinstance(entity_ids, str):
            entity_ids = [part.strip().lower() for part in entity_ids.split(",")]
        if entity_ids == [ENTITY_MATCH_ALL]:
            return {entity.entity_id for entity in er.async_get(self._hass).entities.values()}
        selection = TargetSelection({**data, ATTR_ENTITY_ID: entity_ids})
        selected = async_extract_referenced_entity_ids(self._hass, selection)
        return selected.referenced | selected.indirectly_referenced

    def _put(self, letter: Letter) -> None:
        if self._desk is not None:
            letter(*self._desk)
        else:
            self._letters.append(letter)


def _press(button_id: str, actor: Actor | None) -> Letter:
    """Return the letter of a press now; a button that was removed meanwhile is pressed no more."""
    at = dt_util.utcnow()

    def letter(desk: PanicButtons, _: Dispatcher) -> None:
        if button_id in desk.buttons:
            desk.press(button_id, actor, at=at)

    return letter


def _reading(button_id: str, data: EventStateChangedData) -> Letter:
    """Return the letter of a source's new state."""
    return lambda desk, _: desk.read(button_id, data["old_state"], data["new_state"])


def _panic_entities(hass: HomeAssistant, buttons: Iterable[str]) -> dict[str, str]:
    """Return the panic button entities and which button each presses."""
    registry = er.async_get(hass)
    return {
        entry.entity_id: button_id
        for button_id in buttons
        for entry in registry.entities.values()
        if entry.platform == DOMAIN and entry.unique_id.endswith(f"_{button_id}_panic")
    }
