"""Plans and visits as the tests of their rules need them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from custom_components.rutan_blora.actor import Actor, Origin
from custom_components.rutan_blora.patrol.check_in import CheckIn, Evidence, Officer, Report
from custom_components.rutan_blora.patrol.judgement import Arrival
from custom_components.rutan_blora.patrol.plan import Override, PatrolPlan, Slot, Window
from custom_components.rutan_blora.patrol.visit import Event, Visit, apply, check_in

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


LEBARAN: Final = Override(
    name="Lebaran", first=date(2026, 3, 20), last=date(2026, 3, 22), windows=(a_window("19:00-21:00"),)
)


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


def rounds(places: Sequence[str]) -> st.SearchStrategy[Arrival]:
    """Give visits, with checkpoints reached within an hour and a half."""
    reached = st.dictionaries(st.sampled_from(places), st.integers(0, 90), min_size=1)

    def build(visit_id: str, at: int, seen: dict[str, int]) -> Arrival:
        first = min(seen.values())
        places = {place: NOW + (at + after - first) * MINUTE for place, after in seen.items()}
        return Arrival(visit_id=visit_id, at=NOW + at * MINUTE, checkpoints=places)

    return st.builds(build, st.uuids().map(str), st.integers(-120, 900), reached)


PLACES: Final = (GATE, TOWER, "yard")
ARRIVALS: Final = st.lists(rounds(PLACES), max_size=8)
SLOTS: Final = st.lists(
    st.builds(
        a_slot,
        st.integers(0, 50).map(lambda at: NOW + at * 15 * MINUTE),
        st.integers(1, 16).map(lambda length: length * 15 * MINUTE),
        visits=st.integers(1, 3),
        grace=st.integers(0, 6).map(lambda grace: grace * 15 * MINUTE),
        checkpoints=st.sampled_from([(), (GATE,), (GATE, TOWER)]),
    ),
    max_size=5,
    unique_by=lambda slot: slot.start,
)


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
