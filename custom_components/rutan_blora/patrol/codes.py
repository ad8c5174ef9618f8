"""The codes in the addresses of the check-in page, and the tickets of its forms.

None is kept: each is computed of the facility's key (HMAC-SHA-256, 120 bits) and known again after a restart. Rules
only: no Home Assistant, no clock, no I/O. Times are UTC.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import hashlib
import hmac
from typing import Final

from ..actor import RefusedError
from .checkpoint import Checkpoint

# How long the code on a screen is shown; it counts while the next one is shown, too, and a moment longer.
STEP: Final = timedelta(seconds=30)
SLACK: Final = timedelta(seconds=5)
# How long a form may be handed in: a phone may find no net for a whole shift.
TICKET_LIFE: Final = timedelta(hours=24)
# How far ahead of our clock a claimed time may be: a phone counts on from ours, and ours may be set back.
CLOCK_SLACK: Final = timedelta(minutes=2)

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_BYTES: Final = 15
# Longer is neither a code nor a ticket.
_MAX_LENGTH: Final = 128
# A step or a time as it stands in one, in hexadecimal digits.
_MAX_DIGITS: Final = 11


class ScanRefusal(StrEnum):
    """Why a code, a ticket or a claimed time does not count."""

    UNKNOWN = "code_unknown"
    EXPIRED = "code_expired"
    FIXED = "code_fixed_refused"
    TICKET_FORGED = "ticket_forged"
    TICKET_FOREIGN = "ticket_foreign"
    TICKET_EXPIRED = "ticket_expired"
    TICKET_USED = "ticket_used"
    TIME = "time_unfit"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scanned:
    """A right code: of which checkpoint, whether it was on its screen, and whether its time there is over."""

    checkpoint: Checkpoint
    is_fresh: bool = False
    is_over: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """What came with a form: for which checkpoint, when it was issued, and whether to who had just seen the screen."""

    checkpoint_id: str
    nonce: str
    issued_at: datetime
    is_fresh: bool


# --- codes ---


def fixed_code(key: str, checkpoint: Checkpoint) -> str:
    """Return the code to be printed; another `rotation` makes it another one."""
    return _sign(key, "fixed", checkpoint.id, checkpoint.rotation)


def live_code(key: str, checkpoint_id: str, now: datetime) -> str:
    """Return the code that is on the screen now."""
    return _live_code(key, checkpoint_id, (now - _EPOCH) // STEP)


def shown_until(now: datetime) -> datetime:
    """Return when the code that is on the screen now makes room for the next."""
    return _EPOCH + ((now - _EPOCH) // STEP + 1) * STEP


def read_code(code: str, key: str, checkpoints: Iterable[Checkpoint], now: datetime) -> Scanned | None:
    """Return what a code says that somebody has handed in, None if it is none of these checkpoints'."""
    number, is_live, _ = code.partition(".")
    step = _number(number) if is_live else 0
    if step is None or len(code) > _MAX_LENGTH:
        return None
    for checkpoint in checkpoints:
        right = _live_code(key, checkpoint.id, step) if is_live else fixed_code(key, checkpoint)
        if _is_same(code, right):
            return Scanned(checkpoint=checkpoint, is_fresh=bool(is_live), is_over=bool(is_live) and _is_over(step, now))
    return None


def admit(scanned: Scanned) -> None:
    """Raise RefusedError unless somebody who has just scanned this may have a form."""
    if scanned.is_over:
        raise RefusedError(ScanRefusal.EXPIRED)
    _require_screen(scanned.checkpoint, is_fresh=scanned.is_fresh)


def _live_code(key: str, checkpoint_id: str, step: int) -> str:
    return f"{step:x}.{_sign(key, 'live', checkpoint_id, step)}"


def _is_over(step: int, now: datetime) -> bool:
    """Tell whether a code is not, or no longer, taken for one that is on the screen."""
    age = now - _EPOCH - step * STEP
    return not timedelta(0) <= age < 2 * STEP + SLACK


def _require_screen(checkpoint: Checkpoint, *, is_fresh: bool) -> None:
    """Raise RefusedError for the printed code where only the one on the screen counts."""
    if checkpoint.live_code and not is_fresh:
        raise RefusedError(ScanRefusal.FIXED)


# --- tickets ---


def issue(key: str, scanned: Scanned, *, nonce: str, now: datetime) -> str:
    """Return the ticket of a new form; `nonce` is of hexadecimal digits that nobody can guess."""
    return _ticket(key, scanned.checkpoint.id, nonce, (now - _EPOCH) // _MILLISECOND, is_fresh=scanned.is_fresh)


def read_ticket(text: str, key: str, checkpoints: Iterable[Checkpoint]) -> Ticket | None:
    """Return what a ticket says that came back, None if it was never issued for any of these checkpoints."""
    parts = text.split(".")
    if len(parts) != 4 or len(text) > _MAX_LENGTH or (issued := _number(parts[0])) is None:
        return None
    nonce, is_fresh = parts[1], parts[2] == "live"
    for checkpoint in checkpoints:
        if _is_same(text, _ticket(key, checkpoint.id, nonce, issued, is_fresh=is_fresh)):
            issued_at = _EPOCH + issued * _MILLISECOND
            return Ticket(checkpoint_id=checkpoint.id, nonce=nonce, issued_at=issued_at, is_fresh=is_fresh)
    return None


def accept(ticket: Ticket, scanned: Scanned, now: datetime) -> None:
    """Raise RefusedError unless a form may be handed in at the address that somebody had scanned.

    The code on the screen may have gone meanwhile: filling a form in takes its time.
    """
    if ticket.checkpoint_id != scanned.checkpoint.id or ticket.is_fresh != scanned.is_fresh:
        raise RefusedError(ScanRefusal.TICKET_FOREIGN)
    if not -CLOCK_SLACK <= now - ticket.issued_at <= TICKET_LIFE:
        raise RefusedError(ScanRefusal.TICKET_EXPIRED)
    _require_screen(scanned.checkpoint, is_fresh=scanned.is_fresh)


def claimed_time(ticket: Ticket, milliseconds: str, now: datetime) -> datetime:
    """Return when a form says that it was filled in (milliseconds since 1970), now if it does not say.

    Raise RefusedError if that is not between the ticket's issue and now.
    """
    if not milliseconds:
        return now
    if not (milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) <= _MAX_DIGITS + 3):
        raise RefusedError(ScanRefusal.TIME)
    at = _EPOCH + int(milliseconds) * _MILLISECOND
    if not ticket.issued_at <= at <= now + CLOCK_SLACK:
        raise RefusedError(ScanRefusal.TIME)
    return min(at, now)


def _ticket(key: str, checkpoint_id: str, nonce: str, issued: int, *, is_fresh: bool) -> str:
    kind = "live" if is_fresh else "fixed"
    return f"{issued:x}.{nonce}.{kind}.{_sign(key, 'ticket', checkpoint_id, f'{issued}\n{nonce}\n{kind}')}"


# --- what both have in common ---


def _sign(key: str, purpose: str, checkpoint_id: str, content: object) -> str:
    """Return what nobody can make who has not the key; what is made for one purpose is worth nothing for another."""
    message = f"visit {purpose}\n{checkpoint_id}\n{content}"
    return urlsafe_b64encode(hmac.digest(key.encode(), message.encode(), hashlib.sha256)[:_BYTES]).decode()


def _is_same(given: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(errors="replace"), right.encode())


def _number(digits: str) -> int | None:
    """Return a number in hexadecimal digits as it was written here, None if it is none."""
    if not digits or len(digits) > _MAX_DIGITS or digits.strip("0123456789abcdef"):
        return None
    return int(digits, 16)
