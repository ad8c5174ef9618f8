"""The reception: takes in what officers write on the check-in page, each form once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
import logging
import secrets
from typing import Any, Final

import voluptuous as vol

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..actor import Actor, Origin, RefusedError
from ..codes import OPEN_LIMITS, RECORD_PIN, Code, CodeRefusal, WrongTry, compare_with_none
from ..journal.record import Draft, Record, stored_time
from ..journal.store import Journal
from . import codes
from .check_in import CheckIn, Evidence, Officer, Situation
from .checkpoint import KnownOfficer
from .codes import Scanned, ScanRefusal, Ticket
from .desk import PatrolDesk
from .form import Field, Filled, Problem, Texts, claimed, fingerprint, problems, proved, read
from .page import Done
from .photo import PhotoProblem
from .visit import Visit

_LOGGER = logging.getLogger(__name__)

RECORD_FORM: Final = "visit_form"
# PINs compared at a time: each takes a quarter of a second of a core, on purpose, that others need as well.
COMPARISONS: Final = 2


class PageRefusal(StrEnum):
    """Why the page takes something not in; what is wrong with a PIN, or whose it is, is told to nobody."""

    PIN = "pin_wrong"
    NOT_RAISED = "not_raised"


class FormError(Exception):
    """A form that was not filled in as it must be."""

    def __init__(self, found: Mapping[Field, Problem]) -> None:
        super().__init__(", ".join(found))
        self.found = found


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What became of a form that was handed in."""

    fingerprint: str
    issued_at: datetime
    visit_id: str
    at: datetime
    received_at: datetime
    officer_id: str | None
    may_raise: bool
    photo: str | None = None
    photo_problem: str | None = None
    raised_at: datetime | None = None

    def to_body(self) -> dict[str, Any]:
        """Return what the journal keeps of it beside its visit."""
        return {
            "fingerprint": self.fingerprint,
            "issued_at": self.issued_at.isoformat(),
            "at": self.at.isoformat(),
            "received_at": self.received_at.isoformat(),
            "officer_id": self.officer_id,
            "may_raise": self.may_raise,
            "photo": self.photo,
            "photo_problem": self.photo_problem,
            "raised_at": self.raised_at.isoformat() if self.raised_at else None,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A form that may be taken in: by which ticket, what it says, who says so, and when it was filled in."""

    ticket: Ticket
    texts: Texts
    filled: Filled
    at: datetime
    received_at: datetime


class Reception:
    """Takes in forms; what it knows of those taken in, and of wrong PINs, outlives a reload."""

    def __init__(
        self,
        hass: HomeAssistant,
        journal: Journal,
        desk: PatrolDesk,
        *,
        key: str,
        taken: dict[str, Taken],
        wrong_pins: dict[str, list[WrongTry]],
        raise_alarm: Callable[[Visit, Actor], object],
        async_is_on_record: Callable[[], Awaitable[bool]],
    ) -> None:
        self._hass = hass
        self._journal = journal
        self._desk = desk
        self._key = key
        self._taken = taken
        self._raise_alarm = raise_alarm
        self._async_is_on_record = async_is_on_record
        self._comparing = asyncio.Semaphore(COMPARISONS)
        self._pins = {
            officer_id: Code(
                hass,
                journal,
                known.pin,
                wrong_pins.setdefault(officer_id, []),
                kind=RECORD_PIN,
                subject=officer_id,
                limits=OPEN_LIMITS,
            )
            for officer_id, known in desk.officers.items()
        }

    # --- codes and tickets ---

    @callback
    def scan(self, code: str) -> Scanned | None:
        """Return what a code says, None if it is none of this facility's."""
        return codes.read_code(code, self._key, self._desk.checkpoints.values(), dt_util.utcnow())

    @callback
    def issue(self, scanned: Scanned) -> str:
        """Return the ticket of a new form."""
        return codes.issue(self._key, scanned, nonce=secrets.token_hex(12), now=dt_util.utcnow())

    @callback
    def find(self, ticket: str) -> Ticket | None:
        """Return what a ticket says, None if this facility never issued it."""
        return codes.read_ticket(ticket, self._key, self._desk.checkpoints.values())

    # --- forms ---

    @callback
    def again(self, ticket: Ticket, texts: Texts) -> Done | None:
        """Return what was answered to this form before, None if it was not handed in yet.

        Raise RefusedError if its ticket was used for another one.
        """
        if (taken := self._taken.get(ticket.nonce)) is None:
            return None
        if taken.fingerprint != fingerprint(texts):
            raise RefusedError(ScanRefusal.TICKET_USED)
        filled = read(texts)
        known = self._desk.officers.get(taken.officer_id or "")
        officer = proved(filled.officer, known) if known else filled.officer
        return self._done(taken, replace(filled, officer=officer, report=replace(filled.report, photo=taken.photo)))

    async def async_examine(self, ticket: Ticket, texts: Texts, pin: str, at: str, source: str) -> Claim:
        """Return what a form comes to that may be taken in; raise FormError or RefusedError.

        `source` is where it was sent from: who guesses PINs there is stopped there.
        """
        received_at = dt_util.utcnow()
        claimed_at = codes.claimed_time(ticket, at, received_at)
        if found := problems(texts):
            raise FormError(found)
        filled = read(texts)
        officer = await self._async_prove(filled.officer, pin, source)
        return Claim(
            ticket=ticket,
            texts=texts,
            filled=replace(filled, officer=officer),
            at=claimed_at,
            received_at=received_at,
        )

    async def _async_prove(self, officer: Officer, pin: str, source: str) -> Officer:
        """Return who came; raise RefusedError unless a PIN that is needed or given is right."""
        known = claimed(officer, self._desk.officers.values())
        if not known and not pin:
            return officer
        async with self._comparing:
            return await self._async_compare(officer, known, pin, source)

    async def _async_compare(self, officer: Officer, known: Sequence[KnownOfficer], pin: str, source: str) -> Officer:
        """Return which of the officers a PIN is of; raise RefusedError if it is nobody's."""
        actor = Actor(origin=Origin.OFFICER, name=officer.title)
        for one in known:
            try:
                await self._pins[one.officer.id or ""].check(pin, actor, source)
            except RefusedError as err:
                # That one is locked, and so that he has a PIN, must not be told by the clock either.
                if err.refusal is CodeRefusal.LOCKED:
                    await self._hass.async_add_executor_job(compare_with_none, pin)
                continue
            return proved(officer, one)
        if not known:
            # Whether there is such an officer must not be told by the clock.
            await self._hass.async_add_executor_job(compare_with_none, pin)
        raise RefusedError(PageRefusal.PIN)

    @callback
    def take(self, claim: Claim, photo: str | None, photo_problem: PhotoProblem | None) -> Done:
        """Check in who has handed in a form; raise RefusedError. Twice at once is once."""
        if (done := self.again(claim.ticket, claim.texts)) is not None:
            return done
        officer, report = claim.filled.officer, replace(claim.filled.report, photo=photo)
        if (checkpoint := self._desk.checkpoints.get(claim.ticket.checkpoint_id)) is None:
            raise RefusedError(ScanRefusal.UNKNOWN)
        what = CheckIn(
            checkpoint_id=checkpoint.id,
            checkpoint=checkpoint.name,
            at=claim.at,
            received_at=claim.received_at,
            officer=officer,
            evidence=Evidence.QR,
            is_fresh=claim.ticket.is_fresh,
            report=report,
        )
        visit = self._desk.check_in(what, _actor(officer))
        taken = Taken(
            fingerprint=fingerprint(claim.texts),
            issued_at=claim.ticket.issued_at,
            visit_id=visit.id,
            at=claim.at,
            received_at=claim.received_at,
            officer_id=officer.id,
            may_raise=report.situation is Situation.INCIDENT and (officer.id is not None or claim.ticket.is_fresh),
            photo=photo,
            photo_problem=photo_problem,
        )
        self._remember(claim.ticket, taken)
        return self._done(taken, replace(claim.filled, report=report))

    async def async_confirm(self, done: Done) -> Done:
        """Return what was taken in, said to be on record once it is."""
        return replace(done, is_on_record=await self._async_is_on_record())

    @callback
    def raise_alarm(self, ticket: Ticket) -> datetime:
        """Raise the alarm of a visit in which something happened, once, and return when; raise RefusedError."""
        taken = self._taken.get(ticket.nonce)
        visit = self._desk.book.visits.get(taken.visit_id) if taken is not None else None
        if taken is None or visit is None or visit.is_void or not taken.may_raise:
            raise RefusedError(PageRefusal.NOT_RAISED)
        if taken.raised_at is not None:
            return taken.raised_at
        officer = next((one for one in visit.officers if one.id == taken.officer_id), Officer())
        self._raise_alarm(visit, _actor(officer))
        raised_at = dt_util.utcnow()
        self._remember(ticket, replace(taken, raised_at=raised_at))
        return raised_at

    def _remember(self, ticket: Ticket, taken: Taken) -> None:
        """Keep what became of a form as long as it could be handed in again."""
        oldest = dt_util.utcnow() - codes.TICKET_LIFE
        for nonce in [nonce for nonce, old in self._taken.items() if old.issued_at < oldest]:
            del self._taken[nonce]
        self._taken[ticket.nonce] = taken
        draft = Draft(
            kind=RECORD_FORM,
            at=dt_util.utcnow(),
            incident=taken.visit_id,
            subject=ticket.nonce,
            body=taken.to_body(),
        )
        self._journal.append(draft)

    def _done(self, taken: Taken, filled: Filled) -> Done:
        visit = self._desk.book.visits.get(taken.visit_id)
        return Done(
            filled=filled,
            at=taken.at,
            received_at=taken.received_at,
            is_signed=visit is not None and visit.countersigned is not None,
            is_on_record=False,
            may_raise=taken.may_raise,
            photo_problem=taken.photo_problem,
            raised_at=taken.raised_at,
        )


def _actor(officer: Officer) -> Actor:
    return Actor(origin=Origin.OFFICER, id=officer.id, name=officer.title)


# --- what a restart takes up ---


def recall(records: Iterable[Record]) -> dict[str, Taken]:
    """Return what became of forms by what is on record; what is damaged is left out and said so."""
    found: dict[str, Taken] = {}
    for record in records:
        try:
            body = _BODY(record.load())
        except (ValueError, vol.Invalid) as err:
            _LOGGER.error("Record %d of the journal is no form: %s", record.seq, err)
            continue
        found[record.subject or ""] = Taken(visit_id=record.incident or "", **body)
    return found


_TEXT_OR_NONE: Final = vol.Any(str, None)
_BODY: Final = vol.Schema(
    {
        "fingerprint": str,
        "issued_at": stored_time,
        "at": stored_time,
        "received_at": stored_time,
        "officer_id": _TEXT_OR_NONE,
        "may_raise": bool,
        "photo": _TEXT_OR_NONE,
        "photo_problem": _TEXT_OR_NONE,
        "raised_at": vol.Any(None, stored_time),
    },
    required=True,
    extra=vol.REMOVE_EXTRA,
)
