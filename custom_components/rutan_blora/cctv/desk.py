"""The camera desk: every camera under watch; what its pictures are worth goes on record and to whoever listens."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from ..journal.record import Draft
from ..journal.store import Journal
from ..listeners import Listeners
from .camera import Camera
from .notice import Loss

if TYPE_CHECKING:
    from .health import Health
    from .watch import Watch

RECORD_CAMERA: Final = "camera"
# Time alone makes a picture too old; so often the desk looks.
LOOK_INTERVAL: Final = timedelta(seconds=5)


class CameraDesk:
    """The cameras of a facility; `known` holds what was learnt of each camera's scene and outlives this object.

    Without video no camera is under watch; `blind` are those that should be.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        journal: Journal,
        cameras: Iterable[Camera],
        known: dict[str, Health],
        *,
        has_video: bool = True,
    ) -> None:
        self._hass = hass
        self._journal = journal
        self._known = known
        self._listeners: Listeners[Watch] = Listeners(hass)
        self._unsub: CALLBACK_TYPE | None = None
        self.watches: Mapping[str, Watch] = {camera.id: self._watch(camera) for camera in cameras if has_video}
        self.blind: Sequence[Camera] = () if has_video else tuple(cameras)

    def _watch(self, camera: Camera) -> Watch:
        # Imported here: it brings numpy, which a facility without cameras may not have.
        from .watch import Watch  # noqa: PLC0415

        known = self._known.get(camera.key)
        return Watch(self._hass, camera, known, on_worth=self._record, on_change=self._listeners.tell)

    @callback
    def listen(self, listener: Callable[[Watch], object]) -> CALLBACK_TYPE:
        """Call the listener when a camera has become worth more or less."""
        return self._listeners.add(listener)

    @callback
    def start(self) -> None:
        """Watch every camera."""
        for watch in self.watches.values():
            watch.start()
        if self.watches:
            self._unsub = async_track_time_interval(self._hass, self._look, LOOK_INTERVAL)

    async def async_stop(self) -> None:
        """Watch no more; what was learnt is kept."""
        if self._unsub is not None:
            self._unsub()
        self._known.update({watch.camera.key: watch.health for watch in self.watches.values()})
        await asyncio.gather(*(watch.async_stop() for watch in self.watches.values()))

    @callback
    def relearn(self, camera_id: str) -> None:
        """Take the camera's scene as it is now for how it should be: it was mended, moved or cleaned on purpose."""
        self._journal.append(Draft(kind=RECORD_CAMERA, at=dt_util.utcnow(), subject=camera_id, body={"relearn": True}))
        self.watches[camera_id].forget()

    @property
    def losses(self) -> list[Loss]:
        """Return what is the matter with every camera that shows nothing of use, by their place on the wall."""
        return [loss for watch in self.by_position if (loss := watch.loss) is not None]

    @property
    def by_position(self) -> list[Watch]:
        """Return the cameras in the order of the wall."""
        return sorted(self.watches.values(), key=lambda watch: (watch.camera.position, watch.camera.name))

    @callback
    def _look(self, _: datetime) -> None:
        for watch in self.watches.values():
            watch.look()

    @callback
    def _record(self, watch: Watch) -> None:
        """Record what a camera has become worth."""
        problem = watch.feed.problem
        body = {
            "picture": watch.condition.value if watch.condition else None,
            "tamper": list(watch.reporting),
            "problem": problem.value if problem else None,
        }
        self._journal.append(Draft(kind=RECORD_CAMERA, at=watch.since, subject=watch.camera.id, body=body))
