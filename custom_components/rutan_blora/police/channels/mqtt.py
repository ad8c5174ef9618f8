"""A post at the police that listens to an MQTT broker, through Home Assistant's own mqtt.

Below the post's topic: `event` is each alert as it is told, with the token its answers need; `state`, retained, is
what is on now, for whoever comes late, without the token: a retained secret could be read for ever; `command` takes
the answers; `availability`, retained, is `online` or `offline`.

`offline` is said when the device goes out of service or Home Assistant stops. When Home Assistant is killed or cut off
nobody says it: its mqtt has one last will for the whole client (by default `homeassistant/status`), which the post has
to watch as well.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from enum import StrEnum
import logging
import re
from typing import TYPE_CHECKING, Any, Final, override

import voluptuous as vol

from homeassistant.const import EVENT_COMPONENT_LOADED
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.json import json_bytes
from homeassistant.setup import EventComponentLoaded
from homeassistant.util.json import json_loads

from ..alert import Alert, Answer, plain
from . import Channel, ChannelAnswer, DeliveryError, Receipt

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage

_LOGGER = logging.getLogger(__name__)

MQTT: Final = "mqtt"
ONLINE: Final = "online"
OFFLINE: Final = "offline"
# Just under mqtt's own 10 s, after which it reports success for a message the broker never had.
ACK_DEADLINE: Final = 9.0
_AT_LEAST_ONCE: Final = 1
_MAX_COMMAND: Final = 4096
_MAX_OFFICER: Final = 80
_TOKEN: Final = re.compile(r"[0-9a-f]{32}\Z")
_COMMAND: Final = vol.Schema(
    {
        vol.Required("answer"): vol.All(str, vol.Coerce(Answer)),
        vol.Required("token"): vol.All(str, vol.Match(_TOKEN)),
        vol.Optional("officer", default=""): str,
    },
    extra=vol.REMOVE_EXTRA,
)


class MqttProblem(StrEnum):
    """What is wrong with the way to the broker, or why it could not be told."""

    MISSING = "mqtt_missing"
    DISCONNECTED = "mqtt_disconnected"
    REFUSED = "mqtt_refused"


def read_command(payload: str | bytes | bytearray, *, retained: bool = False) -> tuple[Answer, str, str]:
    """Return a post's answer, its token and who gives it; raise ValueError if it is none."""
    if retained:
        raise ValueError("retained")
    if len(payload) > _MAX_COMMAND:
        raise ValueError("too long")
    try:
        command = _COMMAND(json_loads(payload))
    except (vol.Invalid, ValueError) as err:
        # What was said stays out: it may hold a token.
        raise ValueError("not of its form") from err
    return command["answer"], command["token"], plain(command["officer"], _MAX_OFFICER)


class MqttPost(Channel):
    """A post that listens to the broker."""

    def __init__(self, hass: HomeAssistant, topic: str) -> None:
        self._hass = hass
        self._topic = topic
        self._open: dict[str, bytes] = {}
        self._state: bytes | None = None

    @override
    def problem(self) -> str | None:
        """Return whether Home Assistant's mqtt is not there to speak through."""
        return None if self._hass.config_entries.async_loaded_entries(MQTT) else MqttProblem.MISSING.value

    @override
    def is_reachable(self) -> bool:
        """Tell whether the broker is connected; whether anybody listens to it is not known."""
        if self.problem() is not None:
            return False
        # Imported here and below: it brings the whole of mqtt, which is loaded by now or not wanted at all.
        from homeassistant.components import mqtt  # noqa: PLC0415

        return mqtt.is_connected(self._hass)

    @override
    async def send(self, alert: Alert, *, loud: bool, token: str, memo: Mapping[str, Any]) -> Receipt:
        """Publish the alert; success says that the broker has it, not that anybody listens.

        The event's id stays the same until the broker has it: mqtt sends what it held back again after a reconnect,
        and we do, too.
        """
        sent: int = memo.get("sent", 0)
        said = alert.for_machines()
        event = {
            "event_id": f"{alert.tag}-{alert.revision}-{sent}",
            "loud": loud,
            **said,
            "token": token,
            "answers": [{"answer": answer.value, "title": title} for answer, title in alert.answers],
        }
        await self._publish("event", json_bytes(event))
        if not alert.test:
            await self._publish_state(alert, json_bytes(said))
        return Receipt(memo={"sent": sent + 1})

    async def _publish_state(self, alert: Alert, payload: bytes) -> None:
        """Publish what is on now: the alert, unless it has ended and another has not."""
        self._open.pop(alert.tag, None)
        if not alert.ended:
            self._open[alert.tag] = payload
        self._state = next(reversed(self._open.values()), payload)
        await self._publish("state", self._state, retain=True)

    async def _publish(self, name: str, payload: bytes | str, *, retain: bool = False) -> None:
        """Publish below the topic and wait for the broker's acknowledgement; raise DeliveryError without it."""
        if (problem := self.problem()) is not None:
            raise DeliveryError(problem)
        # What is published without a connection is kept, and comes when it is long over.
        if not self.is_reachable():
            raise DeliveryError(MqttProblem.DISCONNECTED.value)
        from homeassistant.components import mqtt  # noqa: PLC0415

        try:
            async with asyncio.timeout(ACK_DEADLINE):
                await mqtt.async_publish(self._hass, f"{self._topic}/{name}", payload, _AT_LEAST_ONCE, retain)
        except TimeoutError as err:
            raise DeliveryError(MqttProblem.DISCONNECTED.value) from err
        except (HomeAssistantError, ValueError) as err:
            raise DeliveryError(MqttProblem.REFUSED.value) from err

    @override
    @callback
    def listen(self, on_answer: ChannelAnswer) -> CALLBACK_TYPE:
        """Hear the post's commands and show it that we are there, whenever the broker is connected."""
        return _Line(self, self._hass, f"{self._topic}/command", on_answer).close

    async def announce(self) -> None:
        """Say that we are there, and what is on: a broker that was restarted may have forgotten it."""
        try:
            await self._publish("availability", ONLINE, retain=True)
            if self._state is not None:
                await self._publish("state", self._state, retain=True)
        except DeliveryError as err:
            _LOGGER.debug("The post could not be told that Home Assistant is there: %s", err.reason)

    @override
    @callback
    def leave(self) -> None:
        """Say that nothing more will come, as far as the broker can still be told."""
        self._hass.async_create_task(self._say_offline(), "rutan_blora leave MQTT", eager_start=True)

    async def _say_offline(self) -> None:
        try:
            await self._publish("availability", OFFLINE, retain=True)
        except DeliveryError as err:
            _LOGGER.debug("The post could not be told that Home Assistant leaves: %s", err.reason)


class _Line:
    """The subscription to a post's commands; mqtt may be set up later, reloaded, or lose its broker."""

    def __init__(self, post: MqttPost, hass: HomeAssistant, topic: str, on_answer: ChannelAnswer) -> None:
        self._post = post
        self._hass = hass
        self._topic = topic
        self._on_answer: ChannelAnswer | None = on_answer
        self._unsubs: list[CALLBACK_TYPE] = []
        self._is_subscribed = False
        self._task: asyncio.Task[None] | None = None
        if MQTT in hass.config.components:
            self._watch()
        else:
            self._unsubs.append(hass.bus.async_listen(EVENT_COMPONENT_LOADED, self._loaded))

    @callback
    def _loaded(self, event: Event[EventComponentLoaded]) -> None:
        """Start when mqtt is set up at last."""
        if event.data["component"] == MQTT:
            self._unsubs.pop()()
            self._watch()

    @callback
    def _watch(self) -> None:
        """Follow the connection to the broker."""
        from homeassistant.components import mqtt  # noqa: PLC0415

        self._unsubs.append(mqtt.async_subscribe_connection_status(self._hass, self._connection_changed))
        if self._post.is_reachable():
            self._connection_changed(True)

    @callback
    def _connection_changed(self, is_connected: bool) -> None:
        """Subscribe at the first connection; mqtt does it at the next ones, also after its reload."""
        if is_connected and not self._is_subscribed:
            self._is_subscribed = True
            self._run(self._subscribe())

    async def _subscribe(self) -> None:
        from homeassistant.components import mqtt  # noqa: PLC0415

        # As bytes: what is no text mqtt would log.
        heard = await mqtt.async_subscribe(self._hass, self._topic, self._heard, qos=_AT_LEAST_ONCE, encoding=None)
        done = mqtt.async_on_subscribe_done(self._hass, self._topic, _AT_LEAST_ONCE, self._subscribed)
        self._unsubs += [heard, done]

    @callback
    def _subscribed(self) -> None:
        """Announce us whenever the broker has the subscription: not before is an answer heard."""
        if self._on_answer is not None:
            self._run(self._post.announce())

    @callback
    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do in the background what is worth nothing after the close."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._hass.async_create_background_task(work, "rutan_blora listen to MQTT")

    @callback
    def _heard(self, message: ReceiveMessage) -> None:
        """Pass a post's answer on; a retained one is an old one, if not forged."""
        # After a reload mqtt no longer knows how to unsubscribe what it restored.
        if self._on_answer is None:
            return
        try:
            answer, token, officer = read_command(message.payload, retained=message.retain)
        except ValueError as err:
            _LOGGER.debug("A command that is none was ignored: %s", err)
            return
        self._on_answer(answer, token, officer)

    @callback
    def close(self) -> None:
        """Hear nothing more."""
        self._on_answer = None
        if self._task is not None:
            self._task.cancel()
        while self._unsubs:
            self._unsubs.pop()()
