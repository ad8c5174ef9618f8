"""A facility: the runtime of one config entry, and how its rooms are joined."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from .actor import Actor, Origin, RefusedError
from .alarm.buttons import PanicButtons
from .alarm.desk import AlarmDesk
from .alarm.incident import Incident, Kind, Refusal
from .alarm.wording import compose_test, headline
from .cctv.camera import Camera
from .cctv.collector import Collector
from .cctv.desk import CameraDesk
from .cctv.guard import Guard
from .cctv.screen import Emphasis, Screen
from .codes import RECORD_CLOSE_CODE, Code
from .const import (
    CONF_CLOSE_CODE,
    CONF_JOURNAL_URL,
    CONF_LANGUAGE,
    CONF_REPEAT_INTERVAL,
    CONF_RESPONSE_TIME,
    CONF_RETENTION_DAYS,
    CONF_ROTATION,
    CONF_TIER_DELAY,
    CONF_TOKEN_KEY,
    CONF_VISIT_TIMEOUT,
    DEFAULT_REPEAT_INTERVAL,
    DEFAULT_RESPONSE_TIME,
    DEFAULT_RETENTION_DAYS,
    DEFAULT_TIER_DELAY,
    DEFAULT_VISIT_TIMEOUT,
    DOMAIN,
    FIRST_TIER,
    MAX_TEXT,
    Language,
)
from .journal.record import Draft
from .kept import Kept, async_retire, keep
from .parts import Parts
from .patrol.desk import PatrolDesk
from .patrol.notice import compose_raised, compose_untaken, is_due_tag
from .patrol.photo import Album
from .patrol.plan import Slot
from .patrol.reception import Reception
from .patrol.signs import Signs
from .patrol.visit import Refusal as PatrolRefusal, Visit
from .pictures import place_in
from .police.alert import Answer, plain
from .police.channels.phone import Phone
from .police.courier import PoliceDevice
from .police.delivery import Delivery, Plan, chosen
from .police.dispatcher import Compose, Dispatcher
from .word import Words

type RutanConfigEntry = ConfigEntry[Facility]

RECORD_CODE: Final = "visit_code_replaced"
# How long (s) an officer waits for the disk before he is told that his visit is not on record yet.
RECORD_DEADLINE: Final = 2.0


class Facility:
    """The rooms of a facility: journal, police, alarm, cameras.

    Without video its cameras are guarded as ever, but give no pictures. `pictures` is the path at Home Assistant at
    which each camera's picture is found.
    """

    def __init__(self, hass: HomeAssistant, entry: RutanConfigEntry, *, has_video: bool) -> None:
        self.hass = hass
        self.has_video = has_video
        self.name = entry.title
        self.language = Language(entry.options[CONF_LANGUAGE])
        # As they were when the rooms were built: one added since comes with the reload that follows.
        self.parts = Parts(hass, entry)
        self.subentries = self.parts.subentries
        self.kept = keep(hass, entry.entry_id, lambda: Kept(hass, entry.entry_id, self.name, _path(hass, entry)))
        self.kept.name = self.name
        self.people = self.kept.people
        self._entry = entry
        devices, cameras = self.parts.devices.values(), self.parts.cameras.values()
        self.police = Dispatcher(hass, self.kept.journal, devices, entry.data[CONF_TOKEN_KEY])
        self.police.last_response = self.kept.last_response
        self.alarm = AlarmDesk(hass, self.kept.journal, self.police, _plan(entry, devices), site=entry.title)
        hashed = entry.options.get(CONF_CLOSE_CODE)
        self.close_code = Code(hass, self.kept.journal, hashed, self.kept.wrong_codes, kind=RECORD_CLOSE_CODE)
        self.buttons = PanicButtons(
            hass,
            self.kept.journal,
            self.alarm,
            self.people,
            self.parts.buttons.values(),
            self.kept.intake.known,
            self.kept.tested,
        )
        self.cameras = CameraDesk(hass, self.kept.journal, cameras, self.kept.scenes, has_video=has_video)
        self.guard = Guard(hass, self.kept.journal, cameras, self.kept.guarded, self._entered)
        place = place_in(hass.config.media_dirs, hass.config.path("media"))
        keep_for = partial(_keep_for, hass)
        self.collector = Collector(hass, self.kept.journal, self.cameras, place, keep_for)
        self.phones = self.parts.phones
        self.gate = frozenset(device.id for device in devices if device.gate)
        self.notify = self.parts.notify
        self.patrol = self._patrol_desk()
        self.album = Album(hass, self.kept.journal, place, keep_for)
        self.reception = self._reception()
        self.signs = Signs(hass, entry.data[CONF_TOKEN_KEY])
        self.screen = Screen(hass, self.cameras, title=self.name, language=self.language, emphasis=self._emphasis)
        self.words = Words(hass)
        self.pictures: dict[str, str] = {}
        # By panic button the cameras that show its place; a guarded camera shows its own.
        self._near: Mapping[str, Sequence[str]] = {
            **self.parts.near,
            **{camera.id: (camera.id,) for camera in cameras},
        }
        self.alarm.picture_of = self._picture_of
        self.police.on_answer = self._answered
        self.police.on_refused = self._refused
        self.police.find_past = self._find_alarming

    def _patrol_desk(self) -> PatrolDesk:
        return PatrolDesk(
            self.hass,
            self.kept.journal,
            self.kept.book,
            checkpoints=self.parts.checkpoints.values(),
            plans=self.parts.plans.values(),
            officers=self.parts.officers.values(),
            timeout=timedelta(seconds=self._entry.options.get(CONF_VISIT_TIMEOUT, DEFAULT_VISIT_TIMEOUT)),
        )

    def _reception(self) -> Reception:
        return Reception(
            self.hass,
            self.kept.journal,
            self.patrol,
            key=self._entry.data[CONF_TOKEN_KEY],
            taken=self.kept.forms,
            wrong_pins=self.kept.wrong_pins,
            raise_alarm=self.raise_from_visit,
            async_is_on_record=self.async_is_on_record,
        )

    async def async_open(self) -> None:
        """Take up what was open: from before the reload, or at the first set-up from the journal."""
        if not self.kept.is_open:
            self.alarm.restore(await self.kept.async_open(self.buttons.buttons, self.parts.cameras))
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
        self.kept.copying.follow(self._entry.options.get(CONF_JOURNAL_URL), self.name)
        self.album.start()

    @callback
    def _answered(self, tag: str, device: PoliceDevice, answer: Answer, officer: str) -> None:
        """Take in what was answered at a police device: the police to an alarm, a guard to a visit."""
        if (visit := self.patrol.book.visits.get(tag)) is None:
            self.alarm.answered(tag, device, answer, officer)
        elif device.gate:
            guard = Actor(origin=Origin.USER, id=device.id, name=device.holder)
            # The alarm first: nothing that is wrong with the visit may stand in its way.
            if answer is Answer.RAISE:
                self.raise_from_visit(visit, guard)
                zone = dt_util.get_default_time_zone()
                self._say(device, partial(compose_raised, visit, site=self.name, zone=zone))
            # One that was taken back meanwhile is no longer signed, nor one of long ago.
            if self.patrol.is_recent(visit):
                self.patrol.countersign(guard, visit.id)

    @callback
    def _refused(self, device: PoliceDevice, answer: Answer) -> None:
        """Tell who holds a device that his answer was not taken: silence would be taken for the opposite."""
        self._say(device, partial(compose_untaken, answer))

    def _say(self, device: PoliceDevice, word: Compose) -> None:
        # What answers over another channel would take it for one more alert.
        if isinstance(device.channel, Phone):
            self.words.say(device.id, device.channel, word(device.language))

    def _find_alarming(self) -> list[str]:
        """Return the visits at which something happened, as far back as the book goes."""
        return [visit.id for visit in self.patrol.book.visits.values() if visit.alarming]

    @callback
    def countersign(self, actor: Actor, visit_id: str | None = None) -> Visit:
        """Take in the gate guard's signature on a visit, or on the latest; raise RefusedError."""
        self._require_house(actor)
        return self.patrol.countersign(actor, visit_id)

    @callback
    def excuse(self, actor: Actor, plan_id: str, at: datetime, reason: str) -> Slot:
        """Take the visits expected around a time out of the figures; raise RefusedError."""
        self._require_house(actor)
        return self.patrol.excuse(actor, plan_id, at, reason)

    def _require_house(self, actor: Actor) -> None:
        """Raise RefusedError for an officer: nobody vouches for his own visits, or for those he did not make."""
        held = [device for device in self.police.devices.values() if device.channel.belongs_to(actor.id)]
        if held and not any(device.gate for device in held):
            raise RefusedError(PatrolRefusal.ONLY_THE_HOUSE)

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
    def replace_code(self, checkpoint_id: str, actor: Actor) -> None:
        """Make another code for a checkpoint's sign: what is printed is worthless from now on."""
        part = self._entry.subentries[checkpoint_id]
        rotation = part.data.get(CONF_ROTATION, 0) + 1
        body = {"rotation": rotation, "actor": actor.to_body()}
        self.kept.journal.append(Draft(kind=RECORD_CODE, at=dt_util.utcnow(), subject=checkpoint_id, body=body))
        self.hass.config_entries.async_update_subentry(self._entry, part, data={**part.data, CONF_ROTATION: rotation})

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

    async def async_is_on_record(self) -> bool:
        """Tell whether all that has happened is on the disk by now, or soon enough to wait for it."""
        if self.kept.journal_error is not None:
            return False
        try:
            async with asyncio.timeout(RECORD_DEADLINE):
                await asyncio.wrap_future(self.kept.journal.mark())
        except TimeoutError:
            return False
        return True

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
        self.album.stop()
        self.patrol.stop()
        # Not waited for: a press that comes during a reload must not wait for a camera that does not let go.
        self.hass.async_create_task(self.cameras.async_stop(), "rutan_blora stop the cameras")
        if self._entry.disabled_by is not None:
            await async_retire(self.hass, self._entry.entry_id)


def _path(hass: HomeAssistant, entry: RutanConfigEntry) -> Path:
    return Path(hass.config.path(DOMAIN, f"{entry.unique_id}.db"))


@callback
def _keep_for(hass: HomeAssistant) -> timedelta:
    """Return how long pictures are kept: as long as any facility wants, for those of all lie in one folder."""
    options = [entry.options for entry in hass.config_entries.async_entries(DOMAIN)]
    return timedelta(days=max(wanted.get(CONF_RETENTION_DAYS, DEFAULT_RETENTION_DAYS) for wanted in options))


def _plan(entry: RutanConfigEntry, devices: Iterable[PoliceDevice]) -> Plan:
    """Return the plan of an incident that would be raised now."""
    options = entry.options
    return Plan(
        tier_delay=options.get(CONF_TIER_DELAY, DEFAULT_TIER_DELAY),
        repeat_interval=options.get(CONF_REPEAT_INTERVAL, DEFAULT_REPEAT_INTERVAL),
        response_time=options.get(CONF_RESPONSE_TIME, DEFAULT_RESPONSE_TIME),
        tiers={device.id: device.tier for device in devices if not device.gate},
    )
