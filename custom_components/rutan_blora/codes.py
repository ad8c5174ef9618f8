"""Codes that people type, to close an alarm or as their PIN: kept as bcrypt hashes, tries counted and on record."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import bcrypt

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .actor import Actor, RefusedError
from .journal.record import Draft
from .journal.store import Journal

RECORD_CLOSE_CODE: Final = "close_code"
RECORD_PIN: Final = "officer_pin"
# Shorter is guessed, longer bcrypt would refuse.
MIN_CODE: Final = 4
MAX_CODE: Final = 32
# As costly as the stored ones, of a code that nobody has.
_NOBODYS: Final = "$2b$12$2IBNcNuyx55ynEBYc6tLTehCF961lWnxxNr5x5KMy.jzYPvQ4snGO"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """So many wrong tries within a time lock a code for as long: each source of its own, or all that there are."""

    tries: int
    within: timedelta
    of_all: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class WrongTry:
    """A wrong try of a code: when, and where it came from."""

    at: datetime
    source: str


WRONG_TRIES: Final = 5
LOCK_TIME: Final = timedelta(minutes=5)
LIMITS: Final = (Limit(tries=WRONG_TRIES, within=LOCK_TIME),)
# Where strangers can try: none of them alone locks out whose PIN it is. NIST SP 800-63B allows a hundred in a row.
OPEN_LIMITS: Final = (*LIMITS, Limit(tries=100, within=timedelta(hours=1), of_all=True))


class CodeRefusal(StrEnum):
    """Why a code was refused."""

    MISSING = "code_missing"
    WRONG = "code_wrong"
    LOCKED = "code_locked"


def hash_code(code: str) -> str:
    """Return what is stored of a code; takes a while, on purpose: call it in the executor."""
    return bcrypt.hashpw(code.encode(), bcrypt.gensalt()).decode()


def fits(code: str) -> bool:
    """Tell whether a code can be one."""
    return len(code) >= MIN_CODE and len(code.encode()) <= MAX_CODE and code.isprintable()


def is_locked(wrong: Iterable[WrongTry], source: str, now: datetime, limits: Iterable[Limit]) -> bool:
    """Tell whether this source must wait, by the wrong tries before; one the clock puts far ahead is long ago."""
    ago = [(abs(now - one.at), one.source) for one in wrong]
    return any(
        sum(passed < limit.within and (limit.of_all or one == source) for passed, one in ago) >= limit.tries
        for limit in limits
    )


class Code:
    """Checks a code; `wrong` are the wrong tries, which outlive a reload.

    Its tries are on record as `kind`, with the `subject` whose code it is, or who tried if it is nobody's.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        journal: Journal,
        hashed: str | None,
        wrong: list[WrongTry],
        *,
        kind: str,
        subject: str | None = None,
        limits: Sequence[Limit] = LIMITS,
    ) -> None:
        self._hass = hass
        self._journal = journal
        self._hashed = hashed
        self._wrong = wrong
        self._kind = kind
        self._subject = subject
        self._limits = limits
        # Tries side by side must not outrun the count.
        self._turn = asyncio.Lock()

    async def check(self, code: str, actor: Actor, source: str = "") -> None:
        """Raise RefusedError unless no code is set or this is the one, and its source need not wait."""
        if self._hashed is None:
            return
        if not code:
            raise RefusedError(CodeRefusal.MISSING)
        async with self._turn:
            self._forget()
            if is_locked(self._wrong, source, dt_util.utcnow(), self._limits):
                self._record(actor, "locked")
                raise RefusedError(CodeRefusal.LOCKED)
            if await self._hass.async_add_executor_job(_is_right, code, self._hashed):
                self._wrong[:] = [one for one in self._wrong if one.source != source]
                self._record(actor, "right")
                return
            self._wrong.append(WrongTry(at=dt_util.utcnow(), source=source))
            self._record(actor, "wrong")
            raise RefusedError(CodeRefusal.WRONG)

    def _forget(self) -> None:
        """Let go of the tries that no limit looks back to."""
        now, longest = dt_util.utcnow(), max(limit.within for limit in self._limits)
        self._wrong[:] = [one for one in self._wrong if abs(now - one.at) < longest]

    def _record(self, actor: Actor, result: str) -> None:
        body = {"result": result, "actor": actor.to_body()}
        subject = self._subject or actor.id
        self._journal.append(Draft(kind=self._kind, at=dt_util.utcnow(), subject=subject, body=body))


def compare_with_none(code: str) -> None:
    """Take as long as a comparison with a stored code does; in the executor."""
    _is_right(code, _NOBODYS)


def _is_right(code: str, hashed: str) -> bool:
    """Compare in constant time; what cannot be a code, or a stored hash that is damaged, is not right."""
    try:
        return fits(code) and bcrypt.checkpw(code.encode(), hashed.encode())
    except ValueError:
        return False
