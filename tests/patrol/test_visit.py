"""The rules of a visit: from the arrival to the departure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.actor import Actor, Origin, RefusedError
from custom_components.rutan_blora.patrol.check_in import LATE_ENTRY, CheckIn, Evidence, Officer, Report, Situation
from custom_components.rutan_blora.patrol.judgement import Arrival
from custom_components.rutan_blora.patrol.visit import (
    Correction,
    Event,
    EventType,
    Refusal,
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
    DEBOUNCE,
    GATE,
    GUARD,
    HOUR,
    MINUTE,
    NOBODY,
    NOW,
    SITI,
    TIMEOUT,
    TOWER,
    a_scan,
    a_visit,
    fold,
    scanned,
)

SECOND: Final = timedelta(seconds=1)
PLAN: Final = Actor(origin=Origin.PLAN)

# --- where a check-in belongs ---


def test_the_first_check_in_begins_a_visit() -> None:
    what = a_scan(report=Report(situation=Situation.SAFE, personnel=3))
    events = scanned([], what, "A")
    assert events == (Event(type=EventType.CHECKED_IN, visit_id="A", at=NOW, actor=GUARD, check_in=what),)
    visit = fold(None, events)
    assert visit == Visit(id="A", check_ins=(what,))
    assert (visit.arrived_at, visit.last_at, visit.is_open, visit.is_void) == (NOW, NOW, True, False)
    assert (visit.officers, visit.unit, visit.report) == ((BUDI,), "Polsek Blora", what.report)
    assert visit.arrival == Arrival(visit_id="A", at=NOW, checkpoints={GATE: NOW})


@pytest.mark.parametrize(
    ("first", "then", "is_joined"),
    [
        pytest.param(BUDI, BUDI, True, id="the same officer"),
        pytest.param(BUDI, SITI, True, id="another of the same unit"),
        pytest.param(BUDI, AGUS, False, id="another unit: two visits at once"),
        pytest.param(BUDI, NOBODY, True, id="who does not say who he is belongs to any"),
        pytest.param(BUDI, Officer(rank="Bripka"), True, id="who only says his rank, too"),
        pytest.param(NOBODY, BUDI, True, id="a visit of nobody takes anybody"),
        pytest.param(NOBODY, NOBODY, True, id="nobody and nobody"),
        pytest.param(BUDI, Officer(name="Joko"), False, id="a stranger of no unit"),
        pytest.param(Officer(name="Joko"), BUDI, False, id="to a stranger of no unit"),
        pytest.param(BUDI, Officer(unit="POLSEK BLORA"), True, id="a unit, of nobody"),
        pytest.param(BUDI, Officer(unit="Polsek Cepu"), False, id="another unit, of nobody"),
        pytest.param(Officer(unit="Polsek Blora"), BUDI, True, id="to a unit of nobody"),
        pytest.param(Officer(unit="Polsek Blora"), AGUS, False, id="to another unit of nobody"),
        pytest.param(Officer(unit="Polsek Blora"), NOBODY, True, id="nobody to a unit of nobody"),
    ],
)
def test_a_check_in_belongs_to_the_visit_of_its_officer_or_unit(
    first: Officer, then: Officer, *, is_joined: bool
) -> None:
    visit = a_visit(a_scan(officer=first))
    [event] = scanned([visit], a_scan(NOW + 5 * MINUTE, then, TOWER))
    assert event.visit_id == ("A" if is_joined else "B")
    assert not event.again


@pytest.mark.parametrize(
    ("officer", "visit_id"),
    [
        pytest.param(BUDI, "A", id="his own, though others came later"),
        pytest.param(replace(SITI, id=None), "A", id="his unit's"),
        pytest.param(AGUS, "B", id="the other unit's"),
        pytest.param(Officer(name="Joko"), "C", id="a stranger: that of nobody"),
        pytest.param(NOBODY, "C", id="nobody: the latest to arrive"),
    ],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)], ids=str)
def test_of_several_visits_it_is_the_surest(officer: Officer, visit_id: str, order: tuple[int, ...]) -> None:
    visits = [
        a_visit(a_scan(NOW, BUDI), visit_id="A"),
        a_visit(a_scan(NOW + MINUTE, AGUS), visit_id="B"),
        a_visit(a_scan(NOW + 2 * MINUTE, NOBODY), visit_id="C"),
    ]
    [event] = scanned([visits[i] for i in order], a_scan(NOW + 5 * MINUTE, officer, TOWER), "D")
    assert event.visit_id == visit_id


@pytest.mark.parametrize(
    ("at", "is_joined"),
    [
        pytest.param(TIMEOUT, True, id="within the time after the last sign"),
        pytest.param(TIMEOUT + SECOND, False, id="after it: they are back"),
        pytest.param(-TIMEOUT, True, id="what is handed in of the time before"),
        pytest.param(-TIMEOUT - SECOND, False, id="long before: another visit"),
    ],
)
def test_a_visit_goes_on_for_a_while_after_its_last_sign(at: timedelta, *, is_joined: bool) -> None:
    [event] = scanned([a_visit()], a_scan(NOW + at, place=TOWER))
    assert event.visit_id == ("A" if is_joined else "B")


def test_every_sign_keeps_a_visit_going() -> None:
    visit = a_visit(a_scan(), a_scan(NOW + TIMEOUT, place=TOWER), a_scan(NOW + 2 * TIMEOUT))
    assert [(c.checkpoint_id, c.at - NOW) for c in visit.check_ins] == [
        (GATE, 0 * HOUR),
        (TOWER, TIMEOUT),
        (GATE, 2 * TIMEOUT),
    ]
    assert visit.arrival.checkpoints == {GATE: NOW, TOWER: NOW + TIMEOUT}
    assert visit.checkpoints == {GATE, TOWER}


@pytest.mark.parametrize(
    ("at", "is_joined"),
    [
        pytest.param(20 * MINUTE, True, id="while they were here"),
        pytest.param(30 * MINUTE + DEBOUNCE, True, id="just after they left"),
        pytest.param(30 * MINUTE + DEBOUNCE + SECOND, False, id="they are back"),
    ],
)
def test_who_has_left_and_comes_again_makes_a_new_visit(at: timedelta, *, is_joined: bool) -> None:
    visit = a_visit()
    visit = fold(visit, check_out(visit, at=NOW + 30 * MINUTE, actor=GUARD))
    [event] = scanned([visit], a_scan(NOW + at, place=TOWER))
    assert event.visit_id == ("A" if is_joined else "B")


def test_what_is_handed_in_late_belongs_to_the_visit_that_was_not_to_the_next() -> None:
    morning = a_visit(a_scan(), visit_id="A")
    morning = fold(morning, check_out(morning, at=NOW + 30 * MINUTE, actor=GUARD))
    back = a_visit(a_scan(NOW + HOUR), visit_id="B")
    late = a_scan(NOW + 20 * MINUTE, place=TOWER, received_at=NOW + 2 * HOUR)
    [event] = scanned([morning, back], late, "C")
    assert event.visit_id == "A"


def test_what_is_known_of_one_visit_is_not_taken_for_another_that_began_meanwhile() -> None:
    """A button is pressed, others arrive, the button is pressed again: it says nothing new of the others."""
    pressed = a_visit(a_scan(officer=NOBODY, evidence=Evidence.BUTTON), visit_id="A")
    elsewhere = a_visit(a_scan(NOW + SECOND, AGUS, TOWER), visit_id="B")
    here = a_visit(a_scan(NOW + DEBOUNCE, SITI, evidence=Evidence.TYPED), visit_id="C")
    for others in ([elsewhere], [here], [elsewhere, here]):
        assert scanned([pressed, *others], a_scan(NOW + 50 * SECOND, NOBODY, evidence=Evidence.BUTTON)) == ()


def test_nobody_belongs_to_a_visit_that_was_none() -> None:
    visit = a_visit()
    visit = fold(visit, correct(visit, Correction(void=True), at=NOW, actor=GUARD))
    [event] = scanned([visit], a_scan(NOW + MINUTE))
    assert event.visit_id == "B"


def test_a_time_that_the_calendar_ends_with_stops_nobody() -> None:
    """A damaged record must not refuse the next officer."""
    first = a_visit(a_scan(datetime.min.replace(tzinfo=UTC)), visit_id="A")
    last = a_visit(a_scan(datetime.max.replace(tzinfo=UTC)), visit_id="B")
    [event] = scanned([first, last], a_scan(), "C")
    assert event.visit_id == "C"


# --- the same again ---


def test_the_same_check_in_again_is_nothing() -> None:
    visit = a_visit()
    for at in (NOW, NOW + DEBOUNCE, NOW - DEBOUNCE):
        assert scanned([visit], a_scan(at)) == ()


@pytest.mark.parametrize("at", [DEBOUNCE + SECOND, -DEBOUNCE - SECOND])
def test_after_a_while_it_is_one_more(at: timedelta) -> None:
    visit = a_visit()
    [event] = scanned([visit], a_scan(NOW + at))
    assert (event.visit_id, event.again) == ("A", False)
    assert len(fold(visit, (event,)).check_ins) == 2


@pytest.mark.parametrize(
    ("what", "count"),
    [
        pytest.param(a_scan(NOW + MINUTE, SITI), 2, id="a colleague at the same place"),
        pytest.param(a_scan(NOW + MINUTE, BUDI, TOWER), 2, id="the same officer at another place"),
        pytest.param(a_scan(NOW + MINUTE, NOBODY), 1, id="somebody at the same place: it was he"),
    ],
)
def test_one_check_in_counts_for_one_officer_at_one_place(what: CheckIn, count: int) -> None:
    assert len(a_visit(a_scan(), what).check_ins) == count


TYPED: Final = a_scan(officer=Officer(name="Budi"), evidence=Evidence.TYPED)


@pytest.mark.parametrize(
    ("again", "merged"),
    [
        pytest.param(replace(TYPED, evidence=Evidence.QR), replace(TYPED, evidence=Evidence.QR), id="a better proof"),
        pytest.param(replace(TYPED, is_fresh=True), replace(TYPED, is_fresh=True), id="a code just shown"),
        pytest.param(replace(TYPED, officer=BUDI), replace(TYPED, officer=BUDI), id="more of the officer"),
        pytest.param(
            replace(TYPED, report=Report(note="Pagar rusak")),
            replace(TYPED, report=Report(note="Pagar rusak")),
            id="a report",
        ),
        pytest.param(
            replace(TYPED, officer=NOBODY, evidence=Evidence.TAG),
            replace(TYPED, evidence=Evidence.TAG),
            id="a better proof that does not say who: he stays",
        ),
    ],
)
def test_the_same_check_in_that_says_more_is_merged(again: CheckIn, merged: CheckIn) -> None:
    visit = a_visit(TYPED)
    later = replace(again, at=NOW + MINUTE, received_at=NOW + MINUTE)
    [event] = scanned([visit], later)
    assert event == Event(
        type=EventType.CHECKED_IN, visit_id="A", at=NOW + MINUTE, actor=GUARD, check_in=later, again=True
    )
    visit = fold(visit, (event,))
    assert visit.check_ins == (merged,)
    assert scanned([visit], later) == ()


@pytest.mark.parametrize(
    ("said", "again", "merged"),
    [
        pytest.param(Report(note="a"), Report(note="b"), Report(note="b"), id="the latest word"),
        pytest.param(Report(note="a"), Report(vehicle="R2"), Report(note="a", vehicle="R2"), id="both"),
        pytest.param(
            Report(situation=Situation.INCIDENT),
            Report(situation=Situation.SAFE, personnel=2),
            Report(situation=Situation.INCIDENT, personnel=2),
            id="what happened is not undone by the way",
        ),
        pytest.param(
            Report(situation=Situation.SAFE),
            Report(situation=Situation.REMARKS),
            Report(situation=Situation.REMARKS),
            id="the graver situation",
        ),
    ],
)
def test_two_reports_at_one_place_become_one(said: Report, again: Report, merged: Report) -> None:
    visit = a_visit(a_scan(report=said), a_scan(NOW + MINUTE, report=again))
    assert [check_in.report for check_in in visit.check_ins] == [merged]
    assert visit.report == merged


@pytest.mark.parametrize("first", Evidence)
@pytest.mark.parametrize("again", Evidence)
def test_of_two_proofs_the_better_one_counts(first: Evidence, again: Evidence) -> None:
    order = ["typed", "button", "qr", "tag", "tag_in_zone", "countersigned"]
    visit = a_visit(a_scan(evidence=first), a_scan(NOW + MINUTE, evidence=again))
    assert [check_in.evidence for check_in in visit.check_ins] == [max(first, again, key=order.index)]


@pytest.mark.parametrize(
    ("first", "again", "at", "is_late"),
    [
        pytest.param((0, 0), (1, 60), 0, False, id="seen at once, more of it later"),
        pytest.param((1, 1), (0, 60), 0, True, id="said later to have been earlier"),
        pytest.param((0, 60), (0, 0), 0, False, id="one moment, known at once by one of them"),
        pytest.param((0, 60), (1, 1), 0, True, id="seen at once only afterwards"),
    ],
)
def test_the_earlier_of_two_times_counts_and_is_late_if_it_was_handed_in_late(
    first: tuple[int, int], again: tuple[int, int], at: int, *, is_late: bool
) -> None:
    scans = [
        a_scan(NOW + came * MINUTE, received_at=NOW + told * MINUTE, evidence=evidence)
        for (came, told), evidence in zip((first, again), (Evidence.TYPED, Evidence.TAG), strict=True)
    ]
    visit = a_visit(*scans)
    assert len(visit.check_ins) == 1
    assert (visit.arrived_at, visit.is_late_entry) == (NOW + at * MINUTE, is_late)


def test_the_nearest_in_time_is_the_same() -> None:
    visit = a_visit(a_scan(), a_scan(NOW + HOUR))
    visit = fold(visit, scanned([visit], a_scan(NOW + HOUR + MINUTE, evidence=Evidence.TAG_IN_ZONE)))
    assert [check_in.evidence for check_in in visit.check_ins] == [Evidence.TAG, Evidence.TAG_IN_ZONE]


# --- what was handed in late ---


@pytest.mark.parametrize(("after", "is_late"), [(LATE_ENTRY, False), (LATE_ENTRY + SECOND, True)])
def test_what_was_taken_in_longer_after_it_happened_is_shown_as_late(after: timedelta, *, is_late: bool) -> None:
    visit = a_visit(a_scan(), a_scan(NOW + HOUR, place=TOWER, received_at=NOW + HOUR + after))
    assert [check_in.is_late_entry for check_in in visit.check_ins] == [False, is_late]
    assert visit.is_late_entry is is_late


def test_an_earlier_time_handed_in_late_is_the_arrival() -> None:
    visit = a_visit(a_scan(), a_scan(NOW - HOUR, place=TOWER, received_at=NOW + DAY))
    assert [check_in.checkpoint_id for check_in in visit.check_ins] == [TOWER, GATE]
    assert (visit.arrived_at, visit.last_at) == (NOW - HOUR, NOW)


@pytest.mark.parametrize("end", [EventType.CHECKED_OUT, EventType.TIMED_OUT])
@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        pytest.param(20 * MINUTE, False, id="of the time before: they do not come back"),
        pytest.param(30 * MINUTE, False, id="of the end itself"),
        pytest.param(31 * MINUTE, True, id="of the time after: they are here"),
    ],
)
def test_a_late_entry_does_not_open_a_visit_again(end: EventType, at: timedelta, *, is_open: bool) -> None:
    visit = apply(a_visit(), Event(type=end, visit_id="A", at=NOW + 30 * MINUTE, actor=GUARD))
    assert not visit.is_open
    [event] = scanned([visit], a_scan(NOW + at, place=TOWER, received_at=NOW + DAY))
    after = fold(visit, (event,))
    assert (after.id, after.is_open, len(after.check_ins)) == ("A", is_open, 2)


# --- the end ---


def test_who_leaves_is_checked_out_once() -> None:
    visit = a_visit()
    events = check_out(visit, at=NOW + HOUR, actor=GUARD)
    assert events == (Event(type=EventType.CHECKED_OUT, visit_id="A", at=NOW + HOUR, actor=GUARD),)
    left = fold(visit, events)
    assert (left.departed_at, left.timed_out_at, left.is_open) == (NOW + HOUR, None, False)
    assert check_out(left, at=NOW + 2 * HOUR, actor=GUARD) == ()


def test_nobody_leaves_before_he_was_last_seen() -> None:
    visit = a_visit(a_scan(), a_scan(NOW + HOUR, place=TOWER))
    [event] = check_out(visit, at=NOW + MINUTE, actor=GUARD)
    assert event.at == NOW + HOUR


def voided(visit: Visit) -> Visit:
    return fold(visit, correct(visit, Correction(void=True), at=NOW, actor=GUARD))


def timed_out(visit: Visit) -> Visit:
    return fold(visit, time_out(visit, at=NOW + TIMEOUT, actor=PLAN))


def departed(visit: Visit) -> Visit:
    return fold(visit, check_out(visit, at=NOW + HOUR, actor=GUARD))


@pytest.mark.parametrize(
    "visit",
    [
        pytest.param(None, id="nobody came"),
        pytest.param(timed_out(a_visit()), id="nothing was heard of them any more"),
        pytest.param(voided(a_visit()), id="it was none"),
        pytest.param(voided(departed(a_visit())), id="it was none, and they had left"),
    ],
)
def test_nobody_leaves_who_is_not_here(visit: Visit | None) -> None:
    with pytest.raises(RefusedError) as refused:
        check_out(visit, at=NOW + HOUR, actor=GUARD)
    assert refused.value.refusal is Refusal.NO_OPEN_VISIT


def test_a_visit_of_which_nothing_is_heard_ends_and_says_so() -> None:
    visit = a_visit()
    events = time_out(visit, at=NOW + TIMEOUT, actor=PLAN)
    assert events == (Event(type=EventType.TIMED_OUT, visit_id="A", at=NOW + TIMEOUT, actor=PLAN),)
    ended = fold(visit, events)
    assert (ended.departed_at, ended.timed_out_at, ended.is_open) == (None, NOW + TIMEOUT, False)


@pytest.mark.parametrize("visit", [timed_out(a_visit()), departed(a_visit()), voided(a_visit())])
def test_what_has_ended_does_not_time_out(visit: Visit) -> None:
    assert time_out(visit, at=NOW + DAY, actor=PLAN) == ()


# --- the guard's signature ---


@pytest.mark.parametrize("visit", [a_visit(), departed(a_visit()), timed_out(a_visit())])
def test_a_visit_is_signed_once_while_they_are_here_or_later(visit: Visit) -> None:
    events = countersign(visit, at=NOW + HOUR, actor=GUARD)
    assert events == (Event(type=EventType.COUNTERSIGNED, visit_id="A", at=NOW + HOUR, actor=GUARD),)
    signed = fold(visit, events)
    assert (signed.evidence, signed.countersigned) == (Evidence.COUNTERSIGNED, events[0])
    assert signed.is_open is visit.is_open
    assert countersign(signed, at=NOW + DAY, actor=GUARD) == ()


@pytest.mark.parametrize("visit", [None, voided(a_visit())])
def test_what_was_no_visit_is_not_signed(visit: Visit | None) -> None:
    with pytest.raises(RefusedError) as refused:
        countersign(visit, at=NOW, actor=GUARD)
    assert refused.value.refusal is Refusal.NO_SUCH_VISIT


def test_a_visit_is_as_well_proved_as_its_best_check_in() -> None:
    assert a_visit(a_scan(), a_scan(NOW + HOUR, place=TOWER, evidence=Evidence.BUTTON)).evidence is Evidence.TAG


def test_signature_proves_no_arrival_that_was_handed_in_after_it() -> None:
    visit = a_visit(a_scan(NOW + HOUR))
    signed = fold(visit, countersign(visit, at=NOW + HOUR, actor=GUARD))
    earlier = a_scan(NOW, received_at=NOW + 2 * HOUR, evidence=Evidence.TYPED)
    later = a_scan(NOW + 2 * HOUR, place=TOWER)
    assert fold(signed, scanned([signed], later)).evidence is Evidence.COUNTERSIGNED
    assert fold(signed, scanned([signed], earlier)).evidence is Evidence.TAG


# --- who came, and what they said ---


def test_officers_are_listed_once_with_all_that_is_said_of_them() -> None:
    scans = [
        a_scan(officer=Officer(name="Budi")),
        a_scan(NOW + 5 * MINUTE, NOBODY),
        a_scan(NOW + 10 * MINUTE, BUDI, TOWER),
        a_scan(NOW + 15 * MINUTE, SITI),
    ]
    assert a_visit(*scans).officers == (BUDI, SITI)


def test_a_unit_is_known_of_who_is_not() -> None:
    assert a_visit(a_scan(officer=Officer(unit="Polsek Blora"))).unit == "Polsek Blora"
    assert a_visit(a_scan(officer=NOBODY)).unit == ""


def test_of_a_round_the_latest_word_counts_and_the_gravest_situation() -> None:
    visit = a_visit(
        a_scan(report=Report(situation=Situation.SAFE, note="Gerbang", vehicle="R2")),
        a_scan(NOW + 5 * MINUTE, place=TOWER, report=Report(situation=Situation.INCIDENT, note="Menara")),
        a_scan(NOW + 10 * MINUTE, report=Report(situation=Situation.REMARKS)),
    )
    assert visit.report == Report(situation=Situation.INCIDENT, note="Menara", vehicle="R2")
    assert (visit.revision, visit.alarming) == (3, 2)


def test_a_visit_at_which_all_was_well_alarms_nobody() -> None:
    visit = a_visit(a_scan(report=Report(situation=Situation.SAFE)))
    assert (visit.revision, visit.alarming) == (1, 0)


def test_a_visit_that_begins_with_it_is_alarming_from_the_first() -> None:
    visit = a_visit(a_scan(report=Report(situation=Situation.INCIDENT)), a_scan(NOW + 5 * MINUTE, place=TOWER))
    assert (visit.revision, visit.alarming) == (2, 1)


# --- corrections ---


def corrected(visit: Visit, *corrections: Correction) -> Visit:
    for correction in corrections:
        visit = fold(visit, correct(visit, correction, at=NOW + DAY, actor=GUARD))
    return visit


def test_a_correction_overwrites_nothing() -> None:
    visit = a_visit(a_scan(report=Report(note="a")))
    correction = Correction(officer=AGUS, report=Report(note="b"), void=True, reason="Salah orang")
    [event] = correct(visit, correction, at=NOW + DAY, actor=GUARD)
    assert event == Event(type=EventType.CORRECTED, visit_id="A", at=NOW + DAY, actor=GUARD, correction=correction)
    after = fold(visit, (event,))
    assert after.check_ins == visit.check_ins
    assert after.corrections == (event,)
    assert (after.officers, after.unit, after.report.note, after.is_void) == ((AGUS,), "Polsek Cepu", "b", True)


def test_the_last_correction_counts_of_each_thing() -> None:
    visit = corrected(
        a_visit(a_scan(report=Report(situation=Situation.INCIDENT, note="a", personnel=2))),
        Correction(officer=AGUS),
        Correction(report=Report(situation=Situation.SAFE)),
        Correction(officer=SITI, report=Report(note="b")),
    )
    assert visit.officers == (SITI,)
    assert visit.report == Report(situation=Situation.SAFE, note="b", personnel=2)


@pytest.mark.parametrize("said", [[True], [True, False], [True, None], [False], [True, False, True]])
def test_a_visit_is_void_as_long_as_it_is_said_to_be(said: list[bool | None]) -> None:
    visit = corrected(a_visit(), *(Correction(void=void, report=Report(note="x")) for void in said))
    is_void = [void for void in said if void is not None][-1]
    assert (visit.is_void, visit.is_open) == (is_void, not is_void)


def test_a_corrected_officer_is_not_sent_away() -> None:
    """His phone still says who he was taken for."""
    visit = corrected(a_visit(a_scan(officer=Officer(id="phone-1", name="Budi"))), Correction(officer=AGUS))
    for officer in (Officer(id="phone-1", name="Budi"), AGUS, Officer(name="Rini", unit="Polsek Cepu")):
        [event] = scanned([visit], a_scan(NOW + 5 * MINUTE, officer, TOWER))
        assert event.visit_id == "A"


@pytest.mark.parametrize(
    "correction",
    [Correction(), Correction(reason="?"), Correction(report=Report())],
    ids=["nothing", "reason", "report"],
)
def test_a_correction_that_says_nothing_is_refused(correction: Correction) -> None:
    with pytest.raises(RefusedError) as refused:
        correct(a_visit(), correction, at=NOW, actor=GUARD)
    assert refused.value.refusal is Refusal.NOTHING_TO_CORRECT


def test_a_correction_of_no_visit_is_refused() -> None:
    with pytest.raises(RefusedError) as refused:
        correct(None, Correction(void=True), at=NOW, actor=GUARD)
    assert refused.value.refusal is Refusal.NO_SUCH_VISIT


# --- events that cannot follow ---


@pytest.mark.parametrize("kind", EventType)
def test_events_of_another_visit_do_not_follow(kind: EventType) -> None:
    event = Event(type=kind, visit_id="B", at=NOW, actor=GUARD, check_in=a_scan(), correction=Correction(void=True))
    with pytest.raises(ValueError, match=f"^{kind} of a visit that has not begun$"):
        apply(a_visit(), event)


@pytest.mark.parametrize("kind", [kind for kind in EventType if kind is not EventType.CHECKED_IN])
def test_only_a_check_in_begins_a_visit(kind: EventType) -> None:
    with pytest.raises(ValueError, match=f"^{kind} of a visit that has not begun$"):
        apply(None, Event(type=kind, visit_id="A", at=NOW, actor=GUARD, correction=Correction(void=True)))


@pytest.mark.parametrize("visit", [None, a_visit()])
def test_no_check_in_without_a_place(visit: Visit | None) -> None:
    with pytest.raises(ValueError, match=r"^a check-in without a place$"):
        apply(visit, Event(type=EventType.CHECKED_IN, visit_id="A", at=NOW, actor=GUARD))


def test_no_correction_without_a_word() -> None:
    with pytest.raises(ValueError, match=r"^a correction that says nothing$"):
        apply(a_visit(), Event(type=EventType.CORRECTED, visit_id="A", at=NOW, actor=GUARD))


def test_more_of_a_check_in_that_is_not_known_is_a_check_in() -> None:
    event = Event(
        type=EventType.CHECKED_IN, visit_id="A", at=NOW, actor=GUARD, check_in=a_scan(place=TOWER), again=True
    )
    assert [c.checkpoint_id for c in apply(a_visit(), event).check_ins] == [GATE, TOWER]


# --- any visits at all ---

OFFICERS: Final = st.sampled_from([BUDI, replace(BUDI, id=None), SITI, AGUS, NOBODY, Officer(unit="Polsek Cepu")])
REPORTS: Final = st.builds(
    Report,
    situation=st.none() | st.sampled_from(Situation),
    note=st.sampled_from(["", "a", "b"]),
    personnel=st.none() | st.integers(1, 9),
)
SCANS: Final = st.builds(
    a_scan,
    st.integers(0, 400).map(lambda minute: NOW + minute * MINUTE),
    OFFICERS,
    st.sampled_from([GATE, TOWER]),
    received_at=st.none() | st.just(NOW + DAY),
    evidence=st.sampled_from([Evidence.TYPED, Evidence.QR, Evidence.TAG]),
    is_fresh=st.booleans(),
    report=REPORTS,
)


def all_of(scans: Sequence[CheckIn]) -> dict[str, Visit]:
    visits: dict[str, Visit] = {}
    for number, scan in enumerate(scans):
        for event in scanned(visits.values(), scan, str(number)):
            visits[event.visit_id] = fold(visits.get(event.visit_id), (event,))
    return visits


@given(st.lists(SCANS, max_size=10))
def test_no_check_in_is_lost(scans: list[CheckIn]) -> None:
    visits = all_of(scans)
    for scan in scans:
        assert any(
            abs(kept.at - scan.at) <= DEBOUNCE * len(scans)
            and kept.checkpoint_id == scan.checkpoint_id
            and (kept.officer.is_same(scan.officer) or not scan.officer.is_known)
            for visit in visits.values()
            for kept in visit.check_ins
        )


@given(st.lists(SCANS, min_size=1, max_size=10))
def test_check_ins_are_in_the_order_of_their_times(scans: list[CheckIn]) -> None:
    for visit in all_of(scans).values():
        times = [check_in.at for check_in in visit.check_ins]
        assert times == sorted(times)
        assert (visit.arrived_at, visit.last_at) == (times[0], times[-1])
        assert visit.arrival.at == min(visit.arrival.checkpoints.values())


@given(st.lists(SCANS.filter(lambda scan: scan.officer.is_known), min_size=1, max_size=10))
def test_what_was_taken_in_says_nothing_new_when_it_comes_again(scans: list[CheckIn]) -> None:
    visits = all_of(scans)
    kept = [check_in for visit in visits.values() for check_in in visit.check_ins]
    assert [what for what in kept if scanned(visits.values(), what)] == []
