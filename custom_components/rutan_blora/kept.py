"""What outlives a reload of the entry: the record, the ears, and what was open.

A reload then waits for no disk and forgets nothing, even while the journal cannot be written.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .alarm.buttons import RECORD_READING, RECORD_TESTED, Known
from .alarm.incident import EventType, Incident
from .alarm.intake import Intake
from .alarm.people import People
from .cctv.guard import RECORD_GUARD
from .cctv.notice import Notice, tag_of
from .codes import WrongTry
from .const import DOMAIN
from .copying import Copying
from .issues import show_issue
from .journal.copy import CopyHealth
from .journal.record import Record
from .journal.store import Journal
from .journal.verify import Verification, verify
from .lamps import Lamps
from .listeners import Listeners
from .patrol.book import KINDS, RECORD_PLAN, Book
from .patrol.codes import TICKET_LIFE
from .patrol.desk import MEMORY, NEWS, replay
from .patrol.notice import tag_of as patrol_tag_of
from .patrol.plan import Slot
from .patrol.reception import RECORD_FORM, Taken, recall
from .patrol.tags import TagInbox
from .police.delivery import Delivery
from .police.dispatcher import RECORD_DELIVERY

if TYPE_CHECKING:
    from .cctv.health import Health

_LOGGER = logging.getLogger(__name__)

ISSUE_FAILED: Final = "journal_failed"
ISSUE_ALTERED: Final = "journal_altered"
# Seconds until a disk that does not answer is left behind: the buttons must be heard. What it says later is taken up.
OPEN_DEADLINE: Final = 2.0
# Many visits take longer to read, and the buttons wait for them even less.
PATROL_DEADLINE: Final = 1.0
# A record may be of a little earlier than what it is about.
_AROUND: Final = timedelta(days=1)
# Of altered records the first are named.
_MAX_NAMED: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class _Patrol:
    """What is on record of visits: the book, what was told of them by its tag, forms, and the records altered since."""

    book: Book
    news: dict[str, list[Record]]
    forms: dict[str, Taken]
    altered: list[int]


class Kept:
    """The parts of a facility that live from its first set-up until it is disabled, removed or Home Assistant stops."""

    def __init__(self, hass: HomeAssistant, entry_id: str, name: str, path: Path) -> None:
        self.people = People(hass)
        self.intake = Intake(hass, self.people)
        self.journal = Journal(path, self._on_health)
        self.copying = Copying(hass, entry_id, self.journal, path.stem)
        self.lamps = Lamps(hass)
        self.journal_error: str | None = None
        self.name = name
        self.is_open = False
        # Whether the visits on record are known.
        self.is_patrol_read = False
        self.late: list[Record] | None = None
        self.latest: Incident | None = None
        self.deliveries: dict[str, Delivery] = {}
        self.last_response: dict[str, datetime] = {}
        self.tested: dict[str, datetime] = {}
        self.guarded: dict[str, bool] = {}
        self.scenes: dict[str, Health] = {}
        self.notice: Notice | None = None
        # What is on record of the cameras of the latest incident before the first set-up.
        self.news: list[Record] = []
        self.notice_deliveries: dict[str, Delivery] = {}
        self.wrong_codes: list[WrongTry] = []
        self.tags = TagInbox(hass)
        self.book = Book()
        # What became of the check-in page's forms that could be handed in again, and officers' wrong PINs.
        self.forms: dict[str, Taken] = {}
        self.wrong_pins: dict[str, list[WrongTry]] = {}
        # How far news of visits had come: as a reload has left it, and as it is on record until that is taken up.
        self.patrol_told: dict[str, dict[str, Delivery]] = {}
        self.patrol_news: dict[str, list[Record]] = {}
        self._hass = hass
        self._entry_id = entry_id
        self._altered: set[int] = set()
        self._listeners: Listeners[[]] = Listeners(hass)
        self._unsubs: list[CALLBACK_TYPE] = []

    @property
    def is_journal_well(self) -> bool:
        """Tell whether the journal can be written and is what was written."""
        return self.journal_error is None and not self._altered

    @callback
    def listen(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when the journal's health changes."""
        return self._listeners.add(listener)

    async def async_open(self, button_ids: Iterable[str], camera_ids: Iterable[str]) -> list[Record]:
        """Open the journal and return the records of the latest incident; none if the journal fails."""
        self.is_open = True
        self.intake.is_all_read = False
        await self.people.async_load()
        bus = self._hass.bus
        self._unsubs = [
            self.people.start(),
            self.tags.start(),
            bus.async_listen_once(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_final_write),
        ]
        reading = self._hass.async_add_executor_job(self._read, list(button_ids), list(camera_ids))
        await asyncio.wait({reading}, timeout=OPEN_DEADLINE)
        if not reading.done():
            self._show_health("timeout")
            reading.add_done_callback(self._read_late)
            return []
        patrol = self._hass.async_add_executor_job(self._read_patrol)
        await asyncio.wait({patrol}, timeout=PATROL_DEADLINE)
        if patrol.done():
            self._take_patrol(patrol.result())
        else:
            patrol.add_done_callback(self._patrol_read_late)
        return self._take(*reading.result())

    def _take(self, records: list[Record], known: Known) -> list[Record]:
        """Take in what was read; what was seen since outdoes it."""
        self.intake.known.update({**known, **self.intake.known})
        self._show_altered([record.seq for record in records if not record.is_intact])
        return records

    def _take_patrol(self, read: _Patrol | None) -> None:
        """Take in what was read of visits; what came since outdoes it."""
        self.intake.is_all_read = True
        if read is None:
            return
        self.is_patrol_read = True
        self.book.recall(read.book)
        self.patrol_news = read.news
        # In place: the reception has them at hand.
        for nonce, taken in read.forms.items():
            self.forms.setdefault(nonce, taken)
        self._show_altered(read.altered)

    @callback
    def _read_late(self, reading: asyncio.Future[tuple[list[Record], Known]]) -> None:
        """Take in what a slow disk has said after all: a reload takes it up."""
        if reading.cancelled() or not self.is_open:
            return
        if self.journal_error == "timeout":
            self._show_health(None)
        self.late = self._take(*reading.result())
        self._hass.config_entries.async_schedule_reload(self._entry_id)
        self._hass.async_add_executor_job(self._read_patrol).add_done_callback(self._patrol_read_late)

    @callback
    def _patrol_read_late(self, reading: asyncio.Future[_Patrol | None]) -> None:
        """Take in the visits after all, as above."""
        if reading.cancelled() or not self.is_open:
            return
        self._take_patrol(reading.result())
        self._hass.config_entries.async_schedule_reload(self._entry_id)

    async def async_close(self) -> None:
        """Let go of everything."""
        self.is_open = False
        self.intake.close()
        for unsub in self._unsubs:
            unsub()
        self._unsubs = []
        await self.copying.async_close()
        await self._hass.async_add_executor_job(self.journal.close)
        for issue in (ISSUE_FAILED, ISSUE_ALTERED):
            show_issue(self._hass, issue, self._entry_id, None)

    async def _async_final_write(self, _: Event) -> None:
        self._unsubs.pop()
        await self.copying.async_close()
        await self._hass.async_add_executor_job(self.journal.close)

    async def async_verify(
        self, head: str | None = None, seq: int | None = None
    ) -> tuple[Verification, CopyHealth | None]:
        """Check the whole journal, against a head that was kept elsewhere and its copy, if there are any.

        Raise SQLAlchemyError if it cannot be read.
        """
        found = await self._hass.async_add_executor_job(self._verify, head, seq)
        if found.first_broken is None:
            # What was altered has been put right.
            self._altered.clear()
        self._show_altered([] if found.first_broken is None else [found.first_broken])
        return found, await self.copying.async_compare()

    def _verify(self, head: str | None, seq: int | None) -> Verification:
        return verify(chain.from_iterable(self.journal.read_all()), head, seq)

    def _read(self, button_ids: list[str], camera_ids: list[str]) -> tuple[list[Record], Known]:
        """Open the journal and read what was open; in the executor. Whatever is in it, the alarm must work."""
        known: Known = {}
        try:
            self.journal.open()
            incident = self.journal.last_incident(EventType.RAISED)
            records = self.journal.of_incident(incident) if incident else []
            self.news = self.journal.of_incident(tag_of(incident)) if incident else []
            for button_id in button_ids:
                if (last := self.journal.last_of_subject(button_id, RECORD_READING)) is not None:
                    known[button_id] = _reading(last)
                if (last := self.journal.last_of_subject(button_id, RECORD_TESTED)) is not None:
                    self.tested.setdefault(button_id, last.time)
            for camera_id in camera_ids:
                if (last := self.journal.last_of_subject(camera_id, RECORD_GUARD)) is not None:
                    self.guarded.setdefault(camera_id, _is_guarded(last))
        except Exception as err:
            _LOGGER.debug("Reading the journal failed", exc_info=True)
            self._on_health(str(err).partition("\n")[0])
            return [], known
        return records, known

    def _read_patrol(self) -> _Patrol | None:
        """Read the visits at hand and what was told of them, None if that fails; in the executor."""
        now = dt_util.utcnow()
        try:
            records = self.journal.of_kind({RECORD_PLAN})
            records += self.journal.of_kind(KINDS - {RECORD_PLAN}, since=now - MEMORY - _AROUND)
            altered = [record.seq for record in records if not record.is_intact]
            book = replay(records)
            forms = recall(self.journal.of_kind({RECORD_FORM}, since=now - TICKET_LIFE))
            return _Patrol(book=book, news=self._read_news(book, now), forms=forms, altered=altered)
        except Exception as err:
            _LOGGER.debug("Reading the visits failed", exc_info=True)
            self._on_health(str(err).partition("\n")[0])
            return None

    def _read_news(self, book: Book, now: datetime) -> dict[str, list[Record]]:
        """Read what was told lately, and of the last window of each plan: it may be awaited for weeks."""
        news: dict[str, list[Record]] = {}
        for record in self.journal.of_kind({RECORD_DELIVERY}, since=now - NEWS):
            news.setdefault(record.incident or "", []).append(record)
        last: dict[str, Slot] = {}
        for judgement in sorted(book.judgements.values(), key=lambda judgement: judgement.slot.start):
            last[judgement.slot.plan_id] = judgement.slot
        return news | {tag: self.journal.of_incident(tag) for tag in map(patrol_tag_of, last.values())}

    def _on_health(self, error: str | None) -> None:
        """Show the journal's health; called from any thread."""
        self._hass.loop.call_soon_threadsafe(self._show_health, error)

    @callback
    def _show_health(self, error: str | None) -> None:
        if error == self.journal_error:
            return
        self.journal_error = error
        if error is None:
            _LOGGER.info("The journal of %s is written again", self.name)
        else:
            _LOGGER.error("The journal of %s cannot be written: %s", self.name, error)
        self._show(ISSUE_FAILED, None if error is None else {"error": error})

    @callback
    def _show_altered(self, numbers: list[int]) -> None:
        self._altered.update(numbers)
        if not self._altered:
            self._show(ISSUE_ALTERED, None)
        elif numbers:
            named = ", ".join(map(str, sorted(self._altered)[:_MAX_NAMED]))
            named += " …" if len(self._altered) > _MAX_NAMED else ""
            _LOGGER.error("Records %s of the journal of %s are not what was written", named, self.name)
            self._show(ISSUE_ALTERED, {"records": named})

    def _show(self, issue: str, placeholders: dict[str, str] | None) -> None:
        """Raise a repair, or take it back; tell the listeners."""
        texts = None if placeholders is None else {"site": self.name, **placeholders}
        show_issue(self._hass, issue, self._entry_id, texts)
        self._listeners.tell()


KEPT: Final[HassKey[dict[str, Kept]]] = HassKey(f"{DOMAIN}.kept")


@callback
def keep(hass: HomeAssistant, entry_id: str, create: Callable[[], Kept]) -> Kept:
    """Return what is kept of an entry, or begin to keep it."""
    kept = hass.data.setdefault(KEPT, {})
    if (found := kept.get(entry_id)) is None:
        found = kept[entry_id] = create()
    return found


async def async_retire(hass: HomeAssistant, entry_id: str) -> None:
    """Take an entry out of service: ask nobody any more, and keep nothing of it."""
    if (kept := hass.data.get(KEPT, {}).get(entry_id)) is not None:
        kept.intake.dismiss()
        kept.lamps.keep()
    await async_let_go(hass, entry_id)


async def async_let_go(hass: HomeAssistant, entry_id: str) -> None:
    """Keep nothing more of an entry."""
    if (kept := hass.data.get(KEPT, {}).pop(entry_id, None)) is not None:
        await kept.async_close()


def _is_guarded(record: Record) -> bool:
    """Return whether a record says that a camera is guarded; a damaged one says so: rather one alarm too many."""
    try:
        return bool(record.load().get("is_on", True))
    except ValueError as err:
        _LOGGER.error("Record %d of the journal says nothing of a guard: %s", record.seq, err)
        return True


def _reading(record: Record) -> dict[str, str]:
    """Return what a record says of a source, nothing if it is damaged."""
    try:
        return {entity_id: str(reading) for entity_id, reading in record.load().items()}
    except ValueError as err:
        _LOGGER.error("Record %d of the journal is no reading: %s", record.seq, err)
        return {}
