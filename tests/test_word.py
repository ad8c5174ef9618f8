"""A word to one device: told once, and nobody waits for it."""

import asyncio

import pytest

from custom_components.rutan_blora import word as word_module
from custom_components.rutan_blora.police.channels import DeliveryError
from custom_components.rutan_blora.word import WORDS_PER_HOUR, Words
from homeassistant.core import HomeAssistant

from .police.common import Behaviour, StubChannel, alert, fail, hang, succeed


async def end(hass: HomeAssistant) -> None:
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_word_asks_for_no_answer(hass: HomeAssistant) -> None:
    channel = StubChannel()
    Words(hass).say("budi", channel, alert())
    await end(hass)
    (sent,) = channel.sent
    assert (sent.alert, set(sent.token)) == (alert(), {"0"})


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(fail(DeliveryError("phone_not_ready")), id="not ready"),
        pytest.param(fail(RuntimeError("http://name:secret@127.0.0.1")), id="fails"),
        pytest.param(hang, id="hangs"),
    ],
)
async def test_word_that_is_not_taken_is_not_told_again_and_harms_nobody(
    hass: HomeAssistant, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(word_module, "WORD_DEADLINE", 0.05)
    words, deaf, well = Words(hass), StubChannel(behaviour, succeed), StubChannel()
    words.say("budi", deaf, alert())
    words.say("cici", well, alert())
    await asyncio.sleep(0)
    assert len(well.sent) == 1
    await end(hass)
    assert len(deaf.sent) == 1
    assert "was not told" in caplog.text
    assert "secret" not in caplog.text


async def test_each_device_is_told_only_so_many_words_an_hour(hass: HomeAssistant) -> None:
    words, budi, cici = Words(hass), StubChannel(), StubChannel()
    for _ in range(WORDS_PER_HOUR + 3):
        words.say("budi", budi, alert())
    words.say("cici", cici, alert())
    await end(hass)
    assert (len(budi.sent), len(cici.sent)) == (WORDS_PER_HOUR, 1)
