"""What the tests of the journal share."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event
from time import monotonic
from typing import Final

from custom_components.rutan_blora.journal.record import Draft

NOW: Final = datetime(2026, 3, 2, 1, 5, 9, 250000, tzinfo=UTC)
# How long a test waits for what must come (seconds); only a failing one waits that long.
PATIENCE: Final = 5.0


def a_draft(number: int = 0, *, kind: str = "note", incident: str | None = None, subject: str | None = None) -> Draft:
    """Give a draft with a number."""
    return Draft(kind=kind, at=NOW, body={"number": number}, incident=incident, subject=subject)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; other processes than ours tell nobody."""
    deadline, tick = monotonic() + PATIENCE, Event()
    while not condition():
        assert monotonic() < deadline
        tick.wait(0.005)
