"""What the alarm and the cameras have to do with each other: news of lost cameras, evidence, logins that fail."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigFlowContext
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .alarm.incident import Event, EventType, Incident, State
from .cctv import notice as rules
from .cctv.notice import Loss, Notice, compose
from .cctv.picture import SourceProblem
from .const import CONF_EVIDENCE, REAUTH_CAMERA
from .facility import Facility, RutanConfigEntry
from .journal.record import Draft
from .police.alert import Alert

if TYPE_CHECKING:
    from .cctv.watch import Watch

# Seconds until the police are told more, once they were told: cameras that are lost one by one must not each ring.
GATHER: Final = 10.0
# What makes a place, or another kind, part of an incident.
_PRESSES: Final = (EventType.RAISED, EventType.LOCATION_ADDED)


@callback
def async_watch_perimeter(hass: HomeAssistant, entry: RutanConfigEntry) -> None:
    """Join the cameras and the alarm until the entry is unloaded."""
    facility = entry.runtime_data
    _News(entry, facility)
    if entry.options.get(CONF_EVIDENCE, True):
        _collect(entry, facility)

    @callback
    def changed(watch: Watch) -> None:
        if watch.feed.problem is SourceProblem.AUTH:
            context = ConfigFlowContext(title_placeholders={"name": watch.camera.name})
            entry.async_start_reauth(hass, context, {REAUTH_CAMERA: watch.camera.id})

    entry.async_on_unload(facility.cameras.listen(changed))


@callback
def _collect(entry: RutanConfigEntry, facility: Facility) -> None:
    """Keep the pictures of every press; the pushes have left when this hears of it."""

    @callback
    def happened(event: Event) -> None:
        incident = facility.alarm.latest
        if event.type in _PRESSES and event.press is not None and incident is not None:
            facility.collector.collect(event.incident_id, event.press.at, facility.near(incident))

    entry.async_on_unload(facility.alarm.listen(happened))
    if (incident := facility.alarm.incident) is not None:
        facility.collector.resume(incident.id, [press.at for press in incident.presses], facility.near(incident))


class _News:
    """Tells the police at once of a camera that is lost or covered while an incident is open."""

    def __init__(self, entry: RutanConfigEntry, facility: Facility) -> None:
        self._facility = facility
        self._notice: Notice | None = None
        self._hass = facility.hass
        self._timer: asyncio.TimerHandle | None = None
        entry.async_on_unload(facility.alarm.listen(self._happened))
        entry.async_on_unload(facility.cameras.listen(lambda _: self._look()))
        entry.async_on_unload(self._keep)
        self._take_up()

    @callback
    def _take_up(self) -> None:
        """Go on with the latest incident as a reload has left it, or as it is on record; its end may still be owed."""
        latest = self._facility.alarm.latest
        if latest is None:
            return
        self._notice = self._found(latest) or Notice(incident_id=latest.id, drill=latest.drill)
        if latest.state is State.CLOSED and not self._notice.ended:
            self._notice = rules.end(self._notice)
        if self._notice.has_news:
            self._facility.police.resume(self._compose(self._notice), tier=latest.tier, tiers=latest.plan.tiers)

    def _found(self, latest: Incident) -> Notice | None:
        """Return what the police were told in an incident, and take up how far that has come."""
        kept, police = self._facility.kept, self._facility.police
        if kept.notice is not None and kept.notice.incident_id == latest.id:
            police.take_over(kept.notice_deliveries)
            return kept.notice
        if (notice := rules.recorded(latest.id, kept.news)) is not None:
            police.restore(notice.tag, kept.news)
        return notice

    @callback
    def _keep(self) -> None:
        """Leave to the next set-up what was told."""
        self._rest()
        kept, notice = self._facility.kept, self._notice
        kept.notice = notice
        kept.notice_deliveries = self._facility.police.deliveries(notice.tag) if notice else {}

    @callback
    def _happened(self, event: Event) -> None:
        """Begin and end with the incident; whoever is told of it later is told the news, too."""
        if event.type is EventType.RAISED:
            self._rest()
            before = frozenset(loss.id for loss in self._facility.cameras.losses)
            self._take(Notice(incident_id=event.incident_id, drill=event.drill, before=before))
        elif (notice := self._notice) is None or notice.incident_id != event.incident_id:
            return
        elif event.type is EventType.CLOSED:
            self._rest()
            self._take(rules.end(notice))
        elif notice.has_news:
            self._tell(notice)

    @callback
    def _take(self, notice: Notice) -> None:
        """Keep what there is to tell, and tell it."""
        self._notice = notice
        if self._facility.cameras.watches or notice.has_news:
            body = partial(rules.to_body, notice)
            self._facility.kept.journal.append(
                Draft(kind=rules.RECORD_NOTICE, at=dt_util.utcnow(), incident=notice.tag, body=body)
            )
        if notice.has_news:
            self._tell(notice)

    @callback
    def _look(self) -> None:
        """Tell what has changed: the first loss at once, and what comes after it together."""
        if (notice := self._notice) is None or notice.ended or self._timer is not None:
            return
        loop = self._hass.loop
        self._notice = rules.update(notice, self._losses(notice), loop.time())
        if self._notice.revision > notice.revision:
            self._take(self._notice)
        if self._notice.losses:
            self._timer = loop.call_later(GATHER, self._look_again)

    @callback
    def _look_again(self) -> None:
        self._timer = None
        self._look()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _losses(self, notice: Notice) -> list[Loss]:
        """Return the cameras that are lost; one of which nothing is known yet is as it was."""
        found = self._facility.cameras.losses
        watches = self._facility.cameras.watches
        return found + [loss for loss in notice.losses if loss.id in watches and watches[loss.id].condition is None]

    def _tell(self, notice: Notice) -> None:
        incident = self._facility.alarm.latest
        if incident is not None and incident.id == notice.incident_id:
            self._facility.police.tell(self._compose(notice), tier=incident.tier, tiers=incident.plan.tiers)

    def _compose(self, notice: Notice) -> partial[Alert]:
        zone = dt_util.get_default_time_zone()
        return partial(compose, notice, site=self._facility.name, zone=zone)
