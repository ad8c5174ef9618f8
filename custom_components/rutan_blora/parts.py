"""The parts of a facility, made of what their subentries store; one that is damaged is left out, the rest works."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import time, timedelta
from functools import partial
import hashlib
import logging
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import (
    CONF_DEVICE_ID,
    CONF_ENTITY_ID,
    CONF_PASSWORD,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
    CONF_WEBHOOK_ID,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.network import NoURLAvailableError, get_url

from .alarm.buttons import PanicButton
from .alarm.incident import Kind
from .cctv.camera import Camera, make_source
from .cctv.tamper import find_tamper_entities
from .const import (
    ANSWER_PATH,
    CONF_BATTERY_ENTITY_ID,
    CONF_CAMERAS,
    CONF_CARD_IDS,
    CONF_CHANNEL,
    CONF_CHECKPOINTS,
    CONF_DEBOUNCE,
    CONF_DRILLS,
    CONF_DURATION,
    CONF_DUTY_ENTITY_ID,
    CONF_ENTITY_IDS,
    CONF_FEEDBACK_ENTITY_ID,
    CONF_GATE,
    CONF_INTERVAL,
    CONF_KIND,
    CONF_LANGUAGE,
    CONF_LIVE_CODE,
    CONF_LOCAL_ONLY,
    CONF_LOCATION,
    CONF_LONG_PRESS_KIND,
    CONF_MAX_AGE,
    CONF_MOTION_ENTITY_ID,
    CONF_NRP,
    CONF_OFFICER,
    CONF_OVERRIDES,
    CONF_PIN,
    CONF_POLICE_DEVICES,
    CONF_POSITION,
    CONF_QUIET_FROM,
    CONF_QUIET_UNTIL,
    CONF_RANK,
    CONF_READER_DEVICE_ID,
    CONF_ROTATION,
    CONF_SECRET,
    CONF_SOURCE,
    CONF_STILL_URL,
    CONF_STREAM_URL,
    CONF_SUPERVISION,
    CONF_TAG_ID,
    CONF_TEST_INTERVAL,
    CONF_TIER,
    CONF_TOPIC,
    CONF_TTS_ENTITY_ID,
    CONF_UNIT,
    CONF_URL,
    CONF_ZONE_ENTITY_ID,
    DEFAULT_DEBOUNCE,
    FIRST_TIER,
    SUBENTRY_CAMERA,
    SUBENTRY_CHECKPOINT,
    SUBENTRY_OFFICER,
    SUBENTRY_PANIC_BUTTON,
    SUBENTRY_PATROL_PLAN,
    SUBENTRY_POLICE_DEVICE,
    ChannelType,
    Language,
    Source,
)
from .patrol.body import plan_from_body
from .patrol.check_in import Officer
from .patrol.checkpoint import Checkpoint, KnownOfficer
from .patrol.notice import Notify
from .patrol.plan import PatrolPlan
from .police.alert import Answer
from .police.channels import Channel
from .police.channels.annunciator import Annunciator
from .police.channels.mqtt import MqttPost
from .police.channels.notify import NotifyEntity
from .police.channels.phone import Phone
from .police.channels.webhook import WebhookReceiver
from .police.courier import PoliceDevice

_LOGGER = logging.getLogger(__name__)

_TEXT: Final = vol.Any(str, None)
_NUMBER: Final = vol.All(vol.Any(int, float), vol.Range(min=0))
# Whatever a part stores under these names is of these kinds; whether it is enough, and of sense, its making tells.
_DATA: Final = vol.Schema(
    {
        **dict.fromkeys(
            (
                CONF_BATTERY_ENTITY_ID,
                CONF_CHANNEL,
                CONF_DEVICE_ID,
                CONF_DUTY_ENTITY_ID,
                CONF_ENTITY_ID,
                CONF_FEEDBACK_ENTITY_ID,
                CONF_KIND,
                CONF_LANGUAGE,
                CONF_LOCATION,
                CONF_LONG_PRESS_KIND,
                CONF_MOTION_ENTITY_ID,
                CONF_NRP,
                CONF_OFFICER,
                CONF_PASSWORD,
                CONF_PIN,
                CONF_QUIET_FROM,
                CONF_QUIET_UNTIL,
                CONF_RANK,
                CONF_READER_DEVICE_ID,
                CONF_SECRET,
                CONF_SOURCE,
                CONF_STILL_URL,
                CONF_STREAM_URL,
                CONF_TAG_ID,
                CONF_TOPIC,
                CONF_TTS_ENTITY_ID,
                CONF_UNIT,
                CONF_URL,
                CONF_USERNAME,
                CONF_WEBHOOK_ID,
                CONF_ZONE_ENTITY_ID,
            ),
            _TEXT,
        ),
        **{key: [str] for key in (CONF_CAMERAS, CONF_CARD_IDS, CONF_CHECKPOINTS, CONF_ENTITY_IDS, CONF_POLICE_DEVICES)},
        **dict.fromkeys(
            (
                CONF_DEBOUNCE,
                CONF_DURATION,
                CONF_INTERVAL,
                CONF_MAX_AGE,
                CONF_POSITION,
                CONF_ROTATION,
                CONF_SUPERVISION,
                CONF_TEST_INTERVAL,
                CONF_TIER,
            ),
            _NUMBER,
        ),
        **dict.fromkeys((CONF_DRILLS, CONF_GATE, CONF_LIVE_CODE, CONF_LOCAL_ONLY, CONF_VERIFY_SSL), bool),
    },
    extra=vol.ALLOW_EXTRA,
)


class Parts:
    """What a facility is made of, each by the id of its subentry.

    `subentries` are those that could be made, `invalid` those that could not. `phones` says by device whose a phone
    is, `notify` whom a plan tells, `near` which cameras show a panic button's place.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self.invalid: dict[str, ConfigSubentry] = {}
        self._entry = entry
        self.devices = self._make(SUBENTRY_POLICE_DEVICE, partial(_police_device, hass, entry))
        self.buttons = self._make(SUBENTRY_PANIC_BUTTON, _panic_button)
        self.cameras = self._make(SUBENTRY_CAMERA, partial(_camera, hass))
        self.checkpoints = self._make(SUBENTRY_CHECKPOINT, _checkpoint)
        self.officers = self._make(SUBENTRY_OFFICER, _officer)
        planned = self._make(SUBENTRY_PATROL_PLAN, partial(_planned, places=frozenset(self.checkpoints)))
        self.plans = {plan_id: plan for plan_id, (plan, _) in planned.items()}
        self.notify = {plan_id: notify for plan_id, (_, notify) in planned.items()}
        self.subentries: Mapping[str, ConfigSubentry] = {
            subentry_id: subentry
            for subentry_id, subentry in entry.subentries.items()
            if subentry_id not in self.invalid
        }
        # A guard's phone is no officer's: who scans with it is not the police.
        held = [self.subentries[device_id] for device_id, device in self.devices.items() if not device.gate]
        self.phones = {s.data[CONF_DEVICE_ID]: _holder(s) for s in held if s.data[CONF_CHANNEL] == ChannelType.PHONE}
        self.near = {button: tuple(self.subentries[button].data.get(CONF_CAMERAS, ())) for button in self.buttons}

    def _make[PartT](self, kind: str, make: Callable[[ConfigSubentry], PartT]) -> dict[str, PartT]:
        """Return the parts of a kind; what cannot be made is noted and left out."""
        made: dict[str, PartT] = {}
        for subentry_id, subentry in self._entry.subentries.items():
            if subentry.subentry_type != kind:
                continue
            try:
                _DATA(dict(subentry.data))
                made[subentry_id] = make(subentry)
            except Exception as err:  # noqa: BLE001  # whatever is stored, the alarm must work
                # Not what was stored: there may be a secret in it.
                where = err.path if isinstance(err, vol.Invalid) else type(err).__name__
                _LOGGER.error("The %s %s cannot be used: %s", kind, subentry.title, where)
                self.invalid[subentry_id] = subentry
        return made


def _panic_button(subentry: ConfigSubentry) -> PanicButton:
    data = subentry.data
    return PanicButton(
        id=subentry.subentry_id,
        name=subentry.title,
        location=data.get(CONF_LOCATION) or subentry.title,
        kind=Kind(data[CONF_KIND]),
        source=Source(data[CONF_SOURCE]),
        entity_id=data.get(CONF_ENTITY_ID),
        webhook_id=data.get(CONF_WEBHOOK_ID),
        local_only=data.get(CONF_LOCAL_ONLY, True),
        long_press_kind=Kind(data[CONF_LONG_PRESS_KIND]) if data.get(CONF_LONG_PRESS_KIND) else None,
        supervision=data.get(CONF_SUPERVISION, 0),
        battery_entity_id=data.get(CONF_BATTERY_ENTITY_ID),
        test_interval=data.get(CONF_TEST_INTERVAL, 0),
        feedback_entity_id=data.get(CONF_FEEDBACK_ENTITY_ID),
    )


def _camera(hass: HomeAssistant, subentry: ConfigSubentry) -> Camera:
    data = subentry.data
    entity_id = data.get(CONF_ENTITY_ID)
    return Camera(
        id=subentry.subentry_id,
        key=f"{subentry.subentry_id} {subentry.unique_id}",
        name=subentry.title,
        source=make_source(hass, data),
        interval=data[CONF_INTERVAL],
        max_age=data[CONF_MAX_AGE],
        position=data[CONF_POSITION],
        motion_entity_id=data.get(CONF_MOTION_ENTITY_ID),
        tamper_entity_ids=find_tamper_entities(hass, entity_id) if entity_id else (),
    )


def _police_device(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> PoliceDevice:
    data = subentry.data
    officer = " ".join(filter(None, (data.get(CONF_RANK), data.get(CONF_OFFICER)))) or subentry.title
    unit = data.get(CONF_UNIT)
    reach = _CHANNELS[ChannelType(data[CONF_CHANNEL])]
    return PoliceDevice(
        id=subentry.subentry_id,
        name=subentry.title,
        holder=f"{officer} – {unit}" if unit else officer,
        language=Language(data.get(CONF_LANGUAGE) or entry.options[CONF_LANGUAGE]),
        channel=reach.build(hass, data),
        address=reach.address(data),
        tier=data.get(CONF_TIER, FIRST_TIER),
        duty_entity_id=data.get(CONF_DUTY_ENTITY_ID),
        drills=data.get(CONF_DRILLS, True),
        gate=data.get(CONF_GATE, False),
    )


def _holder(subentry: ConfigSubentry) -> Officer:
    """Return who holds a police device."""
    return _officer_of(subentry, subentry.data.get(CONF_OFFICER) or subentry.title)


def _officer_of(subentry: ConfigSubentry, name: str) -> Officer:
    data = subentry.data
    return Officer(
        id=subentry.subentry_id,
        name=name,
        rank=data.get(CONF_RANK, ""),
        nrp=data.get(CONF_NRP, ""),
        unit=data.get(CONF_UNIT, ""),
    )


def _officer(subentry: ConfigSubentry) -> KnownOfficer:
    return KnownOfficer(
        officer=_officer_of(subentry, subentry.title),
        cards=frozenset(subentry.data.get(CONF_CARD_IDS, ())),
        pin=subentry.data.get(CONF_PIN),
    )


def _checkpoint(subentry: ConfigSubentry) -> Checkpoint:
    data = subentry.data
    return Checkpoint(
        id=subentry.subentry_id,
        name=subentry.title,
        location=data.get(CONF_LOCATION) or subentry.title,
        debounce=timedelta(seconds=data.get(CONF_DEBOUNCE, DEFAULT_DEBOUNCE)),
        tag_id=data.get(CONF_TAG_ID),
        reader_device_id=data.get(CONF_READER_DEVICE_ID),
        zone_entity_id=data.get(CONF_ZONE_ENTITY_ID),
        live_code=data.get(CONF_LIVE_CODE, False),
        rotation=data.get(CONF_ROTATION, 0),
    )


def _planned(subentry: ConfigSubentry, *, places: frozenset[str]) -> tuple[PatrolPlan, Notify]:
    """Return a plan and whom it tells."""
    return _patrol_plan(subentry, places), _notify(subentry)


def _patrol_plan(subentry: ConfigSubentry, places: frozenset[str]) -> PatrolPlan:
    """Return a plan of the checkpoints that there are; one that has lost all of them expects nobody."""
    body = {CONF_OVERRIDES: [], **subentry.data, "name": subentry.title}
    plan = plan_from_body(subentry.subentry_id, body)
    left = plan.checkpoints & places
    return replace(plan, checkpoints=left) if left else replace(plan, checkpoints=left, windows=(), overrides=())


def _notify(subentry: ConfigSubentry) -> Notify:
    data = subentry.data
    quiet_from, quiet_until = data.get(CONF_QUIET_FROM), data.get(CONF_QUIET_UNTIL)
    return Notify(
        to=frozenset(data.get(CONF_POLICE_DEVICES, ())),
        quiet_from=time.fromisoformat(quiet_from) if quiet_from else None,
        quiet_until=time.fromisoformat(quiet_until) if quiet_until else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reach:
    """How a channel is built of what a subentry says, and where it leads: somebody else's must be told anew."""

    build: Callable[[HomeAssistant, Mapping[str, Any]], Channel]
    address: Callable[[Mapping[str, Any]], str]


def _answer_url(hass: HomeAssistant, answer: Answer, token: str) -> str | None:
    """Return where an alert is answered, None if Home Assistant does not know how it is reached."""
    try:
        return f"{get_url(hass, prefer_external=True)}{ANSWER_PATH}/{answer}/{token}"
    except NoURLAvailableError:
        return None


_CHANNELS: Final[Mapping[ChannelType, _Reach]] = {
    ChannelType.PHONE: _Reach(
        build=lambda hass, data: Phone(hass, data[CONF_DEVICE_ID]),
        address=lambda data: str(data[CONF_DEVICE_ID]),
    ),
    ChannelType.NOTIFY: _Reach(
        build=lambda hass, data: NotifyEntity(hass, data[CONF_ENTITY_ID]),
        address=lambda data: str(data[CONF_ENTITY_ID]),
    ),
    ChannelType.ANNUNCIATOR: _Reach(
        build=lambda hass, data: Annunciator(
            hass,
            tuple(data[CONF_ENTITY_IDS]),
            duration=data[CONF_DURATION],
            tts_entity_id=data.get(CONF_TTS_ENTITY_ID),
        ),
        address=lambda data: ",".join(sorted(data[CONF_ENTITY_IDS])),
    ),
    ChannelType.MQTT: _Reach(
        build=lambda hass, data: MqttPost(hass, data[CONF_TOPIC]),
        address=lambda data: str(data[CONF_TOPIC]),
    ),
    ChannelType.WEBHOOK: _Reach(
        build=lambda hass, data: WebhookReceiver(hass, data[CONF_URL], data[CONF_SECRET], partial(_answer_url, hass)),
        # The address goes on record; one that holds a secret of its own must not.
        address=lambda data: hashlib.sha256(data[CONF_URL].encode()).hexdigest()[:16],
    ),
}
