"""Guarded cameras: while one is guarded, whoever moves before it is taken for an intruder."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from homeassistant.const import STATE_ON
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from ..journal.record import Draft
from ..journal.store import Journal
from .camera import Camera

RECORD_GUARD: Final = "guard"


class Guard:
    """The guarded cameras of a facility; calls `on_entered` with the camera whose field of view was entered.

    `known` says which are guarded and outlives this object.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        journal: Journal,
        cameras: Iterable[Camera],
        known: dict[str, bool],
        on_entered: Callable[[Camera], object],
    ) -> None:
        self._hass = hass
        self._journal = journal
        self._on_entered = on_entered
        self._known = known
        self._cameras: Mapping[str, list[Camera]] = _by_motion(cameras)
        self._unsub: CALLBACK_TYPE | None = None

    @callback
    def start(self) -> None:
        """Hear what moves."""
        self._unsub = async_track_state_change_event(self._hass, self._cameras, self._moved)

    @callback
    def stop(self) -> None:
        """Hear nothing more."""
        if self._unsub is not None:
            self._unsub()

    def is_guarded(self, camera_id: str) -> bool:
        """Tell whether a movement before the camera is an alarm."""
        return self._known.get(camera_id, False)

    @callback
    def restore(self, camera_id: str) -> None:
        """Guard a camera that was guarded before a restart, unless the record says otherwise."""
        self._known.setdefault(camera_id, True)

    @callback
    def set(self, camera_id: str, *, is_on: bool, by: str) -> None:
        """Guard a camera, or no longer; `by` is who wants it."""
        if is_on == self.is_guarded(camera_id):
            return
        self._known[camera_id] = is_on
        body = {"is_on": is_on, "by": by}
        self._journal.append(Draft(kind=RECORD_GUARD, at=dt_util.utcnow(), subject=camera_id, body=body))

    @callback
    def _moved(self, event: Event[EventStateChangedData]) -> None:
        """Take a movement for what it is; a sensor that has only just appeared has seen nobody enter."""
        old, new = event.data["old_state"], event.data["new_state"]
        if old is None or old.state == STATE_ON or new is None or new.state != STATE_ON:
            return
        for camera in self._cameras[event.data["entity_id"]]:
            if self.is_guarded(camera.id):
                self._on_entered(camera)


def _by_motion(cameras: Iterable[Camera]) -> dict[str, list[Camera]]:
    """Return the cameras by what says that somebody moves before them; one sensor may speak for several."""
    found: dict[str, list[Camera]] = {}
    for camera in cameras:
        if camera.motion_entity_id is not None:
            found.setdefault(camera.motion_entity_id, []).append(camera)
    return found
