"""Calendar of Rutan Blora: when visits are expected and what became of that, and the visits that came."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, override

from homeassistant.components.calendar import CalendarEntity, CalendarEntityDescription, CalendarEvent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import Language
from .entity import RutanEntity, RutanEntityDescription, async_add, on_patrol
from .errors import readable
from .facility import RutanConfigEntry
from .patrol.book import KINDS, RECORD_PLAN
from .patrol.desk import MEMORY, replay
from .patrol.judgement import Judgement
from .patrol.outlook import Outlook
from .patrol.words import EXCUSED, EXPECTED, VERDICTS, VISIT

PARALLEL_UPDATES = 0

# A visit of which nobody said that it left is shown as this long.
_UNKNOWN_LENGTH: Final = timedelta(minutes=15)
# How far ahead windows are shown; whoever asks for all time gets this much of it.
LOOKAHEAD: Final = timedelta(days=366)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
# What is said of a visit or a window later than that is no longer taken.
_AROUND: Final = timedelta(days=32)


@dataclass(frozen=True, kw_only=True)
class RutanCalendarDescription(RutanEntityDescription, CalendarEntityDescription):
    """A calendar."""


PATROL: Final = RutanCalendarDescription(key="patrol", listen_fn=on_patrol)


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the calendar."""
    async_add(entry, async_add_entities, PatrolCalendar, {None: (PATROL,)})


class PatrolCalendar(RutanEntity, CalendarEntity):
    """The visits of a facility."""

    entity_description: RutanCalendarDescription

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return the window that runs, or the next one."""
        slot = self.facility.patrol.next_slot()
        if slot is None:
            return None
        return CalendarEvent(start=slot.start, end=slot.end, summary=f"{slot.plan}: {EXPECTED[self.facility.language]}")

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the windows of a time with what became of them, and the visits."""
        start, end = max(start_date, _EARLIEST), min(end_date, dt_util.utcnow() + LOOKAHEAD)
        with readable():
            return await hass.async_add_executor_job(self._events, self.facility.patrol.outlook.copy(), start, end)

    def _events(self, outlook: Outlook, start: datetime, end: datetime) -> list[CalendarEvent]:
        """Return the events of a time; in the executor, for it may be long and long ago."""
        if start < outlook.now - MEMORY:
            records = self.facility.kept.journal.of_kind(
                KINDS - {RECORD_PLAN}, since=start - _AROUND, until=end + _AROUND
            )
            outlook.book.recall(replay(records))
            outlook = outlook.copy()
        events = [*self._windows(outlook, start, end), *self._visits(outlook, start, end)]
        return sorted(events, key=lambda event: event.start_datetime_local)

    def _windows(self, outlook: Outlook, start: datetime, end: datetime) -> Iterator[CalendarEvent]:
        """Give the windows that were judged, and those that are not yet."""
        language = self.facility.language
        for plan in outlook.plans:
            # Of what was over before nothing is known but what was judged.
            coming = (
                j for j in plan.expected(max(start, outlook.since), end) if j.slot.key not in outlook.book.judgements
            )
            for judgement in (*plan.outcomes.all, *coming):
                slot = judgement.slot
                if slot.end > start and slot.start < end:
                    yield CalendarEvent(
                        start=slot.start.astimezone(outlook.zone),
                        end=slot.end.astimezone(outlook.zone),
                        summary=f"{slot.plan}: {_outcome(judgement, outlook, language)}",
                        uid=slot.key,
                    )

    def _visits(self, outlook: Outlook, start: datetime, end: datetime) -> Iterator[CalendarEvent]:
        """Give the visits that came."""
        patrol, language = self.facility.patrol, self.facility.language
        for visit in outlook.arrivals.all:
            left = max(visit.departed_at or visit.last_at, visit.arrived_at + _UNKNOWN_LENGTH)
            if left > start and visit.arrived_at < end:
                who = ", ".join(officer.title or officer.nrp for officer in visit.officers) or "–"
                verdict = VERDICTS[language][outlook.verdict(visit.id)]
                yield CalendarEvent(
                    start=visit.arrived_at.astimezone(outlook.zone),
                    end=left.astimezone(outlook.zone),
                    summary=f"{VISIT[language]}: {who} ({verdict})",
                    description=visit.report.note or None,
                    location=patrol.location(visit),
                    uid=visit.id,
                )


def _outcome(judgement: Judgement, outlook: Outlook, language: Language) -> str:
    """Return what became of a window, each visit that was expected in it."""
    key = judgement.slot.key
    if (reason := outlook.book.excuses.get(key)) is not None:
        return f"{EXCUSED[language]} ({reason})"
    if key not in outlook.book.judgements:
        return EXPECTED[language]
    return ", ".join(VERDICTS[language][result.verdict] for result in judgement.results)
