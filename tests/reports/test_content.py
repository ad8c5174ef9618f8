"""What a report says of a period: no figure that the rules do not give, and nothing damaged left unsaid."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.rutan_blora.alarm.incident import Kind, Outcome, Response
from custom_components.rutan_blora.patrol.check_in import Officer
from custom_components.rutan_blora.patrol.judgement import compliance, unpredictability
from custom_components.rutan_blora.patrol.plan import Verdict
from custom_components.rutan_blora.reports.content import broken_links, last_month, period_of
from tests.patrol.common import AGUS, BUDI, GATE, HOUR, MINUTE, TOWER, WIB, a_plan, a_scan

from .common import FIRST, LAST, MADE_AT, NIGHTS, SITE, Log, a_month, at

NOON = a_plan("12:00-13:00")


# --- periods ---


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        (date(2026, 4, 1), date(2026, 3, 1), date(2026, 3, 31)),
        (date(2026, 3, 31), date(2026, 2, 1), date(2026, 2, 28)),
        (date(2026, 1, 15), date(2025, 12, 1), date(2025, 12, 31)),
    ],
)
def test_last_month_is_the_whole_month_before(today: date, first: date, last: date) -> None:
    assert last_month(today) == (first, last)


def test_a_period_is_days_of_the_house() -> None:
    period = period_of(FIRST, LAST, WIB)
    assert period.since == datetime(2026, 2, 28, 17, tzinfo=UTC)
    assert period.until == datetime(2026, 3, 31, 17, tzinfo=UTC)


def test_a_day_on_which_the_clock_is_changed_is_a_day() -> None:
    period = period_of(date(2026, 3, 29), date(2026, 3, 29), ZoneInfo("Europe/Berlin"))
    assert period.until - period.since == 23 * HOUR


@pytest.mark.parametrize(("first", "last"), [(LAST, FIRST), (FIRST, date.max), (date.min, LAST)])
def test_a_period_that_cannot_be_is_refused(first: date, last: date) -> None:
    with pytest.raises(ValueError, match="a period"):
        period_of(first, last, WIB)


# --- visits ---


def test_an_empty_month_says_so_and_no_more() -> None:
    report = Log().report()
    assert (report.visits, report.expected, report.plans, report.incidents) == ((), (), (), ())
    assert (report.damaged, report.altered, report.is_running) == ((), (), False)
    assert report.total.compliance.percent is None
    assert [average.mean for average in report.averages] == [None] * 4


def test_visits_are_those_that_arrived_in_the_period_earliest_first() -> None:
    log = Log()
    for name, when in (
        ("before", at(1, "0.00") - MINUTE),
        ("second", at(31, "23.59")),
        ("first", at(1, "0.00")),
        ("after", at(31, "23.59") + MINUTE),
    ):
        log.check_in(name, a_scan(when))
    assert [line.visit.id for line in log.report().visits] == ["first", "second"]


def test_a_visit_shows_what_it_was_to_each_plan() -> None:
    log = Log()
    other = a_plan("11:00-14:00", checkpoints=(TOWER,))
    second = type(other)(**{f: getattr(other, f) for f in other.__slots__} | {"id": "plan-2", "name": "Menara"})
    visit = log.check_in("A", a_scan(at(5, "12.30")))
    log.check_in("A", a_scan(at(5, "12.40"), place=TOWER))
    log.check_in("B", a_scan(at(5, "20.00"), AGUS))
    for plan in (NOON, second):
        log.judge(plan, at(5, "0.00"), at(6, "0.00"))
    lines = {line.visit.id: line for line in log.report().visits}
    assert [(place.slot.plan, place.verdict) for place in lines["A"].filled] == [
        ("Menara", Verdict.ON_TIME),
        ("Sambang", Verdict.ON_TIME),
    ]
    assert lines["A"].verdicts == (Verdict.ON_TIME,)
    assert lines["B"].verdicts == (Verdict.UNSCHEDULED,)
    assert lines["A"].visit == log.visits[visit.id]


def test_a_visit_whose_window_is_not_judged_yet_is_not_called_unscheduled() -> None:
    log = Log()
    log.plan(NOON, at(1, "0.00"))
    log.check_in("A", a_scan(at(5, "12.30")))
    log.check_in("B", a_scan(at(5, "18.00"), AGUS))
    report = log.report(made_at=at(5, "12.45"))
    assert [line.verdicts for line in report.visits] == [(None,), (Verdict.UNSCHEDULED,)]
    assert report.is_running


def test_a_void_visit_fills_no_place_that_is_not_judged() -> None:
    log = Log()
    log.plan(NOON, at(1, "0.00"))
    visit = log.check_in("A", a_scan(at(5, "12.30")))
    log.correct(visit, at(5, "18.00"), void=True, reason="Salah pindai")
    assert [line.filled for line in log.report(made_at=at(5, "12.45")).visits] == [()]


def test_a_correction_made_after_the_period_counts() -> None:
    log = Log()
    visit = log.check_in("A", a_scan(at(31, "23.00")))
    log.correct(visit, at(31, "23.59") + 9 * HOUR, officer=Officer(name="Agus", rank="Aiptu"), reason="Salah nama")
    (line,) = log.report().visits
    assert [who.title for who in line.visit.officers] == ["Aiptu Agus"]


# --- what was expected ---


def test_every_expected_visit_has_a_line_with_what_became_of_it() -> None:
    log = Log()
    twice = a_plan("12:00-13:00", checkpoints=(GATE, TOWER))
    log.check_in("A", a_scan(at(5, "12.30")))
    judged = log.judge(twice, at(5, "0.00"), at(7, "0.00"))
    log.excuse(judged[1], "Lebaran")
    lines = log.report().expected
    assert [(line.result and line.result.verdict, line.missing, line.excused) for line in lines] == [
        (Verdict.MISSED, ("Menara Barat",), None),
        (Verdict.MISSED, (), "Lebaran"),
    ]


def test_a_checkpoint_that_is_gone_is_called_as_visits_called_it() -> None:
    log = Log()
    log.check_in("A", a_scan(at(4, "12.30"), place="gone"))
    log.check_in("B", a_scan(at(5, "12.30")))
    log.judge(a_plan("12:00-13:00", checkpoints=(GATE, "gone", "never")), at(5, "0.00"), at(6, "0.00"))
    assert [line.missing for line in log.report().expected] == [("Gone", "never")]


def test_figures_are_those_of_the_desks_rules() -> None:
    log = a_month()
    report = log.report()
    period = report.period
    last = log.judge(NIGHTS, period.since, period.until)
    assert len(report.expected) == len(last) == sum(report.total.compliance.verdicts.values()) + 1
    (plan,) = report.plans
    kept = [j for number, j in enumerate(last) if number != 4]
    assert dict(plan.compliance.verdicts) == dict(compliance(kept).verdicts)
    assert (plan.compliance.percent, plan.compliance.excused) == (compliance(kept).percent, 1)
    assert plan.unpredictability == unpredictability(last)
    assert plan.compliance == report.total.compliance
    assert (plan.plan, plan.unjudged) == ("Sambang", 0)


def test_a_window_over_the_end_of_the_month_counts_where_it_closes() -> None:
    log = Log()
    log.plan(NIGHTS, at(1, "0.00"))
    log.judge(NIGHTS, at(30, "12.00"), at(31, "23.59") + 9 * HOUR)
    starts = [line.slot.start for line in log.report().expected if line.result]
    assert max(starts) == at(31, "13.00")


def test_windows_that_nobody_judged_are_shown_and_leave_the_figures() -> None:
    log = Log()
    log.plan(NOON, at(30, "0.00"))
    log.judge(NOON, at(30, "0.00"), at(31, "0.00"))
    report = log.report()
    assert [line.result is None for line in report.expected] == [False, True]
    assert (report.total.unjudged, report.total.compliance.expected) == (1, 1)


def test_a_window_that_is_not_over_is_not_asked_for_yet() -> None:
    log = Log()
    log.plan(NOON, at(30, "0.00"))
    assert [line.slot.start for line in log.report(made_at=at(31, "12.30")).expected] == [at(30, "12.00")]


def test_excuses_given_ahead_go_with_their_window() -> None:
    log = Log()
    log.plan(NOON, at(31, "0.00"))
    (judgement,) = Log().judge(NOON, at(31, "0.00"), at(31, "23.00"))
    log.excuse(judgement, "Lebaran")
    assert [(line.result, line.excused) for line in log.report().expected] == [(None, "Lebaran")]


# --- alarms ---


def test_an_alarm_shows_when_each_step_came() -> None:
    log = Log()
    when = at(6, "21.14")
    log.press("A", when, kind=Kind.RIOT)
    log.respond(Response.ACKNOWLEDGED, when + MINUTE)
    log.respond(Response.RESPONDING, when + 2 * MINUTE)
    log.respond(Response.ON_SCENE, when + 9 * MINUTE)
    log.close(Outcome.RESOLVED, when + HOUR)
    (line,) = log.report().incidents
    assert line.steps == tuple(when + minutes * MINUTE for minutes in (1, 2, 9, 60))
    assert line.incident.kind is Kind.RIOT


def test_an_open_alarm_leaves_open_what_did_not_happen() -> None:
    log = Log()
    log.press("A", at(6, "21.14"))
    log.respond(Response.ACKNOWLEDGED, at(6, "21.15"))
    report = log.report()
    assert [line.steps for line in report.incidents] == [(at(6, "21.15"), None, None, None)]
    assert [(average.mean, average.count) for average in report.averages] == [(MINUTE, 1)] + [(None, 0)] * 3


def test_drills_are_shown_and_left_out_of_the_averages() -> None:
    log = Log()
    for new_id, minutes, is_drill in (("A", 1, False), ("B", 3, False), ("C", 50, True)):
        when = at(6, "12.00") + HOUR * minutes
        log.press(new_id, when, drill=is_drill)
        log.respond(Response.ON_SCENE, when + minutes * MINUTE)
        log.close(Outcome.DRILL if is_drill else Outcome.RESOLVED, when + 2 * minutes * MINUTE)
    report = log.report()
    assert [line.incident.drill for line in report.incidents] == [False, False, True]
    assert [(average.mean, average.count) for average in report.averages] == [
        (2 * MINUTE, 2),
        (None, 0),
        (2 * MINUTE, 2),
        (4 * MINUTE, 2),
    ]


def test_alarms_are_those_raised_in_the_period() -> None:
    log = Log()
    for new_id, when in (("A", at(1, "0.00") - MINUTE), ("B", at(1, "0.00")), ("C", at(31, "23.59") + MINUTE)):
        log.press(new_id, when)
        log.close(Outcome.RESOLVED, when + HOUR)
    assert [line.incident.id for line in log.report().incidents] == ["B"]


# --- damage ---


def test_damaged_records_are_named_and_the_rest_counts() -> None:
    log = Log()
    log.check_in("A", a_scan(at(5, "12.30")))
    log.check_in("B", a_scan(at(6, "12.30"), BUDI))
    log.press("C", at(7, "1.00"))
    log.press("D", at(7, "1.00"))
    log.damage(log.records[1], body="{}")
    log.damage(log.records[3], body="[1")
    report = log.report()
    assert [line.visit.id for line in report.visits] == ["A"]
    assert [line.incident.id for line in report.incidents] == ["C"]
    assert (report.damaged, report.altered) == ((2, 4), (2, 4))


def test_what_still_reads_well_but_was_altered_is_named() -> None:
    log = Log()
    record = log.write("note", at(5, "12.00"), {})
    log.check_in("A", a_scan(at(5, "12.30")))
    log.damage(log.records[1], at=(at(5, "12.31")).isoformat(timespec="microseconds"))
    report = log.report(altered=[record.seq])
    assert (report.damaged, report.altered) == ((), (1, 2))
    assert len(report.visits) == 1


def test_a_chain_is_broken_at_what_was_altered_and_where_something_is_missing() -> None:
    log = Log()
    for _ in range(6):
        log.write("note", MADE_AT, {})
    assert broken_links(log.records) == []
    log.damage(log.records[1], body='{"a":1}')
    assert broken_links(log.records[:4] + log.records[5:]) == [2, 6]


def test_records_of_other_kinds_are_passed_over() -> None:
    log = Log()
    log.write("delivery", at(5, "12.00"), {"state": "sent"}, incident="A")
    assert (log.report().damaged, log.report().site) == ((), SITE)


def test_a_long_stay_is_no_reason_to_leave_a_visit_out() -> None:
    log = Log()
    visit = log.check_in("A", a_scan(at(31, "23.50")))
    log.check_out(visit, at(31, "23.50") + timedelta(days=1))
    assert [line.visit.departed_at for line in log.report().visits] == [at(31, "23.50") + timedelta(days=1)]
