"""A facility: the runtime of one config entry, and how its rooms are joined."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import time, timedelta
from functools import partial
import hashlib
from pathlib import Path
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import (
    CONF_DEVICE_ID,
    CONF_ENTITY_ID,
    CONF_WEBHOOK_ID,
)
from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.util.ulid import ulid_now

from .actor import Actor, Origin, RefusedError
from .alarm.buttons import PanicButton, PanicButtons
from .alarm.codes import CloseCode
from .alarm.desk import AlarmDesk
from .alarm.incident import Incident, Kind, Refusal
from .alarm.wording import compose_test, headline
from .cctv.camera import Camera, make_source
from .cctv.collector import Collector
from .cctv.desk import CameraDesk
from .cctv.evidence import place_in
from .cctv.guard import Guard
from .cctv.screen import Emphasis, Screen
from .cctv.tamper import find_tamper_entities
from .const import (
    ANSWER_PATH,
    CONF_BATTERY_ENTITY_ID,
    CONF_CAMERAS,
    CONF_CARD_IDS,
    CONF_CHANNEL,
    CONF_CLOSE_CODE,
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
    CONF_REPEAT_INTERVAL,
    CONF_RESPONSE_TIME,
    CONF_RETENTION_DAYS,
    CONF_ROTATION,
    CONF_SECRET,
    CONF_SOURCE,
    CONF_SUPERVISION,
    CONF_TAG_ID,
    CONF_TEST_INTERVAL,
    CONF_TIER,
    CONF_TIER_DELAY,
    CONF_TOKEN_KEY,
    CONF_TOPIC,
    CONF_TTS_ENTITY_ID,
    CONF_UNIT,
    CONF_URL,
    CONF_VISIT_TIMEOUT,
    CONF_ZONE_ENTITY_ID,
    DEFAULT_DEBOUNCE,
    DEFAULT_REPEAT_INTERVAL,
    DEFAULT_RESPONSE_TIME,
    DEFAULT_RETENTION_DAYS,
    DEFAULT_TIER_DELAY,
    DEFAULT_VISIT_TIMEOUT,
    DOMAIN,
    FIRST_TIER,
    MAX_TEXT,
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
from .kept import Kept, async_retire, keep
from .patrol.checkpoint import Checkpoint, KnownOfficer
from .patrol.desk import PatrolDesk
from .patrol.notice import Notify, is_due_tag
from .patrol.plan import PatrolPlan, plan_from_body
from .patrol.visit import Officer, Visit
from .police.alert import Answer, plain
from .police.channels import Channel
from .police.channels.annunciator import Annunciator
from .police.channels.mqtt import MqttPost
from .police.channels.notify import NotifyEntity
from .police.channels.phone import Phone
from .police.channels.webhook import WebhookReceiver
from .police.courier import PoliceDevice
from .police.delivery import Delivery, Plan, chosen
from .police.dispatcher import Dispatcher

type RutanConfigEntry = ConfigEntry[Facility]


class Facility:
    """The rooms of a facility: journal, police, alarm, cameras.

    `pictures` is the path at Home Assistant at which each camera's picture is found.
    """

    def __init__(self, hass: HomeAssistant, entry: RutanConfigEntry) -> None:
        self.hass = hass
        self.name = entry.title
        self.language = Language(entry.options[CONF_LANGUAGE])
        # As they were when the rooms were built: one added since comes with the reload that follows.
        self.subentries: Mapping[str, ConfigSubentry] = dict(entry.subentries)
        self.kept = keep(hass, entry.entry_id, lambda: Kept(hass, entry.entry_id, self.name, _path(hass, entry)))
        self.kept.name = self.name
        self.people = self.kept.people
        self._entry = entry
        devices = [_police_device(hass, entry, s) for s in self._subentries_of(SUBENTRY_POLICE_DEVICE)]
        self.police = Dispatcher(hass, self.kept.journal, devices, entry.data[CONF_TOKEN_KEY])
        self.police.last_response = self.kept.last_response
        self.alarm = AlarmDesk(hass, self.kept.journal, self.police, _plan(entry, devices), site=entry.title)
        self.close_code = CloseCode(hass, self.kept.journal, entry.options.get(CONF_CLOSE_CODE), self.kept.wrong_codes)
        buttons = [_panic_button(s) for s in self._subentries_of(SUBENTRY_PANIC_BUTTON)]
        self.buttons = PanicButtons(
            hass, self.kept.journal, self.alarm, self.people, buttons, self.kept.intake.known, self.kept.tested
        )
        cameras = [_camera(hass, s) for s in self._subentries_of(SUBENTRY_CAMERA)]
        self.cameras = CameraDesk(hass, self.kept.journal, cameras, self.kept.scenes)
        self.guard = Guard(hass, self.kept.journal, cameras, self.kept.guarded, self._entered)
        days = entry.options.get(CONF_RETENTION_DAYS, DEFAULT_RETENTION_DAYS)
        self.collector = Collector(
            hass,
            self.kept.journal,
            self.cameras,
            place_in(hass.config.media_dirs, hass.config.path("media")),
            timedelta(days=days),
        )
        # A guard's phone is no officer's: who scans with it is not the police.
        self.phones = dict(_phone_officer(s) for s in self._subentries_of(SUBENTRY_POLICE_DEVICE) if _is_officers(s))
        self.gate = frozenset(device.id for device in devices if device.gate)
        checkpoints = [_checkpoint(s) for s in self._subentries_of(SUBENTRY_CHECKPOINT)]
        places = frozenset(checkpoint.id for checkpoint in checkpoints)
        plans = self._subentries_of(SUBENTRY_PATROL_PLAN)
        self.notify = {s.subentry_id: _notify(s) for s in plans}
        self.patrol = PatrolDesk(
            hass,
            self.kept.journal,
            self.kept.book,
            checkpoints=checkpoints,
            plans=[_patrol_plan(s, places) for s in plans],
            officers=[_officer(s) for s in self._subentries_of(SUBENTRY_OFFICER)],
            timeout=timedelta(seconds=entry.options.get(CONF_VISIT_TIMEOUT, DEFAULT_VISIT_TIMEOUT)),
        )
        self.screen = Screen(
            hass,
            self.cameras,
            title=self.name,
            language=self.language,
            emphasis=self._emphasis,
        )
        self.pictures: dict[str, str] = {}
        # By panic button the cameras that show its place; a guarded camera shows its own.
        self._near: Mapping[str, Sequence[str]] = {
            **{s.subentry_id: s.data.get(CONF_CAMERAS, ()) for s in self._subentries_of(SUBENTRY_PANIC_BUTTON)},
            **{camera.id: (camera.id,) for camera in cameras},
        }
        self.alarm.picture_of = self._picture_of
        self.police.on_answer = self._answered

    def _subentries_of(self, kind: str) -> list[ConfigSubentry]:
        return [subentry for subentry in self.subentries.values() if subentry.subentry_type == kind]

    async def async_open(self) -> None:
        """Take up what was open: from before the reload, or at the first set-up from the journal."""
        if not self.kept.is_open:
            self.alarm.restore(await self.kept.async_open(self.buttons.buttons, self.cameras.watches))
        elif self.kept.latest is None and self.kept.late is not None:
            self.alarm.restore(self.kept.late)
        else:
            self.alarm.take_over(self.kept.latest, self.kept.deliveries)
        self._take_over_visits()

    def _take_over_visits(self) -> None:
        """Take up how far news of visits had come; an answer to them may be waiting already."""
        kept = self.kept
        for tag, records in kept.patrol_news.items():
            if tag not in kept.patrol_told and self.is_of_visits(tag):
                self.police.restore(tag, records)
        for deliveries in kept.patrol_told.values():
            self.police.take_over(deliveries)
        kept.patrol_news, kept.patrol_told = {}, {}

    @callback
    def start(self) -> None:
        """Hear what comes and has waited, then go on telling what was open; the entities are there by now."""
        self.kept.intake.open(self.buttons, self.police)
        leave = HassJob(self.police.leave, "rutan_blora leave the police")
        self._entry.async_on_unload(self.hass.async_add_shutdown_job(leave))
        self.alarm.resume()
        self.cameras.start()
        self.guard.start()
        self.collector.start()

    @callback
    def _answered(self, tag: str, device: PoliceDevice, answer: Answer, officer: str) -> None:
        """Take in what was answered at a police device: the police to an alarm, a guard to a visit."""
        if (visit := self.patrol.book.visits.get(tag)) is None:
            self.alarm.answered(tag, device, answer, officer)
        elif device.gate:
            guard = Actor(origin=Origin.USER, id=device.id, name=device.holder)
            if answer is Answer.RAISE:
                self.raise_from_visit(visit, guard)
            # One that was taken back meanwhile is no longer signed.
            with suppress(RefusedError):
                self.patrol.countersign(guard, visit.id)

    @callback
    def raise_from_visit(self, visit: Visit, actor: Actor) -> Incident:
        """Raise the alarm: officers on a visit have found that something happened."""
        location = self.patrol.location(visit)
        message = plain(visit.report.note, MAX_TEXT)
        return self.alarm.press(actor, location=location, kind=Kind.PANIC, message=message)

    def is_of_visits(self, tag: str) -> bool:
        """Tell whether an alert is about visits, not about an incident."""
        return tag in self.patrol.book.visits or is_due_tag(tag)

    @callback
    def _entered(self, camera: Camera) -> None:
        """Raise the alarm: somebody is where nobody may be."""
        actor = Actor(origin=Origin.HARDWARE, id=camera.id, name=camera.name)
        self.alarm.press(actor, location=camera.name, kind=Kind.PERIMETER, button_id=camera.id)

    def near(self, incident: Incident) -> tuple[str, ...]:
        """Return the cameras that show the places of an incident, first press first."""
        pressed = (press.button_id for press in incident.presses if press.button_id is not None)
        found = (camera_id for place in pressed for camera_id in self._near.get(place, ()))
        return tuple(dict.fromkeys(camera_id for camera_id in found if camera_id in self.cameras.watches))

    def _emphasis(self) -> Emphasis:
        """Return what the wall must draw attention to."""
        if (incident := self.alarm.incident) is None:
            return Emphasis()
        return Emphasis(alarm=headline(incident, self.language), drill=incident.drill, near=self.near(incident))

    def _picture_of(self, incident: Incident) -> str | None:
        """Return the path of the picture that goes with an incident: that of the nearest camera."""
        return next((self.pictures[near] for near in self.near(incident) if near in self.pictures), None)

    async def async_test(self, device_id: str) -> Delivery:
        """Tell one police device a test and return what came of it; raise RefusedError while an alarm is open."""
        if self.alarm.incident is not None:
            raise RefusedError(Refusal.TEST_DURING_ALARM)
        return await self.police.test(device_id, partial(compose_test, f"test_{ulid_now()}", site=self.name))

    @property
    def is_police_reachable(self) -> bool:
        """Tell from evidence whether an alarm raised now would be handed over to the first tier and go on record."""
        if self.kept.journal_error is not None:
            return False
        tiers = {device.id: device.tier for device in self.police.devices.values() if not device.gate}
        on_duty = {device_id: self.police.is_on_duty(device_id) for device_id in tiers}
        told = chosen(on_duty, tiers, min(tiers.values(), default=FIRST_TIER))
        return any(self.police.is_reachable(device_id) for device_id in told)

    @callback
    def hold(self) -> None:
        """Let what comes from now on wait for the next set-up."""
        self.kept.intake.hold()
        self.kept.tags.hold()

    async def async_close(self) -> None:
        """Stop; what is open is kept for the next set-up, unless the facility is out of service."""
        self.police.stop()
        self.alarm.stop()
        self.buttons.stop()
        self.kept.latest = self.alarm.latest
        self.kept.deliveries = self.alarm.deliveries
        self.kept.patrol_told = {tag: self.police.deliveries(tag) for tag in self.police.tags if self.is_of_visits(tag)}
        self.guard.stop()
        self.collector.stop()
        self.patrol.stop()
        # Not waited for: a press that comes during a reload must not wait for a camera that does not let go.
        self.hass.async_create_task(self.cameras.async_stop(), "rutan_blora stop the cameras")
        if self._entry.disabled_by is not None:
            await async_retire(self.hass, self._entry.entry_id)


def _path(hass: HomeAssistant, entry: RutanConfigEntry) -> Path:
    return Path(hass.config.path(DOMAIN, f"{entry.unique_id}.db"))


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


def _plan(entry: RutanConfigEntry, devices: Iterable[PoliceDevice]) -> Plan:
    """Return the plan of an incident that would be raised now."""
    options = entry.options
    return Plan(
        tier_delay=options.get(CONF_TIER_DELAY, DEFAULT_TIER_DELAY),
        repeat_interval=options.get(CONF_REPEAT_INTERVAL, DEFAULT_REPEAT_INTERVAL),
        response_time=options.get(CONF_RESPONSE_TIME, DEFAULT_RESPONSE_TIME),
        tiers={device.id: device.tier for device in devices if not device.gate},
    )


def _police_device(hass: HomeAssistant, entry: RutanConfigEntry, subentry: ConfigSubentry) -> PoliceDevice:
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


def _is_officers(subentry: ConfigSubentry) -> bool:
    """Tell whether a police device is the phone of an officer."""
    return subentry.data[CONF_CHANNEL] == ChannelType.PHONE and not subentry.data.get(CONF_GATE, False)


def _phone_officer(subentry: ConfigSubentry) -> tuple[str, Officer]:
    """Return a phone's device and whose it is."""
    return subentry.data[CONF_DEVICE_ID], _officer_of(subentry, subentry.data.get(CONF_OFFICER) or subentry.title)


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
