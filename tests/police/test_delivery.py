"""The rules of a delivery: how far an alert has come at one police device."""

import json
from typing import Any, Final

from hypothesis import given, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
import pytest

from custom_components.rutan_blora.police.delivery import (
    Delivery,
    DeliveryState as State,
    from_body,
    retry_delay,
    to_body,
)


def a_delivery(
    state: State = State.QUEUED, *, told: int = 0, tries: int = 0, reason: str | None = None, again: bool = False
) -> Delivery:
    return Delivery(tag="A", state=state, told=told, tries=tries, reason=reason, again=again)


def test_a_new_delivery_is_queued_and_nothing_is_told() -> None:
    assert Delivery(tag="A") == Delivery(
        tag="A", state=State.QUEUED, told=0, tries=0, reason=None, again=False, address=""
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
        pytest.param(a_delivery(State.DELIVERED, told=2), State.DELIVERED, id="delivered, nothing more urgent"),
        pytest.param(a_delivery(State.ACKNOWLEDGED, told=1), State.SENT, id="acknowledged, but something more urgent"),
        pytest.param(
            a_delivery(State.ACKNOWLEDGED, told=2), State.ACKNOWLEDGED, id="acknowledged, nothing more urgent"
        ),
    ],
)
def test_handing_over_is_sending_unless_more_is_proven(before: Delivery, after: State) -> None:
    assert before.handed_over(3, 2) == a_delivery(after, told=3)


def test_handing_over_forgets_the_failures_before() -> None:
    assert a_delivery(State.FAILED, tries=7, reason="timeout").handed_over(2, 1) == a_delivery(State.SENT, told=2)


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
    failed = a_delivery(before, told=3, tries=1, reason="old").failed("timeout", 3)
    assert failed == a_delivery(after, told=3, tries=2, reason="timeout")


@pytest.mark.parametrize("before", State)
def test_what_was_proven_of_the_alarm_proves_nothing_of_something_more_urgent(before: State) -> None:
    failed = a_delivery(before, told=3, tries=1, reason="old").failed("timeout", 4)
    assert failed == a_delivery(State.FAILED, told=3, tries=2, reason="timeout")


@pytest.mark.parametrize("before", State)
def test_a_receipt_proves_delivery_and_takes_back_no_answer(before: State) -> None:
    after = State.ACKNOWLEDGED if before is State.ACKNOWLEDGED else State.DELIVERED
    assert a_delivery(before, told=2).received() == a_delivery(after, told=2)


@pytest.mark.parametrize("before", State)
def test_an_answer_is_the_end(before: State) -> None:
    assert a_delivery(before, told=2).acknowledged() == a_delivery(State.ACKNOWLEDGED, told=2)


@pytest.mark.parametrize("before", [state for state in State if state is not State.ACKNOWLEDGED])
def test_after_a_restart_whoever_had_not_answered_is_told_anew_and_loudly(before: State) -> None:
    resumed = a_delivery(before, told=4, tries=3, reason="timeout").resumed()
    assert resumed == a_delivery(told=4, again=True)
    assert resumed.is_loud(1)
    assert resumed.handed_over(4, 1) == a_delivery(State.SENT, told=4)
    assert not resumed.handed_over(4, 1).is_loud(1)


def test_an_answer_to_the_push_before_the_restart_counts() -> None:
    """Who has answered meanwhile is brought up to date quietly."""
    answered = a_delivery(State.SENT, told=1).resumed().acknowledged()
    assert not answered.is_loud(1)
    assert answered.handed_over(2, 1) == a_delivery(State.ACKNOWLEDGED, told=2)


def test_after_a_restart_whoever_had_answered_is_left_alone() -> None:
    answered = a_delivery(State.ACKNOWLEDGED, told=4, tries=1, reason="timeout")
    assert answered.resumed() == answered


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
    kept = to_body(a_delivery().handed_over(1, 1).resumed().failed("timeout", 1))
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


@pytest.mark.parametrize(
    ("delivery", "body"),
    [
        (a_delivery(), {"state": "queued", "told": 0, "reason": None, "address": ""}),
        (a_delivery(State.SENT, told=3), {"state": "sent", "told": 3, "reason": None, "address": ""}),
        (a_delivery(State.DELIVERED, told=3), {"state": "delivered", "told": 3, "reason": None, "address": ""}),
        (a_delivery(State.ACKNOWLEDGED, told=3), {"state": "acknowledged", "told": 3, "reason": None, "address": ""}),
        (a_delivery(State.FAILED, reason="error"), {"state": "failed", "told": 0, "reason": "error", "address": ""}),
        (
            Delivery(tag="A", state=State.SENT, told=1, address="phone"),
            {"state": "sent", "told": 1, "reason": None, "address": "phone"},
        ),
    ],
    ids=lambda value: value.state if isinstance(value, Delivery) else "",
)
def test_the_journal_keeps_how_far_it_has_come(delivery: Delivery, body: dict[str, Any]) -> None:
    assert to_body(delivery) == body
    assert from_body("A", json.loads(json.dumps(body))) == delivery


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
        pytest.param({"state": "sent", "told": 1, "reason": None, "address": None}, id="null address"),
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


# --- any sequence ---


class Device(RuleBasedStateMachine):
    """A police device that is told of an incident, however badly it goes."""

    @initialize()
    def start(self) -> None:
        """Raise an alert."""
        self.delivery = Delivery(tag="A", address="phone")
        self.revision = self.urgent = 1
        self.proven = State.QUEUED
        self.heard = 0
        self.again = False

    @property
    def loud(self) -> bool:
        """Tell whether the device owes attention: something urgent is untold, or the house has restarted."""
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
        if self.loud:
            self.proven = State.QUEUED
        self.delivery = self.delivery.handed_over(self.revision, self.urgent)
        self.heard, self.again = self.revision, False
        assert not self.delivery.is_loud(self.urgent)
        assert self.delivery.tries == 0
        assert self.delivery.state not in (State.QUEUED, State.FAILED)

    @rule(reason=st.sampled_from(["timeout", "phone_missing"]))
    def fail(self, reason: str) -> None:
        """Fail to push."""
        before = self.delivery
        if self.loud:
            self.proven = State.QUEUED
        self.delivery = before.failed(reason, self.urgent)
        assert (self.delivery.tries, self.delivery.reason) == (before.tries + 1, reason)

    @rule()
    def receive(self) -> None:
        """Hear that it has arrived."""
        self.delivery = self.delivery.received()
        self.proven = State.ACKNOWLEDGED if self.proven is State.ACKNOWLEDGED else State.DELIVERED

    @rule()
    def answer(self) -> None:
        """Hear the officer."""
        self.delivery = self.delivery.acknowledged()
        self.proven, self.again = State.ACKNOWLEDGED, False

    @rule()
    def restart(self) -> None:
        """Replay what the journal kept, and resume."""
        kept = from_body("A", json.loads(json.dumps(to_body(self.delivery))))
        assert to_body(kept) == to_body(self.delivery)
        self.delivery = kept.resumed()
        if self.proven is not State.ACKNOWLEDGED:
            self.proven, self.again = State.QUEUED, True
            assert self.delivery.owes(self.urgent)
            assert self.delivery.is_loud(self.urgent)

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
        """Its silence is broken once for everything urgent, and once more after a restart."""
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
