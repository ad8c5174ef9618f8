"""What the journal's records of visits add up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.rutan_blora.journal.record import GENESIS, Draft, Record, seal
from custom_components.rutan_blora.patrol.body import event_to_body, judgement_to_body
from custom_components.rutan_blora.patrol.book import (
    KINDS,
    RECORD_EXCUSE,
    RECORD_PLAN,
    RECORD_VERDICT,
    VISIT_KINDS,
    Book,
    excuse_to_body,
    read,
    version_to_body,
)
from custom_components.rutan_blora.patrol.check_in import CheckIn, Report
from custom_components.rutan_blora.patrol.judgement import Judgement, judge
from custom_components.rutan_blora.patrol.plan import PatrolPlan, Verdict, Version, slots_of
from custom_components.rutan_blora.patrol.visit import (
    Correction,
    Event,
    EventType,
    Visit,
    apply,
    check_out,
    correct,
    countersign,
    time_out,
)

from .common import (
    AGUS,
    BUDI,
    DAY,
    GATE,
    GUARD,
    HOUR,
    MINUTE,
    NOBODY,
    NOW,
    SITI,
    TIMEOUT,
    TOWER,
    WIB,
    a_plan,
    a_scan,
    a_slot,
    a_visit,
    an_arrival,
    scanned,
)

PLAN: Final = a_plan("08:00-10:00", "13:00-15:00")


def a_record(
    kind: str, body: Mapping[str, Any], *, visit: str | None = None, subject: str | None = None, at: datetime = NOW
) -> Record:
    draft = Draft(kind=kind, at=at, body=body, incident=visit, subject=subject)
    return seal(draft, seq=1, prev=GENESIS)


def an_event_record(event: Event) -> Record:
    return a_record(event.type.value, event_to_body(event), visit=event.visit_id, at=event.at)


def departed() -> Visit:
    return replace(a_visit(), departed_at=NOW)


def missed(at: datetime = NOW) -> Judgement:
    slot = a_slot(at)
    return judge([slot], [])[slot.key]


@dataclass
class Desk:
    """A desk as small as can be: what it takes in stands in its book and on record."""

    book: Book = field(default_factory=Book)
    records: list[Record] = field(default_factory=list)
    now: datetime = NOW

    def keep(self, record: Record) -> None:
        """Put it on record."""
        prev = self.records[-1].hash if self.records else GENESIS
        body, seq = record.load(), len(self.records) + 1
        draft = Draft(kind=record.kind, at=record.time, body=body, incident=record.incident, subject=record.subject)
        self.records.append(seal(draft, seq=seq, prev=prev))

    def take(self, events: tuple[Event, ...]) -> None:
        """Take in what happened to a visit."""
        for event in events:
            self.book.visits[event.visit_id] = apply(self.book.visits.get(event.visit_id), event)
            self.keep(an_event_record(event))

    def scan(self, what: CheckIn) -> None:
        """Take in a check-in."""
        self.take(scanned(self.book.visits.values(), what, f"visit-{len(self.records)}"))

    def plan(self, plan: PatrolPlan | None) -> None:
        """Take in how the plan is from now on."""
        self.book.plan(PLAN.id, Version(since=self.now, plan=plan))
        self.keep(a_record(RECORD_PLAN, version_to_body(plan), subject=PLAN.id, at=self.now))

    def close(self) -> None:
        """Judge what is over, anew too where it came out otherwise."""
        slots = slots_of(self.book.versions.get(PLAN.id, []), WIB, NOW - DAY, self.now)
        arrivals = [visit.arrival for visit in self.book.visits.values() if not visit.is_void]
        for key, judgement in judge(slots, arrivals).items():
            judged = self.book.judgements.get(key)
            if judgement.slot.closes_at < self.now and (judged is None or judged.results != judgement.results):
                self.book.judge(judgement)
                self.keep(a_record(RECORD_VERDICT, judgement_to_body(judgement), subject=PLAN.id, at=self.now))

    def excuse(self, reason: str) -> None:
        """Excuse the next slot."""
        for slot in slots_of(self.book.versions.get(PLAN.id, []), WIB, self.now, self.now + DAY)[:1]:
            self.book.excuse(slot.key, reason)
            self.keep(a_record(RECORD_EXCUSE, excuse_to_body(slot, reason, GUARD), subject=PLAN.id, at=self.now))


# --- one record ---


def test_a_book_is_made_of_what_happens_to_visits_and_plans() -> None:
    assert {event.value for event in EventType} | {"patrol_verdict", "patrol_excused", "patrol_planned"} == KINDS


def test_a_visit_is_what_happened_to_it() -> None:
    book = Book()
    visit = a_visit()
    [begun] = scanned([], a_scan(), "A")
    [left] = check_out(visit, at=NOW + HOUR, actor=GUARD)
    for event in (begun, left):
        book.take(an_event_record(event))
    assert book.visits == {"A": replace(visit, departed_at=NOW + HOUR, revision=2)}


def test_foreign_records_are_passed_over() -> None:
    book = Book()
    book.take(a_record("raised", {"press": "gate"}))
    assert book == Book()


def test_the_latest_verdict_of_a_slot_counts() -> None:
    slot = a_slot()
    came = judge([slot], [an_arrival("A", NOW)])[slot.key]
    book = Book()
    for judgement in (missed(), came):
        book.take(a_record(RECORD_VERDICT, judgement_to_body(judgement)))
    assert book.judgements == {slot.key: came}


@pytest.mark.parametrize("is_first", [True, False], ids=["before it was due", "afterwards"])
def test_a_slot_is_excused_before_or_after_it_was_judged(*, is_first: bool) -> None:
    slot = a_slot()
    records = [
        a_record(RECORD_EXCUSE, excuse_to_body(slot, "Banjir", GUARD)),
        a_record(RECORD_VERDICT, judgement_to_body(missed())),
    ]
    book, damaged = read(records if is_first else reversed(records))
    assert damaged == []
    assert book.judgements == {slot.key: replace(missed(), excused="Banjir")}


def test_an_excuse_is_for_its_slot_alone() -> None:
    book = Book()
    book.excuse(a_slot().key, "Banjir")
    book.judge(missed(NOW + DAY))
    assert [judgement.excused for judgement in book.judgements.values()] == [None]


def test_an_excuse_holds_when_the_slot_is_judged_anew() -> None:
    book = Book()
    book.judge(missed())
    book.excuse(a_slot().key, "Banjir")
    book.judge(missed())
    assert book.judgements[a_slot().key].excused == "Banjir"


def test_an_excuse_says_who_gave_it() -> None:
    assert excuse_to_body(a_slot(), "Banjir", GUARD) == {
        "slot": "plan-1 2026-03-02T01:00:00+00:00",
        "reason": "Banjir",
        "actor": {"origin": "user", "id": "user-1", "name": "Petugas P2U"},
    }


@pytest.mark.parametrize("zone", [WIB, UTC, None], ids=str)
def test_a_plan_goes_by_the_clock_of_the_house_as_it_was_then(zone: tzinfo | None) -> None:
    book = Book()
    book.take(a_record(RECORD_PLAN, version_to_body(PLAN, zone), subject=PLAN.id))
    [version] = book.versions[PLAN.id]
    assert (version.plan, str(version.zone)) == (PLAN, str(zone))


def test_a_plan_of_before_zones_were_kept_is_understood() -> None:
    body = {"plan": version_to_body(PLAN)["plan"]}
    book, damaged = read([a_record(RECORD_PLAN, body, subject=PLAN.id)])
    assert (book.versions, damaged) == ({PLAN.id: [Version(since=NOW, plan=PLAN)]}, [])


def test_a_plan_is_remembered_as_it_was_at_each_time() -> None:
    book = Book()
    other = replace(PLAN, grace=HOUR)
    assert book.current(PLAN.id) is None
    for hour, plan in enumerate((PLAN, other, None)):
        book.take(a_record(RECORD_PLAN, version_to_body(plan), subject=PLAN.id, at=NOW + hour * HOUR))
        assert book.current(PLAN.id) == plan
    assert book.versions == {
        PLAN.id: [
            Version(since=NOW, plan=PLAN),
            Version(since=NOW + HOUR, plan=other),
            Version(since=NOW + 2 * HOUR, plan=None),
        ]
    }


# --- damage ---

SCAN: Final = event_to_body(scanned([], a_scan(), "A")[0])


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(a_record("visit_checked_in", SCAN), id="a visit without an id"),
        pytest.param(a_record("visit_checked_in", {}, visit="A"), id="a check-in without a place"),
        pytest.param(a_record("visit_checked_out", {"actor": SCAN["actor"]}, visit="B"), id="of a visit not begun"),
        pytest.param(a_record("visit_corrected", {"actor": SCAN["actor"]}, visit="A"), id="a correction of nothing"),
        pytest.param(replace(a_record("visit_checked_in", SCAN, visit="A"), at="yesterday"), id="no time"),
        pytest.param(replace(a_record("visit_checked_in", SCAN, visit="A"), body="[]"), id="no object"),
        pytest.param(replace(a_record("visit_checked_in", SCAN, visit="A"), body="{"), id="no JSON"),
        pytest.param(a_record(RECORD_VERDICT, {}), id="no judgement"),
        pytest.param(a_record(RECORD_EXCUSE, {"slot": a_slot().key}), id="an excuse without a reason"),
        pytest.param(a_record(RECORD_EXCUSE, {"slot": a_slot().key, "reason": 1}), id="a reason that is no text"),
        pytest.param(a_record(RECORD_EXCUSE, {"slot": "plan-1 soon", "reason": "x"}), id="an excuse of no time"),
        pytest.param(
            a_record(RECORD_EXCUSE, {"slot": "plan-1 2026-03-02T01:00:00", "reason": "x"}), id="a time without a zone"
        ),
        pytest.param(a_record(RECORD_PLAN, {"plan": None}), id="a plan without an id"),
        pytest.param(a_record(RECORD_PLAN, version_to_body(PLAN)), id="a plan without an id, as it was"),
        pytest.param(a_record(RECORD_PLAN, {}, subject="plan-1"), id="no word of the plan"),
        pytest.param(a_record(RECORD_PLAN, {"plan": {"name": "x"}}, subject="plan-1"), id="half a plan"),
        *(
            pytest.param(a_record(RECORD_PLAN, {"plan": None, "zone": zone}, subject="plan-1"), id=f"zone {zone!r}")
            for zone in ("", "Blora", "../etc", 7, "Asia/Jakarta/\0", "x" * 300)
        ),
        pytest.param(replace(a_record(RECORD_PLAN, {"plan": None}, subject="plan-1"), at="?"), id="a plan of no time"),
        pytest.param(
            replace(a_record(RECORD_PLAN, {"plan": None}, subject="plan-1"), at="9999-12-31T23:59:59+00:00"),
            id="a plan of the end of time",
        ),
        *(
            pytest.param(a_record(RECORD_PLAN, {"plan": None, "zone": zone}, subject="plan-1"), id=f"the zone {zone}")
            for zone in ("Mars/Olympus", "../etc/passwd", "Asia", "", 7)
        ),
    ],
)
def test_a_damaged_record_is_refused_and_changes_nothing(record: Record) -> None:
    book = Book(visits={"A": a_visit()})
    with pytest.raises(ValueError, match=r"."):
        book.take(record)
    assert book == Book(visits={"A": a_visit()})
    book.forget(NOW)


def test_reading_goes_on_after_a_damaged_record_and_names_it() -> None:
    begun = an_event_record(scanned([], a_scan(), "A")[0])
    records = [replace(begun, seq=7), replace(begun, seq=8, body="[]"), replace(begun, seq=9, incident="B")]
    book, damaged = read(records)
    assert (list(book.visits), damaged) == (["A", "B"], [8])


@given(
    kind=st.sampled_from(sorted(KINDS)),
    body=st.text(max_size=20) | st.sampled_from(["{}", "[]", "null", '{"plan": 1}', '{"slot": {}, "results": []}']),
    at=st.sampled_from([NOW.isoformat(), "", "9999-12-31T23:59:59+00:00"]),
    name=st.none() | st.text(max_size=3),
)
def test_nothing_on_disk_stops_the_reading(kind: str, body: str, at: str, name: str | None) -> None:
    record = Record(seq=4, at=at, kind=kind, incident=name, subject=name, body=body, prev=GENESIS, hash="")
    book, damaged = read([record])
    assert book == Book()
    # Of a visit that began before the first record nothing is known.
    assert damaged == ([] if kind in VISIT_KINDS - {"visit_checked_in"} else [4])


def test_what_follows_on_a_visit_of_which_the_beginning_is_not_read_is_passed_over() -> None:
    [left] = check_out(a_visit(), at=NOW + HOUR, actor=GUARD)
    assert read([an_event_record(left)]) == (Book(), [])


def test_records_are_read_in_the_order_of_the_journal() -> None:
    """A check-in that is handed in late has an earlier time than what it follows."""
    visit = a_visit()
    [begun] = scanned([], a_scan(), "A")
    [late] = scanned([visit], a_scan(NOW - HOUR, place=TOWER, received_at=NOW + HOUR))
    records = [replace(an_event_record(event), seq=seq) for seq, event in ((5, begun), (6, late))]
    assert read(reversed(records)) == read(records)
    assert read(records)[0].visits["A"].arrived_at == NOW - HOUR


# --- what is read late ---


def test_what_is_read_late_is_outdone_by_what_happened_since() -> None:
    slot, other = a_slot(), replace(PLAN, grace=HOUR)
    came = judge([slot], [an_arrival("A", NOW)])[slot.key]
    earlier, since = Book(), Book()
    for book, visit, judgement, plan in ((earlier, a_visit(), missed(), PLAN), (since, departed(), came, other)):
        book.visits[visit.id] = visit
        book.judge(judgement)
        book.plan(PLAN.id, Version(since=NOW, plan=plan))
    earlier.visits["B"] = a_visit(visit_id="B")
    earlier.judge(missed(NOW - DAY))
    since.recall(earlier)
    assert since.visits == {"A": departed(), "B": a_visit(visit_id="B")}
    assert since.judgements == {slot.key: came, a_slot(NOW - DAY).key: missed(NOW - DAY)}
    assert [version.plan for version in since.versions[PLAN.id]] == [PLAN, other]


def test_an_excuse_that_is_read_late_holds_for_what_was_judged_since() -> None:
    earlier, since = Book(), Book()
    for key, reason in ((a_slot().key, "Banjir"), (a_slot(NOW + DAY).key, "Nyepi")):
        earlier.excuse(key, reason)
    since.judge(missed())
    since.excuse(a_slot(NOW + DAY).key, "Lebaran")
    since.recall(earlier)
    since.judge(missed(NOW + DAY))
    assert [judgement.excused for judgement in since.judgements.values()] == ["Banjir", "Lebaran"]


def test_a_copy_goes_on_apart() -> None:
    book = Book(visits={"A": a_visit()})
    book.judge(missed())
    book.excuse(a_slot().key, "Banjir")
    book.plan(PLAN.id, Version(since=NOW, plan=PLAN))
    before, other = book.copy(), book.copy()
    assert before == book
    other.visits["B"] = a_visit(visit_id="B")
    other.judge(missed(NOW + DAY))
    other.excuse(a_slot(NOW + DAY).key, "Nyepi")
    other.plan(PLAN.id, Version(since=NOW, plan=None))
    other.plan("plan-2", Version(since=NOW, plan=None))
    assert book == before


# --- looking things up ---


def test_judgements_are_found_by_when_their_slots_closed() -> None:
    book = Book()
    closed = a_slot().closes_at
    late = missed(NOW + HOUR)
    other = replace(missed(), slot=replace(a_slot(), plan_id="plan-2"))
    for judgement in (late, missed(), other):
        book.judge(judgement)
    assert book.judged(None, closed, closed + HOUR) == [missed(), other]
    assert book.judged("plan-1", closed, closed + HOUR + MINUTE) == [missed(), late]
    assert book.judged("plan-1", closed + MINUTE, closed + HOUR) == []
    assert book.judged("plan-3", closed, closed + DAY) == []


def test_visits_are_found_by_when_they_arrived() -> None:
    visits = [a_visit(a_scan(NOW + hour * HOUR), visit_id=str(hour)) for hour in (3, 1, 2)]
    void = replace(visits[1], id="void", corrections=correct(visits[1], Correction(void=True), at=NOW, actor=GUARD))
    book = Book(visits={visit.id: visit for visit in (*visits, void)})
    assert [visit.id for visit in book.arrived(NOW + HOUR, NOW + 3 * HOUR)] == ["1", "void", "2"]


def test_a_visit_is_scheduled_if_it_filled_a_place() -> None:
    slot = a_slot(checkpoints=(GATE, TOWER), visits=2)
    came = [an_arrival("A", NOW, GATE, TOWER), an_arrival("B", NOW), an_arrival("C", NOW + HOUR)]
    book = Book(judgements=judge([slot], came))
    assert [book.is_scheduled(visit_id) for visit_id in "ABCD"] == [True, True, False, False]


# --- letting go ---


def test_clock_by_which_a_plan_is_made_is_kept() -> None:
    book = Book()
    for zone in (WIB, None):
        book.take(a_record(RECORD_PLAN, version_to_body(PLAN, zone), subject=PLAN.id))
        book.take(a_record(RECORD_PLAN, version_to_body(None, zone), subject=PLAN.id))
    assert [version.zone for version in book.versions[PLAN.id]] == [WIB, WIB, None, None]


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        pytest.param(timedelta(0), ["open", "left"], id="of that time"),
        pytest.param(MINUTE, ["open"], id="who is still here stays"),
    ],
)
def test_visits_that_were_over_are_let_go(before: timedelta, kept: list[str]) -> None:
    left = replace(a_visit(visit_id="left"), departed_at=NOW)
    book = Book(visits={visit.id: visit for visit in (a_visit(visit_id="open"), left)})
    book.forget(NOW + before)
    assert list(book.visits) == kept


def test_slots_and_their_excuses_are_let_go_together() -> None:
    """A slot that has closed just now may be judged anew, and is still excused then."""
    slot = a_slot()
    book = Book()
    book.judge(missed())
    book.excuse(slot.key, "Banjir")
    book.excuse(a_slot(NOW + DAY).key, "Lebaran")
    book.forget(slot.closes_at)
    book.judge(missed())
    assert book.judgements[slot.key].excused == "Banjir"
    book.forget(slot.closes_at + MINUTE)
    assert (book.judgements, book.excuses) == ({}, {a_slot(NOW + DAY).key: "Lebaran"})


def test_how_a_plan_was_is_never_let_go() -> None:
    book = Book()
    book.plan(PLAN.id, Version(since=NOW, plan=PLAN))
    book.forget(NOW + 100 * DAY)
    assert book.current(PLAN.id) == PLAN


# --- a restart ---

SCANS: Final = st.builds(
    lambda officer, place, ago, note: (officer, place, ago, note),
    st.sampled_from([BUDI, SITI, AGUS, NOBODY]),
    st.sampled_from([GATE, TOWER]),
    st.integers(0, 300),
    st.sampled_from(["", "Pagar rusak"]),
)
STEPS: Final = st.lists(
    st.tuples(
        st.integers(0, 150),
        SCANS
        | st.sampled_from(["out", "silence", "sign", "void", "unvoid", "excuse", "close", "forget"])
        | st.sampled_from([PLAN, replace(PLAN, grace=HOUR), a_plan("09:00-11:00"), None]),
    ),
    max_size=25,
)


def step(desk: Desk, what: object) -> None:
    """Do one thing, if it can be done."""
    visits = list(desk.book.visits.values())
    visit: Visit | None = visits[-1] if visits else None
    now = desk.now
    if isinstance(what, tuple):
        officer, place, ago, note = what
        at = now - ago * MINUTE
        desk.scan(a_scan(at, officer, place, received_at=now, report=Report(note=note)))
    elif what is None or isinstance(what, PatrolPlan):
        desk.plan(what)
    elif what == "close":
        desk.close()
    elif what == "excuse":
        desk.excuse("Banjir")
    elif visit is not None:
        change(desk, visit, what)


def change(desk: Desk, visit: Visit, what: object) -> None:
    now = desk.now
    if what == "out" and visit.is_open:
        desk.take(check_out(visit, at=now, actor=GUARD))
    elif what == "silence" and visit.last_at + TIMEOUT <= now:
        desk.take(time_out(visit, at=now, actor=GUARD))
    elif what == "sign" and not visit.is_void:
        desk.take(countersign(visit, at=now, actor=GUARD))
    elif what in ("void", "unvoid"):
        desk.take(correct(visit, Correction(void=what == "void", reason="x"), at=now, actor=GUARD))


@settings(max_examples=75)
@given(STEPS)
def test_the_book_that_is_read_is_the_book_that_was_kept(steps: list[tuple[int, object]]) -> None:
    desk = Desk()
    desk.plan(PLAN)
    for minutes, what in steps:
        desk.now += minutes * MINUTE
        step(desk, what)
        desk.close()
    assert read(desk.records) == (desk.book, [])


@settings(max_examples=75)
@given(STEPS, st.integers(0, 25))
def test_a_restart_in_between_changes_nothing(steps: list[tuple[int, object]], at: int) -> None:
    through, restarted = Desk(), Desk()
    for desk in (through, restarted):
        desk.plan(PLAN)
    for number, (minutes, what) in enumerate(steps):
        if number == at:
            restarted.book, _ = read(restarted.records)
        for desk in (through, restarted):
            desk.now += minutes * MINUTE
            step(desk, what)
            desk.close()
    assert restarted.records == through.records
    assert restarted.book == through.book


@settings(max_examples=75)
@given(STEPS)
def test_a_visit_fills_one_place_of_a_plan_ever(steps: list[tuple[int, object]]) -> None:
    desk = Desk()
    desk.plan(PLAN)
    for minutes, what in steps:
        desk.now += minutes * MINUTE
        step(desk, what)
        desk.close()
    used = [r.visit_id for j in desk.book.judgements.values() for r in j.results if r.visit_id is not None]
    assert len(used) == len(set(used))
    assert not {v.id for v in desk.book.visits.values() if v.is_void} & set(used)


def test_a_late_entry_turns_a_missed_visit_and_a_void_one_turns_it_back() -> None:
    desk = Desk()
    desk.plan(PLAN)
    verdicts = []
    for hours, what in (
        (4, "close"),
        (1, (BUDI, GATE, 270, "")),
        (1, "void"),
    ):
        desk.now += hours * HOUR
        step(desk, what)
        desk.close()
        [judgement] = desk.book.judged(PLAN.id, NOW, NOW + 4 * HOUR)
        verdicts.append([result.verdict for result in judgement.results])
    assert verdicts == [[Verdict.MISSED], [Verdict.ON_TIME], [Verdict.MISSED]]
    assert [record.kind for record in desk.records].count(RECORD_VERDICT) == 3
