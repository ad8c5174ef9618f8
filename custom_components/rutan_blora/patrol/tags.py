"""Checkpoints' tags and officers' cards: what Home Assistant says was scanned, and who was there."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.components.zone import ATTR_RADIUS, in_zone
from homeassistant.const import ATTR_DEVICE_ID, ATTR_GPS_ACCURACY, ATTR_LATITUDE, ATTR_LONGITUDE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .check_in import Evidence

_LOGGER = logging.getLogger(__name__)

# As in `tag`, which is loaded with the companion app.
EVENT_TAG_SCANNED: Final = "tag_scanned"
TRACKER: Final = "device_tracker"
# Told by an app that keeps to itself where in them the phone is.
ATTR_IN_ZONES: Final = "in_zones"
# A phone tells where it is every few minutes when it moves; older says nothing of now.
FRESH_LOCATION: Final = timedelta(minutes=10)
# Scans that wait for a reload to end; a reader that goes mad must not fill the memory.
MAX_WAITING: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """A tag that was scanned: which, by which device, for which user, when (UTC)."""

    tag_id: str
    device_id: str | None
    user_id: str | None
    at: datetime


class TagInbox:
    """Hears what is scanned; what comes while the facility reloads waits.

    `since` is from when on a phone's location is its own word: before, Home Assistant shows what it had kept.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self.since = dt_util.utcnow()
        self._hass = hass
        self._reader: Callable[[Scan], object] | None = None
        self._waiting: deque[Scan] = deque(maxlen=MAX_WAITING)

    @callback
    def start(self) -> CALLBACK_TYPE:
        """Hear; call what is returned to stop."""
        unsubs = (
            self._hass.bus.async_listen(EVENT_TAG_SCANNED, self._scanned),
            async_at_started(self._hass, self._started),
        )

        @callback
        def unsubscribe() -> None:
            for unsub in unsubs:
                unsub()

        return unsubscribe

    @callback
    def open(self, reader: Callable[[Scan], object]) -> None:
        """Give what comes to a reader, first what has waited."""
        self._reader = reader
        while self._waiting:
            self._read(reader, self._waiting.popleft())

    @callback
    def hold(self) -> None:
        """Keep what comes until the next `open`."""
        self._reader = None

    @callback
    def _started(self, _: HomeAssistant) -> None:
        self.since = dt_util.utcnow()

    @callback
    def _scanned(self, event: Event[Mapping[str, Any]]) -> None:
        scan = Scan(
            tag_id=str(event.data.get("tag_id")),
            device_id=event.data.get(ATTR_DEVICE_ID),
            user_id=event.context.user_id,
            at=event.time_fired,
        )
        if self._reader is not None:
            self._read(self._reader, scan)
            return
        if len(self._waiting) == MAX_WAITING:
            _LOGGER.warning("More scans than can wait came during a reload; the first of them is lost")
        self._waiting.append(scan)

    @staticmethod
    def _read(reader: Callable[[Scan], object], scan: Scan) -> None:
        """Give a scan to a reader; one that fails keeps no other waiting."""
        try:
            reader(scan)
        except Exception:
            _LOGGER.exception("A scan could not be taken in")


@callback
def evidence_of(hass: HomeAssistant, device_id: str | None, zone_entity_id: str | None, since: datetime) -> Evidence:
    """Return what a tag scanned by a phone proves: more, if the phone has just said that it is in the zone.

    What it said before `since` (UTC) does not count.
    """
    zone = hass.states.get(zone_entity_id) if zone_entity_id else None
    if zone is None or device_id is None:
        return Evidence.TAG
    since = max(since, dt_util.utcnow() - FRESH_LOCATION)
    registry = er.async_get(hass)
    trackers = (e for e in er.async_entries_for_device(registry, device_id) if e.domain == TRACKER)
    states = (hass.states.get(tracker.entity_id) for tracker in trackers)
    is_there = any(state and state.last_reported >= since and _is_in(state, zone) for state in states)
    return Evidence.TAG_IN_ZONE if is_there else Evidence.TAG


def _is_in(tracker: State, zone: State) -> bool:
    """Tell whether a phone says that it is in a zone, and knows where it is as closely as the zone is large."""
    latitude, longitude = tracker.attributes.get(ATTR_LATITUDE), tracker.attributes.get(ATTR_LONGITUDE)
    if latitude is None or longitude is None:
        return zone.entity_id in tracker.attributes.get(ATTR_IN_ZONES, ())
    accuracy, radius = tracker.attributes.get(ATTR_GPS_ACCURACY), zone.attributes[ATTR_RADIUS]
    return accuracy is not None and accuracy <= radius and in_zone(zone, latitude, longitude, accuracy)
