"""An officer's phone: what leaves for it and what comes back, through the real mobile_app."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

from aiohttp import ClientError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker
from syrupy.assertion import SnapshotAssertion

from custom_components.rutan_blora.police.alert import Alert, Answer, Urgency
from custom_components.rutan_blora.police.channels import DeliveryError
from custom_components.rutan_blora.police.channels.phone import Phone, async_listen
from homeassistant import setup
from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, entity_registry as er
from tests.common import FakePhone, House

pytest_plugins = ("tests.fixtures",)

TOKEN = "0123456789abcdef" * 2
PUSH_URL = "https://push.example.com/v1"
PUSH_SERVICE = {"push_url": PUSH_URL, "push_token": "token-of-the-phone"}

OPEN = Alert(
    tag="01M8580MJXPPB1ZW2KSAQF6H3N",
    revision=1,
    urgent=1,
    title="DARURAT: Tombol panik – Pintu Utama",
    text="Rutan Blora · Ditekan 23 Nov 10.00.00 WIB\nBelum ada yang menerima.",
    answers=((Answer.ACKNOWLEDGE, "Terima"), (Answer.GO, "Menuju lokasi"), (Answer.HERE, "Di lokasi")),
)
ENDED = Alert(
    tag=OPEN.tag,
    revision=2,
    urgent=1,
    title="Selesai: Tombol panik – Pintu Utama",
    text="Rutan Blora · Ditekan 23 Nov 10.00.00 WIB\nSelesai: tertangani",
    ended=True,
)
NOTICE = Alert(
    tag="01M8580MJXPPB1ZW2KSAQF6H3N_cctv",
    revision=1,
    urgent=1,
    title="DARURAT: Kamera hilang",
    text="Rutan Blora\nTembok utara: tidak ada sinyal",
    urgency=Urgency.NEWS,
    picture="/api/camera_proxy/camera.tembok_utara",
)


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give a phone that is connected."""
    phone = await house.pair("HP Budi")
    await phone.connect()
    return phone


async def reason_of(phone: Phone) -> str:
    """Return why the phone cannot be told."""
    with pytest.raises(DeliveryError) as caught:
        await phone.send(OPEN, loud=True, token=TOKEN, memo={})
    return caught.value.reason


# --- what leaves ---


@pytest.mark.parametrize(
    ("alert", "loud"),
    [
        pytest.param(OPEN, True, id="loud"),
        pytest.param(OPEN, False, id="quiet"),
        pytest.param(NOTICE, True, id="notice"),
        pytest.param(ENDED, False, id="ended"),
        pytest.param(ENDED, True, id="ended and never told"),
    ],
)
async def test_phone_gets_exactly_this(
    hass: HomeAssistant, budi: FakePhone, snapshot: SnapshotAssertion, alert: Alert, loud: bool
) -> None:
    await Phone(hass, budi.id).send(alert, loud=loud, token=TOKEN, memo={})
    pushes = [await budi.next_push() for _ in budi.pushes]
    assert [push.content for push in pushes] == snapshot


async def test_loud_push_breaks_the_silence_of_both_systems(hass: HomeAssistant, budi: FakePhone) -> None:
    await Phone(hass, budi.id).send(OPEN, loud=True, token=TOKEN, memo={})
    data = budi.last.data
    assert data["push"]["interruption-level"] == "critical"
    assert data["push"]["sound"] == {"name": "default", "critical": 1, "volume": 1.0}
    assert data["channel"] == "alarm_stream"
    assert (data["ttl"], data["priority"], data["importance"]) == (0, "high", "high")


async def test_quiet_push_breaks_no_silence(hass: HomeAssistant, budi: FakePhone) -> None:
    await Phone(hass, budi.id).send(OPEN, loud=False, token=TOKEN, memo={})
    data = budi.last.data
    assert data["push"] == {"interruption-level": "passive", "sound": "none"}
    assert data["channel"] != "alarm_stream"
    assert data["alert_once"] is True


async def test_news_beside_an_alarm_is_heard_but_breaks_no_silence_and_may_be_wiped_away(
    hass: HomeAssistant, budi: FakePhone
) -> None:
    await Phone(hass, budi.id).send(NOTICE, loud=True, token=TOKEN, memo={})
    data = budi.last.data
    assert data["push"] == {"interruption-level": "time-sensitive", "sound": "default"}
    assert data["channel"] not in ("alarm_stream", "rutan_blora")
    assert data["persistent"] is False


async def test_picture_is_offered_by_its_path_for_the_app_to_fetch_as_its_user(
    hass: HomeAssistant, budi: FakePhone
) -> None:
    await Phone(hass, budi.id).send(NOTICE, loud=True, token=TOKEN, memo={})
    assert budi.last.data["image"] == NOTICE.picture
    await Phone(hass, budi.id).send(OPEN, loud=True, token=TOKEN, memo={})
    assert "image" not in budi.last.data


@pytest.mark.parametrize(("manufacturer", "live"), [("Samsung", [False, True]), ("Apple", [False, False])])
async def test_running_alarm_stays_in_sight_on_android_and_keeps_its_buttons_on_an_iphone(
    hass: HomeAssistant, house: House, manufacturer: str, live: list[bool]
) -> None:
    budi = await house.pair_taken_over("HP Budi", manufacturer=manufacturer)
    for loud in (True, False):
        await Phone(hass, budi.id).send(OPEN, loud=loud, token=TOKEN, memo={})
    assert [push.data.get("live_update", False) for push in budi.pushes] == live
    assert len(budi.last.buttons) == 3


async def test_push_offers_the_three_answers_android_has_room_for(hass: HomeAssistant, budi: FakePhone) -> None:
    await Phone(hass, budi.id).send(OPEN, loud=True, token=TOKEN, memo={})
    assert budi.last.buttons == {
        f"RUTAN_ACK_{TOKEN}": "Terima",
        f"RUTAN_GO_{TOKEN}": "Menuju lokasi",
        f"RUTAN_HERE_{TOKEN}": "Di lokasi",
    }


async def test_end_takes_the_alarm_off_and_leaves_a_word_without_buttons(hass: HomeAssistant, budi: FakePhone) -> None:
    phone = Phone(hass, budi.id)
    await phone.send(OPEN, loud=True, token=TOKEN, memo={})
    await phone.send(ENDED, loud=False, token=TOKEN, memo={})
    shown, clear, closed = budi.pushes
    assert clear.clears
    assert clear.tag == shown.tag != closed.tag
    assert closed.title == ENDED.title
    assert closed.buttons == {}


async def test_push_has_left_before_anything_is_awaited(hass: HomeAssistant, budi: FakePhone) -> None:
    sending = Phone(hass, budi.id).send(OPEN, loud=True, token=TOKEN, memo={})
    with pytest.raises(StopIteration):
        sending.send(None)
    assert len(budi.pushes) == 1
    assert (await budi.next_push()).content == budi.last.content


async def test_what_one_push_goes_through_does_not_change_the_next(hass: HomeAssistant, house: House) -> None:
    phones = [await house.pair("HP Budi"), await house.pair("HP Cici")]

    async def spoil(call: ServiceCall) -> None:
        call.data["data"]["hass_confirm_id"] = "spoiled"
        call.data["data"]["actions"].clear()
        call.data["data"].pop("push")

    hass.services.async_register("notify", phones[0].action, spoil)
    phones[1].take_over()
    for phone in phones:
        await Phone(hass, phone.id).send(OPEN, loud=True, token=TOKEN, memo={})
    assert "hass_confirm_id" not in phones[1].last.data
    assert len(phones[1].last.buttons) == 3
    assert phones[1].last.data["push"]["interruption-level"] == "critical"


async def test_phone_away_from_home_is_told_through_its_push_service(
    aioclient_mock: AiohttpClientMocker, hass: HomeAssistant, house: House
) -> None:
    aioclient_mock.post(PUSH_URL, json={}, status=201)  # type: ignore[no-untyped-call]
    phone = await house.pair("HP Budi", app_data=PUSH_SERVICE, manufacturer="Apple")
    await Phone(hass, phone.id).send(OPEN, loud=True, token=TOKEN, memo={})
    ((_, _, content, _),) = aioclient_mock.mock_calls
    assert content["title"] == OPEN.title
    assert content["message"] == OPEN.text
    assert content["push_token"] == "token-of-the-phone"
    assert content["data"]["push"]["interruption-level"] == "critical"
    assert [action["action"] for action in content["data"]["actions"]] == [
        f"RUTAN_ACK_{TOKEN}",
        f"RUTAN_GO_{TOKEN}",
        f"RUTAN_HERE_{TOKEN}",
    ]


@pytest.mark.parametrize(
    "answer", [{"status": 500}, {"status": 429}, {"exc": ClientError()}], ids=["broken", "limit", "unreachable"]
)
async def test_trouble_of_the_push_service_is_hidden_by_mobile_app(
    aioclient_mock: AiohttpClientMocker, hass: HomeAssistant, house: House, answer: dict[str, Any]
) -> None:
    """The reason why escalation follows missing answers, never the result of a send."""
    aioclient_mock.post(PUSH_URL, json={}, **answer)  # type: ignore[no-untyped-call]
    phone = await house.pair("HP Budi", app_data=PUSH_SERVICE)
    await Phone(hass, phone.id).send(OPEN, loud=True, token=TOKEN, memo={})
    assert aioclient_mock.call_count == 1


async def test_renamed_phone_is_followed(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    phone = Phone(hass, budi.id)
    await budi.send(
        "update_registration",
        {
            "app_version": "2026.10.1",
            "device_name": "HP Piket",
            "manufacturer": "Samsung",
            "model": "A16",
            "app_data": {"push_websocket_channel": True},
        },
    )
    assert not hass.services.has_service("notify", "mobile_app_hp_budi")
    await phone.send(OPEN, loud=True, token=TOKEN, memo={})
    assert budi.titles == [OPEN.title]
    assert phone.problem() is None


# --- what goes wrong ---


async def test_phone_that_is_not_connected_refuses_the_push(hass: HomeAssistant, house: House) -> None:
    phone = Phone(hass, (await house.pair("HP Budi")).id)
    assert await reason_of(phone) == "push_refused"
    assert phone.problem() is None


async def test_notify_action_that_fails_refuses_the_push(hass: HomeAssistant, house: House) -> None:
    budi = await house.pair("HP Budi")
    hass.services.async_remove("notify", budi.action)
    assert await reason_of(Phone(hass, budi.id)) == "push_refused"


async def test_phone_that_vanished_is_missing(hass: HomeAssistant, house: House) -> None:
    budi = await house.pair("HP Budi")
    phone = Phone(hass, budi.id)
    entry = dr.async_get(hass).async_get(budi.id)
    assert entry is not None
    await hass.config_entries.async_remove(entry.config_entry_id)
    assert await reason_of(phone) == "phone_missing"
    assert phone.problem() == "phone_missing"
    assert not phone.belongs_to(budi.user.id)


async def test_device_that_is_no_phone_is_missing(hass: HomeAssistant) -> None:
    entry = MockConfigEntry(domain="test")
    entry.add_to_hass(hass)
    other = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers={("test", "tv")})
    assert await reason_of(Phone(hass, other.id)) == "phone_missing"


async def test_phone_is_not_ready_while_mobile_app_is_not_loaded(hass: HomeAssistant) -> None:
    entry = MockConfigEntry(domain="mobile_app", data={"webhook_id": "x", "device_id": "y", "user_id": "z"})
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers={("mobile_app", "y")})
    phone = Phone(hass, device.id)
    assert await reason_of(phone) == "phone_not_ready"
    assert phone.problem() is None
    assert phone.belongs_to("z")


@pytest.fixture
def starting(hass: HomeAssistant) -> Iterator[Callable[[], None]]:
    """Let Home Assistant be about to start mobile_app; give what ends that."""
    done = hass.data.setdefault(setup._DATA_SETUP_DONE, {})
    done["mobile_app"] = hass.loop.create_future()
    hass.config.components.remove("mobile_app")

    def end() -> None:
        hass.config.components.add("mobile_app")
        done["mobile_app"].set_result(True)

    yield end
    assert not done.pop("mobile_app").cancelled()


async def test_push_of_a_press_during_the_start_leaves_as_soon_as_mobile_app_is_there(
    hass: HomeAssistant, budi: FakePhone, starting: Callable[[], None]
) -> None:
    sending = hass.async_create_task(Phone(hass, budi.id).send(OPEN, loud=True, token=TOKEN, memo={}))
    await asyncio.sleep(0)
    assert not sending.done()
    starting()
    await sending
    await hass.async_block_till_done()
    assert budi.titles == [OPEN.title]


async def test_who_gives_up_waiting_for_mobile_app_does_not_stop_its_start(
    hass: HomeAssistant, budi: FakePhone, starting: Callable[[], None]
) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await Phone(hass, budi.id).send(OPEN, loud=True, token=TOKEN, memo={})
    starting()


async def test_phone_is_not_ready_until_the_notify_actions_are_there(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    budi = await house.pair("HP Budi")
    with monkeypatch.context() as patch:
        patch.delitem(hass.data["mobile_app"], "notify")
        assert await reason_of(Phone(hass, budi.id)) == "phone_not_ready"


async def test_phone_whose_registration_is_switched_off_is_not_told_sent(hass: HomeAssistant, house: House) -> None:
    budi = await house.pair("HP Budi")
    device = dr.async_get(hass).async_get(budi.id)
    assert device is not None
    await hass.config_entries.async_unload(device.config_entry_id)
    await hass.async_block_till_done()
    assert await reason_of(Phone(hass, budi.id)) == "phone_not_ready"


async def test_phone_whose_registration_is_switched_off_is_not_taken_for_a_namesake(
    hass: HomeAssistant, house: House
) -> None:
    budi = await house.pair("HP Budi")
    device = dr.async_get(hass).async_get(budi.id)
    assert device is not None
    await hass.config_entries.async_unload(device.config_entry_id)
    await hass.async_block_till_done()
    assert Phone(hass, budi.id).problem() != "phone_same_name"


async def test_phone_without_push_is_not_taken_for_a_namesake(hass: HomeAssistant, house: House) -> None:
    phone = Phone(hass, (await house.pair("HP Budi", app_data={})).id)
    assert await reason_of(phone) == "phone_not_ready"
    assert phone.problem() != "phone_same_name"


async def test_of_two_phones_of_one_name_the_older_gets_plain_messages(hass: HomeAssistant, house: House) -> None:
    older, newer = await house.pair("HP Piket"), await house.pair("HP Piket")
    for phone in (older, newer):
        await phone.connect()
        await Phone(hass, phone.id).send(OPEN, loud=True, token=TOKEN, memo={})
    assert Phone(hass, older.id).problem() == "phone_same_name"
    assert Phone(hass, newer.id).problem() is None
    assert older.last.content == {"title": OPEN.title, "message": OPEN.text}
    assert len(newer.last.buttons) == 3


async def test_phone_that_gets_plain_messages_and_is_not_connected_refuses_them(
    hass: HomeAssistant, house: House
) -> None:
    older, _ = await house.pair("HP Piket"), await house.pair("HP Piket")
    assert await reason_of(Phone(hass, older.id)) == "push_refused"


async def test_phone_that_gets_plain_messages_but_has_no_entity_for_them_is_not_ready(
    hass: HomeAssistant, house: House
) -> None:
    older, _ = await house.pair("HP Piket"), await house.pair("HP Piket")
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id("notify", "mobile_app", older.device_id)
    assert entity_id is not None
    registry.async_remove(entity_id)
    await hass.async_block_till_done()
    assert await reason_of(Phone(hass, older.id)) == "phone_not_ready"


async def test_phone_that_gets_plain_messages_and_is_unavailable_is_not_told_sent(
    hass: HomeAssistant, house: House
) -> None:
    older, _ = await house.pair("HP Piket"), await house.pair("HP Piket")
    entity_id = er.async_get(hass).async_get_entity_id("notify", "mobile_app", older.device_id)
    assert entity_id is not None
    hass.states.async_set(entity_id, "unavailable")
    assert await reason_of(Phone(hass, older.id)) == "phone_not_ready"


# --- what comes back ---


async def test_answer_belongs_to_the_user_who_registered_the_phone(hass: HomeAssistant, house: House) -> None:
    budi, cici = await house.pair("HP Budi"), await house.pair("HP Cici")
    phone = Phone(hass, budi.id)
    assert phone.belongs_to(budi.user.id)
    assert not phone.belongs_to(cici.user.id)
    assert not phone.belongs_to(None)


@pytest.mark.parametrize("answer", list(Answer))
async def test_tap_on_a_button_is_heard_with_its_token_and_user(
    hass: HomeAssistant, house: House, budi: FakePhone, answer: Answer
) -> None:
    heard, received = Mock(), Mock()
    unsubscribe = async_listen(hass, heard, received)
    offer = replace(OPEN, answers=((answer, "Ya"),))
    await Phone(hass, budi.id).send(offer, loud=True, token=TOKEN, memo={})
    await budi.answer(answer.value)
    heard.assert_called_once_with(answer, TOKEN, budi.user.id)
    received.assert_not_called()
    unsubscribe()
    await budi.answer(answer.value)
    assert heard.call_count == 1


async def test_tap_on_an_iphone_which_sends_only_the_key_is_heard(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    heard = Mock()
    unsubscribe = async_listen(hass, heard, Mock())
    await budi.fire("mobile_app_notification_action", {"action": f"RUTAN_GO_{TOKEN}"})
    heard.assert_called_once_with(Answer.GO, TOKEN, budi.user.id)
    unsubscribe()


async def test_receipt_is_heard_with_its_token_and_user(hass: HomeAssistant, budi: FakePhone) -> None:
    heard, received = Mock(), Mock()
    unsubscribe = async_listen(hass, heard, received)
    await Phone(hass, budi.id).send(OPEN, loud=True, token=TOKEN, memo={})
    await budi.confirm()
    received.assert_called_once_with(TOKEN, budi.user.id)
    heard.assert_not_called()
    unsubscribe()
    await budi.confirm()
    assert received.call_count == 1


@pytest.mark.parametrize("event_type", ["mobile_app_notification_action", "mobile_app_notification_received"])
@pytest.mark.parametrize(
    "data",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"action": None}, id="none"),
        pytest.param({"action": 7}, id="number"),
        pytest.param({"action": ["RUTAN_ACK_" + TOKEN]}, id="list"),
        pytest.param({"action": {"RUTAN_ACK_" + TOKEN: 1}}, id="object"),
        pytest.param({"action": "x" * 10_000}, id="10 kB"),
        pytest.param({"action": "RUTAN_ACK_" + TOKEN * 300}, id="10 kB token"),
        pytest.param({"action": "SILENCE"}, id="of another integration"),
        pytest.param({"action": "RUTAN_ACK_" + TOKEN.upper()}, id="capitals"),
        pytest.param({"action": "RUTAN_ACK_" + TOKEN[:-1]}, id="short"),
        pytest.param({"action": "RUTAN_ACK_" + TOKEN + "\n"}, id="line end"),
        pytest.param({"action": "RUTAN_CLOSE_" + TOKEN}, id="unknown answer"),
        pytest.param({"action": "RUTAN_ACK_" + "٣" * 32}, id="foreign digits"),
        pytest.param({"action_1_key": 7}, id="number as key"),
    ],
)
async def test_event_of_another_kind_is_not_heard(hass: HomeAssistant, event_type: str, data: dict[str, Any]) -> None:
    heard, received = Mock(), Mock()
    unsubscribe = async_listen(hass, heard, received)
    hass.bus.async_fire(event_type, data, context=Context(user_id="user"))
    await hass.async_block_till_done()
    heard.assert_not_called()
    received.assert_not_called()
    unsubscribe()


async def test_cleared_notification_is_no_answer(hass: HomeAssistant) -> None:
    heard, received = Mock(), Mock()
    unsubscribe = async_listen(hass, heard, received)
    hass.bus.async_fire("mobile_app_notification_cleared", {"action_1_key": f"RUTAN_ACK_{TOKEN}"})
    await hass.async_block_till_done()
    heard.assert_not_called()
    received.assert_not_called()
    unsubscribe()
