"""What the form of a police device asks about each channel, how it is checked, and what makes the device the one."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import hashlib
from ipaddress import ip_address
import secrets
from typing import Any, Final

import voluptuous as vol
from yarl import URL

from homeassistant.const import CONF_DEVICE_ID, CONF_ENTITY_ID, Platform, UnitOfTime
from homeassistant.core import HomeAssistant, callback, split_entity_id
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    DeviceFilterSelectorConfig,
    DeviceSelector,
    DeviceSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util.network import is_host_valid, is_ip_address, is_loopback, is_private

from ..const import (
    CONF_DRILLS,
    CONF_DURATION,
    CONF_ENTITY_IDS,
    CONF_SECRET,
    CONF_TOPIC,
    CONF_TTS_ENTITY_ID,
    CONF_URL,
    DOMAIN,
    ChannelType,
)
from ..police.channels.phone import MOBILE_APP, can_push, find_registration
from .forms import TEXT, entity_error, entity_selector, is_known, resolve_entity_id, whole_number

ERROR_BASE: Final = "base"

_MQTT: Final = "mqtt"
_ANNUNCIATORS: Final = (
    Platform.SIREN.value,
    Platform.LIGHT.value,
    Platform.SWITCH.value,
    "input_boolean",
    Platform.MEDIA_PLAYER.value,
)
_MAX_DURATION: Final = 3600
_MAX_TOPIC: Final = 200
_MIN_SECRET: Final = 16
# What a topic that is published to must not have, and what brokers keep to themselves.
_NOT_IN_TOPIC: Final = frozenset("+#$")

type Data = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelForm:
    """What is particular to a channel.

    `data` makes what is stored of what was typed; `errors` says by field what is wrong with it, None if nothing is;
    `key` is what two devices of the facility cannot share. `proposed` fills in a new form. Fields that are `secret`
    are not shown again, and stay as they are if they are left empty.
    """

    fields: Mapping[vol.Marker, object]
    data: Callable[[HomeAssistant, Data], dict[str, Any]]
    errors: Callable[[HomeAssistant, Data], Mapping[str, str | None]]
    key: Callable[[Data], str]
    proposed: Callable[[], dict[str, Any]] = dict
    secret: frozenset[str] = frozenset()


def _digest(text: str) -> str:
    """Return what stands for a text in a unique id, which Home Assistant shows and which must not grow."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# --- phone ---


@callback
def _phone_errors(hass: HomeAssistant, data: Data) -> dict[str, str | None]:
    """Check the phone; the selector's filter binds only the browser."""
    if (registration := find_registration(hass, data[CONF_DEVICE_ID])) is None:
        return {CONF_DEVICE_ID: "phone_unknown"}
    return {CONF_DEVICE_ID: None if can_push(registration) else "no_push"}


_PHONE: Final = ChannelForm(
    fields={
        vol.Required(CONF_DEVICE_ID): DeviceSelector(
            DeviceSelectorConfig(filter=DeviceFilterSelectorConfig(integration=MOBILE_APP))
        )
    },
    data=lambda _, typed: {CONF_DEVICE_ID: typed[CONF_DEVICE_ID]},
    errors=_phone_errors,
    key=lambda data: str(data[CONF_DEVICE_ID]),
)


# --- notify entity ---


@callback
def _notify_errors(hass: HomeAssistant, data: Data) -> dict[str, str | None]:
    """Check the entity; one of ours would tell the police through the police."""
    registered = er.async_get(hass).async_get(data[CONF_ENTITY_ID])
    if registered is not None and registered.platform == DOMAIN:
        return {CONF_ENTITY_ID: "notify_is_own"}
    return {CONF_ENTITY_ID: entity_error(hass, data[CONF_ENTITY_ID], (Platform.NOTIFY,), "notify_unknown")}


_NOTIFY: Final = ChannelForm(
    fields={vol.Required(CONF_ENTITY_ID): entity_selector((Platform.NOTIFY.value,))},
    data=lambda hass, typed: {CONF_ENTITY_ID: resolve_entity_id(hass, typed[CONF_ENTITY_ID])},
    errors=_notify_errors,
    key=lambda data: f"{ChannelType.NOTIFY}_{data[CONF_ENTITY_ID]}",
)


# --- annunciator ---


@callback
def _annunciator_data(hass: HomeAssistant, typed: Data) -> dict[str, Any]:
    """Return what is stored; an entity that was chosen twice is one."""
    data: dict[str, Any] = {
        CONF_ENTITY_IDS: list(dict.fromkeys(resolve_entity_id(hass, chosen) for chosen in typed[CONF_ENTITY_IDS])),
        CONF_DURATION: typed[CONF_DURATION],
        CONF_DRILLS: typed[CONF_DRILLS],
    }
    if speaker := typed.get(CONF_TTS_ENTITY_ID):
        data[CONF_TTS_ENTITY_ID] = resolve_entity_id(hass, speaker)
    return data


@callback
def _annunciator_errors(hass: HomeAssistant, data: Data) -> dict[str, str | None]:
    """Check what sounds and what speaks."""
    found = {CONF_ENTITY_IDS: _annunciator_error(hass, data[CONF_ENTITY_IDS])}
    if speaker := data.get(CONF_TTS_ENTITY_ID):
        found[CONF_TTS_ENTITY_ID] = entity_error(hass, speaker, (Platform.TTS,), "tts_unknown")
    return found


@callback
def _annunciator_error(hass: HomeAssistant, entity_ids: list[str]) -> str | None:
    """Return why entities cannot call attention, None if they can."""
    if not entity_ids:
        return "annunciator_empty"
    if not all(is_known(hass, entity_id) for entity_id in entity_ids):
        return "annunciator_unknown"
    allowed = all(split_entity_id(entity_id)[0] in _ANNUNCIATORS for entity_id in entity_ids)
    return None if allowed else "annunciator_not_allowed"


_ANNUNCIATOR: Final = ChannelForm(
    fields={
        vol.Required(CONF_ENTITY_IDS): entity_selector(_ANNUNCIATORS, multiple=True),
        vol.Optional(CONF_DURATION, default=0): whole_number(0, _MAX_DURATION, UnitOfTime.SECONDS),
        vol.Required(CONF_DRILLS, default=False): BooleanSelector(),
        vol.Optional(CONF_TTS_ENTITY_ID): entity_selector((Platform.TTS.value,)),
    },
    data=_annunciator_data,
    errors=_annunciator_errors,
    key=lambda data: f"{ChannelType.ANNUNCIATOR}_{_digest(','.join(sorted(data[CONF_ENTITY_IDS])))}",
)


# --- MQTT ---


@callback
def _mqtt_errors(hass: HomeAssistant, data: Data) -> dict[str, str | None]:
    """Check the topic, and that there is a broker to post to; it may be down just now."""
    is_set_up = hass.config_entries.async_has_entries(_MQTT, include_ignore=False, include_disabled=False)
    return {
        ERROR_BASE: None if is_set_up else "mqtt_missing",
        CONF_TOPIC: None if _is_topic(data[CONF_TOPIC]) else "topic_invalid",
    }


def _is_topic(topic: str) -> bool:
    """Tell whether a topic can be posted to; stricter than MQTT, which people would regret."""
    return (
        0 < len(topic) <= _MAX_TOPIC
        and topic.isprintable()
        and _NOT_IN_TOPIC.isdisjoint(topic)
        and topic == topic.strip("/")
    )


_MQTT_POST: Final = ChannelForm(
    fields={vol.Required(CONF_TOPIC): TEXT},
    data=lambda _, typed: {CONF_TOPIC: typed[CONF_TOPIC].strip()},
    errors=_mqtt_errors,
    key=lambda data: f"{ChannelType.MQTT}_{data[CONF_TOPIC]}",
)


# --- webhook ---


def _webhook_errors(_: HomeAssistant, data: Data) -> dict[str, str | None]:
    """Check where alarms are posted to and what they are signed with."""
    return {
        CONF_URL: _url_error(data[CONF_URL]),
        CONF_SECRET: "secret_too_short" if len(data[CONF_SECRET]) < _MIN_SECRET else None,
    }


def _url_error(text: str) -> str | None:
    """Return why an address cannot be posted to, None if it can."""
    try:
        url = URL(text)
    except ValueError:
        return "url_invalid"
    host = url.raw_host or ""
    has_login = url.user is not None or url.password is not None
    if url.scheme not in ("http", "https") or not text.isprintable() or not is_host_valid(host) or has_login:
        return "url_invalid"
    return "url_not_https" if url.scheme == "http" and not _is_near(host) else None


def _is_near(host: str) -> bool:
    """Tell whether a host is surely in the house's own network, where an alarm may travel in the open."""
    if is_ip_address(host):
        address = ip_address(host)
        return is_loopback(address) or is_private(address)
    name = host.removesuffix(".")
    return name == "localhost" or name.endswith(".local")


def _new_secret() -> dict[str, str]:
    """Return a secret in the form of Standard Webhooks, to be copied to the receiver."""
    return {CONF_SECRET: f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"}


_WEBHOOK: Final = ChannelForm(
    fields={
        vol.Required(CONF_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.URL)),
        vol.Optional(CONF_SECRET): TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD)),
    },
    data=lambda _, typed: {CONF_URL: typed[CONF_URL].strip(), CONF_SECRET: typed.get(CONF_SECRET, "").strip()},
    errors=_webhook_errors,
    key=lambda data: f"{ChannelType.WEBHOOK}_{_digest(data[CONF_URL])}",
    proposed=_new_secret,
    secret=frozenset({CONF_SECRET}),
)


FORMS: Final[Mapping[ChannelType, ChannelForm]] = {
    ChannelType.PHONE: _PHONE,
    ChannelType.NOTIFY: _NOTIFY,
    ChannelType.ANNUNCIATOR: _ANNUNCIATOR,
    ChannelType.MQTT: _MQTT_POST,
    ChannelType.WEBHOOK: _WEBHOOK,
}
