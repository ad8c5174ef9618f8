"""Plans, judgements and visits as the journal keeps them."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
import json
from typing import Any, Final

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.actor import Actor, Origin
from custom_components.rutan_blora.patrol.body import (
    event_from_body,
    event_to_body,
    judgement_from_body,
    judgement_to_body,
    plan_from_body,
    plan_to_body,
)
from custom_components.rutan_blora.patrol.check_in import CheckIn, Evidence, Officer, Report, Situation
from custom_components.rutan_blora.patrol.judgement import MIN_ARRIVALS, Arrival, Judgement, judge, unpredictability
from custom_components.rutan_blora.patrol.plan import MAX_GRACE, MAX_VISITS, Override, PatrolPlan, Slot, Window, slots
from custom_components.rutan_blora.patrol.visit import Correction, Event, EventType, Visit, apply

from .common import (
    ARRIVALS,
    BERLIN,
    DAY,
    GATE,
    GUARD,
    HOUR,
    LEBARAN,
    MINUTE,
    NOW,
    SLOTS,
    TOWER,
    a_plan,
    a_scan,
    a_slot,
    a_visit,
    a_window,
    an_arrival,
    scanned,
)

# Written once by a journal: what is on disk must be understood for ever.
PLAN_ON_DISK: Final = """{
 "name": "Sambang", "weekdays": [0, 6], "grace": 1800.0, "checkpoints": ["gate", "tower"],
 "windows": [{"start": "22:00:00", "end": "02:00:00", "visits": 2}],
 "overrides": [{"name": "Lebaran", "first": "2026-03-20", "last": "2026-03-22",
                "windows": [{"start": "19:00:00", "end": "21:00:00", "visits": 1}]}]
}"""

JUDGEMENT_ON_DISK: Final = """{
 "slot": {"plan_id": "plan-1", "plan": "Sambang", "start": "2026-03-02T01:00:00+00:00",
          "end": "2026-03-02T03:00:00+00:00", "visits": 3, "grace": 1800.0, "checkpoints": ["gate", "tower"]},
 "results": [
  {"verdict": "missed", "visit_id": "B", "at": "2026-03-02T01:00:00+00:00", "missing": ["gate"]},
  {"verdict": "on_time", "visit_id": "A", "at": "2026-03-02T02:00:00.250000+00:00", "missing": []},
  {"verdict": "missed", "visit_id": null, "at": null, "missing": []}
 ]
}"""
VISIT_ON_DISK: Final = """[
 ["visit_checked_in", "2026-03-02T01:00:00+00:00",
  {"actor": {"id": "user-1", "name": "Petugas P2U", "origin": "user"}, "again": false,
   "check_in": {"checkpoint_id": "gate", "checkpoint": "Gate", "received_at": "2026-03-02T01:00:05.250000+00:00",
    "officer": {"name": "Budi", "rank": "Bripka", "nrp": "81234567", "unit": "Polsek Blora", "id": "phone-1"},
    "evidence": "qr", "is_fresh": true,
    "report": {"situation": "remarks", "note": "Lampu mati", "personnel": 3, "vehicle": "R4", "photo": "ab12"}}}],
 ["visit_countersigned", "2026-03-02T01:10:00+00:00",
  {"actor": {"id": "user-1", "name": "Petugas P2U", "origin": "user"}}],
 ["visit_checked_out", "2026-03-02T01:30:00+00:00",
  {"actor": {"id": "user-1", "name": "Petugas P2U", "origin": "user"}}],
 ["visit_corrected", "2026-03-03T01:00:00+00:00",
  {"actor": {"id": "user-1", "name": "Petugas P2U", "origin": "user"},
   "correction": {"officer": null, "void": null, "reason": "Salah tulis",
    "report": {"situation": null, "note": "Lampu pos mati", "personnel": null, "vehicle": "", "photo": null}}}],
 ["visit_timed_out", "2026-03-03T02:00:00+00:00", {"actor": {"id": null, "name": "", "origin": "plan"}}]
]"""

SAID: Final[dict[str, dict[str, Any]]] = {kind: body for kind, _, body in json.loads(VISIT_ON_DISK)}


# --- what is on disk ---


def test_a_plan_on_disk_is_understood() -> None:
    plan = a_plan(
        a_window("22:00-02:00", visits=2),
        weekdays=frozenset({6, 0}),
        checkpoints=(TOWER, GATE),
        overrides=(LEBARAN,),
    )
    assert plan_from_body("plan-1", json.loads(PLAN_ON_DISK)) == plan
    assert plan_to_body(plan) == json.loads(PLAN_ON_DISK)


def test_a_judgement_on_disk_is_understood() -> None:
    at = NOW + HOUR + timedelta(milliseconds=250)
    slot = a_slot(visits=3, checkpoints=(GATE, TOWER))
    came = [an_arrival("A", at, GATE, TOWER), an_arrival("B", NOW, TOWER)]
    assert judgement_from_body(json.loads(JUDGEMENT_ON_DISK)) == judge([slot], came)[slot.key]


def test_the_journal_keeps_a_judgement_as_it_always_did() -> None:
    assert judgement_to_body(judgement_from_body(json.loads(JUDGEMENT_ON_DISK))) == json.loads(JUDGEMENT_ON_DISK)


def test_a_reason_is_kept_on_a_record_of_its_own() -> None:
    judgement = replace(judge([a_slot()], [])[a_slot().key], excused="Banjir")
    assert judgement_from_body(judgement_to_body(judgement)) == replace(judgement, excused=None)


def test_a_visit_on_disk_is_understood() -> None:
    visit: Visit | None = None
    events = [
        event_from_body(kind, "A", datetime.fromisoformat(at), body) for kind, at, body in json.loads(VISIT_ON_DISK)
    ]
    for event in events:
        visit = apply(visit, event)
    report = Report(situation=Situation.REMARKS, note="Lampu mati", personnel=3, vehicle="R4", photo="ab12")
    what = a_scan(
        received_at=NOW + timedelta(seconds=5, milliseconds=250), evidence=Evidence.QR, is_fresh=True, report=report
    )
    assert visit == Visit(
        id="A",
        check_ins=(what,),
        departed_at=NOW + 30 * MINUTE,
        timed_out_at=NOW + 25 * HOUR,
        countersigned=Event(type=EventType.COUNTERSIGNED, visit_id="A", at=NOW + 10 * MINUTE, actor=GUARD),
        corrections=(
            Event(
                type=EventType.CORRECTED,
                visit_id="A",
                at=NOW + DAY,
                actor=GUARD,
                correction=Correction(report=Report(note="Lampu pos mati"), reason="Salah tulis"),
            ),
        ),
        revision=5,
    )
    assert visit.report == replace(report, note="Lampu pos mati")


def test_the_journal_keeps_events_as_it_always_did() -> None:
    for kind, at, body in json.loads(VISIT_ON_DISK):
        event = event_from_body(kind, "A", datetime.fromisoformat(at), body)
        assert json.loads(json.dumps(event_to_body(event))) == body


# --- whatever is kept is read back ---

TEXT: Final = st.text(max_size=5)
CLOCKS: Final = st.times().map(lambda clock: clock.replace(microsecond=0))
GRACES: Final = st.timedeltas(timedelta(0), MAX_GRACE)
ANY_WINDOWS: Final = st.lists(
    st.builds(Window, start=CLOCKS, end=CLOCKS, visits=st.integers(1, MAX_VISITS)), max_size=3
).map(tuple)
PLANS: Final = st.builds(
    PatrolPlan,
    id=st.just("plan-1"),
    name=st.text(max_size=5),
    weekdays=st.frozensets(st.integers(0, 6)),
    windows=ANY_WINDOWS,
    grace=GRACES,
    checkpoints=st.frozensets(st.text(max_size=5), max_size=3),
    overrides=st.lists(
        st.builds(Override, name=st.text(max_size=5), first=st.dates(), last=st.dates(), windows=ANY_WINDOWS),
        max_size=2,
    ).map(tuple),
)


@given(PLANS)
def test_a_plan_is_read_back(plan: PatrolPlan) -> None:
    assert plan_from_body("plan-1", json.loads(json.dumps(plan_to_body(plan)))) == plan


@given(SLOTS, ARRIVALS)
def test_a_judgement_is_read_back(expected: list[Slot], arrivals: list[Arrival]) -> None:
    for judgement in judge(expected, arrivals).values():
        assert judgement_from_body(json.loads(json.dumps(judgement_to_body(judgement)))) == judgement


TIMES: Final = st.integers(0, 10**12).map(lambda micros: NOW + timedelta(microseconds=micros))
ANY_OFFICER: Final = st.builds(Officer, name=TEXT, rank=TEXT, nrp=TEXT, unit=TEXT, id=st.none() | TEXT)
ANY_REPORT: Final = st.builds(
    Report,
    situation=st.none() | st.sampled_from(Situation),
    note=TEXT,
    personnel=st.none() | st.integers(),
    vehicle=TEXT,
    photo=st.none() | TEXT,
)
ACTORS: Final = st.builds(Actor, origin=st.sampled_from(Origin), id=st.none() | TEXT, name=TEXT)


def a_check_in_event(at: datetime, received_at: datetime, actor: Actor, *, again: bool, **said: Any) -> Event:
    what = CheckIn(checkpoint_id="gate", checkpoint="Gate", at=at, received_at=received_at, **said)
    return Event(type=EventType.CHECKED_IN, visit_id="A", at=at, actor=actor, check_in=what, again=again)


EVENTS: Final = (
    st.builds(
        a_check_in_event,
        TIMES,
        TIMES,
        ACTORS,
        again=st.booleans(),
        officer=ANY_OFFICER,
        evidence=st.sampled_from(Evidence),
        is_fresh=st.booleans(),
        report=ANY_REPORT,
    )
    | st.builds(
        Event,
        type=st.just(EventType.CORRECTED),
        visit_id=st.just("A"),
        at=TIMES,
        actor=ACTORS,
        correction=st.builds(
            Correction,
            officer=st.none() | ANY_OFFICER,
            report=st.none() | ANY_REPORT,
            void=st.none() | st.booleans(),
            reason=TEXT,
        ),
    )
    | st.builds(
        Event,
        type=st.sampled_from([EventType.CHECKED_OUT, EventType.TIMED_OUT, EventType.COUNTERSIGNED]),
        visit_id=st.just("A"),
        at=TIMES,
        actor=ACTORS,
    )
)


@given(EVENTS)
def test_an_event_is_read_back(event: Event) -> None:
    assert event_from_body(event.type.value, "A", event.at, json.loads(json.dumps(event_to_body(event)))) == event


# --- damage ---


def changed(body: Any, path: Sequence[str | int], value: Any) -> Any:
    """Give a body with another value somewhere; without it if that is an ellipsis."""
    body = inner = deepcopy(body)
    for step in path[:-1]:
        inner = inner[step]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return body


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("slot", "end"), "2026-03-02T01:00:00+00:00", id="a slot of no length"),
        pytest.param(("slot", "end"), "2026-03-02T00:00:00+00:00", id="a slot that ends before it starts"),
        pytest.param(("slot", "start"), "2026-03-02T01:00:00", id="a time without a zone"),
        pytest.param(("slot", "start"), "0001-01-01T00:00:00+00:00", id="a slot at the beginning of time"),
        pytest.param(("slot", "end"), "9999-12-31T23:59:59+00:00", id="a slot at the end of time"),
        pytest.param(("slot", "grace"), -1, id="grace below nothing"),
        pytest.param(("slot", "grace"), 86401, id="grace of more than a day"),
        pytest.param(("slot", "grace"), float("inf"), id="grace without end"),
        pytest.param(("slot", "grace"), float("nan"), id="grace that is no number"),
        pytest.param(("slot", "visits"), 0, id="no visits"),
        pytest.param(("slot", "visits"), 10**9, id="visits without end"),
        pytest.param(("slot", "visits"), 2, id="more results than visits"),
        pytest.param(("slot", "checkpoints"), ["gate", 1], id="a checkpoint that is no text"),
        pytest.param(("results", 1, "verdict"), "early", id="a verdict that is not the slot's"),
        pytest.param(("results", 1, "verdict"), "unscheduled", id="a verdict no expected visit has"),
        pytest.param(("results", 1, "verdict"), "perfect", id="a verdict there is not"),
        pytest.param(("results", 1, "verdict"), [], id="a verdict that is no text"),
        pytest.param(("results", 2, "verdict"), "on_time", id="on time, without a visit"),
        pytest.param(("results", 1, "visit_id"), None, id="on time, nobody"),
        pytest.param(("results", 1, "at"), None, id="on time, at no time"),
        pytest.param(("results", 1, "at"), "yesterday", id="at no time there is"),
        pytest.param(("results", 1), "on_time", id="a result that is none"),
        pytest.param(("results",), [], id="no results"),
        pytest.param(("results",), ..., id="results missing"),
        pytest.param(("slot",), ..., id="slot missing"),
    ],
)
def test_a_damaged_judgement_is_no_judgement(path: Sequence[str | int], value: Any) -> None:
    with pytest.raises(ValueError, match=r"^not a judgement: "):
        judgement_from_body(changed(json.loads(JUDGEMENT_ON_DISK), path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("windows", 0, "start"), "25:00", id="a time there is not"),
        pytest.param(("windows", 0, "start"), "08:00+07:00", id="a time of a zone"),
        pytest.param(("windows", 0, "start"), "08:00:00.5", id="half a second"),
        pytest.param(("windows", 0, "start"), 8, id="a time that is no text"),
        pytest.param(("windows", 0, "visits"), 0, id="no visits"),
        pytest.param(("windows", 0, "visits"), MAX_VISITS + 1, id="too many visits"),
        pytest.param(("windows", 0, "end"), ..., id="no end"),
        pytest.param(("weekdays",), [7], id="an eighth day"),
        pytest.param(("weekdays",), ["Monday"], id="a day by its name"),
        pytest.param(("grace",), 1e300, id="grace for ever"),
        pytest.param(("overrides", 0, "first"), "2026-02-30", id="a day there is not"),
        pytest.param(("overrides", 0, "windows"), None, id="windows missing"),
        pytest.param(("checkpoints",), "gate", id="a checkpoint that is no list"),
        pytest.param(("name",), ..., id="no name"),
    ],
)
def test_a_damaged_plan_is_no_plan(path: Sequence[str | int], value: Any) -> None:
    with pytest.raises(ValueError, match=r"^not a plan: "):
        plan_from_body("plan-1", changed(json.loads(PLAN_ON_DISK), path, value))


def test_a_kind_there_is_not_is_no_event() -> None:
    with pytest.raises(ValueError, match="visit_dreamt"):
        event_from_body("visit_dreamt", "A", NOW, SAID["visit_checked_out"])


JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.sampled_from(
        ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "24:00", "missed", "safe", "qr", "user", 10**30]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Give the way to every value within a body."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from paths(inner, (*path, step))


def read_plan(body: Any) -> PatrolPlan:
    return plan_from_body("plan-1", body)


def reader_of(kind: str) -> Callable[[Any], Visit]:
    return lambda body: apply(a_visit(), event_from_body(kind, "A", NOW + HOUR, body))


READERS: Final[dict[str, tuple[Any, Callable[[Any], object]]]] = {
    "judgement": (json.loads(JUDGEMENT_ON_DISK), judgement_from_body),
    "plan": (json.loads(PLAN_ON_DISK), read_plan),
    **{kind: (body, reader_of(kind)) for kind, body in SAID.items()},
}


@pytest.mark.parametrize("name", READERS)
@given(body=JSON)
def test_whatever_is_no_body_is_called_so(name: str, body: Any) -> None:
    _, reader = READERS[name]
    with pytest.raises(ValueError, match=r"^not an? "):
        reader(body)


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_damage_anywhere_is_told_or_harmless(name: str, data: st.DataObject) -> None:
    body, reader = READERS[name]
    damaged = changed(body, data.draw(st.sampled_from(list(paths(body)))), data.draw(JSON | st.just(...)))
    try:
        read = reader(damaged)
    except ValueError:
        return
    # What was understood can be worked with.
    if isinstance(read, Judgement):
        assert read.slot.opens_at <= read.slot.start < read.slot.end <= read.slot.closes_at
        unpredictability([read] * MIN_ARRIVALS)
    elif isinstance(read, PatrolPlan):
        list(slots(read, BERLIN, NOW, NOW + DAY))
    elif isinstance(read, Visit):
        assert read.arrival.visit_id == "A"
        assert (read.evidence, read.is_late_entry, read.officers, read.report.note) is not None
        scanned([read], a_scan(NOW + HOUR))
