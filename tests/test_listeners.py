"""Telling listeners."""

import asyncio
from unittest.mock import Mock, call

import pytest

from custom_components.rutan_blora.listeners import Listeners
from homeassistant.core import HomeAssistant

from .common import turns


async def test_all_are_told_until_they_leave(hass: HomeAssistant) -> None:
    listeners: Listeners[int] = Listeners(hass)
    first, second = Mock(), Mock()
    leave = listeners.add(first)
    listeners.add(second)
    listeners.tell(1)
    await turns()
    leave()
    listeners.tell(2)
    await turns()
    assert first.mock_calls == [call(1)]
    assert second.mock_calls == [call(1), call(2)]


async def test_news_of_all_rooms_come_in_the_order_they_happened(hass: HomeAssistant) -> None:
    alarm: Listeners[str] = Listeners(hass)
    police: Listeners[str] = Listeners(hass)
    heard: list[str] = []
    police.add(heard.append)
    alarm.add(heard.append)
    alarm.tell("raised")
    police.tell("failed")
    alarm.tell("closed")
    await turns()
    assert heard == ["raised", "failed", "closed"]


async def test_listener_is_told_after_whoever_tells_has_gone_on(hass: HomeAssistant) -> None:
    listeners: Listeners[[]] = Listeners(hass)
    listener = Mock()
    listeners.add(listener)
    listeners.tell()
    listener.assert_not_called()
    await hass.async_block_till_done()
    listener.assert_called_once_with()


async def test_news_start_no_task_while_who_has_them_is_busy(hass: HomeAssistant) -> None:
    listeners: Listeners[[]] = Listeners(hass)
    listener = Mock()
    listeners.add(listener)
    tasks = asyncio.all_tasks()
    for calls in (1, 2):
        listeners.tell()
        assert asyncio.all_tasks() == tasks
        await turns()
        assert listener.call_count == calls


async def test_listener_that_fails_keeps_the_news_from_nobody(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    listeners: Listeners[int] = Listeners(hass)
    well = Mock()
    listeners.add(Mock(side_effect=ValueError("boom")))
    listeners.add(well)
    for number in (1, 2):
        listeners.tell(number)
        await turns()
    assert well.mock_calls == [call(1), call(2)]
    assert "A listener failed" in caplog.text


async def test_listener_may_leave_and_tell_while_it_is_told(hass: HomeAssistant) -> None:
    listeners: Listeners[int] = Listeners(hass)
    heard: list[int] = []

    def last_words(number: int) -> None:
        leave()
        listeners.tell(number + 1)

    leave = listeners.add(last_words)
    listeners.add(heard.append)
    listeners.tell(1)
    await turns()
    assert heard == [1, 2]
