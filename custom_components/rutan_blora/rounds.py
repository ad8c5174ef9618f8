"""What visits have to do with the rest: tags scanned, the gate asked to sign, the police told of who did not come."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .actor import Actor, Origin
from .const import CONF_TAG_ID, DOMAIN, SUBENTRY_CHECKPOINT
from .facility import Facility, RutanConfigEntry
from .journal.record import Draft
from .kept import KEPT
from .patrol.check_in import CheckIn, Evidence, Officer
from .patrol.checkpoint import Checkpoint
from .patrol.desk import NEWS, OLDEST_ENTRY
from .patrol.judgement import Judgement
from .patrol.notice import Notify, compose_due, compose_sign, compose_taken, compose_unknown_tag, tag_of
from .patrol.tags import Scan, evidence_of
from .patrol.visit import Event, EventType, Visit
from .police.channels.phone import Phone
from .police.dispatcher import Compose

_LOGGER = logging.getLogger(__name__)

RECORD_UNKNOWN_CARD: Final = "card_refused"
# Refused cards are recorded, but a reader gone mad must not fill the disk.
REFUSALS_PER_MINUTE: Final = 20


@callback
def async_watch_patrol(hass: HomeAssistant, entry: RutanConfigEntry) -> None:
    """Follow the visits, and join them and the rest, until the entry is unloaded.

    Whatever they are in, the alarm works.
    """
    facility = entry.runtime_data
    begin: tuple[Callable[[], object], ...] = (
        lambda: facility.patrol.start(knows_past=facility.kept.is_patrol_read),
        lambda: facility.kept.tags.open(_Scans(hass, facility).read),
        lambda: _Due(entry, facility),
        lambda: _Gate(entry, facility),
    )
    for part in begin:
        try:
            part()
        except Exception:
            _LOGGER.exception("Visits are not followed as they should be")


class _Scans:
    """Turns what is scanned into check-ins and says to the phone that scanned what came of it."""

    def __init__(self, hass: HomeAssistant, facility: Facility) -> None:
        self._hass = hass
        self._facility = facility
        self._refusals: list[datetime] = []

    @callback
    def read(self, scan: Scan) -> None:
        """Take in a scan: of a checkpoint's tag by a phone, or of an officer's card by a checkpoint's reader."""
        if scan.user_id is not None and not Phone(self._hass, scan.device_id or "").belongs_to(scan.user_id):
            # Any app may fire an event in the name of another phone, or of a reader.
            scan = replace(scan, device_id=None)
        for checkpoint in self._facility.patrol.checkpoints.values():
            if checkpoint.tag_id == scan.tag_id:
                self._scanned(checkpoint, scan)
                return
            if scan.device_id is not None and checkpoint.reader_device_id == scan.device_id:
                self._presented(checkpoint, scan)
                return
        if scan.device_id in self._facility.phones and not self._is_of_another(scan.tag_id):
            self._say(scan, partial(compose_unknown_tag, "scan_refused"))

    def _scanned(self, checkpoint: Checkpoint, scan: Scan) -> None:
        """Check in who holds the phone, as far as it is known whose it is, and tell him."""
        user = self._facility.people.name(scan.user_id)
        officer = self._facility.phones.get(scan.device_id or "")
        actor = _officer(officer) if officer else Actor(origin=Origin.USER, id=scan.user_id, name=user)
        evidence = evidence_of(self._hass, scan.device_id, checkpoint.zone_entity_id, self._facility.kept.tags.since)
        visit = self._check_in(checkpoint, scan, officer or Officer(name=user), evidence, actor)
        saying = self._async_say_taken(scan, visit, is_known=officer is not None)
        self._hass.async_create_background_task(saying, f"{DOMAIN} say what came of a scan")

    async def _async_say_taken(self, scan: Scan, visit: Visit, *, is_known: bool) -> None:
        """Tell that a visit was taken in, once it is on record or that takes too long."""
        word = partial(
            compose_taken,
            f"scan_{visit.id}",
            visit,
            is_known=is_known,
            is_on_record=await self._facility.async_is_on_record(),
            zone=dt_util.get_default_time_zone(),
        )
        self._say(scan, word)

    def _presented(self, checkpoint: Checkpoint, scan: Scan) -> None:
        """Check in whose card it is; one that nobody here has is put on record."""
        known = self._facility.patrol.officers.values()
        if (found := next((known for known in known if scan.tag_id in known.cards), None)) is not None:
            self._check_in(checkpoint, scan, found.officer, Evidence.TAG, _officer(found.officer))
            return
        self._refusals = [at for at in self._refusals if abs((scan.at - at).total_seconds()) < 60]
        if len(self._refusals) >= REFUSALS_PER_MINUTE:
            return
        self._refusals.append(scan.at)
        _LOGGER.info("A card that belongs to no officer was presented at %s", checkpoint.name)
        draft = Draft(kind=RECORD_UNKNOWN_CARD, at=scan.at, subject=checkpoint.id, body={"card_id": scan.tag_id[:64]})
        self._facility.kept.journal.append(draft)

    def _check_in(
        self, checkpoint: Checkpoint, scan: Scan, officer: Officer, evidence: Evidence, actor: Actor
    ) -> Visit:
        now = dt_util.utcnow()
        what = CheckIn(
            checkpoint_id=checkpoint.id,
            checkpoint=checkpoint.name,
            # It may have waited while the clock was set; it is not of the future, nor of long ago.
            at=min(max(scan.at, now - OLDEST_ENTRY), now),
            received_at=now,
            officer=officer,
            evidence=evidence,
        )
        return self._facility.patrol.check_in(what, actor)

    def _is_of_another(self, tag_id: str) -> bool:
        """Tell whether a tag hangs at a checkpoint of a facility that hears of it, now or after its reload."""
        heard = self._hass.data[KEPT]
        entries = (entry for entry in self._hass.config_entries.async_entries(DOMAIN) if entry.entry_id in heard)
        subentries = (subentry for entry in entries for subentry in entry.subentries.values())
        return any(s.subentry_type == SUBENTRY_CHECKPOINT and s.data.get(CONF_TAG_ID) == tag_id for s in subentries)

    def _say(self, scan: Scan, word: Compose) -> None:
        """Tell the phone that scanned, once: whether it hears it or not, the visit is taken in."""
        if scan.device_id is None:
            return
        officer = self._facility.phones.get(scan.device_id)
        device = self._facility.police.devices.get(officer.id or "") if officer else None
        language = device.language if device else self._facility.language
        self._facility.words.say(scan.device_id, Phone(self._hass, scan.device_id), word(language))


def _officer(officer: Officer) -> Actor:
    return Actor(origin=Origin.OFFICER, id=officer.id, name=officer.title)


class _Due:
    """Tells the police devices a plan names that a visit is overdue or missed, and takes it back when one comes."""

    def __init__(self, entry: RutanConfigEntry, facility: Facility) -> None:
        self._facility = facility
        self._told: dict[str, Judgement] = {}
        self._resume()
        entry.async_on_unload(facility.patrol.listen_plans(self._look))
        self._look()

    def _resume(self) -> None:
        """Go on with what was told before the reload or the restart, be it that it is over."""
        police, outlook = self._facility.police, self._facility.patrol.outlook
        for plan in outlook.plans:
            overdue = plan.overdue if plan.id in self._facility.notify else None
            for slot in plan.recent(outlook.now - NEWS):
                if not police.deliveries(tag_of(slot)):
                    continue
                if overdue is not None and overdue.slot.key == slot.key:
                    self._told[plan.id] = overdue
                    police.resume(self._compose(plan.id, overdue, ended=False))
                else:
                    over = Judgement(slot=slot, results=())
                    police.resume(self._compose(plan.id, over, ended=True))

    @callback
    def _look(self) -> None:
        for plan_id, notify in self._facility.notify.items():
            overdue, told = self._facility.patrol.overdue(plan_id), self._told.get(plan_id)
            if told is not None and (overdue is None or overdue.slot.key != told.slot.key):
                del self._told[plan_id]
                self._facility.police.tell(self._compose(plan_id, told, ended=True))
            if overdue is not None and notify.to:
                self._told[plan_id] = overdue
                self._facility.police.tell(self._compose(plan_id, overdue, ended=False))

    def _compose(self, plan_id: str, due: Judgement, *, ended: bool) -> Compose:
        return partial(
            compose_due,
            due,
            now=dt_util.utcnow(),
            ended=ended,
            # A plan that is no more tells nobody but whom it has told.
            notify=self._facility.notify.get(plan_id, Notify()),
            site=self._facility.name,
            zone=dt_util.get_default_time_zone(),
        )


class _Gate:
    """Asks the guards at the gate to sign each visit, as long as they can know of it."""

    def __init__(self, entry: RutanConfigEntry, facility: Facility) -> None:
        self._entry = entry
        self._facility = facility
        self._asked: set[str] = set()
        self._resume()
        entry.async_on_unload(facility.patrol.listen(self._happened))
        entry.async_on_unload(facility.patrol.listen_plans(self._look))

    def _resume(self) -> None:
        """Go on with what was asked before the reload or the restart, be it that it is over."""
        visits = self._facility.patrol.book.visits
        for visit in (visits[tag] for tag in self._facility.police.tags if tag in visits):
            self._facility.police.resume(self._compose(visit))
            if not self._is_over(visit):
                self._asked.add(visit.id)

    @callback
    def _happened(self, event: Event, visit: Visit) -> None:
        if self._is_over(visit):
            self._asked.discard(visit.id)
        else:
            self._asked.add(visit.id)
        if event.type is EventType.COUNTERSIGNED:
            saying = self._async_say_signed(visit.id)
            self._entry.async_create_background_task(
                self._facility.hass, saying, f"{DOMAIN} say that a visit is signed"
            )
            return
        # The end of what nobody was asked is told to nobody.
        self._facility.police.tell(self._compose(visit))

    async def _async_say_signed(self, visit_id: str) -> None:
        """Tell that a visit is signed, once it is on record or that takes too long: nobody signs it again."""
        await self._facility.async_is_on_record()
        self._facility.police.tell(self._compose(self._facility.patrol.book.visits[visit_id]))

    @callback
    def _look(self) -> None:
        """Ask no more of visits that are over by now."""
        visits = self._facility.patrol.book.visits
        asked = [visit for visit_id in self._asked if (visit := visits.get(visit_id)) is not None]
        for visit in filter(self._is_over, asked):
            self._asked.remove(visit.id)
            self._facility.police.tell(self._compose(visit))

    def _is_over(self, visit: Visit) -> bool:
        """Tell whether nothing more is asked of the guards: all is said, or they can no longer know."""
        return not self._facility.patrol.is_recent(visit) or (visit.countersigned is not None and not visit.alarming)

    def _compose(self, visit: Visit) -> Compose:
        return partial(
            compose_sign,
            visit,
            gate=self._facility.gate,
            ended=self._is_over(visit),
            site=self._facility.name,
            zone=dt_util.get_default_time_zone(),
        )
