"""A camera under watch: its pictures are taken, measured and judged. Brings numpy, which only cameras need."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from PIL import Image

from homeassistant.const import STATE_ON
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from .camera import Camera
from .feed import Feed
from .health import TAMPER, Health, judge, reconnected
from .notice import Loss
from .picture import Condition, Picture, SourceProblem
from .sample import Sample, measure

# A camera that is worth this shows the police nothing of use; a black cloth before it looks like the night.
LOST: Final = frozenset(Condition) - {Condition.OK}
# A picture a little early is not worth waiting for the next one.
_EARLY: Final = 0.5


class Watch:
    """A camera under watch: its feed, and what its pictures are worth.

    `condition` is None until something is known, `since` is when it became what it is (UTC); `reporting` are the
    entities by which the camera's own device tells of tampering. Calls `on_worth` when one of these has changed, and
    `on_change` then, when the picture has become too old, and when it is for another reason that none comes.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        camera: Camera,
        health: Health | None,
        *,
        on_worth: Callable[[Watch], object],
        on_change: Callable[[Watch], object],
    ) -> None:
        self.camera = camera
        self.feed = Feed(hass, camera.source, camera.name, camera.interval)
        self.health = Health() if health is None else health
        self.condition: Condition | None = None
        self.since = dt_util.utcnow()
        self.reporting: tuple[str, ...] = ()
        self._hass = hass
        self._on_worth = on_worth
        self._on_change = on_change
        self._connection = self.feed.connection
        self._measured: tuple[Picture, Sample] | None = None
        self._measured_at: datetime | None = None
        self._is_measuring = False
        self._was_stale = True
        self._problem: SourceProblem | None = None
        # The latest picture, and when it came on a clock that nobody sets.
        self._came: tuple[Picture | None, float] = (None, 0.0)
        self._unsubs: list[CALLBACK_TYPE] = []

    @property
    def is_tampered(self) -> bool:
        """Tell whether somebody seems to have laid hands on the camera."""
        return self.condition in TAMPER or bool(self.reporting)

    @property
    def loss(self) -> Loss | None:
        """Return what is the matter with the camera, None if it shows what it should."""
        if self.condition not in LOST and not self.reporting:
            return None
        condition = self.condition if self.condition in LOST else None
        return Loss(id=self.camera.id, name=self.camera.name, condition=condition, since=self.since)

    @property
    def age(self) -> float | None:
        """Return how old the latest picture is (s), None if there never was one."""
        if (picture := self.feed.latest) is None:
            return None
        came, at = self._came
        # A clock that was set back must not make an old picture new.
        known = self._hass.loop.time() - at if came == picture else 0.0
        return max(known, (dt_util.utcnow() - picture.at).total_seconds())

    @property
    def is_stale(self) -> bool:
        """Tell whether the latest picture must not be taken for how it is now."""
        return (age := self.age) is None or age > self.camera.max_age

    @callback
    def start(self) -> None:
        """Begin to watch."""
        self._unsubs = [
            self.feed.listen(self._heard),
            async_track_state_change_event(self._hass, self.camera.tamper_entity_ids, self._reported),
        ]
        self.feed.start()
        self.look()

    @callback
    def forget(self) -> None:
        """Learn the scene anew."""
        self.health = Health()
        self.look()

    async def async_stop(self) -> None:
        """Watch no more."""
        for unsub in self._unsubs:
            unsub()
        await self.feed.stop()

    @callback
    def look(self) -> None:
        """See what the camera is worth now; tell if that has changed."""
        condition, is_old = self._condition(), self.is_stale
        reporting = tuple(entity_id for entity_id in self.camera.tamper_entity_ids if self._is_on(entity_id))
        if (condition, reporting) != (self.condition, self.reporting):
            self.condition, self.reporting = condition, reporting
            self.since = dt_util.utcnow()
            self._on_worth(self)
        elif (is_old, self.feed.problem) == (self._was_stale, self._problem):
            return
        self._was_stale, self._problem = is_old, self.feed.problem
        self._on_change(self)

    @callback
    def _reported(self, _: Event[EventStateChangedData]) -> None:
        self.look()

    def _is_on(self, entity_id: str) -> bool:
        state = self._hass.states.get(entity_id)
        return state is not None and state.state == STATE_ON

    def _condition(self) -> Condition | None:
        """Return what the pictures are worth: none at all, or what they show themselves."""
        if self.feed.problem is not None:
            return Condition.NO_SIGNAL
        if self.feed.heard_at is None or self._measured is None:
            return None
        silent_for = (dt_util.utcnow() - self.feed.heard_at).total_seconds()
        return Condition.NO_SIGNAL if silent_for > self.camera.max_age else self.health.condition

    @callback
    def _heard(self) -> None:
        """Take in what the feed says: a picture is measured, after a break with new votes."""
        if self.feed.connection != self._connection:
            self._connection = self.feed.connection
            self.health = reconnected(self.health)
        picture, heard_at = self.feed.latest, self.feed.heard_at
        # The same picture once more is as old as it was, be it decoded anew.
        if picture != self._came[0]:
            self._came = (picture, self._hass.loop.time())
        if picture is not None and picture.small is not None and heard_at is not None and self._is_due(heard_at):
            self._measured_at = heard_at
            self._is_measuring = True
            measuring = self._measure(picture, picture.small, heard_at)
            self._hass.async_create_background_task(measuring, "rutan_blora measure a picture")
        self.look()

    def _is_due(self, heard_at: datetime) -> bool:
        """Tell whether a picture is to be measured: one an interval, however many are looked at."""
        if self._is_measuring or heard_at == self._measured_at:
            return False
        if (last := self._measured_at) is None:
            return True
        # Not until a clock that was set back has come there again.
        return not 0 <= (heard_at - last).total_seconds() < self.camera.interval - _EARLY

    async def _measure(self, picture: Picture, small: Image.Image, at: datetime) -> None:
        """Measure a picture beside the event loop, and judge."""
        try:
            if self._measured is None or self._measured[0] is not picture:
                sample = await self._hass.async_add_executor_job(measure, small)
                self._measured = (picture, sample)
            self.health = judge(self.health, self._measured[1], at)
        finally:
            self._is_measuring = False
        self.look()
