"""Calendar of Rutan Blora: when visits are expected and what became of that, and the visits that came."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.components.calendar import CalendarEntity, CalendarEntityDescription, CalendarEvent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import Language
from .entity import RutanEntity, RutanEntityDescription, async_add, on_patrol
from .facility import RutanConfigEntry
from .patrol.book import KINDS, Book
from .patrol.desk import MEMORY, replay
from .patrol.plan import Judgement
from .patrol.visit import Visit
from .patrol.words import EXCUSED, EXPECTED, VERDICTS, VISIT

PARALLEL_UPDATES = 0

# A visit of which nobody said that it left is shown as this long.
_UNKNOWN_LENGTH: Final = timedelta(minutes=15)


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
        book = self.facility.patrol.book
        if start_date < dt_util.utcnow() - MEMORY:
            book = await hass.async_add_executor_job(self._read, start_date, end_date)
        visits = (v for v in book.arrived(start_date, end_date) if not v.is_void)
        events = [*self._windows(book, start_date, end_date), *(self._visit(visit) for visit in visits)]
        return sorted(events, key=lambda event: event.start_datetime_local)

    def _read(self, start: datetime, end: datetime) -> Book:
        """Read the book of a time long ago; in the executor."""
        return replay(self.facility.kept.journal.of_kind(KINDS, since=start - MEMORY, until=end + MEMORY))

    def _windows(self, book: Book, start: datetime, end: datetime) -> Iterator[CalendarEvent]:
        """Give the windows that were judged, and those that are not yet."""
        patrol, language = self.facility.patrol, self.facility.language
        found: dict[str, Judgement] = {j.slot.key: j for j in book.judged(None, start - MEMORY, end + MEMORY)}
        for plan_id in patrol.plans:
            # What is still to come stands at the desk.
            coming = patrol.expected(plan_id, max(start, dt_util.utcnow() - MEMORY), end)
            found = {**{j.slot.key: j for j in coming}, **found}
        for judgement in found.values():
            slot = judgement.slot
            if slot.end > start and slot.start < end:
                is_over = slot.key in book.judgements
                summary = f"{slot.plan}: {_outcome(judgement, language) if is_over else EXPECTED[language]}"
                yield CalendarEvent(start=slot.start, end=slot.end, summary=summary, uid=slot.key)

    def _visit(self, visit: Visit) -> CalendarEvent:
        """Return a visit as an event."""
        verdict = VERDICTS[self.facility.language][self.facility.patrol.verdict(visit)]
        who = ", ".join(officer.title for officer in visit.officers) or "–"
        end = max(visit.departed_at or visit.last_at, visit.arrived_at + _UNKNOWN_LENGTH)
        return CalendarEvent(
            start=visit.arrived_at,
            end=end,
            summary=f"{VISIT[self.facility.language]}: {who} ({verdict})",
            description=visit.report.note or None,
            location=self.facility.patrol.location(visit),
            uid=visit.id,
        )


def _outcome(judgement: Judgement, language: Language) -> str:
    """Return what became of a window, each visit that was expected in it."""
    if judgement.excused is not None:
        return f"{EXCUSED[language]} ({judgement.excused})"
    return ", ".join(VERDICTS[language][result.verdict] for result in judgement.results)
