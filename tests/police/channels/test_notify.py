"""A notify entity as a police device, through Home Assistant's real notify."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from custom_components.rutan_blora.police.alert import Alert, Answer
from custom_components.rutan_blora.police.channels import DeliveryError, Receipt
from custom_components.rutan_blora.police.channels.notify import NotifyEntity
from homeassistant.components import notify
from homeassistant.components.notify import NotifyEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from tests.police.common import fail, succeed

CHAT = "notify.polres"
MEMO = {"kept": 1}

OPEN = Alert(
    tag="01M8580MJXPPB1ZW2KSAQF6H3N",
    revision=1,
    urgent=1,
    title="DARURAT: Tombol panik – Pintu Utama",
    text="Rutan Blora · Ditekan 23 Nov 10.00.00 WIB\nBelum ada yang menerima.",
    answers=((Answer.ACKNOWLEDGE, "Terima"),),
)
ENDED = replace(OPEN, revision=3, title="Selesai", answers=(), answered=True, ended=True)


class Chat(notify.NotifyEntity):
    """A chat that keeps what it is told, then behaves."""

    _attr_name = "Polres"
    _attr_unique_id = "polres"
    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self) -> None:
        self.said: list[tuple[str | None, str]] = []
        self.behaviour: Callable[[], Awaitable[None]] = succeed

    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Keep it and behave."""
        self.said.append((title, message))
        await self.behaviour()

    def become(self, *, available: bool = True, titles: bool = True) -> None:
        """Change what it is."""
        self._attr_available = available
        self._attr_supported_features = NotifyEntityFeature.TITLE if titles else NotifyEntityFeature(0)
        self.async_write_ha_state()


@pytest.fixture
async def chat(hass: HomeAssistant) -> Chat:
    """Give a chat that Home Assistant has as an entity."""
    chat = Chat()
    assert await async_setup_component(hass, "notify", {})
    await hass.data[notify.DATA_COMPONENT].async_add_entities([chat])
    assert chat.entity_id == CHAT
    return chat


async def send(channel: NotifyEntity, alert: Alert = OPEN, *, loud: bool = True) -> Receipt:
    """Tell the entity."""
    return await channel.send(alert, loud=loud, token="", memo=MEMO)


async def reason_of(channel: NotifyEntity, alert: Alert = OPEN) -> str:
    """Return why the entity cannot be told."""
    with pytest.raises(DeliveryError) as caught:
        await send(channel, alert)
    return caught.value.reason


# --- what leaves ---


@pytest.mark.parametrize(
    ("alert", "loud"),
    [
        pytest.param(OPEN, True, id="loud"),
        pytest.param(replace(OPEN, test=True), False, id="test"),
        pytest.param(ENDED, False, id="end"),
    ],
)
async def test_urgent_and_test_and_end_are_sent_once(hass: HomeAssistant, chat: Chat, alert: Alert, loud: bool) -> None:
    assert await send(NotifyEntity(hass, CHAT), alert, loud=loud) == Receipt(memo=MEMO)
    assert chat.said == [(alert.title, alert.text)]


@pytest.mark.parametrize("answered", [False, True])
async def test_quiet_update_floods_no_chat(hass: HomeAssistant, chat: Chat, answered: bool) -> None:
    update = replace(OPEN, revision=2, answered=answered)
    assert await send(NotifyEntity(hass, CHAT), update, loud=False) == Receipt(memo=MEMO)
    assert chat.said == []


async def test_entity_without_titles_gets_the_title_in_the_text(hass: HomeAssistant, chat: Chat) -> None:
    chat.become(titles=False)
    await send(NotifyEntity(hass, CHAT))
    assert chat.said == [(None, f"{OPEN.title}\n{OPEN.text}")]


async def test_message_has_left_before_anything_is_awaited(hass: HomeAssistant, chat: Chat) -> None:
    sending = NotifyEntity(hass, CHAT).send(OPEN, loud=True, token="", memo={})
    with pytest.raises(StopIteration):
        sending.send(None)
    assert chat.said == [(OPEN.title, OPEN.text)]


# --- what goes wrong ---


async def test_entity_that_is_gone_is_not_told(hass: HomeAssistant, chat: Chat) -> None:
    channel = NotifyEntity(hass, CHAT)
    await chat.async_remove(force_remove=True)
    assert await reason_of(channel) == "notify_missing"
    assert await send(channel, loud=False) == Receipt(memo=MEMO)


async def test_unavailable_entity_is_not_taken_for_told(hass: HomeAssistant, chat: Chat) -> None:
    chat.become(available=False)
    assert await reason_of(NotifyEntity(hass, CHAT)) == "notify_unavailable"
    assert chat.said == []


@pytest.mark.parametrize("error", [HomeAssistantError("no network"), ServiceValidationError("no such number")])
async def test_refusal_is_told(hass: HomeAssistant, chat: Chat, error: HomeAssistantError) -> None:
    chat.behaviour = fail(error)
    with pytest.raises(DeliveryError, match="notify_refused") as caught:
        await send(NotifyEntity(hass, CHAT))
    assert caught.value.__cause__ is error


async def test_other_errors_are_left_to_the_courier(hass: HomeAssistant, chat: Chat) -> None:
    chat.behaviour = fail(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await send(NotifyEntity(hass, CHAT))


# --- what is known of it ---


async def test_available_entity_is_reachable_though_it_was_never_told(hass: HomeAssistant, chat: Chat) -> None:
    channel = NotifyEntity(hass, CHAT)
    assert channel.watched == (CHAT,)
    assert hass.states.is_state(CHAT, "unknown")
    assert (channel.is_reachable(), channel.problem()) == (True, None)


async def test_unavailable_entity_is_unreachable_but_nothing_to_mend_here(hass: HomeAssistant, chat: Chat) -> None:
    channel = NotifyEntity(hass, CHAT)
    chat.become(available=False)
    assert (channel.is_reachable(), channel.problem()) == (False, None)


async def test_entity_that_nobody_knows_is_missing(hass: HomeAssistant) -> None:
    channel = NotifyEntity(hass, CHAT)
    assert (channel.is_reachable(), channel.problem()) == (False, "notify_missing")


@pytest.mark.parametrize(
    ("disabled_by", "problem"),
    [
        pytest.param(None, None, id="not loaded yet"),
        pytest.param(er.RegistryEntryDisabler.USER, "notify_missing", id="disabled"),
    ],
)
async def test_entity_that_is_only_registered_may_still_come_unless_it_is_disabled(
    hass: HomeAssistant, disabled_by: er.RegistryEntryDisabler | None, problem: str | None
) -> None:
    er.async_get(hass).async_get_or_create(
        "notify", "demo", "polres", suggested_object_id="polres", disabled_by=disabled_by
    )
    channel = NotifyEntity(hass, CHAT)
    assert (channel.is_reachable(), channel.problem()) == (False, problem)
    assert await reason_of(channel) == "notify_missing"
