"""Plans and visits as the tests of their rules need them."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from custom_components.rutan_blora.actor import Actor, Origin
from custom_components.rutan_blora.patrol.plan import Arrival, Override, PatrolPlan, Slot, Window
from custom_components.rutan_blora.patrol.visit import (
    CheckIn,
    Event,
    Evidence,
    Officer,
    Report,
    Visit,
    apply,
    check_in,
)

WIB: Final = ZoneInfo("Asia/Jakarta")
BERLIN: Final = ZoneInfo("Europe/Berlin")
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# A Monday, 08:00 in Blora.
NOW: Final = datetime(2026, 3, 2, 1, tzinfo=UTC)

GATE: Final = "gate"
TOWER: Final = "tower"
EVERY_DAY: Final = frozenset(range(7))

GUARD: Final = Actor(origin=Origin.USER, id="user-1", name="Petugas P2U")
BUDI: Final = Officer(name="Budi", rank="Bripka", nrp="81234567", unit="Polsek Blora", id="phone-1")
SITI: Final = Officer(name="Siti", rank="Aipda", nrp="87654321", unit="Polsek Blora", id="phone-2")
AGUS: Final = Officer(name="Agus", rank="Aiptu", nrp="80000001", unit="Polsek Cepu", id="phone-3")
NOBODY: Final = Officer()

DEBOUNCE: Final = 2 * MINUTE
TIMEOUT: Final = 2 * HOUR


def a_window(text: str, visits: int = 1) -> Window:
    """Give a window as people write it: "22:00-02:00"."""
    start, end = map(time.fromisoformat, text.split("-"))
    return Window(start=start, end=end, visits=visits)


def a_plan(
    *windows: str | Window,
    weekdays: frozenset[int] = EVERY_DAY,
    grace: timedelta = 30 * MINUTE,
    checkpoints: Iterable[str] = (GATE,),
    overrides: tuple[Override, ...] = (),
) -> PatrolPlan:
    return PatrolPlan(
        id="plan-1",
        name="Sambang",
        weekdays=weekdays,
        windows=tuple(a_window(w) if isinstance(w, str) else w for w in windows),
        grace=grace,
        checkpoints=frozenset(checkpoints),
        overrides=overrides,
    )


def a_slot(
    start: datetime = NOW,
    length: timedelta = 2 * HOUR,
    *,
    visits: int = 1,
    grace: timedelta = 30 * MINUTE,
    checkpoints: Iterable[str] = (GATE,),
) -> Slot:
    return Slot(
        plan_id="plan-1",
        plan="Sambang",
        start=start,
        end=start + length,
        visits=visits,
        grace=grace,
        checkpoints=frozenset(checkpoints),
    )


def an_arrival(visit_id: str, at: datetime, *places: str) -> Arrival:
    """Give a visit that was at all its places, the gate if none is said, as soon as it came."""
    return Arrival(visit_id=visit_id, at=at, checkpoints=dict.fromkeys(places or (GATE,), at))


def a_scan(
    at: datetime = NOW,
    officer: Officer = BUDI,
    place: str = GATE,
    *,
    received_at: datetime | None = None,
    evidence: Evidence = Evidence.TAG,
    is_fresh: bool = False,
    report: Report | None = None,
) -> CheckIn:
    return CheckIn(
        checkpoint_id=place,
        checkpoint=place.title(),
        at=at,
        received_at=received_at or at,
        officer=officer,
        evidence=evidence,
        is_fresh=is_fresh,
        report=report or Report(),
    )


def scanned(visits: Iterable[Visit], what: CheckIn, new_id: str = "B") -> tuple[Event, ...]:
    return check_in(visits, what, new_id=new_id, actor=GUARD, debounce=DEBOUNCE, timeout=TIMEOUT)


def fold(visit: Visit | None, *batches: tuple[Event, ...]) -> Visit:
    for batch in batches:
        for event in batch:
            visit = apply(visit, event)
    assert visit is not None
    return visit


def a_visit(*scans: CheckIn, visit_id: str = "A") -> Visit:
    """Give the one visit that scans belong to."""
    visit: Visit | None = None
    for scan in scans or (a_scan(),):
        events = scanned([visit] if visit else [], scan, visit_id)
        visit = fold(visit, events)
    assert visit is not None
    return visit
