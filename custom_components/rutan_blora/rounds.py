"""What visits have to do with the rest: tags scanned, the gate asked to sign, the police told of who did not come."""

import asyncio
from functools import partial
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from .actor import Actor, Origin, RefusedError
from .const import CONF_TAG_ID, DOMAIN, SUBENTRY_CHECKPOINT, Language
from .facility import Facility, RutanConfigEntry
from .journal.record import Draft
from .patrol.checkpoint import Checkpoint
from .patrol.desk import NEWS
from .patrol.notice import compose_due, compose_sign, compose_taken, compose_unknown_tag, tag_of
from .patrol.plan import Slot
from .patrol.tags import Scan, evidence_of
from .patrol.visit import CheckIn, Event, Evidence, Officer, Visit
from .police.alert import Alert
from .police.channels import DeliveryError
from .police.channels.phone import Phone
from .police.dispatcher import Compose

_LOGGER = logging.getLogger(__name__)

RECORD_UNKNOWN_CARD: Final = "card_refused"
# Seconds until a phone that does not take the word that its scan counts is left alone.
WORD_DEADLINE: Final = 10.0
# No answer is asked for with a word.
_NO_TOKEN: Final = "0" * 32


@callback
def async_watch_patrol(hass: HomeAssistant, entry: RutanConfigEntry) -> None:
    """Join the visits and the rest until the entry is unloaded."""
    facility = entry.runtime_data
    _Due(entry, facility)
    _Gate(entry, facility)
    facility.kept.tags.open(_Scans(hass, facility).read)


class _Scans:
    """Turns what is scanned into check-ins and says to the phone that scanned what came of it."""

    def __init__(self, hass: HomeAssistant, facility: Facility) -> None:
        self._hass = hass
        self._facility = facility

    @callback
    def read(self, scan: Scan) -> None:
        """Take in a scan: of a checkpoint's tag by a phone, or of an officer's card by a checkpoint's reader."""
        for checkpoint in self._facility.patrol.checkpoints.values():
            if checkpoint.tag_id == scan.tag_id:
                self._scanned(checkpoint, scan)
                return
            if scan.device_id is not None and checkpoint.reader_device_id == scan.device_id:
                self._presented(checkpoint, scan)
                return
        if scan.device_id in self._facility.phones and not self._is_of_another(scan.tag_id):
            self._say(scan, compose_unknown_tag(f"scan_{ulid_now()}", self._language_of(scan)))

    def _scanned(self, checkpoint: Checkpoint, scan: Scan) -> None:
        """Check in who holds the phone, as far as it is known whose it is."""
        user = self._facility.people.name(scan.user_id)
        officer = self._facility.phones.get(scan.device_id or "", Officer(name=user))
        evidence = evidence_of(self._hass, scan.device_id, checkpoint.zone_entity_id)
        if (visit := self._check_in(checkpoint, scan, officer, evidence)) is not None:
            zone = dt_util.get_default_time_zone()
            tag, language = f"scan_{ulid_now()}", self._language_of(scan)
            self._say(scan, compose_taken(tag, visit, language, is_known=officer.id is not None, zone=zone))

    def _presented(self, checkpoint: Checkpoint, scan: Scan) -> None:
        """Check in whose card it is; one that nobody here has is put on record."""
        known = self._facility.patrol.officers.values()
        if (found := next((known for known in known if scan.tag_id in known.cards), None)) is not None:
            self._check_in(checkpoint, scan, found.officer, Evidence.TAG)
            return
        _LOGGER.info("A card that belongs to no officer was presented at %s", checkpoint.name)
        draft = Draft(kind=RECORD_UNKNOWN_CARD, at=scan.at, subject=checkpoint.id, body={"card_id": scan.tag_id[:64]})
        self._facility.kept.journal.append(draft)

    def _check_in(self, checkpoint: Checkpoint, scan: Scan, officer: Officer, evidence: Evidence) -> Visit | None:
        what = CheckIn(
            checkpoint_id=checkpoint.id,
            checkpoint=checkpoint.name,
            at=scan.at,
            received_at=dt_util.utcnow(),
            officer=officer,
            evidence=evidence,
        )
        try:
            return self._facility.patrol.check_in(what, Actor(origin=Origin.OFFICER, id=officer.id, name=officer.title))
        except RefusedError as err:
            _LOGGER.warning("A scan at %s was refused: %s", checkpoint.name, err.refusal.value)
            return None

    def _is_of_another(self, tag_id: str) -> bool:
        """Tell whether a tag hangs at a checkpoint of any facility."""
        entries = self._hass.config_entries.async_entries(DOMAIN)
        subentries = (subentry for entry in entries for subentry in entry.subentries.values())
        return any(s.subentry_type == SUBENTRY_CHECKPOINT and s.data.get(CONF_TAG_ID) == tag_id for s in subentries)

    def _language_of(self, scan: Scan) -> Language:
        officer = self._facility.phones.get(scan.device_id or "")
        device = self._facility.police.devices.get(officer.id or "") if officer else None
        return device.language if device else self._facility.language

    def _say(self, scan: Scan, alert: Alert) -> None:
        """Tell the phone that scanned, once: whether it hears it or not, the visit is on record."""
        if scan.device_id is not None:
            saying = _say(Phone(self._hass, scan.device_id), alert)
            self._hass.async_create_background_task(saying, f"{DOMAIN} say what came of a scan")


async def _say(phone: Phone, alert: Alert) -> None:
    try:
        async with asyncio.timeout(WORD_DEADLINE):
            await phone.send(alert, loud=True, token=_NO_TOKEN, memo={})
    except (DeliveryError, TimeoutError) as err:
        _LOGGER.debug("What came of a scan was not told: %r", err)


class _Due:
    """Tells the police devices a plan names that a visit is overdue or missed, and takes it back when one comes."""

    def __init__(self, entry: RutanConfigEntry, facility: Facility) -> None:
        self._facility = facility
        self._told: dict[str, Slot] = {}
        self._take_up()
        entry.async_on_unload(facility.patrol.listen_plans(self._look))
        entry.async_on_unload(self._keep)
        self._look()

    def _take_up(self) -> None:
        """Go on with what was told before the reload or the restart, be it that it is over."""
        now, patrol = dt_util.utcnow(), self._facility.patrol
        for plan_id in patrol.plans:
            overdue = patrol.overdue(plan_id)
            for judgement in patrol.expected(plan_id, now - NEWS, now):
                slot = judgement.slot
                if not _take_up(self._facility, tag_of(slot)):
                    continue
                is_due = overdue is not None and overdue.key == slot.key
                self._facility.police.resume(self._compose(plan_id, slot, ended=not is_due))
                if is_due:
                    self._told[plan_id] = slot

    @callback
    def _keep(self) -> None:
        """Leave to the next set-up what was told."""
        for slot in self._told.values():
            _keep(self._facility, tag_of(slot))

    @callback
    def _look(self) -> None:
        for plan_id, notify in self._facility.notify.items():
            slot, told = self._facility.patrol.overdue(plan_id), self._told.get(plan_id)
            if told is not None and (slot is None or slot.key != told.key):
                del self._told[plan_id]
                self._facility.police.tell(self._compose(plan_id, told, ended=True))
            if slot is not None and notify.to:
                self._told[plan_id] = slot
                self._facility.police.tell(self._compose(plan_id, slot, ended=False))

    def _compose(self, plan_id: str, slot: Slot, *, ended: bool) -> Compose:
        return partial(
            compose_due,
            slot,
            now=dt_util.utcnow(),
            ended=ended,
            notify=self._facility.notify[plan_id],
            site=self._facility.name,
            zone=dt_util.get_default_time_zone(),
        )


class _Gate:
    """Asks the guards at the gate to sign each visit."""

    def __init__(self, entry: RutanConfigEntry, facility: Facility) -> None:
        self._facility = facility
        if not facility.gate:
            return
        for visit in facility.patrol.book.visits.values():
            if _take_up(facility, visit.id):
                facility.police.resume(self._compose(visit))
        entry.async_on_unload(facility.patrol.listen(self._happened))
        entry.async_on_unload(self._keep)

    @callback
    def _keep(self) -> None:
        """Leave to the next set-up what is asked."""
        for visit_id in self._facility.patrol.book.visits:
            _keep(self._facility, visit_id)

    @callback
    def _happened(self, event: Event, visit: Visit) -> None:
        self._facility.police.tell(self._compose(visit))

    def _compose(self, visit: Visit) -> Compose:
        is_over = visit.countersigned is not None or visit.timed_out_at is not None or visit.is_void
        return partial(
            compose_sign,
            visit,
            gate=self._facility.gate,
            ended=is_over,
            site=self._facility.name,
            zone=dt_util.get_default_time_zone(),
        )


def _take_up(facility: Facility, tag: str) -> bool:
    """Take up how far an alert had come; tell whether it was told at all."""
    kept, police = facility.kept, facility.police
    if (deliveries := kept.patrol_told.pop(tag, None)) is not None:
        police.take_over(deliveries)
    else:
        police.restore(tag, kept.patrol_news.pop(tag, ()))
    return bool(police.deliveries(tag))


def _keep(facility: Facility, tag: str) -> None:
    if deliveries := facility.police.deliveries(tag):
        facility.kept.patrol_told[tag] = deliveries
