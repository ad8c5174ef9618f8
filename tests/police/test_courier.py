"""Bringing one alert to one police device."""

import asyncio
from datetime import timedelta
from unittest.mock import Mock

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.rutan_blora.police import courier as courier_module, delivery as delivery_module
from custom_components.rutan_blora.police.channels import Receipt
from custom_components.rutan_blora.police.courier import SEND_DEADLINE, Courier
from custom_components.rutan_blora.police.delivery import ENDED_TRIES, Delivery, DeliveryState
from homeassistant.components.mobile_app.push_notification import PUSH_CONFIRM_TIMEOUT
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .common import Behaviour, StubChannel, alert, device, fail, hang, refuse, succeed, wait_for

TOKEN = "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for a deadline or the next try."""
    monkeypatch.setattr(courier_module, "SEND_DEADLINE", 0.02)
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (0.01,))


def courier_of(hass: HomeAssistant, channel: StubChannel, on_change: Mock | None = None) -> Courier:
    return Courier(hass, device(channel), Delivery(tag="incident"), lambda _: TOKEN, on_change or Mock())


async def finish(hass: HomeAssistant) -> None:
    """Let the courier come to its end."""
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_alert_has_left_when_tell_returns(hass: HomeAssistant) -> None:
    channel = StubChannel(hang)
    courier_of(hass, channel).tell(alert())
    assert channel.revisions == [1]


@pytest.mark.usefixtures("freezer")
async def test_alert_is_handed_over_loudly_with_the_token(hass: HomeAssistant) -> None:
    channel, on_change = StubChannel(), Mock()
    courier = courier_of(hass, channel, on_change)
    courier.tell(alert())
    assert [(sent.loud, sent.token) for sent in channel.sent] == [(True, TOKEN)]
    assert courier.delivery == Delivery(
        tag="incident", state=DeliveryState.SENT, told=1, urgent=1, loud_at=dt_util.utcnow()
    )
    assert courier.is_done
    on_change.assert_called_once_with(courier)


async def test_update_is_quiet_and_a_new_urgent_revision_is_loud_again(hass: HomeAssistant) -> None:
    channel = StubChannel()
    courier = courier_of(hass, channel)
    courier.tell(alert(1, 1))
    courier.tell(alert(2, 1))
    courier.tell(alert(3, 3))
    courier.tell(alert(4, 3))
    assert [sent.loud for sent in channel.sent] == [True, False, True, False]


async def test_device_that_missed_the_urgent_revision_is_told_the_next_one_loudly(hass: HomeAssistant) -> None:
    channel = StubChannel(refuse("push_refused"), succeed)
    courier = courier_of(hass, channel)
    courier.tell(alert(1, 1))
    courier.tell(alert(2, 1))
    await finish(hass)
    assert [(sent.alert.revision, sent.loud) for sent in channel.sent] == [(1, True), (2, True)]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        pytest.param(refuse("push_refused"), "push_refused", id="refused"),
        pytest.param(fail(TimeoutError()), "timeout", id="timeout of its own"),
        pytest.param(hang, "timeout", id="hanging"),
        pytest.param(fail(ValueError("boom")), "error", id="unexpected"),
    ],
)
async def test_failed_send_is_shown_with_its_reason_and_tried_again(
    hass: HomeAssistant, behaviour: Behaviour, reason: str
) -> None:
    seen: list[Delivery] = []
    channel = StubChannel(behaviour, succeed)
    courier = courier_of(hass, channel, Mock(side_effect=lambda courier: seen.append(courier.delivery)))
    courier.tell(alert())
    await finish(hass)
    assert [(delivery.state, delivery.tries, delivery.reason) for delivery in seen] == [
        (DeliveryState.FAILED, 1, reason),
        (DeliveryState.SENT, 0, None),
    ]


async def test_unexpected_exception_is_logged_once_and_without_the_token(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    courier_of(hass, StubChannel(*[fail(ValueError("boom"))] * 5, succeed)).tell(alert())
    await finish(hass)
    assert caplog.text.count("Telling HP budi failed unexpectedly") == 1
    assert TOKEN not in caplog.text


async def test_send_that_somebody_else_cancelled_is_tried_again(hass: HomeAssistant) -> None:
    channel = StubChannel(fail(asyncio.CancelledError()), succeed)
    courier = courier_of(hass, channel)
    courier.tell(alert())
    await finish(hass)
    assert courier.delivery.state is DeliveryState.SENT


async def test_one_more_failure_of_the_same_kind_is_no_news(hass: HomeAssistant) -> None:
    seen: list[str | None] = []
    channel = StubChannel(*[refuse("push_refused")] * 3, refuse("phone_missing"), succeed)
    courier = courier_of(hass, channel, Mock(side_effect=lambda courier: seen.append(courier.delivery.reason)))
    courier.tell(alert())
    await finish(hass)
    assert len(channel.sent) == 5
    assert seen == ["push_refused", "phone_missing", None]


async def test_tries_are_made_after_2_5_10_30_and_then_every_60_seconds(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def pause(_: Courier, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.undo()
    monkeypatch.setattr(Courier, "_pause", pause)
    courier_of(hass, StubChannel(*[refuse("push_refused")] * 7, succeed)).tell(alert())
    await finish(hass)
    assert pauses == [2, 5, 10, 30, 60, 60, 60]


async def test_deadline_is_before_mobile_app_reports_a_success_that_was_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SEND_DEADLINE < PUSH_CONFIRM_TIMEOUT


async def test_next_try_brings_the_newest_revision(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (60.0,))
    channel = StubChannel(refuse("push_refused"), succeed)
    courier = courier_of(hass, channel)
    courier.tell(alert(1, 1))
    await asyncio.sleep(0)
    courier.tell(alert(2, 1))
    courier.tell(alert(3, 1))
    await finish(hass)
    assert channel.revisions[-1] == 3
    assert courier.delivery.told == 3


async def test_news_break_the_pause_before_the_next_try(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_module, "RETRY_AFTER", (60.0,))
    channel = StubChannel(succeed, refuse("push_refused"), succeed)
    courier = courier_of(hass, channel)
    for revision in (1, 2, 3):
        courier.tell(alert(revision, 1))
    await finish(hass)
    assert channel.revisions == [1, 2, 3]


async def test_urgent_news_leave_at_once_whatever_hangs_in_their_way(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "SEND_DEADLINE", 60)
    channel = StubChannel(hang, succeed)
    courier = courier_of(hass, channel)
    courier.tell(alert(1, 1))
    await asyncio.sleep(0)
    courier.tell(alert(2, 2))
    assert channel.revisions == [1, 2]
    await finish(hass)
    assert courier.delivery.told == courier.delivery.urgent == 2
    assert courier.delivery.state is DeliveryState.SENT


async def test_quiet_news_wait_for_the_push_that_is_under_way(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "SEND_DEADLINE", 60)
    taken = asyncio.Event()
    channel = StubChannel(succeed, wait_for(taken), succeed)
    courier = courier_of(hass, channel)
    courier.tell(alert(1, 1))
    courier.tell(alert(2, 1))
    courier.tell(alert(3, 1))
    assert channel.revisions == [1, 2]
    taken.set()
    await finish(hass)
    assert channel.revisions == [1, 2, 3]


async def test_end_is_given_up_after_ten_tries(hass: HomeAssistant) -> None:
    channel = StubChannel(refuse("push_refused"))
    courier = courier_of(hass, channel)
    courier.tell(alert(2, 1, ended=True))
    assert courier.has_ended
    await finish(hass)
    assert len(channel.sent) == ENDED_TRIES
    assert courier.is_done


async def test_open_alert_is_not_given_up(hass: HomeAssistant) -> None:
    channel = StubChannel(*[refuse("push_refused")] * (ENDED_TRIES + 5), succeed)
    courier = courier_of(hass, channel)
    courier.tell(alert())
    assert not courier.has_ended
    await finish(hass)
    assert courier.delivery.state is DeliveryState.SENT


async def test_stop_ends_the_tries(hass: HomeAssistant) -> None:
    channel = StubChannel(refuse("push_refused"))
    courier = courier_of(hass, channel)
    courier.tell(alert())
    assert not courier.is_done
    courier.stop()
    await finish(hass)
    assert len(channel.sent) == 1
    assert courier.is_done


async def test_courier_that_was_told_nothing_has_nothing_to_stop(hass: HomeAssistant) -> None:
    courier = courier_of(hass, StubChannel())
    courier.stop()
    assert courier.is_done
    assert not courier.has_ended


# --- a silent device is told again ---


async def silence(hass: HomeAssistant, courier: Courier, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let nobody answer for a while."""
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await finish(hass)
    assert courier.is_done


async def test_silent_device_is_told_loudly_again_each_time_the_interval_is_over(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    channel = StubChannel()
    courier = courier_of(hass, channel)
    courier.tell(alert(repeat=60))
    await silence(hass, courier, freezer, 59)
    assert len(channel.sent) == 1
    for times in (2, 3):
        await silence(hass, courier, freezer, 61)
        assert [(sent.alert.revision, sent.loud) for sent in channel.sent] == [(1, True)] * times
    courier.stop()


async def test_device_that_has_answered_is_left_in_peace(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    channel = StubChannel()
    courier = courier_of(hass, channel)
    courier.tell(alert(repeat=60))
    courier.advance(courier.delivery.acknowledged(1))
    await silence(hass, courier, freezer, 61)
    await silence(hass, courier, freezer, 61)
    assert len(channel.sent) == 1


async def test_update_that_asks_for_nothing_more_ends_the_repeats(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    channel = StubChannel()
    courier = courier_of(hass, channel)
    courier.tell(alert(1, 1, repeat=60))
    courier.tell(alert(2, 1))
    await silence(hass, courier, freezer, 61)
    assert [sent.loud for sent in channel.sent] == [True, False]


async def test_repeat_that_fell_due_during_a_quiet_update_is_made_up_for(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "SEND_DEADLINE", 600)
    taken = asyncio.Event()
    channel = StubChannel(succeed, wait_for(taken), succeed)
    courier = courier_of(hass, channel)
    courier.tell(alert(1, 1, repeat=60))
    courier.tell(alert(2, 1, repeat=60))
    freezer.tick(timedelta(seconds=61))
    async_fire_time_changed(hass)
    await asyncio.sleep(0)
    taken.set()
    await finish(hass)
    assert [sent.loud for sent in channel.sent] == [True, False, True]
    courier.stop()


async def test_repeat_that_fails_is_tried_again_and_what_was_proven_stays(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    channel = StubChannel(succeed, refuse("push_refused"), succeed)
    courier = courier_of(hass, channel)
    courier.tell(alert(repeat=60))
    courier.advance(courier.delivery.received(1))
    for _ in range(2):
        freezer.tick(timedelta(seconds=61))
        async_fire_time_changed(hass)
        await asyncio.sleep(0)
    await finish(hass)
    assert [sent.loud for sent in channel.sent] == [True, True, True]
    assert courier.delivery.state is DeliveryState.DELIVERED
    courier.stop()


async def test_channel_gets_its_memo_back_and_its_word_that_it_arrived_counts(hass: HomeAssistant) -> None:
    channel = StubChannel()
    channel.receipts = [Receipt(confirmed=True, memo={"before": "off"}), Receipt()]
    courier = courier_of(hass, channel)
    courier.tell(alert(1, 1))
    assert courier.delivery.state is DeliveryState.DELIVERED
    courier.tell(alert(2, 1))
    assert [dict(sent.memo) for sent in channel.sent] == [{}, {"before": "off"}]
    assert courier.delivery.memo == {}
