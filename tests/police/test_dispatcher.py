"""Telling all police devices, and their answers back."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest.mock import Mock

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.journal.record import GENESIS, Draft, Record, seal
from custom_components.rutan_blora.journal.store import Journal
from custom_components.rutan_blora.police import courier as courier_module, delivery as delivery_module
from custom_components.rutan_blora.police.alert import Alert, Answer, Urgency, token
from custom_components.rutan_blora.police.courier import PoliceDevice
from custom_components.rutan_blora.police.delivery import DeliveryState, to_body
from custom_components.rutan_blora.police.dispatcher import REFUSALS_PER_MINUTE, Dispatcher
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .common import USER, StubChannel, alert, device, fail, hang, refuse, succeed, wait_for

KEY = "5ec2e7" * 10
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


class Post:
    """A dispatcher, its journal and the channels of its devices."""

    def __init__(self, hass: HomeAssistant, *devices: PoliceDevice) -> None:
        self.journal = Mock(spec=Journal)
        self.dispatcher = Dispatcher(hass, self.journal, devices, KEY)
        self.answers: list[tuple[str, str, Answer]] = []
        self.dispatcher.on_answer = lambda tag, device, answer, officer: self.answers.append((tag, device.id, answer))

    def drafts(self, kind: str) -> list[Draft]:
        """Return what was recorded of a kind."""
        return [call.args[0] for call in self.journal.append.call_args_list if call.args[0].kind == kind]

    def states(self, tag: str = "incident") -> dict[str, str]:
        """Return how far an alert has come at each device that is told."""
        found = {name: self.dispatcher.delivery(tag, name) for name in self.dispatcher.devices}
        return {name: delivery.state.value for name, delivery in found.items() if delivery}


def record(name: str | None, kind: str = "delivery", **body: Any) -> Record:
    """Return a record of the journal, of a delivery unless told otherwise."""
    return seal(Draft(kind=kind, at=NOW, incident="incident", subject=name, body=body), seq=7, prev=GENESIS)


def delivered(name: str, state: str, told: int) -> Record:
    return record(name, state=state, told=told, reason=None)


def _given(told: Alert, _: Language) -> Alert:
    return told


def _alert_of(tag: str, _: Language, *, ended: bool = False) -> Alert:
    return alert(2 if ended else 1, tag=tag, ended=ended)


async def finish(hass: HomeAssistant) -> None:
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_every_device_is_told_before_tell_returns(hass: HomeAssistant) -> None:
    channels = [StubChannel(hang), StubChannel(), StubChannel(fail(ValueError("boom"))), StubChannel()]
    post = Post(hass, *(device(channel, f"device {i}") for i, channel in enumerate(channels)))
    post.dispatcher.tell(lambda _: alert())
    assert [channel.revisions for channel in channels] == [[1], [1], [1], [1]]
    assert post.states() == {"device 0": "queued", "device 1": "sent", "device 2": "failed", "device 3": "sent"}
    post.dispatcher.stop()


async def test_device_that_fails_is_tried_again_and_the_others_are_left_in_peace(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (0.01,))
    monkeypatch.setattr(courier_module, "SEND_DEADLINE", 0.02)
    well, refusing, hanging = StubChannel(), StubChannel(refuse("push_refused"), succeed), StubChannel(hang, succeed)
    post = Post(hass, device(refusing, "refusing"), device(well, "well"), device(hanging, "hanging"))
    post.dispatcher.tell(lambda _: alert())
    await finish(hass)
    assert (well.revisions, refusing.revisions, hanging.revisions) == ([1], [1, 1], [1, 1])
    assert set(post.states().values()) == {"sent"}
    assert [(draft.subject, draft.content["state"], draft.content["reason"]) for draft in post.drafts("delivery")] == [
        ("refusing", "failed", "push_refused"),
        ("well", "sent", None),
        ("refusing", "sent", None),
        ("hanging", "failed", "timeout"),
        ("hanging", "sent", None),
    ]


async def test_each_is_told_in_its_language_and_each_language_is_composed_once(hass: HomeAssistant) -> None:
    channels = {"budi": StubChannel(), "john": StubChannel(), "cici": StubChannel()}
    languages = {"budi": Language.ID, "john": Language.EN, "cici": Language.ID}
    post = Post(hass, *(device(channel, name, languages[name]) for name, channel in channels.items()))
    alerts = {language: alert() for language in Language}
    compose = Mock(side_effect=alerts.__getitem__)
    post.dispatcher.tell(compose)
    assert {name: channel.sent[0].alert for name, channel in channels.items()} == {
        name: alerts[language] for name, language in languages.items()
    }
    assert all(channel.sent[0].alert is alerts[languages[name]] for name, channel in channels.items())
    assert compose.call_count == 2


async def test_every_step_of_a_delivery_is_recorded_and_told_to_the_listeners(hass: HomeAssistant) -> None:
    budi = device(StubChannel())
    post, heard = Post(hass, budi), Mock()
    unsubscribe = post.dispatcher.listen(heard)
    post.dispatcher.tell(lambda _: alert())
    (draft,) = post.drafts("delivery")
    assert (draft.incident, draft.subject) == ("incident", "budi")
    delivery = post.dispatcher.delivery("incident", "budi")
    assert delivery is not None
    assert draft.body == to_body(delivery)
    assert (delivery.state, delivery.told, delivery.urgent) == (DeliveryState.SENT, 1, 1)
    await finish(hass)
    heard.assert_called_once_with(budi, delivery)
    unsubscribe()
    post.dispatcher.tell(lambda _: alert(2))
    await finish(hass)
    assert heard.call_count == 1


async def test_listener_that_raises_ends_no_tries(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (0.01,))
    channel, well = StubChannel(refuse("push_refused"), succeed), Mock()
    post = Post(hass, device(channel))
    post.dispatcher.listen(Mock(side_effect=ValueError("a listener's own trouble")))
    post.dispatcher.listen(well)
    post.dispatcher.tell(lambda _: alert())
    await finish(hass)
    assert channel.revisions == [1, 1]
    assert well.call_count == 2


async def test_tokens_differ_by_alert_and_device(hass: HomeAssistant) -> None:
    budi, cici = StubChannel(), StubChannel()
    post = Post(hass, device(budi, "budi"), device(cici, "cici"))
    for tag in ("first", "second"):
        post.dispatcher.tell(partial(_alert_of, tag))
    assert len({sent.token for sent in (*budi.sent, *cici.sent)}) == 4


async def test_answer_of_the_phone_that_was_told_is_taken_in(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOW)
    channel = StubChannel()
    post = Post(hass, device(channel), device(StubChannel(), "other"))
    post.dispatcher.tell(lambda _: alert())
    post.dispatcher.answered(Answer.GO, channel.sent[0].token, USER)
    assert post.answers == [("incident", "budi", Answer.GO)]
    assert post.states() == {"budi": "acknowledged", "other": "sent"}
    assert post.dispatcher.last_response == {"budi": NOW}
    assert post.drafts("answer_refused") == []


async def test_answer_counts_for_the_delivery_when_nobody_wants_to_know_it(hass: HomeAssistant) -> None:
    channel = StubChannel()
    post = Post(hass, device(channel))
    post.dispatcher.on_answer = None
    post.dispatcher.tell(lambda _: alert())
    post.dispatcher.answered(Answer.ACKNOWLEDGE, channel.sent[0].token, USER)
    assert post.states() == {"budi": "acknowledged"}


@pytest.mark.parametrize(
    ("presented", "user_id"),
    [
        pytest.param("0" * 32, USER, id="forged token"),
        pytest.param(token(KEY, "older incident", "budi", 1), USER, id="token of another incident"),
        pytest.param(token(KEY, "incident", "gone", 1), USER, id="token of a device that is gone"),
        pytest.param(token(KEY, "incident", "budi", 1), "user-of-another-phone", id="another's phone"),
        pytest.param(token(KEY, "incident", "budi", 1), None, id="nobody's phone"),
        pytest.param("", USER, id="no token"),
    ],
)
async def test_answer_that_is_not_to_be_believed_changes_nothing_but_is_recorded(
    hass: HomeAssistant, presented: str, user_id: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    post = Post(hass, device(StubChannel()))
    post.dispatcher.tell(lambda _: alert())
    post.dispatcher.answered(Answer.GO, presented, user_id)
    post.dispatcher.received(presented, user_id)
    assert post.answers == []
    assert post.states() == {"budi": "sent"}
    assert post.dispatcher.last_response == {}
    (draft,) = post.drafts("answer_refused")
    assert draft.body == {"answer": "GO", "user_id": user_id}
    assert "was refused" in caplog.text
    assert token(KEY, "incident", "budi", 1) not in caplog.text


async def test_answer_to_an_alert_that_has_ended_is_refused(hass: HomeAssistant) -> None:
    channel = StubChannel()
    post = Post(hass, device(channel))
    post.dispatcher.tell(lambda _: alert())
    post.dispatcher.tell(lambda _: alert(2, ended=True))
    post.dispatcher.answered(Answer.GO, channel.sent[0].token, USER)
    assert post.answers == []
    assert len(post.drafts("answer_refused")) == 1


async def test_answer_to_the_alert_before_is_refused(hass: HomeAssistant) -> None:
    channel = StubChannel()
    post = Post(hass, device(channel))
    post.dispatcher.tell(lambda _: alert(tag="before"))
    post.dispatcher.tell(lambda _: alert(2, tag="before", ended=True))
    post.dispatcher.tell(lambda _: alert(tag="now"))
    post.dispatcher.answered(Answer.GO, channel.sent[0].token, USER)
    assert post.answers == []
    post.dispatcher.answered(Answer.GO, channel.sent[-1].token, USER)
    assert post.answers == [("now", "budi", Answer.GO)]


async def test_flood_of_refused_answers_does_not_fill_the_disk(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOW)
    post = Post(hass, device(StubChannel()))
    for _ in range(500):
        post.dispatcher.answered(Answer.GO, "0" * 32, USER)
    assert len(post.drafts("answer_refused")) == REFUSALS_PER_MINUTE == 20
    freezer.tick(timedelta(seconds=59))
    post.dispatcher.answered(Answer.GO, "0" * 32, USER)
    assert len(post.drafts("answer_refused")) == 20
    freezer.tick(timedelta(seconds=1))
    post.dispatcher.answered(Answer.GO, "0" * 32, USER)
    assert len(post.drafts("answer_refused")) == 21


async def test_real_answer_gets_through_a_flood_of_forged_ones(hass: HomeAssistant) -> None:
    channel = StubChannel()
    post = Post(hass, device(channel))
    post.dispatcher.tell(lambda _: alert())
    for _ in range(100):
        post.dispatcher.answered(Answer.GO, "0" * 32, USER)
    post.dispatcher.answered(Answer.GO, channel.sent[0].token, USER)
    assert post.answers == [("incident", "budi", Answer.GO)]


async def test_receipt_shows_the_alert_delivered(hass: HomeAssistant) -> None:
    channel = StubChannel()
    post = Post(hass, device(channel))
    post.dispatcher.tell(lambda _: alert())
    post.dispatcher.received(channel.sent[0].token, USER)
    assert post.states() == {"budi": "delivered"}
    post.dispatcher.tell(lambda _: alert(2, 2))
    assert post.states() == {"budi": "sent"}


async def test_push_that_hangs_delays_neither_a_new_place_nor_the_next_alert(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "SEND_DEADLINE", 60)
    taken = asyncio.Event()
    channel = StubChannel(wait_for(taken))
    post = Post(hass, device(channel))
    for told in (
        alert(tag="drill"),
        alert(2, 2, tag="drill"),
        alert(3, 2, tag="drill", ended=True),
        alert(tag="real"),
    ):
        post.dispatcher.tell(partial(_given, told))
        await asyncio.sleep(0)
    assert [(sent.alert.tag, sent.alert.revision) for sent in channel.sent] == [("drill", 1), ("drill", 2), ("real", 1)]
    taken.set()
    await finish(hass)
    assert [(sent.alert.tag, sent.alert.revision) for sent in channel.sent[3:]] == [("drill", 3)]
    assert post.states("real") == {"budi": "sent"}


async def test_stop_ends_all_tries_those_of_an_older_alert_too(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (0.01,))
    channel = StubChannel(refuse("push_refused"))
    post = Post(hass, device(channel))
    post.dispatcher.tell(lambda _: alert(tag="drill"))
    post.dispatcher.tell(lambda _: alert(2, tag="drill", ended=True))
    post.dispatcher.tell(lambda _: alert(tag="real"))
    post.dispatcher.stop()
    before = len(channel.sent)
    await asyncio.sleep(0.05)
    assert len(channel.sent) == before


async def test_alerts_that_have_ended_are_forgotten_once_everybody_knows(hass: HomeAssistant) -> None:
    post = Post(hass, device(StubChannel()))
    for number in range(3):
        post.dispatcher.tell(partial(_alert_of, f"incident {number}"))
        post.dispatcher.tell(partial(_alert_of, f"incident {number}", ended=True))
    assert [post.states(f"incident {number}") for number in range(3)] == [{}, {}, {"budi": "sent"}]


def resume(post: Post, records: Iterable[Record], told: Alert) -> None:
    post.dispatcher.restore(told.tag, records)
    post.dispatcher.resume(lambda _: told)


@pytest.mark.parametrize(
    ("records", "revisions", "state"),
    [
        pytest.param([], [3], "sent", id="added meanwhile"),
        pytest.param([delivered("budi", "failed", 0)], [3], "sent", id="failed"),
        pytest.param([delivered("budi", "sent", 3)], [], "sent", id="told"),
        pytest.param([delivered("budi", "delivered", 3)], [], "delivered", id="received"),
        pytest.param([delivered("budi", "sent", 4)], [3], "sent", id="told what is not on record"),
        pytest.param([delivered("budi", "acknowledged", 3)], [], "acknowledged", id="answered"),
        pytest.param(
            [delivered("budi", "sent", 1), delivered("budi", "acknowledged", 1)],
            [],
            "acknowledged",
            id="the last counts",
        ),
        pytest.param([delivered("budi", "acknowledged", 0)], [3], "sent", id="answered before a new place"),
        pytest.param([delivered("gone", "acknowledged", 3)], [3], "sent", id="another device"),
        pytest.param(
            [record("budi", state="acknowledged", told=3, reason=None, address="old phone")],
            [3],
            "sent",
            id="old phone",
        ),
        pytest.param([record(None, state="sent", told=1, reason=None)], [3], "sent", id="of no device"),
    ],
)
async def test_after_a_restart_whoever_has_not_heard_is_told_loudly(
    hass: HomeAssistant, records: list[Record], revisions: list[int], state: str
) -> None:
    channel = StubChannel()
    post = Post(hass, device(channel))
    resume(post, records, alert(3, 1))
    assert channel.revisions == revisions
    assert all(sent.loud for sent in channel.sent)
    assert post.states() == {"budi": state}


@pytest.mark.parametrize("state", ["sent", "delivered"])
@pytest.mark.parametrize(
    ("since", "pause"), [pytest.param(50, 11, id="its time is to come"), pytest.param(100, 0, id="overdue")]
)
async def test_after_a_restart_a_silent_device_is_told_again_at_its_stored_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, state: str, since: float, pause: float
) -> None:
    channel = StubChannel()
    post = Post(hass, device(channel))
    loud_at = dt_util.utcnow() - timedelta(seconds=since)
    kept = record("budi", state=state, told=1, reason=None, urgent=1, loud_at=loud_at.isoformat())
    resume(post, [kept], alert(repeat=60))
    await finish(hass)
    assert channel.revisions == []
    freezer.tick(timedelta(seconds=pause))
    async_fire_time_changed(hass)
    await finish(hass)
    assert [(sent.alert.revision, sent.loud) for sent in channel.sent] == [(1, True)]
    assert post.states() == {"budi": state}
    post.dispatcher.stop()


async def test_answer_to_a_push_from_before_the_restart_is_taken_in(hass: HomeAssistant) -> None:
    channel = StubChannel()
    before, after = Post(hass, device(channel)), Post(hass, device(StubChannel()))
    before.dispatcher.tell(lambda _: alert())
    resume(after, [delivered("budi", "acknowledged", 1)], alert())
    after.dispatcher.answered(Answer.HERE, channel.sent[0].token, USER)
    assert after.answers == [("incident", "budi", Answer.HERE)]


@pytest.mark.parametrize(
    ("records", "revisions"),
    [
        pytest.param([], [], id="never told"),
        pytest.param([delivered("budi", "failed", 0)], [], id="never reached"),
        pytest.param([delivered("budi", "acknowledged", 3)], [], id="end seen"),
        pytest.param([delivered("budi", "acknowledged", 2)], [3], id="answered but end not seen"),
        pytest.param([delivered("budi", "failed", 2)], [3], id="end failed"),
    ],
)
async def test_after_a_restart_an_end_is_brought_only_to_whoever_still_shows_the_alert(
    hass: HomeAssistant, records: list[Record], revisions: list[int]
) -> None:
    channel = StubChannel()
    post = Post(hass, device(channel))
    resume(post, records, alert(3, 1, ended=True))
    assert channel.revisions == revisions
    assert not any(sent.loud for sent in channel.sent)


@pytest.mark.parametrize("body", [{"state": "sent"}, {"state": "lost", "told": 1, "reason": None}, {}])
async def test_damaged_delivery_is_said_and_the_device_told_again(
    hass: HomeAssistant, body: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    channel = StubChannel()
    resume(Post(hass, device(channel)), [record("budi", **body), record("budi", kind="raised")], alert())
    assert channel.revisions == [1]
    assert caplog.text.count("Record 7 of the journal is no delivery") == 1


# --- whose turn it is ---


def tiered(channel: StubChannel, name: str, tier: int, duty_entity_id: str | None = None) -> PoliceDevice:
    return replace(device(channel, name), tier=tier, duty_entity_id=duty_entity_id)


async def test_first_tier_is_told_then_the_next_and_nobody_twice(hass: HomeAssistant) -> None:
    channels = {"budi": StubChannel(), "cici": StubChannel()}
    post = Post(hass, tiered(channels["budi"], "budi", 1), tiered(channels["cici"], "cici", 2))
    post.dispatcher.tell(lambda _: alert(), tier=1)
    assert post.states() == {"budi": "sent"}
    post.dispatcher.tell(lambda _: alert(), tier=2)
    assert {name: channel.revisions for name, channel in channels.items()} == {"budi": [1], "cici": [1]}


async def test_tiers_of_the_plan_count_not_those_set_since(hass: HomeAssistant) -> None:
    channel = StubChannel()
    post = Post(hass, tiered(StubChannel(), "budi", 1), tiered(channel, "cici", 2))
    post.dispatcher.tell(lambda _: alert(), tier=1, tiers={"budi": 1, "cici": 1})
    assert channel.revisions == [1]


@pytest.mark.parametrize(
    ("duty", "told"),
    [
        (STATE_ON, {"budi", "cici"}),
        (STATE_OFF, {"cici"}),
        (STATE_UNKNOWN, {"budi", "cici"}),
        (STATE_UNAVAILABLE, {"budi", "cici"}),
        (None, {"budi", "cici"}),
    ],
)
async def test_only_a_duty_entity_that_says_off_spares_a_device(
    hass: HomeAssistant, duty: str | None, told: set[str]
) -> None:
    if duty is not None:
        hass.states.async_set("schedule.duty", duty)
    post = Post(hass, tiered(StubChannel(), "budi", 1, "schedule.duty"), device(StubChannel(), "cici"))
    post.dispatcher.tell(lambda _: alert())
    assert post.states().keys() == told


async def test_device_that_goes_off_duty_is_still_told_how_it_goes_on(hass: HomeAssistant) -> None:
    hass.states.async_set("schedule.duty", STATE_ON)
    channel = StubChannel()
    post = Post(hass, tiered(channel, "budi", 1, "schedule.duty"), device(StubChannel(), "cici"))
    post.dispatcher.tell(lambda _: alert())
    hass.states.async_set("schedule.duty", STATE_OFF)
    post.dispatcher.tell(lambda _: alert(2, ended=True))
    assert channel.revisions == [1, 2]


async def test_what_only_sounds_hears_no_news(hass: HomeAssistant) -> None:
    siren, budi = StubChannel(), StubChannel()
    siren.takes_notices = False
    post = Post(hass, device(siren, "siren"), device(budi, "budi"))
    post.dispatcher.tell(lambda _: replace(alert(tag="news"), urgency=Urgency.NEWS))
    assert (siren.revisions, budi.revisions) == ([], [1])


async def test_device_that_is_not_for_drills_hears_of_none(hass: HomeAssistant) -> None:
    siren = StubChannel()
    post = Post(hass, replace(device(siren, "siren"), drills=False), device(StubChannel(), "budi"))
    post.dispatcher.tell(lambda _: replace(alert(), drill=True))
    assert post.states().keys() == {"budi"}
    post.dispatcher.tell(lambda _: alert(tag="real"))
    assert [sent.alert.tag for sent in siren.sent] == ["real"]


async def test_end_is_told_only_to_whoever_was_told(hass: HomeAssistant) -> None:
    channel = StubChannel()
    post = Post(hass, tiered(StubChannel(), "budi", 1), tiered(channel, "cici", 2))
    post.dispatcher.tell(lambda _: alert(), tier=1)
    post.dispatcher.tell(lambda _: alert(2, ended=True), tier=9)
    assert channel.revisions == []


# --- who can be reached ---


async def test_device_is_reachable_by_what_its_channel_knows_and_its_last_delivery_shows(hass: HomeAssistant) -> None:
    channel = StubChannel(succeed, refuse("push_refused"))
    post = Post(hass, device(channel))
    assert post.dispatcher.is_reachable("budi") is None
    channel.reachable = True
    post.dispatcher.tell(lambda _: alert())
    assert post.dispatcher.is_reachable("budi") is True
    post.dispatcher.tell(lambda _: alert(2, 2))
    assert post.dispatcher.is_reachable("budi") is False
    post.dispatcher.stop()


async def test_device_with_a_problem_is_not_reachable(hass: HomeAssistant) -> None:
    channel = StubChannel()
    channel.reachable, channel.trouble = True, "phone_missing"
    assert Post(hass, device(channel)).dispatcher.is_reachable("budi") is False
