"""Keeping the pictures of an incident: every camera's from before the press, at the press, and a little later."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import SQLAlchemyError

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from ..journal.record import Draft, Record
from ..journal.store import Journal
from ..listeners import Listeners
from ..pictures import EvidenceError, Place
from .camera import Camera
from .desk import CameraDesk
from .evidence import RECORD_EVIDENCE, Moment, prune, save, schedule
from .picture import Picture

if TYPE_CHECKING:
    from .watch import Watch

_LOGGER = logging.getLogger(__name__)

RECORD_PRUNED: Final = "evidence_pruned"
# Seconds a camera is waited for; a picture that comes later is no longer of the moment.
PATIENCE: Final = 8.0
# Pictures written at a time: a slow disk must not keep the executor from everybody else.
WRITERS: Final = 2
PRUNE_INTERVAL: Final = timedelta(hours=6)
# Seconds from a press to its last moment.
LONGEST: Final = 30.0
# Why a picture is not there.
_NO_PICTURE: Final = "no_picture"
_MISSED: Final = "missed"
_NO_VIDEO: Final = "no_video"


# A camera, and a moment of a press.
type _Taken = tuple[str, Moment]


class Collector:
    """Keeps the pictures of incidents, and on record what became of each; nobody waits for it.

    `latest` is the latest picture of the camera nearest to a press.
    """

    def __init__(
        self, hass: HomeAssistant, journal: Journal, desk: CameraDesk, place: Place, keep_for: Callable[[], timedelta]
    ) -> None:
        self.latest: Picture | None = None
        self._hass = hass
        self._journal = journal
        self._desk = desk
        self._folder = place.folder
        self._keep_for = keep_for
        self._incident: str | None = None
        self._writers = asyncio.Semaphore(WRITERS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: Listeners[[]] = Listeners(hass)
        self._unsub: CALLBACK_TYPE | None = None

    @callback
    def listen(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when there is a new latest picture."""
        return self._listeners.add(listener)

    @callback
    def start(self) -> None:
        """Begin to delete what is older than it may be."""
        self._unsub = async_track_time_interval(self._hass, self._async_prune, PRUNE_INTERVAL)
        self._do(self._async_prune(dt_util.utcnow()))

    @callback
    def stop(self) -> None:
        """Keep nothing more; what is being written is written."""
        if self._unsub is not None:
            self._unsub()
        for task in self._tasks:
            task.cancel()

    @callback
    def collect(self, incident: str, pressed_at: datetime, near: Sequence[str]) -> None:
        """Keep what every camera shows from just before a press on; a moment that has passed is missed, not made up."""
        self._incident = incident
        self._begin(incident, pressed_at, near, Counter())

    @callback
    def resume(self, incident: str, presses: Sequence[datetime], near: Sequence[str]) -> None:
        """Go on with presses of before a restart or reload: what is on record is done, what is not was missed."""
        self._incident = incident
        self._do(self._async_resume(incident, presses, near))

    async def _async_resume(self, incident: str, presses: Sequence[datetime], near: Sequence[str]) -> None:
        try:
            records = await self._hass.async_add_executor_job(self._journal.of_incident, incident)
        except SQLAlchemyError:
            # The journal itself says that it is not well.
            records = []
        done = Counter(filter(None, map(_moment_of, records)))
        for pressed_at in presses:
            self._begin(incident, pressed_at, near, done)

    @callback
    def _begin(self, incident: str, pressed_at: datetime, near: Sequence[str], done: Counter[_Taken]) -> None:
        """Follow every camera through what is left of a press, and take that off what is done."""
        plan = schedule(pressed_at, dt_util.utcnow())
        nearest = next(iter((*near, *(watch.camera.id for watch in self._desk.by_position))), None)
        for camera in self._desk.blind:
            for moment in _left(camera, done):
                self._note_gap(incident, camera, moment, _NO_VIDEO)
        for watch in self._desk.watches.values():
            left = _left(watch.camera, done)
            for moment in plan.missed:
                if moment in left:
                    self._note_gap(incident, watch.camera, moment, _MISSED)
            due = {moment: at for moment, at in plan.due.items() if moment in left}
            follow = self._async_follow(incident, watch, due, watch.feed.latest, is_nearest=watch.camera.id == nearest)
            self._do(follow)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._hass.async_create_background_task(work, "rutan_blora evidence")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _async_follow(
        self,
        incident: str,
        watch: Watch,
        due: Mapping[Moment, datetime],
        before: Picture | None,
        *,
        is_nearest: bool,
    ) -> None:
        """Keep the pictures of one camera, moment by moment."""
        for moment, at in due.items():
            picture = before if moment is Moment.BEFORE else await self._async_take(watch, at)
            if picture is None or (moment is Moment.BEFORE and picture.at > at):
                self._note_gap(incident, watch.camera, moment, _NO_PICTURE)
                continue
            if is_nearest and moment is not Moment.BEFORE:
                self.latest = picture
                self._listeners.tell()
            await self._async_keep(incident, watch, moment, picture)

    async def _async_take(self, watch: Watch, at: datetime) -> Picture | None:
        """Return a picture that arrived at that moment, once it has come, or soon after."""
        if (left := (at - dt_util.utcnow()).total_seconds()) > 0:
            # A clock that was set back must not put it off.
            await asyncio.sleep(min(left, LONGEST))
        return await watch.feed.fresh(min(at, dt_util.utcnow()), PATIENCE)

    async def _async_keep(self, incident: str, watch: Watch, moment: Moment, picture: Picture) -> None:
        """Write a picture, and on record that it was, or why not."""
        async with self._writers:
            await self._hass.async_add_executor_job(self._keep, incident, watch, moment, picture)

    def _keep(self, incident: str, watch: Watch, moment: Moment, picture: Picture) -> None:
        """Write a picture and record it in one go; in the executor, where a reload does not come in between."""
        camera = watch.camera
        try:
            kept = save(
                self._folder, picture, incident=incident, camera_id=camera.id, camera=camera.name, moment=moment
            )
        except EvidenceError as err:
            _LOGGER.error("A picture of %s cannot be kept: %s", camera.name, err.problem)
            self._note_gap(incident, watch.camera, moment, err.problem.value)
        else:
            self._journal.append(kept.draft(dt_util.utcnow()))

    def _note_gap(self, incident: str, camera: Camera, moment: Moment, reason: str) -> None:
        """Record that there is no picture of a moment, and why."""
        body = {"camera": camera.name, "moment": moment.value, "reason": reason}
        self._journal.append(
            Draft(kind=RECORD_EVIDENCE, at=dt_util.utcnow(), incident=incident, subject=camera.id, body=body)
        )

    async def _async_prune(self, now: datetime) -> None:
        """Delete what is older than it may be, never the latest incident's; that it was is on record."""
        work = partial(prune, self._folder, now - self._keep_for(), open_incident=self._incident)
        try:
            pruned = await self._hass.async_add_executor_job(work)
        except EvidenceError as err:
            _LOGGER.error("Old evidence cannot be deleted: %s", err.problem)
            return
        for incident in pruned:
            self._journal.append(Draft(kind=RECORD_PRUNED, at=dt_util.utcnow(), incident=incident, body={}))


def _left(camera: Camera, done: Counter[_Taken]) -> list[Moment]:
    """Return the moments of a press that are not done of a camera, and take those that are off what is done."""
    left = [moment for moment in Moment if not done[camera.id, moment]]
    done.subtract((camera.id, moment) for moment in Moment if moment not in left)
    return left


def _moment_of(record: Record) -> _Taken | None:
    """Return of which camera and moment a record says what became of its picture, None if it says no such thing."""
    if record.kind != RECORD_EVIDENCE or record.subject is None:
        return None
    try:
        return record.subject, Moment(record.load()["moment"])
    except ValueError, KeyError:
        return None
