"""The rules of a delivery: how far an alert has come at one police device."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
import json
from typing import Any, Final

from hypothesis import given, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
import pytest

from custom_components.rutan_blora.police.delivery import (
    Delivery,
    DeliveryState as State,
    Plan,
    chosen,
    from_body,
    plan_from_body,
    plan_to_body,
    received_of,
    retry_delay,
    to_body,
)

NOW: Final = datetime(2026, 3, 2, 1, 5, 9, tzinfo=UTC)


def a_delivery(
    state: State = State.QUEUED,
    *,
    told: int = 0,
    tries: int = 0,
    reason: str | None = None,
    again: bool = False,
    urgent: int = 0,
    loud_at: datetime | None = None,
) -> Delivery:
    return Delivery(
        tag="A", state=state, told=told, tries=tries, reason=reason, again=again, urgent=urgent, loud_at=loud_at
    )


def test_a_new_delivery_is_queued_and_nothing_is_told() -> None:
    assert Delivery(tag="A") == Delivery(
        tag="A",
        state=State.QUEUED,
        told=0,
        tries=0,
        reason=None,
        again=False,
        address="",
        urgent=0,
        loud_at=None,
        memo={},
    )


# --- one step ---


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(a_delivery(), State.SENT, id="queued"),
        pytest.param(a_delivery(State.FAILED), State.SENT, id="failed"),
        pytest.param(a_delivery(State.FAILED, told=2), State.SENT, id="failed, nothing more urgent"),
        pytest.param(a_delivery(State.SENT, told=1), State.SENT, id="sent"),
        pytest.param(a_delivery(State.DELIVERED, told=1), State.SENT, id="delivered, but something more urgent"),
        pytest.param(
            a_delivery(State.DELIVERED, told=2, urgent=2), State.DELIVERED, id="delivered, nothing more urgent"
        ),
        pytest.param(a_delivery(State.ACKNOWLEDGED, told=1), State.SENT, id="acknowledged, but something more urgent"),
        pytest.param(
            a_delivery(State.ACKNOWLEDGED, told=2, urgent=2), State.ACKNOWLEDGED, id="acknowledged, nothing more urgent"
        ),
    ],
)
def test_handing_over_is_sending_unless_more_is_proven(before: Delivery, after: State) -> None:
    assert before.handed_over(3, 2, loud_at=NOW) == a_delivery(after, told=3, urgent=2, loud_at=NOW)


def test_handing_over_forgets_the_failures_before() -> None:
    handed_over = a_delivery(State.FAILED, tries=7, reason="timeout").handed_over(2, 1)
    assert handed_over == a_delivery(State.SENT, told=2, urgent=1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (State.QUEUED, State.DELIVERED),
        (State.SENT, State.DELIVERED),
        (State.FAILED, State.DELIVERED),
        (State.DELIVERED, State.DELIVERED),
        (State.ACKNOWLEDGED, State.ACKNOWLEDGED),
    ],
)
def test_a_channel_that_has_seen_it_arrive_proves_delivery(before: State, after: State) -> None:
    assert a_delivery(before, told=1, urgent=1).handed_over(2, 1, confirmed=True).state is after


def test_the_memo_is_the_channels_last() -> None:
    first = a_delivery().handed_over(1, 1, memo={"before": "off"})
    assert first.memo == {"before": "off"}
    assert first.failed("timeout", 1).memo == {"before": "off"}
    assert first.handed_over(2, 1).memo == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (State.QUEUED, State.FAILED),
        (State.SENT, State.FAILED),
        (State.FAILED, State.FAILED),
        (State.DELIVERED, State.DELIVERED),
        (State.ACKNOWLEDGED, State.ACKNOWLEDGED),
    ],
)
def test_a_failure_takes_back_nothing_that_was_proven(before: State, after: State) -> None:
    failed = a_delivery(before, told=3, urgent=3, tries=1, reason="old").failed("timeout", 3)
    assert failed == a_delivery(after, told=3, urgent=3, tries=2, reason="timeout")


@pytest.mark.parametrize("before", State)
def test_what_was_proven_of_the_alarm_proves_nothing_of_something_more_urgent(before: State) -> None:
    failed = a_delivery(before, told=3, urgent=3, tries=1, reason="old").failed("timeout", 4)
    assert failed == a_delivery(State.FAILED, told=3, urgent=3, tries=2, reason="timeout")


@pytest.mark.parametrize("before", State)
def test_a_receipt_proves_delivery_and_takes_back_no_answer(before: State) -> None:
    after = State.ACKNOWLEDGED if before is State.ACKNOWLEDGED else State.DELIVERED
    assert a_delivery(before, told=2, urgent=2).received(2) == a_delivery(after, told=2, urgent=2)


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("urgent", [0, 1])
def test_a_receipt_or_answer_of_an_earlier_urgent_revision_says_nothing(before: State, urgent: int) -> None:
    delivery = a_delivery(before, told=2, urgent=2)
    assert delivery.received(urgent) == delivery
    assert delivery.acknowledged(urgent) == delivery


@pytest.mark.parametrize("before", State)
def test_a_device_may_show_that_it_has_it_before_the_push_returns(before: State) -> None:
    delivery = a_delivery(before, told=2, urgent=2)
    received, answered = delivery.received(3), delivery.acknowledged(3)
    assert not received.is_loud(3)
    assert received.handed_over(3, 3).state is State.DELIVERED
    assert answered.handed_over(3, 3).state is State.ACKNOWLEDGED
    assert answered.failed("timeout", 3).state is State.ACKNOWLEDGED


@pytest.mark.parametrize("before", State)
def test_an_answer_is_the_end(before: State) -> None:
    assert a_delivery(before, told=2, urgent=2).acknowledged(2) == a_delivery(State.ACKNOWLEDGED, told=2, urgent=2)


# --- repeats ---


@pytest.mark.parametrize("before", [state for state in State if state is not State.ACKNOWLEDGED])
def test_whoever_is_silent_is_told_loudly_again_and_what_was_proven_stays(before: State) -> None:
    repeated = a_delivery(before, told=4, urgent=1, loud_at=NOW).repeated()
    assert repeated.is_loud(1)
    later = NOW + timedelta(minutes=1)
    again = repeated.handed_over(4, 1, loud_at=later)
    assert again.state is (State.DELIVERED if before is State.DELIVERED else State.SENT)
    assert not again.is_loud(1)
    assert again.loud_at == later


def test_whoever_has_answered_is_not_told_again() -> None:
    answered = a_delivery(State.ACKNOWLEDGED, told=4, urgent=1, loud_at=NOW)
    assert answered.repeated() == answered
    assert answered.repeat_due(60, NOW) is None
    assert not answered.repeated().acknowledged(1).again


def test_a_repeat_that_fell_due_during_a_quiet_push_is_still_owed() -> None:
    assert a_delivery(State.SENT, told=1, urgent=1, loud_at=NOW).repeated().handed_over(2, 1, loud_at=NOW).again


def test_an_answer_to_the_push_before_counts() -> None:
    """Who has answered meanwhile is brought up to date quietly."""
    answered = a_delivery(State.SENT, told=1, urgent=1).repeated().acknowledged(1)
    assert not answered.is_loud(1)
    assert answered.handed_over(2, 1) == a_delivery(State.ACKNOWLEDGED, told=2, urgent=1)


@pytest.mark.parametrize(
    ("after", "due"),
    [
        pytest.param(0, 60, id="just told"),
        pytest.param(59, 1, id="nearly"),
        pytest.param(60, 0, id="due"),
        pytest.param(3600, 0, id="overdue"),
        pytest.param(-3600, 60, id="the clock was set back"),
    ],
)
def test_a_repeat_is_due_when_the_interval_is_over(after: float, due: float) -> None:
    delivery = a_delivery(State.SENT, told=1, loud_at=NOW)
    assert delivery.repeat_due(60, NOW + timedelta(seconds=after)) == due


def test_a_device_that_never_rang_is_due_at_once_and_without_an_interval_nobody_is() -> None:
    assert a_delivery(State.SENT, told=1).repeat_due(60, NOW) == 0
    assert a_delivery(State.SENT, told=1, loud_at=NOW).repeat_due(None, NOW) is None


# --- who must hear what ---


@pytest.mark.parametrize(("told", "loud"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_push_is_loud_until_the_urgent_revision_was_told(told: int, *, loud: bool) -> None:
    assert a_delivery(told=told).is_loud(2) is loud


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("told", [1, 2], ids=["before the urgent one", "with the urgent one"])
def test_only_who_answered_all_there_was_owes_no_hearing(state: State, told: int) -> None:
    assert a_delivery(state, told=told).owes(2) is not (state is State.ACKNOWLEDGED and told == 2)


@pytest.mark.parametrize(
    ("told", "misses"),
    [
        pytest.param(0, False, id="never told"),
        pytest.param(1, True, id="told the alarm"),
        pytest.param(2, True, id="told all but the end"),
        pytest.param(3, False, id="told the end"),
    ],
)
def test_a_device_that_was_told_the_alarm_misses_the_end(told: int, *, misses: bool) -> None:
    assert a_delivery(State.SENT, told=told).misses_end(3) is misses


def test_a_device_that_was_told_before_a_restart_misses_the_end_too() -> None:
    """It was told, the house restarted, and since then it is out of reach: it still shows the alarm."""
    kept = to_body(a_delivery().handed_over(1, 1).repeated().failed("timeout", 1))
    assert from_body("A", kept).misses_end(2)


# --- retries ---


@pytest.mark.parametrize(
    ("tries", "delay"), [(1, 2), (2, 5), (3, 10), (4, 30), (5, 60), (6, 60), (9, 60), (10, 60), (1000, 60)]
)
def test_an_open_alert_is_tried_for_ever(tries: int, delay: float) -> None:
    assert retry_delay(tries, ended=False) == delay


@pytest.mark.parametrize(("tries", "delay"), [(1, 2), (4, 30), (5, 60), (9, 60), (10, None), (11, None), (1000, None)])
def test_the_end_of_an_alert_is_given_up_after_ten_tries(tries: int, delay: float | None) -> None:
    assert retry_delay(tries, ended=True) == delay


def test_ten_tries_take_about_six_minutes() -> None:
    delays = [delay for tries in range(1, 12) if (delay := retry_delay(tries, ended=True)) is not None]
    assert len(delays) == 9
    assert 5 * 60 < sum(delays) < 6 * 60


@given(st.integers(1, 10**6))
def test_no_try_comes_sooner_than_the_one_before_nor_later_than_a_minute(tries: int) -> None:
    delay, following = retry_delay(tries, ended=False), retry_delay(tries + 1, ended=False)
    assert delay is not None
    assert following is not None
    assert 0 < delay <= following <= 60


# --- what the journal keeps ---


KEPT: Final[dict[str, Any]] = {
    "state": "queued",
    "told": 0,
    "reason": None,
    "address": "",
    "urgent": 0,
    "loud_at": None,
    "memo": {},
}


@pytest.mark.parametrize(
    ("delivery", "body"),
    [
        (a_delivery(), {}),
        (a_delivery(State.SENT, told=3), {"state": "sent", "told": 3}),
        (a_delivery(State.DELIVERED, told=3), {"state": "delivered", "told": 3}),
        (a_delivery(State.ACKNOWLEDGED, told=3), {"state": "acknowledged", "told": 3}),
        (a_delivery(State.FAILED, reason="error"), {"state": "failed", "reason": "error"}),
        (a_delivery(urgent=2, loud_at=NOW), {"urgent": 2, "loud_at": "2026-03-02T01:05:09+00:00"}),
        (
            Delivery(tag="A", state=State.SENT, told=1, address="phone", memo={"before": {"light.post": "off"}}),
            {"state": "sent", "told": 1, "address": "phone", "memo": {"before": {"light.post": "off"}}},
        ),
    ],
    ids=lambda value: value.state if isinstance(value, Delivery) else "",
)
def test_the_journal_keeps_how_far_it_has_come(delivery: Delivery, body: dict[str, Any]) -> None:
    assert to_body(delivery) == {**KEPT, **body}
    assert from_body("A", json.loads(json.dumps({**KEPT, **body}))) == delivery


def test_a_delivery_of_before_there_were_addresses_is_understood() -> None:
    assert from_body("A", {"state": "sent", "told": 3, "reason": None}) == a_delivery(State.SENT, told=3)


def test_one_more_failure_of_the_same_kind_is_no_news_to_the_journal() -> None:
    failed = a_delivery().failed("timeout", 1)
    assert to_body(failed.failed("timeout", 1)) == to_body(failed)
    assert to_body(failed.failed("phone_missing", 1)) != to_body(failed)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"told": 1, "reason": None}, id="no state"),
        pytest.param({"state": "sent", "reason": None}, id="no told"),
        pytest.param({"state": "sent", "told": 1}, id="no reason"),
        pytest.param({"state": "lost", "told": 1, "reason": None}, id="unknown state"),
        pytest.param({"state": None, "told": 1, "reason": None}, id="null state"),
        pytest.param({"state": ["sent"], "told": 1, "reason": None}, id="state a list"),
        pytest.param({"state": "sent", "told": None, "reason": None}, id="null told"),
        pytest.param({"state": "sent", "told": "many", "reason": None}, id="told a word"),
        pytest.param({"state": "sent", "told": [1], "reason": None}, id="told a list"),
        pytest.param({"state": "sent", "told": float("nan"), "reason": None}, id="told no number"),
        pytest.param({"state": "sent", "told": float("inf"), "reason": None}, id="told infinite"),
        pytest.param({"state": "sent", "told": 1.5, "reason": None}, id="told half a revision"),
        pytest.param({"state": "sent", "told": -1, "reason": None}, id="told less than nothing"),
        pytest.param({"state": "sent", "told": 1, "reason": {}}, id="reason an object"),
        pytest.param({**KEPT, "address": None}, id="null address"),
        pytest.param({**KEPT, "urgent": -1}, id="urgent less than nothing"),
        pytest.param({**KEPT, "urgent": "1"}, id="urgent a word"),
        pytest.param({**KEPT, "loud_at": "yesterday"}, id="loud some time"),
        pytest.param({**KEPT, "loud_at": "2026-03-02T01:05:09"}, id="loud in no zone"),
        pytest.param({**KEPT, "loud_at": 7}, id="loud at a number"),
        pytest.param({**KEPT, "loud_at": "0001-01-01T00:00:00+07:00"}, id="loud before there was time"),
        pytest.param({**KEPT, "memo": None}, id="null memo"),
        pytest.param({**KEPT, "memo": ["before"]}, id="memo a list"),
    ],
)
def test_a_damaged_delivery_is_told(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^not a delivery: "):
        from_body("A", body)


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    body=st.fixed_dictionaries(
        {}, optional={"state": st.sampled_from([s.value for s in State]) | JSON, "told": JSON, "reason": JSON}
    )
)
def test_no_damage_stops_a_resume(body: dict[str, Any]) -> None:
    try:
        delivery = from_body("A", body)
    except ValueError:
        return
    assert delivery.state.value == body["state"]
    assert (delivery.told, delivery.reason) == (body["told"], body["reason"])
    assert isinstance(delivery.told, int)
    assert isinstance(delivery.reason, str | None)


# --- the plan ---


@pytest.mark.parametrize(
    ("tiers", "first", "following"),
    [
        pytest.param({}, 1, {1: None}, id="nobody"),
        pytest.param({"a": 1, "b": 1}, 1, {1: None}, id="one tier"),
        pytest.param({"a": 1, "b": 2, "c": 2}, 1, {1: 2, 2: None}, id="two"),
        pytest.param({"a": 3, "b": 9}, 3, {1: 3, 3: 9, 9: None}, id="gaps"),
    ],
)
def test_tiers_follow_each_other(tiers: dict[str, int], first: int, following: dict[int, int | None]) -> None:
    plan = Plan(tiers=tiers)
    assert plan.first() == first
    assert {tier: plan.after(tier) for tier in following} == following


TIERS: Final = {"budi": 1, "cici": 1, "dodi": 2, "post": 3}


@pytest.mark.parametrize(
    ("off_duty", "tier", "told"),
    [
        pytest.param([], 1, {"budi", "cici"}, id="first tier"),
        pytest.param([], 2, {"budi", "cici", "dodi"}, id="and the second"),
        pytest.param([], 9, set(TIERS), id="all"),
        pytest.param(["budi"], 1, {"cici"}, id="off duty is skipped"),
        pytest.param(["budi", "cici"], 1, {"dodi"}, id="the next tier steps in"),
        pytest.param(["budi", "cici", "dodi"], 1, {"post"}, id="or the one after"),
        pytest.param(list(TIERS), 1, {"budi", "cici"}, id="nobody on duty: as if all were"),
        pytest.param(list(TIERS), 9, set(TIERS), id="nobody on duty, all tiers"),
    ],
)
def test_who_is_told(off_duty: list[str], tier: int, told: set[str]) -> None:
    assert chosen({device: device not in off_duty for device in TIERS}, TIERS, tier) == told


DEVICES: Final = st.dictionaries(st.text("abc", min_size=1, max_size=2), st.integers(1, 9), min_size=1)


@given(tiers=DEVICES, tier=st.integers(1, 9), data=st.data())
def test_somebody_is_always_told_and_a_further_tier_silences_nobody(
    tiers: dict[str, int], tier: int, data: st.DataObject
) -> None:
    on_duty = {device: data.draw(st.booleans()) for device in tiers}
    told = chosen(on_duty, tiers, tier)
    assert told
    assert told <= chosen(on_duty, tiers, tier + 1)
    assert all(on_duty[device] for device in told) or not any(on_duty.values())


def test_nobody_can_be_told_if_there_is_nobody() -> None:
    assert chosen({}, {}, 1) == frozenset()


def test_whoever_has_received_it_is_counted() -> None:
    assert received_of([]) == (0, 0)
    assert received_of(a_delivery(state) for state in State) == (2, 5)


def test_the_journal_keeps_the_plan() -> None:
    plan = Plan(tier_delay=5, repeat_interval=15, response_time=60, tiers={"budi": 1, "cici": 2})
    assert plan_from_body(json.loads(json.dumps(plan_to_body(plan)))) == plan
    assert plan_from_body(plan_to_body(Plan())) == Plan()


@pytest.mark.parametrize(
    "change",
    [
        {"tier_delay": 0},
        {"tier_delay": -1},
        {"tier_delay": "soon"},
        {"tier_delay": float("nan")},
        {"repeat_interval": float("inf")},
        {"response_time": None},
        {"tiers": {"budi": 0}},
        {"tiers": {"budi": "1"}},
        {"tiers": ["budi"]},
    ],
    ids=str,
)
def test_a_damaged_plan_is_told(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^not a plan: "):
        plan_from_body({**plan_to_body(Plan()), **change})


# --- any sequence ---


class Device(RuleBasedStateMachine):
    """A police device that is told of an incident, however badly it goes."""

    @initialize()
    def start(self) -> None:
        """Raise an alert."""
        self.delivery = Delivery(tag="A", address="phone")
        self.revision = self.urgent = 1
        self.proven = State.QUEUED
        self.heard = self.rung = 0
        self.again = False
        self.clock = count(1)

    @property
    def loud(self) -> bool:
        """Tell whether the device owes attention: something urgent is untold, or it was silent too long."""
        return self.again or self.heard < self.urgent

    @rule(urgent=st.booleans())
    def news(self, *, urgent: bool) -> None:
        """Have something more to tell."""
        self.revision += 1
        if urgent:
            self.urgent = self.revision

    @rule()
    def hand_over(self) -> None:
        """Push the newest revision."""
        if self.heard < self.urgent:
            self.proven = State.QUEUED
        loud_at = NOW + timedelta(seconds=next(self.clock)) if self.loud else self.delivery.loud_at
        self.delivery = self.delivery.handed_over(self.revision, self.urgent, loud_at=loud_at)
        self.heard, self.again, self.rung = self.revision, False, self.urgent
        assert not self.delivery.is_loud(self.urgent)
        assert self.delivery.tries == 0
        assert self.delivery.state not in (State.QUEUED, State.FAILED)

    @rule(reason=st.sampled_from(["timeout", "phone_missing"]))
    def fail(self, reason: str) -> None:
        """Fail to push."""
        before = self.delivery
        if self.heard < self.urgent:
            self.proven = State.QUEUED
        self.delivery = before.failed(reason, self.urgent)
        assert (self.delivery.tries, self.delivery.reason) == (before.tries + 1, reason)

    @rule()
    def receive(self) -> None:
        """Hear that it has arrived."""
        self.delivery = self.delivery.received(self.rung)
        self.proven = State.ACKNOWLEDGED if self.proven is State.ACKNOWLEDGED else State.DELIVERED

    @rule()
    def answer(self) -> None:
        """Hear the officer."""
        self.delivery = self.delivery.acknowledged(self.rung)
        self.proven, self.again = State.ACKNOWLEDGED, False

    @rule()
    def receive_late(self) -> None:
        """Hear that an earlier alarm has arrived."""
        before = self.delivery
        self.delivery = before.received(self.rung - 1)
        assert self.delivery == before

    @rule()
    def repeat(self) -> None:
        """Have heard nothing for too long."""
        self.delivery = self.delivery.repeated()
        self.again = self.again or self.proven is not State.ACKNOWLEDGED

    @rule()
    def restart(self) -> None:
        """Replay what the journal kept; a repeat that is due comes due again."""
        kept = from_body("A", json.loads(json.dumps(to_body(self.delivery))))
        assert kept == replace(self.delivery, tries=0, again=False)
        assert kept.owes(self.urgent) or self.proven is State.ACKNOWLEDGED
        self.delivery, self.again = kept, False

    @invariant()
    def what_is_proven_is_kept_and_nothing_else_is_claimed(self) -> None:
        """A receipt and an answer are never lost; without them nothing more than sent is claimed."""
        if self.proven in (State.DELIVERED, State.ACKNOWLEDGED):
            assert self.delivery.state is self.proven
        else:
            assert self.delivery.state in (State.QUEUED, State.SENT, State.FAILED)

    @invariant()
    def told_is_the_last_revision_handed_over(self) -> None:
        """It only grows, over restarts too."""
        assert self.delivery.told == self.heard
        assert (self.delivery.tag, self.delivery.address) == ("A", "phone")

    @invariant()
    def a_push_is_loud_as_long_as_something_urgent_is_untold(self) -> None:
        """Its silence is broken once for everything urgent, and once more when it stays silent."""
        assert self.delivery.is_loud(self.urgent) is self.loud

    @invariant()
    def who_was_told_and_not_of_the_end_misses_it(self) -> None:
        """What was shown once is taken off."""
        assert self.delivery.misses_end(self.revision + 1) is (self.heard > 0)

    @invariant()
    def sent_is_said_only_of_what_was_handed_over(self) -> None:
        """Nobody is told a comforting lie."""
        assert self.delivery.state is not State.SENT or self.delivery.told > 0


TestAnySequenceOfPushesAndReplies = Device.TestCase
