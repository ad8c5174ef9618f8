"""The steps of the plan: tier after tier, round after round, each at its time."""

from datetime import timedelta
import json
from typing import Any, Final

import pytest

from custom_components.rutan_blora.actor import Actor, Origin
from custom_components.rutan_blora.alarm.escalation import DRILL_TIME, due_at, due_in, step
from custom_components.rutan_blora.alarm.incident import (
    EventType,
    Incident,
    Outcome,
    Response,
    State,
    apply,
    close,
    from_body,
    press,
    respond,
    to_body,
)
from custom_components.rutan_blora.police.delivery import Plan

from .common import BUDI, GATE, LATER, NOW, SITI, WARDEN, a_press, an_event, an_incident, answered, fold

PLAN: Final = Plan(tier_delay=30, repeat_interval=60, response_time=600, tiers={"budi": 1, "cici": 2, "dodi": 4})


def planned(plan: Plan = PLAN, *, drill: bool = False) -> Incident:
    return fold(None, press(None, a_press(), new_id="A", at=NOW, actor=GATE, drill=drill, plan=plan))


def stepped(incident: Incident, *seconds: float) -> Incident:
    """Return the incident after the plan's steps at these times."""
    for after in seconds:
        incident = fold(incident, step(incident, at=NOW + timedelta(seconds=after)))
    return incident


def test_an_incident_keeps_the_plan_it_was_raised_with() -> None:
    incident = planned()
    assert (incident.plan, incident.tier, incident.rounds, incident.since) == (PLAN, 1, 0, NOW)
    assert planned(Plan(tiers={"dodi": 4})).tier == 4
    (event,) = press(None, a_press(), new_id="A", at=NOW, actor=GATE, plan=PLAN)
    assert from_body("raised", "A", NOW, json.loads(json.dumps(to_body(event)))) == event


def test_tier_after_tier_is_told_then_it_is_unanswered_round_after_round() -> None:
    incident, seen = planned(), []
    for after in (30, 60, 90, 180, 270):
        (event,) = step(incident, at=NOW + timedelta(seconds=after))
        assert event.actor == Actor(origin=Origin.PLAN)
        incident = apply(incident, event)
        seen.append((event.type.value, event.tier, incident.tier, incident.rounds, due_in(incident, event.at)))
    assert seen == [
        ("escalated", 2, 2, 0, 30),
        ("escalated", 4, 4, 0, 30),
        ("unanswered", None, 4, 1, 90),
        ("unanswered", None, 4, 2, 90),
        ("unanswered", None, 4, 3, 90),
    ]


def test_escalation_tells_nothing_new_and_an_unanswered_alarm_breaks_the_silence_of_all() -> None:
    incident = stepped(planned(), 30)
    assert (incident.revision, incident.urgent) == (1, 1)
    incident = stepped(incident, 60, 90)
    assert (incident.revision, incident.urgent) == (2, 2)
    assert not incident.lapsed


def test_overdue_steps_are_taken_in_order_each_once() -> None:
    """After ten minutes without power both later tiers are due at once."""
    at, incident, seen = NOW + timedelta(minutes=10), planned(), []
    while due_in(incident, at) == 0:
        (event,) = step(incident, at=at)
        incident = apply(incident, event)
        seen.append((event.type.value, event.tier))
    assert seen == [("escalated", 2), ("escalated", 4), ("unanswered", None)]
    assert due_in(incident, at) == 90


@pytest.mark.parametrize(
    ("after", "due"),
    [
        pytest.param(0, 30, id="at the press"),
        pytest.param(29, 1, id="nearly"),
        pytest.param(30, 0, id="due"),
        pytest.param(3600, 0, id="the clock was set on"),
        pytest.param(-3600, 30, id="the clock was set back"),
    ],
)
def test_a_step_is_never_further_away_than_it_is_long(after: float, due: float) -> None:
    assert due_in(planned(), NOW + timedelta(seconds=after)) == due


def test_a_clock_that_was_set_on_and_back_holds_up_nothing() -> None:
    """The next step is timed from when the one before was due, not from when a wrong clock says it was taken."""
    incident = stepped(planned(), 3600)
    assert due_in(incident, NOW + timedelta(seconds=40)) == 20


@pytest.mark.parametrize("response", [Response.RESPONDING, Response.ON_SCENE])
def test_nothing_is_due_once_somebody_is_on_the_way(response: Response) -> None:
    incident = answered(planned(), (BUDI, response))
    assert due_in(incident, LATER) is None
    assert due_at(incident) is None
    assert step(incident, at=LATER) == ()


def test_nothing_is_due_of_a_closed_incident() -> None:
    incident = fold(planned(), close(planned(), Outcome.RESOLVED, at=LATER, actor=WARDEN))
    assert due_in(incident, LATER) is None
    assert step(incident, at=LATER) == ()


def test_acknowledged_and_nobody_on_the_way_is_an_alarm_again() -> None:
    incident = answered(planned(), (BUDI, Response.ACKNOWLEDGED))
    assert due_in(incident, NOW) == 600
    assert due_in(incident, NOW + timedelta(minutes=11)) == 0
    assert due_in(incident, NOW + timedelta(minutes=10)) == 60
    incident = stepped(incident, 660)
    assert (incident.state, incident.lapsed, incident.responders) == (State.ALARM, True, ())
    assert (incident.tier, incident.rounds, incident.urgent) == (4, 1, incident.revision)
    assert incident.acknowledged_at == NOW + timedelta(minutes=1)
    again = fold(incident, respond(incident, Response.ACKNOWLEDGED, at=LATER, actor=BUDI))
    assert (again.state, again.lapsed) == (State.ACKNOWLEDGED, False)


def test_a_second_acknowledgement_gives_no_more_time() -> None:
    incident = answered(planned(), (BUDI, Response.ACKNOWLEDGED), (SITI, Response.ACKNOWLEDGED))
    assert due_in(incident, NOW) == 600
    assert due_in(incident, NOW + timedelta(minutes=11)) == 0
    assert due_in(incident, NOW + timedelta(minutes=10)) == 60


def test_without_a_plan_the_default_one_counts() -> None:
    """Incidents of before there were plans are on record too."""
    incident = an_incident()
    assert (incident.plan, incident.tier) == (Plan(), 1)
    (event,) = step(incident, at=LATER)
    assert event.type is EventType.UNANSWERED


def test_an_escalation_without_a_tier_cannot_follow() -> None:
    with pytest.raises(ValueError, match="without a tier"):
        apply(planned(), an_event(EventType.ESCALATED))


@pytest.mark.parametrize("change", [{"tier": 0}, {"tier": "2"}, {"plan": []}, {"plan": {}}, {"plan": {"tiers": 7}}])
def test_a_damaged_step_is_told(change: dict[str, Any]) -> None:
    (event,) = step(planned(), at=LATER)
    with pytest.raises(ValueError, match="not "):
        from_body("escalated", "A", LATER, {**to_body(event), **change})


def test_a_drill_escalates_and_ends_by_itself() -> None:
    exercise = stepped(planned(drill=True), 30, 60, 90)
    assert (exercise.rounds, exercise.drill) == (1, True)
    end = NOW + timedelta(seconds=DRILL_TIME)
    assert due_at(exercise) == NOW + timedelta(seconds=180)
    assert due_at(answered(exercise, (BUDI, Response.ON_SCENE))) == end
    assert due_in(exercise, end) == 0
    (event,) = step(answered(exercise, (BUDI, Response.ON_SCENE)), at=end)
    assert (event.type, event.outcome, event.actor.origin) == (EventType.CLOSED, Outcome.DRILL, Origin.PLAN)


def test_a_real_incident_never_ends_by_itself() -> None:
    assert due_in(answered(planned(), (BUDI, Response.ON_SCENE)), NOW + timedelta(days=1)) is None
