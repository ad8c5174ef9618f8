"""Codes that people type, to close an alarm or as their PIN: kept as bcrypt hashes, tries counted and on record."""

import asyncio
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
# So many wrong tries within the time lock the code for as long.
WRONG_TRIES: Final = 5
LOCK_TIME: Final = timedelta(minutes=5)
# As costly as the stored ones, of a code that nobody has.
_NOBODYS: Final = "$2b$12$2IBNcNuyx55ynEBYc6tLTehCF961lWnxxNr5x5KMy.jzYPvQ4snGO"


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


class Code:
    """Checks a code; `wrong` are the times of the wrong tries, which outlive a reload.

    Its tries are on record as `kind`, with the `subject` whose code it is, or who tried if it is nobody's.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        journal: Journal,
        hashed: str | None,
        wrong: list[datetime],
        *,
        kind: str,
        subject: str | None = None,
    ) -> None:
        self._hass = hass
        self._journal = journal
        self._hashed = hashed
        self._wrong = wrong
        self._kind = kind
        self._subject = subject
        # Tries side by side must not outrun the count.
        self._turn = asyncio.Lock()

    async def check(self, code: str, actor: Actor) -> None:
        """Raise RefusedError unless no code is set or this is the one."""
        if self._hashed is None:
            return
        if not code:
            raise RefusedError(CodeRefusal.MISSING)
        async with self._turn:
            if self._is_locked():
                self._record(actor, "locked")
                raise RefusedError(CodeRefusal.LOCKED)
            if await self._hass.async_add_executor_job(_is_right, code, self._hashed):
                self._wrong.clear()
                self._record(actor, "right")
                return
            self._wrong.append(dt_util.utcnow())
            self._record(actor, "wrong")
            raise RefusedError(CodeRefusal.WRONG)

    def _is_locked(self) -> bool:
        now = dt_util.utcnow()
        self._wrong[:] = [at for at in self._wrong if abs(now - at) < LOCK_TIME]
        return len(self._wrong) >= WRONG_TRIES

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
