"""The code that closes an alarm: kept as a bcrypt hash, its wrong tries counted and on record."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import bcrypt

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..actor import Actor, RefusedError
from ..journal.record import Draft
from ..journal.store import Journal
from .incident import Refusal

RECORD_CODE: Final = "close_code"
# Shorter is guessed, longer bcrypt would refuse.
MIN_CODE: Final = 4
MAX_CODE: Final = 32
# So many wrong tries within the time lock the code for as long.
WRONG_TRIES: Final = 5
LOCK_TIME: Final = timedelta(minutes=5)


def hash_code(code: str) -> str:
    """Return what is stored of a code; takes a while, on purpose: call it in the executor."""
    return bcrypt.hashpw(code.encode(), bcrypt.gensalt()).decode()


def fits(code: str) -> bool:
    """Tell whether a code can be one."""
    return len(code) >= MIN_CODE and len(code.encode()) <= MAX_CODE and code.isprintable()


class CloseCode:
    """Checks the code; `wrong` are the times of the wrong tries, which outlive a reload."""

    def __init__(self, hass: HomeAssistant, journal: Journal, hashed: str | None, wrong: list[datetime]) -> None:
        self._hass = hass
        self._journal = journal
        self._hashed = hashed
        self._wrong = wrong
        # Tries side by side must not outrun the count.
        self._turn = asyncio.Lock()

    async def check(self, code: str, actor: Actor) -> None:
        """Raise RefusedError unless no code is set or this is the one."""
        if self._hashed is None:
            return
        if not code:
            raise RefusedError(Refusal.CODE_MISSING)
        async with self._turn:
            if self._is_locked():
                self._record(actor, "locked")
                raise RefusedError(Refusal.CODE_LOCKED)
            if await self._hass.async_add_executor_job(_is_right, code, self._hashed):
                self._wrong.clear()
                self._record(actor, "right")
                return
            self._wrong.append(dt_util.utcnow())
            self._record(actor, "wrong")
            raise RefusedError(Refusal.CODE_WRONG)

    def _is_locked(self) -> bool:
        now = dt_util.utcnow()
        self._wrong[:] = [at for at in self._wrong if abs(now - at) < LOCK_TIME]
        return len(self._wrong) >= WRONG_TRIES

    def _record(self, actor: Actor, result: str) -> None:
        body = {"result": result, "actor": actor.to_body()}
        self._journal.append(Draft(kind=RECORD_CODE, at=dt_util.utcnow(), subject=actor.id, body=body))


def _is_right(code: str, hashed: str) -> bool:
    """Compare in constant time; what cannot be a code, or a stored hash that is damaged, is not right."""
    try:
        return fits(code) and bcrypt.checkpw(code.encode(), hashed.encode())
    except ValueError:
        return False
