"""An officer's phone with Home Assistant's companion app.

The phone is known by its device and resolved at every send: the name of its notify action changes with the phone's,
and two phones of one name share one. All that depends on mobile_app's inside stands in this file.
"""

import asyncio
from collections.abc import Callable, Mapping
from enum import StrEnum
import re
from typing import Any, Final, override

from homeassistant.components.notify import (
    ATTR_DATA,
    ATTR_MESSAGE,
    ATTR_TITLE,
    DOMAIN as NOTIFY_DOMAIN,
    SERVICE_SEND_MESSAGE,
)
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_wait_component

from ..alert import Alert, Answer, Urgency
from . import Channel, DeliveryError, Receipt

MOBILE_APP: Final = "mobile_app"
EVENT_ANSWER: Final = "mobile_app_notification_action"
EVENT_RECEIPT: Final = "mobile_app_notification_received"
_ACTION_KEY: Final = re.compile(r"RUTAN_(ACK|GO|HERE|SIGN|RAISE)_([0-9a-f]{32})")

_ANDROID: Final = "Android"

_LOUD: Final[dict[str, Any]] = {
    "channel": "alarm_stream",
    "importance": "high",
    "push": {"interruption-level": "critical", "sound": {"name": "default", "critical": 1, "volume": 1.0}},
}
# News beside an alarm is heard, but does not break through a silent switch as the alarm does.
_HEARD: Final[dict[str, Any]] = {
    "channel": "rutan_blora_notice",
    "importance": "high",
    "push": {"interruption-level": "time-sensitive", "sound": "default"},
}
# Everyday work is heard as any message is; who does not want to, turns this channel off and still hears alarms.
_ROUTINE: Final[dict[str, Any]] = {
    "channel": "rutan_blora_patrol",
    "importance": "default",
    "push": {"interruption-level": "active", "sound": "default"},
}
_QUIET: Final[dict[str, Any]] = {
    "channel": "rutan_blora",
    "importance": "low",
    "alert_once": True,
    "push": {"interruption-level": "passive", "sound": "none"},
}

_LOUDNESS: Final = {Urgency.ALARM: _LOUD, Urgency.NEWS: _HEARD, Urgency.ROUTINE: _ROUTINE}


class PhoneProblem(StrEnum):
    """What is wrong with a phone, or why it could not be told."""

    MISSING = "phone_missing"
    SAME_NAME = "phone_same_name"
    NOT_READY = "phone_not_ready"
    REFUSED = "push_refused"


@callback
def find_registration(hass: HomeAssistant, device_id: str) -> ConfigEntry | None:
    """Return the companion app's registration behind a device, None if there is no such phone, or it is disabled."""
    device = dr.async_get(hass).async_get(device_id)
    entry = hass.config_entries.async_get_entry(device.config_entry_id) if device is not None else None
    if entry is None or entry.domain != MOBILE_APP or entry.disabled_by is not None:
        return None
    return entry


@callback
def can_push(registration: ConfigEntry) -> bool:
    """Tell whether the phone can be pushed to: through the push service, or over its own connection."""
    app_data = registration.data.get("app_data", {})
    return {"push_url", "push_token"} <= app_data.keys() or "push_websocket_channel" in app_data


class Phone(Channel):
    """A phone as a police device."""

    def __init__(self, hass: HomeAssistant, device_id: str) -> None:
        self._hass = hass
        self._device_id = device_id

    @property
    def _registration(self) -> ConfigEntry | None:
        return find_registration(self._hass, self._device_id)

    @override
    def problem(self) -> str | None:
        """Return whether the phone has vanished, or another has its name so that it only gets plain messages."""
        if (registration := self._registration) is None:
            return PhoneProblem.MISSING.value
        try:
            return None if self._notify_action(registration) else PhoneProblem.SAME_NAME.value
        except DeliveryError:
            return None

    @override
    def is_reachable(self) -> bool:
        """Tell whether a push can leave: through the push service, or over a connection the app holds now."""
        if (registration := self._registration) is None or registration.state is not ConfigEntryState.LOADED:
            return False
        if "push_url" in registration.data.get("app_data", {}):
            return True
        connected: Mapping[str, object] = self._hass.data.get(MOBILE_APP, {}).get("push_channel", {})
        return registration.data["webhook_id"] in connected

    @override
    def belongs_to(self, user_id: str | None) -> bool:
        """Tell whether the phone was registered by this user."""
        registration = self._registration
        return registration is not None and user_id is not None and registration.data.get("user_id") == user_id

    @override
    async def send(self, alert: Alert, *, loud: bool, token: str, memo: Mapping[str, Any]) -> Receipt:
        """Push the alert; success only says that it was handed over (design §6)."""
        if (registration := self._registration) is None:
            raise DeliveryError(PhoneProblem.MISSING.value)
        if MOBILE_APP not in self._hass.config.components:
            await self._until_started()
        try:
            if action := self._notify_action(registration):
                # Android keeps a running alarm in sight. On iOS a live activity would take the buttons away.
                live = not loud and registration.data.get("os_name") == _ANDROID
                for data in _pushes(alert, loud=loud, live=live, token=token):
                    await self._hass.services.async_call(NOTIFY_DOMAIN, action, data, blocking=True)
            else:
                await self._send_plain(registration, alert)
        except HomeAssistantError as err:
            raise DeliveryError(PhoneProblem.REFUSED.value) from err
        return Receipt()

    async def _until_started(self) -> None:
        """Wait for mobile_app if Home Assistant is about to start it: the push leaves then, not at the next try.

        In the manifest it would have to be there before an alarm of any kind is.
        """
        starting = async_wait_component(self._hass, MOBILE_APP)
        # Who gives up waiting must not cancel what all wait for.
        await asyncio.shield(self._hass.async_create_background_task(starting, "rutan_blora wait for mobile_app"))

    def _notify_action(self, registration: ConfigEntry) -> str | None:
        """Return the phone's own notify action, None if another phone of the same name has it."""
        if registration.state is not ConfigEntryState.LOADED or not can_push(registration):
            raise DeliveryError(PhoneProblem.NOT_READY.value)
        # As mobile_app itself finds it. It is not imported: it may not be there, and must not be waited for.
        if (service := self._hass.data.get(MOBILE_APP, {}).get("notify")) is None:
            raise DeliveryError(PhoneProblem.NOT_READY.value)
        targets: Mapping[str, str] = service.registered_targets
        return next((action for action, owner in targets.items() if owner == registration.data["webhook_id"]), None)

    async def _send_plain(self, registration: ConfigEntry, alert: Alert) -> None:
        """Tell a phone that has no rich push: title and text through its notify entity."""
        entity_id = er.async_get(self._hass).async_get_entity_id(
            NOTIFY_DOMAIN, MOBILE_APP, registration.data["device_id"]
        )
        state = self._hass.states.get(entity_id) if entity_id else None
        # Home Assistant skips an entity that is unavailable, and calls that a success.
        if state is None or state.state == STATE_UNAVAILABLE:
            raise DeliveryError(PhoneProblem.NOT_READY.value)
        await self._hass.services.async_call(
            NOTIFY_DOMAIN,
            SERVICE_SEND_MESSAGE,
            {ATTR_ENTITY_ID: entity_id, ATTR_MESSAGE: alert.text, ATTR_TITLE: alert.title},
            blocking=True,
        )


def _pushes(alert: Alert, *, loud: bool, live: bool, token: str) -> list[dict[str, Any]]:
    """Return the notify calls of an alert: one, or at its end the removal and a quiet word that stays."""
    tag = f"rutan_{alert.tag}"
    if alert.ended:
        clear = {ATTR_MESSAGE: "clear_notification", ATTR_DATA: {"tag": tag}}
        return [clear, _push(alert, {"tag": f"{tag}_closed", **_QUIET})]
    data = {
        "tag": tag,
        "actions": [{"action": f"RUTAN_{answer}_{token}", "title": title} for answer, title in alert.answers],
        # An alarm stays in sight until it is over; news may be wiped away.
        "persistent": alert.urgency is Urgency.ALARM,
        "sticky": "true",
        "confirmation": "true",
        **_manner(alert, loud=loud),
    }
    if alert.picture is not None:
        data["image"] = alert.picture
    if live:
        data["live_update"] = True
    return [_push(alert, data)]


def _manner(alert: Alert, *, loud: bool) -> dict[str, Any]:
    """Return how a push is noticed."""
    if not loud:
        return _QUIET
    return _LOUDNESS[alert.urgency]


def _push(alert: Alert, data: dict[str, Any]) -> dict[str, Any]:
    """Return one notify call. Android drops `ttl: 0` on its way, so the text carries the time of the press."""
    return {
        ATTR_TITLE: alert.title,
        ATTR_MESSAGE: alert.text,
        ATTR_DATA: {"group": "rutan_blora", "visibility": "public", "ttl": 0, "priority": "high", **data},
    }


type AnswerCallback = Callable[[Answer, str, str | None], None]
type ReceiptCallback = Callable[[str, str | None], None]


@callback
def async_listen(hass: HomeAssistant, on_answer: AnswerCallback, on_receipt: ReceiptCallback) -> CALLBACK_TYPE:
    """Hear the answers and receipts of all phones: the token in their action key and the user that sent them."""

    @callback
    def is_ours(data: Any) -> bool:
        return _find_key(data) is not None

    @callback
    def answered(event: Event[dict[str, Any]]) -> None:
        if (match := _ACTION_KEY.fullmatch(str(event.data.get("action")))) is not None:
            on_answer(Answer(match[1]), match[2], event.context.user_id)

    @callback
    def received(event: Event[dict[str, Any]]) -> None:
        if (match := _find_key(event.data)) is not None:
            on_receipt(match[2], event.context.user_id)

    unsubs = (
        hass.bus.async_listen(EVENT_ANSWER, answered, event_filter=is_ours),
        hass.bus.async_listen(EVENT_RECEIPT, received, event_filter=is_ours),
    )

    @callback
    def unsubscribe() -> None:
        for unsub in unsubs:
            unsub()

    return unsubscribe


def _find_key(data: dict[str, Any]) -> re.Match[str] | None:
    """Return our action key in what the phone echoes: the tapped one, or the first button of a receipt."""
    return _ACTION_KEY.fullmatch(str(data.get("action", data.get("action_1_key"))))
