"""A post that listens to MQTT: through Home Assistant's real mqtt, a real broker and a client of its own."""

from collections.abc import AsyncIterator
from dataclasses import replace
import json
import logging
import subprocess
import sys
from typing import Any
from unittest.mock import Mock, patch

from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.rutan_blora.police.alert import Alert, Answer
from custom_components.rutan_blora.police.channels import DeliveryError, Receipt
from custom_components.rutan_blora.police.channels.mqtt import MqttPost, read_command
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.broker import PATIENCE, TOPIC, Broker, Post, set_up
from tests.common import until

pytest_plugins = ("tests.mqtt",)
TOKEN = "0123456789abcdef" * 2
ANSWER = {"answer": "GO", "token": TOKEN, "officer": "Aipda Budi"}

OPEN = Alert(
    tag="01M8580MJXPPB1ZW2KSAQF6H3N",
    revision=1,
    urgent=1,
    title="DARURAT: Tombol panik – Pintu Utama",
    text="Rutan Blora · Ditekan 23 Nov 10.00.00 WIB\nBelum ada yang menerima.",
    answers=((Answer.ACKNOWLEDGE, "Terima"), (Answer.GO, "Menuju lokasi")),
    details={"site": "Rutan Blora", "locations": ["Pintu Utama"]},
)
UPDATED = replace(OPEN, revision=2, text="Diterima oleh Aipda Budi", answered=True)
ENDED = replace(OPEN, revision=3, title="Selesai", answers=(), answered=True, ended=True)
STATE = {
    "tag": OPEN.tag,
    "revision": 1,
    "urgent": 1,
    "title": OPEN.title,
    "text": OPEN.text,
    "open": True,
    "answered": False,
    "drill": False,
    "test": False,
    "urgency": "alarm",
    "details": {"site": "Rutan Blora", "locations": ["Pintu Utama"]},
}


@pytest.fixture
async def polres(broker: Broker) -> AsyncIterator[Post]:
    """Give the other end, which listens."""
    post = Post(broker, TOPIC)
    await post.join()
    yield post
    await post.leave()


async def send(
    post: MqttPost, alert: Alert = OPEN, *, loud: bool = True, memo: dict[str, Any] | None = None
) -> Receipt:
    """Tell the post."""
    return await post.send(alert, loud=loud, token=TOKEN, memo=memo or {})


async def reason_of(post: MqttPost) -> str:
    """Return why the post cannot be told."""
    with pytest.raises(DeliveryError) as caught:
        await send(post)
    return caught.value.reason


async def online(polres: Post, times: int = 1) -> None:
    """Wait until the post was told so many times that its answers are heard."""
    await until(lambda: [m.payload for m in polres.heard("availability")] == [b"online"] * times, within=PATIENCE)


async def answer(polres: Post, heard: Mock, **changes: str) -> None:
    """Answer and wait until it is heard."""
    await polres.command(ANSWER | changes)
    await until(lambda: heard.called, within=PATIENCE)


# --- what leaves ---


async def test_event_says_all_and_offers_the_answers(hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post) -> None:
    await send(MqttPost(hass, TOPIC))
    event = await polres.hears("event")
    assert event.json == {
        "event_id": f"{OPEN.tag}-1-0",
        "loud": True,
        **STATE,
        "token": TOKEN,
        "answers": [{"answer": "ACK", "title": "Terima"}, {"answer": "GO", "title": "Menuju lokasi"}],
    }


async def test_late_post_gets_the_state_but_no_event_and_no_token(
    hass: HomeAssistant, mqtt: MockConfigEntry, broker: Broker
) -> None:
    await send(MqttPost(hass, TOPIC))
    late = Post(broker, TOPIC)
    await late.join()
    state = await late.hears("state")
    await late.leave()
    assert state.retained
    assert state.json == STATE
    assert late.heard("event") == []
    assert not any(TOKEN.encode() in message.payload for message in late.messages)


async def test_quiet_update_changes_the_state_and_says_that_it_is_quiet(
    hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post
) -> None:
    post = MqttPost(hass, TOPIC)
    memo = (await send(post)).memo
    await send(post, UPDATED, loud=False, memo=dict(memo))
    state = await polres.hears("state", lambda message: message.json["revision"] == 2)
    event = await polres.hears("event", lambda message: message.json["revision"] == 2)
    assert (state.json["answered"], state.json["open"]) == (True, True)
    assert not event.json["loud"]


async def test_end_closes_the_state(hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post) -> None:
    post = MqttPost(hass, TOPIC)
    await send(post)
    await send(post, ENDED, loud=False)
    state = await polres.hears("state", lambda message: message.json["revision"] == 3)
    assert not state.json["open"]


async def test_end_of_one_alert_does_not_hide_another_that_is_open(
    hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post
) -> None:
    post = MqttPost(hass, TOPIC)
    await send(post)
    await send(post, replace(OPEN, tag="visit"))
    await send(post, replace(ENDED, tag="visit"))
    await polres.hears("event", lambda message: message.json["revision"] == 3)
    await until(lambda: len(polres.heard("state")) == 3, within=PATIENCE)
    assert [message.json["tag"] for message in polres.heard("state")] == [OPEN.tag, "visit", OPEN.tag]
    assert polres.heard("state")[-1].json["open"]


async def test_drill_says_so(hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post) -> None:
    await send(MqttPost(hass, TOPIC), replace(OPEN, drill=True))
    assert (await polres.hears("event")).json["drill"]
    assert (await polres.hears("state")).json["drill"]


async def test_test_is_an_event_only(hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post) -> None:
    post = MqttPost(hass, TOPIC)
    await send(post, replace(OPEN, tag="test", test=True))
    assert (await polres.hears("event")).json["test"]
    await send(post)
    await polres.hears("state")
    assert [message.json["test"] for message in polres.heard("state")] == [False]


async def test_repeat_is_a_new_event_and_a_retry_is_not(
    hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post
) -> None:
    post = MqttPost(hass, TOPIC)
    receipt = await send(post)
    await send(post)
    await send(post, memo=dict(receipt.memo))
    await until(lambda: len(polres.heard("event")) == 3, within=PATIENCE)
    first, retry, repeat = (message.json["event_id"] for message in polres.heard("event"))
    assert first == retry != repeat


async def test_broker_that_has_it_is_no_post_that_has_it(hass: HomeAssistant, mqtt: MockConfigEntry) -> None:
    receipt = await send(MqttPost(hass, TOPIC))
    assert not receipt.confirmed
    assert receipt.memo == {"sent": 1}


# --- what goes wrong ---


async def test_without_mqtt_nothing_can_be_told(hass: HomeAssistant) -> None:
    post = MqttPost(hass, TOPIC)
    assert post.problem() == "mqtt_missing"
    assert not post.is_reachable()
    assert await reason_of(post) == "mqtt_missing"


async def test_mqtt_that_is_switched_off_is_missing(hass: HomeAssistant, mqtt: MockConfigEntry) -> None:
    post = MqttPost(hass, TOPIC)
    assert post.problem() is None
    await hass.config_entries.async_set_disabled_by(mqtt.entry_id, ConfigEntryDisabler.USER)
    assert post.problem() == "mqtt_missing"
    assert await reason_of(post) == "mqtt_missing"


async def test_topic_that_is_none_is_refused(hass: HomeAssistant, mqtt: MockConfigEntry) -> None:
    assert await reason_of(MqttPost(hass, "polres/+")) == "mqtt_refused"


async def test_broker_that_is_away_refuses_at_once_and_gets_nothing_stale_later(
    hass: HomeAssistant, mqtt: MockConfigEntry, broker: Broker
) -> None:
    post = MqttPost(hass, TOPIC)
    await broker.stop()
    await until(lambda: not post.is_reachable(), within=PATIENCE)
    assert await reason_of(post) == "mqtt_disconnected"
    assert post.problem() is None
    await broker.start()
    polres = Post(broker, TOPIC)
    await polres.join()
    await until(lambda: bool(post.is_reachable()), within=PATIENCE)
    await send(post, UPDATED)
    await polres.hears("state")
    await polres.leave()
    assert [message.json["revision"] for message in polres.heard("event")] == [2]


async def test_broker_that_does_not_acknowledge_is_taken_for_away(
    hass: HomeAssistant, mqtt: MockConfigEntry, broker: Broker
) -> None:
    with (
        patch("custom_components.rutan_blora.police.channels.mqtt.ACK_DEADLINE", 0.2),
        broker.frozen(),
    ):
        assert await reason_of(MqttPost(hass, TOPIC)) == "mqtt_disconnected"


def test_mqtt_is_not_imported_where_it_is_not_used() -> None:
    script = (
        "import sys; import custom_components.rutan_blora.police.channels.mqtt;"
        "sys.exit(any(name.startswith(('paho', 'homeassistant.components.mqtt')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0  # noqa: S603


# --- what comes back ---


@pytest.mark.parametrize("given", list(Answer))
async def test_answer_of_a_post_that_sees_us_online_is_heard(
    hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post, given: Answer
) -> None:
    heard = Mock()
    stop = MqttPost(hass, TOPIC).listen(heard)
    await online(polres)
    await answer(polres, heard, answer=given.value, officer="Aipda\n<b>Budi</b>")
    heard.assert_called_once_with(given, TOKEN, "Aipda ‹b›Budi‹/b›")
    stop()


async def test_garbage_is_ignored_with_a_word_and_what_follows_is_heard(
    hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Mock()
    stop = MqttPost(hass, TOPIC).listen(heard)
    await online(polres)
    caplog.clear()
    for payload in (b"", b"\xff\xfe", b"[]", b"null", b"{" * 4000, b"x" * 5000):
        await polres.command(payload)
    await polres.command({"answer": "HERE", "token": TOKEN})
    await until(lambda: heard.called, within=PATIENCE)
    heard.assert_called_once_with(Answer.HERE, TOKEN, "")
    ours = [record for record in caplog.records if record.name.endswith("channels.mqtt")]
    assert [record.levelno for record in ours] == [logging.DEBUG] * 6
    assert not any(record.levelno > logging.INFO for record in caplog.records)
    stop()


async def test_retained_answer_is_an_old_one(
    hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post, caplog: pytest.LogCaptureFixture
) -> None:
    await polres.command({**ANSWER, "officer": "old"}, retain=True)
    heard = Mock()
    stop = MqttPost(hass, TOPIC).listen(heard)
    await until(lambda: "ignored: retained" in caplog.text, within=PATIENCE)
    await online(polres)
    await answer(polres, heard, officer="new")
    heard.assert_called_once_with(Answer.GO, TOKEN, "new")
    stop()


@pytest.mark.parametrize("is_reloaded", [False, True], ids=["as it was", "mqtt reloaded"])
async def test_nothing_is_heard_after_the_stop(
    hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post, caplog: pytest.LogCaptureFixture, is_reloaded: bool
) -> None:
    heard, other = Mock(), Mock()
    stop, stop_other = (MqttPost(hass, topic).listen(by) for topic, by in ((TOPIC, heard), (f"{TOPIC}/2", other)))
    await online(polres)
    if is_reloaded:
        assert await hass.config_entries.async_reload(mqtt.entry_id)
        await online(polres, 2)
    stop()
    await polres.command(ANSWER)
    await polres.command(ANSWER, to="2/command")
    await until(lambda: other.called, within=PATIENCE)
    heard.assert_not_called()
    assert not any(record.levelno >= logging.ERROR for record in caplog.records)
    stop_other()


async def test_answers_are_heard_once_mqtt_is_set_up_later(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, polres: Post
) -> None:
    heard = Mock()
    stop = MqttPost(hass, TOPIC).listen(heard)
    # Others that are set up are not mqtt.
    assert await async_setup_component(hass, "logger", {})
    await set_up(hass, mqtt_entry)
    await online(polres)
    await answer(polres, heard)
    stop()


async def test_answer_is_heard_once_after_mqtt_was_reloaded(
    hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post
) -> None:
    heard = Mock()
    stop = MqttPost(hass, TOPIC).listen(heard)
    await online(polres)
    assert await hass.config_entries.async_reload(mqtt.entry_id)
    await online(polres, 2)
    await answer(polres, heard, officer="first")
    await polres.command({**ANSWER, "officer": "second"})
    await until(lambda: heard.call_args.args[2] == "second", within=PATIENCE)
    assert [call.args[2] for call in heard.call_args_list] == ["first", "second"]
    stop()


async def test_listening_stopped_before_mqtt_came_leaves_nothing(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, polres: Post
) -> None:
    MqttPost(hass, TOPIC).listen(Mock())()
    await set_up(hass, mqtt_entry)
    other = MqttPost(hass, f"{TOPIC}/2").listen(Mock())
    await polres.hears("2/availability")
    assert polres.heard("availability") == []
    other()


# --- whether we are there ---


async def test_post_sees_that_we_are_there_and_that_we_leave(
    hass: HomeAssistant, mqtt: MockConfigEntry, polres: Post, broker: Broker
) -> None:
    post = MqttPost(hass, TOPIC)
    stop = post.listen(Mock())
    await online(polres)
    post.leave()
    stop()
    await hass.async_block_till_done()
    late = Post(broker, TOPIC)
    await late.join()
    availability = await late.hears("availability")
    await late.leave()
    assert (availability.payload, availability.retained) == (b"offline", True)


async def test_restarted_broker_learns_again_that_we_are_there_and_what_is_on(
    hass: HomeAssistant, mqtt: MockConfigEntry, broker: Broker, polres: Post
) -> None:
    post, heard = MqttPost(hass, TOPIC), Mock()
    stop = post.listen(heard)
    await online(polres)
    await send(post)
    await broker.stop()
    await until(lambda: not post.is_reachable(), within=PATIENCE)
    await broker.start()
    late = Post(broker, TOPIC)
    await late.join()
    await online(late)
    assert (await late.hears("state")).json == STATE
    await answer(late, heard)
    await send(post, UPDATED)
    await late.hears("event", lambda message: message.json["revision"] == 2)
    await late.leave()
    stop()


async def test_broker_that_is_gone_can_be_told_neither_that_we_come_nor_that_we_leave(
    hass: HomeAssistant, mqtt: MockConfigEntry, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    post = MqttPost(hass, TOPIC)
    await broker.stop()
    await until(lambda: not post.is_reachable(), within=PATIENCE)
    await post.announce()
    post.leave()
    await hass.async_block_till_done()
    assert "could not be told that Home Assistant is there: mqtt_disconnected" in caplog.text
    assert "could not be told that Home Assistant leaves: mqtt_disconnected" in caplog.text


# --- commands ---

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
_NEARLY = st.fixed_dictionaries(
    {}, optional={key: _JSON | st.just(value) for key, value in (("answer", "ACK"), ("token", TOKEN), ("officer", "x"))}
)


@given(st.binary() | (_JSON | _NEARLY).map(lambda said: json.dumps(said).encode()))
def test_whatever_comes_is_a_command_or_a_value_error(payload: bytes) -> None:
    try:
        answer, token, officer = read_command(payload)
    except ValueError:
        return
    assert isinstance(answer, Answer)
    assert token == TOKEN
    assert len(officer) <= 80


@pytest.mark.parametrize(
    "command",
    [
        pytest.param({**ANSWER, "answer": "CLOSE"}, id="unknown answer"),
        pytest.param({**ANSWER, "answer": ["ACK"]}, id="list of answers"),
        pytest.param({**ANSWER, "token": TOKEN[:-1]}, id="short token"),
        pytest.param({**ANSWER, "token": TOKEN + "\n"}, id="line end"),
        pytest.param({**ANSWER, "token": "٣" * 32}, id="foreign digits"),
        pytest.param({**ANSWER, "token": 7}, id="number as token"),
        pytest.param({**ANSWER, "officer": None}, id="no officer"),
        pytest.param({**ANSWER, "officer": "x" * 4096}, id="longer than 4 kB"),
        pytest.param({"answer": "ACK"}, id="no token"),
        pytest.param([ANSWER], id="list"),
    ],
)
def test_command_of_another_form_is_none(command: object) -> None:
    with pytest.raises(ValueError, match=r"too long|not of its form"):
        read_command(json.dumps(command).encode())


def test_what_a_command_says_besides_does_not_matter() -> None:
    assert read_command(json.dumps({**ANSWER, "at": 7}).encode()) == (Answer.GO, TOKEN, "Aipda Budi")


def test_name_of_the_officer_is_cut() -> None:
    assert len(read_command(json.dumps({**ANSWER, "officer": "x" * 1000}).encode())[2]) == 80
