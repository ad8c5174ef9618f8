"""What calls attention at a police post: real sirens, lights, switches, media players and a voice of Home Assistant."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.rutan_blora.police.alert import Alert
from custom_components.rutan_blora.police.channels import DeliveryError, Receipt
from custom_components.rutan_blora.police.channels.annunciator import Annunciator
from homeassistant.components.demo.light import DemoLight
from homeassistant.components.demo.switch import DemoSwitch
from homeassistant.components.light import ColorMode, LightEntityFeature
from homeassistant.components.media_player import MediaPlayerEntity, MediaPlayerEntityFeature, MediaPlayerState
from homeassistant.components.siren import SirenEntity, SirenEntityFeature
from homeassistant.components.tts import TextToSpeechEntity
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import create_eager_task
from tests.common import turns
from tests.police.common import fail, hang, succeed, wait_for

HORN = "siren.horn"
LAMP = "light.lamp"
FLAG = "input_boolean.flag"
SPEAKER = "media_player.speaker"
VOICE = "tts.voice"

OPEN = Alert(tag="incident", revision=1, urgent=1, title="DARURAT", text="Pintu Utama")
ANSWERED = replace(OPEN, revision=2, answered=True)
ENDED = replace(OPEN, revision=3, answered=True, ended=True)
OTHER = replace(OPEN, tag="lost camera")
TEST = replace(OPEN, tag="test", title="UJI COBA", test=True)

_SIREN = SirenEntityFeature.TURN_ON | SirenEntityFeature.TURN_OFF
_PLAYER = MediaPlayerEntityFeature.TURN_ON | MediaPlayerEntityFeature.TURN_OFF | MediaPlayerEntityFeature.PLAY_MEDIA

type Call = tuple[str, dict[str, Any]]


class Horn(SirenEntity):
    """A siren that keeps what it is told, behaves, and only then does it."""

    _attr_should_poll = False

    def __init__(
        self, features: SirenEntityFeature = _SIREN, *, name: str = "horn", is_on: bool | None = False
    ) -> None:
        self.entity_id = f"siren.{name}"
        self._attr_supported_features = features
        self._attr_is_on = is_on
        self.calls: list[Call] = []
        self.behaviour: Callable[[], Awaitable[None]] = succeed

    async def async_turn_on(self, **kwargs: Any) -> None:
        """Keep it, behave, and sound."""
        self.calls.append(("on", kwargs))
        await self.behaviour()
        self.show(is_on=True)

    async def async_turn_off(self, **kwargs: Any) -> None:
        """Keep it, behave, and be still."""
        self.calls.append(("off", kwargs))
        await self.behaviour()
        self.show(is_on=False)

    def show(self, *, is_on: bool | None = None, available: bool = True) -> None:
        """Show a state."""
        self._attr_available = available
        self._attr_is_on = self._attr_is_on if is_on is None else is_on
        self.async_write_ha_state()


class Chime(Horn):
    """A siren that shows nothing."""

    def show(self, *, is_on: bool | None = None, available: bool = True) -> None:
        """Show nothing."""


class Lamp(DemoLight):
    """A light that keeps what it is told."""

    _attr_has_entity_name = False

    def __init__(self, *, state: bool = False, flashes: bool = False, **look: Any) -> None:
        super().__init__("lamp", "lamp", state=state, ct=2631, **look)
        self.entity_id = LAMP
        self._attr_supported_features |= LightEntityFeature.FLASH if flashes else LightEntityFeature(0)
        self.calls: list[Call] = []

    async def async_turn_on(self, **kwargs: Any) -> None:
        """Keep it and do it."""
        self.calls.append(("on", kwargs))
        await super().async_turn_on(**kwargs)


class Bulb(Lamp):
    """A light that is only on or off."""

    def __init__(self) -> None:
        super().__init__(supported_color_modes={ColorMode.ONOFF})
        self._attr_color_mode = ColorMode.ONOFF


class Speaker(MediaPlayerEntity):
    """A media player that keeps what it is told."""

    _attr_should_poll = False

    def __init__(
        self, features: MediaPlayerEntityFeature = _PLAYER, *, state: MediaPlayerState = MediaPlayerState.OFF
    ) -> None:
        self.entity_id = SPEAKER
        self._attr_supported_features = features
        self._attr_state = state
        self.calls: list[str] = []

    async def async_turn_on(self) -> None:
        """Keep it and do it."""
        self._become(MediaPlayerState.IDLE, "on")

    async def async_turn_off(self) -> None:
        """Keep it and do it."""
        self._become(MediaPlayerState.OFF, "off")

    async def async_play_media(self, media_type: str, media_id: str, **kwargs: Any) -> None:
        """Keep what would be heard."""
        self._become(MediaPlayerState.PLAYING, media_id)

    def _become(self, state: MediaPlayerState, call: str) -> None:
        self.calls.append(call)
        self._attr_state = state
        self.async_write_ha_state()


class Voice(TextToSpeechEntity):
    """An engine that speaks."""

    _attr_name = "voice"
    _attr_default_language = "id"

    @property
    def supported_languages(self) -> list[str]:
        """Return what it speaks."""
        return ["id"]

    def lose(self) -> None:
        """Be unavailable."""
        self._attr_available = False
        self.async_write_ha_state()


async def add[E: Entity](hass: HomeAssistant, domain: str, entity: E) -> E:
    """Let Home Assistant have an entity."""
    assert await async_setup_component(hass, domain, {})
    await hass.data[domain].async_add_entities([entity])
    assert hass.states.get(entity.entity_id) is not None
    return entity


@pytest.fixture
async def horn(hass: HomeAssistant) -> Horn:
    """Give a siren."""
    return await add(hass, "siren", Horn())


@pytest.fixture
async def voice(hass: HomeAssistant, tmp_path: Path) -> Voice:
    """Give an engine that speaks."""
    hass.config.config_dir = str(tmp_path)
    return await add(hass, "tts", Voice())


def annunciator(
    hass: HomeAssistant, *entity_ids: str, duration: float = 0, tts_entity_id: str | None = None
) -> Annunciator:
    """Return the channel."""
    return Annunciator(hass, entity_ids or (HORN,), duration=duration, tts_entity_id=tts_entity_id)


async def send(
    channel: Annunciator, alert: Alert = OPEN, *, loud: bool | None = None, after: Receipt | None = None
) -> Receipt:
    """Tell the post as the courier does: loudly what is new, with the last receipt's memo as the record has it."""
    memo = json.loads(json.dumps(after.memo)) if after else {}
    is_loud = not alert.answered if loud is None else loud
    return await channel.send(alert, loud=is_loud, token="", memo=memo)


async def reason_of(channel: Annunciator, alert: Alert = OPEN, *, after: Receipt | None = None) -> str:
    """Return why the post cannot be told."""
    with pytest.raises(DeliveryError) as caught:
        await send(channel, alert, after=after)
    return caught.value.reason


async def pass_time(hass: HomeAssistant, seconds: float) -> None:
    """Let what waits that long go on."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await turns()


def state_of(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of an entity."""
    state = hass.states.get(entity_id)
    assert state is not None
    return state


def is_on(hass: HomeAssistant, entity_id: str = HORN) -> bool:
    """Tell whether an entity is on."""
    return state_of(hass, entity_id).state == "on"


# --- on ---


async def test_everything_is_switched_on_and_put_back(hass: HomeAssistant, horn: Horn) -> None:
    await add(hass, "light", Lamp())
    await add(hass, "switch", (relay := DemoSwitch("relay", "relay", state=False, assumed=False)))
    await add(hass, "media_player", Speaker())
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"flag": None}})
    entity_ids = (HORN, LAMP, relay.entity_id, SPEAKER, FLAG)
    channel = annunciator(hass, *entity_ids)

    receipt = await send(channel)
    assert [state_of(hass, entity_id).state for entity_id in entity_ids] == ["on", "on", "on", "idle", "on"]
    off = {"state": "off"}
    before = {HORN: off, LAMP: {**off, "attributes": {}}, relay.entity_id: off, SPEAKER: off, FLAG: off}
    assert receipt == Receipt(confirmed=True, memo={"before": before})

    assert await send(channel, ANSWERED, after=receipt) == Receipt()
    assert {state_of(hass, entity_id).state for entity_id in entity_ids} == {"off"}


async def test_switching_on_has_begun_before_anything_is_awaited(hass: HomeAssistant, horn: Horn) -> None:
    second = await add(hass, "siren", Horn(name="second"))
    sending = create_eager_task(send(annunciator(hass, HORN, "siren.second")))
    assert horn.calls == second.calls == [("on", {})]
    await sending


@pytest.mark.parametrize(
    ("features", "duration", "given"),
    [
        pytest.param(_SIREN | SirenEntityFeature.DURATION, 30, {"duration": 30}, id="for a time"),
        pytest.param(_SIREN | SirenEntityFeature.DURATION, 0, {}, id="until answered"),
        pytest.param(_SIREN | SirenEntityFeature.TONES | SirenEntityFeature.VOLUME_SET, 30, {}, id="knows no time"),
    ],
)
async def test_siren_is_told_how_long_if_it_can_be(
    hass: HomeAssistant, features: SirenEntityFeature, duration: float, given: dict[str, Any]
) -> None:
    horn = await add(hass, "siren", Horn(features))
    await send(annunciator(hass, duration=duration))
    assert horn.calls == [("on", given)]


@pytest.mark.parametrize(
    ("lamp", "given"),
    [
        pytest.param(lambda: Lamp(flashes=True), [{"brightness": 255}, {"flash": "long"}], id="flashes"),
        pytest.param(Lamp, [{"brightness": 255}], id="has brightness"),
        pytest.param(Bulb, [{}], id="on or off"),
    ],
)
async def test_light_calls_attention_as_it_can(
    hass: HomeAssistant, lamp: Callable[[], Lamp], given: list[dict[str, Any]]
) -> None:
    light = await add(hass, "light", lamp())
    await send(annunciator(hass, LAMP))
    assert light.calls == [("on", data) for data in given]
    assert is_on(hass, LAMP)


@pytest.mark.parametrize(
    ("alert", "loud"),
    [
        pytest.param(replace(OPEN, revision=2), False, id="quiet"),
        pytest.param(ANSWERED, True, id="loud but answered"),
        pytest.param(ENDED, True, id="ended and never told"),
    ],
)
async def test_nothing_sounds_that_need_not(hass: HomeAssistant, horn: Horn, alert: Alert, loud: bool) -> None:
    assert await send(annunciator(hass), alert, loud=loud) == Receipt()
    assert horn.calls == []


async def test_quiet_update_leaves_what_sounds_and_its_memo(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass)
    receipt = await send(channel)
    assert await send(channel, replace(OPEN, revision=2), loud=False, after=receipt) == Receipt(memo=receipt.memo)
    assert horn.calls == [("on", {})]


# --- what it says ---


async def test_voice_speaks_through_a_player_that_is_turned_on_first(hass: HomeAssistant, voice: Voice) -> None:
    speaker = await add(hass, "media_player", Speaker())
    receipt = await send(annunciator(hass, SPEAKER, tts_entity_id=VOICE))
    turned_on, said = speaker.calls
    assert turned_on == "on"
    assert said.startswith(f"media-source://tts/{VOICE}?")
    assert "message=DARURAT.+Pintu+Utama" in said
    assert "cache=false" in said
    assert receipt.confirmed


async def test_player_that_is_on_is_only_spoken_through_and_stays_on(hass: HomeAssistant, voice: Voice) -> None:
    speaker = await add(hass, "media_player", Speaker(state=MediaPlayerState.IDLE))
    channel = annunciator(hass, SPEAKER, tts_entity_id=VOICE)
    await send(channel, ENDED, after=await send(channel))
    assert len(speaker.calls) == 1
    assert speaker.calls[0].startswith("media-source://")


async def test_player_that_cannot_be_turned_on_or_off_is_spoken_through(hass: HomeAssistant, voice: Voice) -> None:
    speaker = await add(hass, "media_player", Speaker(MediaPlayerEntityFeature.PLAY_MEDIA))
    channel = annunciator(hass, SPEAKER, tts_entity_id=VOICE)
    await send(channel, ENDED, after=await send(channel))
    assert len(speaker.calls) == 1


async def test_test_speaks_its_title_only(hass: HomeAssistant, voice: Voice) -> None:
    speaker = await add(hass, "media_player", Speaker())
    await send(annunciator(hass, SPEAKER, tts_entity_id=VOICE), TEST)
    assert "message=UJI+COBA&" in speaker.calls[-1]


async def test_player_without_a_voice_is_only_turned_on(hass: HomeAssistant) -> None:
    speaker = await add(hass, "media_player", Speaker())
    channel = annunciator(hass, SPEAKER)
    assert (await send(channel)).confirmed
    assert (await send(channel)).confirmed
    assert speaker.calls == ["on"]


async def test_unavailable_voice_is_not_taken_for_heard(hass: HomeAssistant, voice: Voice) -> None:
    speaker = await add(hass, "media_player", Speaker())
    voice.lose()
    channel = annunciator(hass, SPEAKER, tts_entity_id=VOICE)
    assert await reason_of(channel) == "annunciator_unavailable"
    assert speaker.calls == ["on"]
    assert channel.problem() is None


async def test_voice_that_is_gone_is_missing(hass: HomeAssistant) -> None:
    await add(hass, "media_player", Speaker())
    channel = annunciator(hass, SPEAKER, tts_entity_id=VOICE)
    assert channel.problem() == "annunciator_missing"
    assert await reason_of(channel) == "annunciator_missing"


# --- back ---


@pytest.mark.parametrize("over", [ANSWERED, ENDED], ids=["answered", "ended"])
async def test_answer_and_end_put_everything_back_and_loud_again_sounds_again(
    hass: HomeAssistant, horn: Horn, over: Alert
) -> None:
    channel = annunciator(hass)
    receipt = await send(channel, over, after=await send(channel))
    assert receipt == Receipt()
    assert not is_on(hass)
    receipt = await send(channel, replace(OPEN, revision=4, urgent=4), after=receipt)
    assert is_on(hass)
    assert receipt.memo == {"before": {HORN: {"state": "off"}}}


@pytest.mark.parametrize("is_restarted", [False, True], ids=["as it was", "restarted"])
@pytest.mark.parametrize(
    "look",
    [
        pytest.param({}, id="white"),
        pytest.param({"hs_color": (345.0, 75.0)}, id="colour"),
        pytest.param({"rgbw_color": (255, 0, 0, 90), "supported_color_modes": {ColorMode.RGBW}}, id="RGBW"),
        pytest.param({"effect_list": ["rainbow", "off"], "effect": "rainbow"}, id="effect"),
    ],
)
async def test_light_that_was_on_looks_again_as_it_did(
    hass: HomeAssistant, look: dict[str, Any], is_restarted: bool
) -> None:
    await add(hass, "light", Lamp(state=True, brightness=70, **look))
    before = state_of(hass, LAMP)
    channel = annunciator(hass, LAMP)
    receipt = await send(channel)
    assert state_of(hass, LAMP).attributes["brightness"] == 255
    await send(annunciator(hass, LAMP) if is_restarted else channel, ANSWERED, after=receipt)
    after = state_of(hass, LAMP)
    assert (after.state, after.attributes) == ("on", before.attributes)


async def test_what_was_on_stays_on(hass: HomeAssistant) -> None:
    horn = await add(hass, "siren", Horn(is_on=True))
    relay = await add(hass, "switch", DemoSwitch("relay", "relay", state=True, assumed=False))
    channel = annunciator(hass, HORN, relay.entity_id)
    await send(channel, ENDED, after=await send(channel))
    assert horn.calls == [("on", {})]
    assert is_on(hass, HORN)
    assert is_on(hass, relay.entity_id)


async def test_siren_whose_state_nobody_knew_is_turned_off(hass: HomeAssistant) -> None:
    horn = await add(hass, "siren", Chime(is_on=None))
    channel = annunciator(hass)
    receipt = await send(channel)
    assert not receipt.confirmed
    await send(channel, ENDED, after=receipt)
    assert horn.calls == [("on", {}), ("off", {})]


@pytest.mark.parametrize("is_restarted", [False, True], ids=["as it was", "restarted"])
async def test_repeat_does_not_take_our_light_for_the_one_that_was(hass: HomeAssistant, is_restarted: bool) -> None:
    await add(hass, "light", Lamp())
    channel = annunciator(hass, LAMP)
    first = await send(channel)
    again = await send(annunciator(hass, LAMP) if is_restarted else channel, after=first)
    assert again.memo == first.memo
    await send(channel, ANSWERED, after=again)
    assert not is_on(hass, LAMP)


# --- several alerts at once ---


@pytest.mark.parametrize("order", [(OPEN, OTHER), (OTHER, OPEN)], ids=["first", "second"])
async def test_end_of_one_alert_does_not_silence_another(
    hass: HomeAssistant, horn: Horn, order: tuple[Alert, Alert]
) -> None:
    channel = annunciator(hass)
    receipts = {alert.tag: await send(channel, alert) for alert in (OPEN, OTHER)}
    for alert, still_on in zip(order, (True, False), strict=True):
        await send(channel, replace(alert, ended=True), after=receipts[alert.tag])
        assert is_on(hass) is still_on


async def test_what_we_switched_on_before_a_restart_is_not_what_was(hass: HomeAssistant, horn: Horn) -> None:
    first = await send(annunciator(hass))
    channel = annunciator(hass)
    second = await send(channel, OTHER)
    first = await send(channel, after=first)
    assert first.memo == {"before": {HORN: {"state": "off"}}}
    await send(channel, replace(OTHER, ended=True), after=second)
    await send(channel, ENDED, after=first)
    assert not is_on(hass)


async def test_alert_that_comes_while_another_is_put_back_knows_what_was(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass, HORN, "siren.gone")
    assert await reason_of(channel) == "annunciator_missing"
    go_on = asyncio.Event()
    horn.behaviour = wait_for(go_on)
    ending = create_eager_task(send(channel, ENDED))
    sounding = create_eager_task(reason_of(channel, OTHER))
    go_on.set()
    await ending
    assert await sounding == "annunciator_missing"
    assert is_on(hass)
    await add(hass, "siren", Horn(name="gone"))
    assert (await send(channel, OTHER)).memo["before"][HORN] == {"state": "off"}


# --- for a time ---


async def test_it_rests_after_its_time_and_a_repeat_sounds_as_long_again(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass, duration=30)
    first = await send(channel)
    for _ in range(2):
        await pass_time(hass, 29)
        assert is_on(hass)
        await pass_time(hass, 30)
        assert not is_on(hass)
        repeat = await send(channel, after=first)
        assert is_on(hass)
        assert repeat.memo == first.memo == {"before": {HORN: {"state": "off"}}}
    await send(channel, ENDED, after=first)


async def test_repeat_starts_the_time_anew(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass, duration=30)
    receipt = await send(channel)
    channel._duration = 60
    await send(channel, after=receipt)
    await pass_time(hass, 30)
    assert is_on(hass)
    await pass_time(hass, 60)
    assert not is_on(hass)


async def test_answer_before_the_time_is_over_is_all_there_is(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass, duration=30)
    await send(channel, ANSWERED, after=await send(channel))
    await pass_time(hass, 60)
    assert horn.calls == [("on", {}), ("off", {})]


async def test_what_an_answer_could_not_put_back_is_left_to_the_courier(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass, duration=30)
    receipt = await send(channel)
    horn.behaviour = fail(HomeAssistantError())
    assert await reason_of(channel, ANSWERED, after=receipt) == "annunciator_failed"
    await pass_time(hass, 60)
    assert horn.calls == [("on", {}), ("off", {})]


async def test_alert_whose_time_is_over_does_not_silence_another(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass, duration=30)
    await send(channel)
    await pass_time(hass, 0)
    channel._duration = 60
    await send(channel, OTHER)
    await pass_time(hass, 30)
    assert is_on(hass)
    await pass_time(hass, 60)
    assert not is_on(hass)


async def test_rest_that_fails_is_tried_again(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass, duration=30)
    await send(channel)
    horn.behaviour = fail(ZeroDivisionError())
    await pass_time(hass, 30)
    assert is_on(hass)
    horn.behaviour = succeed
    await pass_time(hass, 2)
    assert not is_on(hass)


async def test_rest_that_never_works_is_given_up_with_a_word(
    hass: HomeAssistant, horn: Horn, caplog: pytest.LogCaptureFixture
) -> None:
    channel = annunciator(hass, duration=30)
    await send(channel)
    horn.behaviour = fail(HomeAssistantError())
    for seconds in (30, 2, 5, 10, 30, 60):
        assert not any(record.levelno >= logging.WARNING for record in caplog.records)
        await pass_time(hass, seconds)
    assert "What called attention could not be put back: siren.horn" in caplog.text
    assert len(horn.calls) == 7
    await pass_time(hass, 600)
    assert len(horn.calls) == 7


async def test_leaving_forgets_the_time_but_not_what_is_loud(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass, duration=30)
    receipt = await send(channel)
    channel.leave()
    await pass_time(hass, 60)
    assert is_on(hass)
    await send(annunciator(hass, duration=30), ENDED, after=receipt)
    assert not is_on(hass)


# --- tests ---


@pytest.mark.parametrize("duration", [0, 60])
async def test_test_sounds_for_three_seconds(hass: HomeAssistant, duration: float) -> None:
    horn = await add(hass, "siren", Horn(_SIREN | SirenEntityFeature.DURATION))
    receipt = await send(annunciator(hass, duration=duration), TEST)
    assert receipt.confirmed
    await pass_time(hass, 2)
    assert is_on(hass)
    await pass_time(hass, 3)
    assert horn.calls == [("on", {"duration": 3}), ("off", {})]


async def test_test_does_not_touch_what_sounds_in_earnest(hass: HomeAssistant) -> None:
    horn = await add(hass, "siren", Horn(_SIREN | SirenEntityFeature.DURATION))
    channel = annunciator(hass)
    await send(channel)
    assert await send(channel, TEST) == Receipt(confirmed=True)
    await pass_time(hass, 3)
    assert horn.calls == [("on", {})]


async def test_alarm_during_a_test_goes_on_when_the_test_is_over(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass)
    await send(channel, TEST)
    receipt = await send(channel)
    await pass_time(hass, 3)
    assert is_on(hass)
    await send(channel, ENDED, after=receipt)
    assert not is_on(hass)


async def test_test_that_failed_is_tried_again(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass)
    horn.behaviour = fail(HomeAssistantError())
    assert await reason_of(channel, TEST) == "annunciator_failed"
    assert await reason_of(channel, TEST) == "annunciator_failed"
    horn.behaviour = succeed
    assert (await send(channel, TEST)).confirmed


async def test_test_does_not_sound_on_when_the_device_leaves(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass)
    await send(channel, TEST)
    channel.leave()
    await turns()
    assert not is_on(hass)


# --- what goes wrong ---


async def lose(hass: HomeAssistant, horn: Horn) -> None:
    """Remove a siren."""
    await horn.async_remove(force_remove=True)


async def disconnect(hass: HomeAssistant, horn: Horn) -> None:
    """Make a siren unavailable."""
    horn.show(available=False)


async def mute(hass: HomeAssistant, horn: Horn) -> None:
    """Make a siren one that cannot be turned on."""
    horn._attr_supported_features = SirenEntityFeature.TURN_OFF
    horn.show()


async def jam(hass: HomeAssistant, horn: Horn) -> None:
    """Make a siren refuse."""
    horn.behaviour = fail(HomeAssistantError("no route"))


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lose, "annunciator_missing"),
        (disconnect, "annunciator_unavailable"),
        (mute, "annunciator_unsupported"),
        (jam, "annunciator_failed"),
    ],
)
@pytest.mark.parametrize("entity_ids", [(HORN, "siren.second"), ("siren.second", HORN)], ids=["first", "last"])
async def test_one_that_fails_is_told_and_the_others_sound(
    hass: HomeAssistant,
    horn: Horn,
    break_it: Callable[[HomeAssistant, Horn], Awaitable[None]],
    reason: str,
    entity_ids: tuple[str, ...],
) -> None:
    await add(hass, "siren", Horn(name="second"))
    await break_it(hass, horn)
    assert await reason_of(annunciator(hass, *entity_ids)) == reason
    assert is_on(hass, "siren.second")


async def test_reason_is_that_of_the_first_that_failed(hass: HomeAssistant, horn: Horn) -> None:
    second = await add(hass, "siren", Horn(name="second"))
    await jam(hass, horn)
    await disconnect(hass, second)
    assert await reason_of(annunciator(hass, HORN, "siren.second")) == "annunciator_failed"
    assert await reason_of(annunciator(hass, "siren.second", HORN)) == "annunciator_unavailable"


async def test_failure_is_told_once_the_others_are_done(hass: HomeAssistant, horn: Horn) -> None:
    second = await add(hass, "siren", Horn(name="second"))
    go_on = asyncio.Event()
    horn.behaviour, second.behaviour = fail(HomeAssistantError()), wait_for(go_on)
    telling = create_eager_task(reason_of(annunciator(hass, HORN, "siren.second")))
    await turns()
    assert not telling.done()
    go_on.set()
    assert await telling == "annunciator_failed"
    assert is_on(hass, "siren.second")


async def test_one_that_hangs_delays_no_other(hass: HomeAssistant, horn: Horn) -> None:
    second = await add(hass, "siren", Horn(name="second"))
    horn.behaviour = hang
    channel = annunciator(hass, HORN, "siren.second")
    sending = create_eager_task(send(channel))
    await turns()
    assert is_on(hass, "siren.second")
    assert not sending.done()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    horn.behaviour = succeed
    receipt = await send(channel)
    horn.behaviour = hang
    ending = create_eager_task(send(channel, ENDED, after=receipt))
    await turns()
    assert second.calls[-1] == ("off", {})
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending


async def test_what_was_is_known_though_the_first_try_failed(hass: HomeAssistant, horn: Horn) -> None:
    second = await add(hass, "siren", Horn(name="second"))
    second.behaviour = fail(HomeAssistantError())
    channel = annunciator(hass, HORN, "siren.second")
    assert await reason_of(channel) == "annunciator_failed"
    second.behaviour = succeed
    receipt = await send(channel)
    assert receipt.memo == {"before": {HORN: {"state": "off"}, "siren.second": {"state": "off"}}}


async def test_answer_puts_back_what_a_failed_try_switched_on(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass, HORN, "siren.gone")
    assert await reason_of(channel) == "annunciator_missing"
    assert is_on(hass)
    assert await send(channel, ANSWERED) == Receipt()
    assert not is_on(hass)


async def test_other_errors_are_left_to_the_courier(hass: HomeAssistant, horn: Horn) -> None:
    horn.behaviour = fail(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await send(annunciator(hass))


async def test_player_that_can_do_nothing_is_unsupported(hass: HomeAssistant) -> None:
    await add(hass, "media_player", Speaker(MediaPlayerEntityFeature.PLAY_MEDIA))
    assert await reason_of(annunciator(hass, SPEAKER)) == "annunciator_unsupported"


async def test_player_that_cannot_be_spoken_through_is_unsupported(hass: HomeAssistant, voice: Voice) -> None:
    speaker = await add(hass, "media_player", Speaker(MediaPlayerEntityFeature.TURN_ON))
    assert await reason_of(annunciator(hass, SPEAKER, tts_entity_id=VOICE)) == "annunciator_unsupported"
    assert speaker.calls == ["on"]


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [(lose, "annunciator_missing"), (disconnect, "annunciator_unavailable"), (jam, "annunciator_failed")],
)
async def test_siren_that_sounds_on_is_told(
    hass: HomeAssistant, horn: Horn, break_it: Callable[[HomeAssistant, Horn], Awaitable[None]], reason: str
) -> None:
    channel = annunciator(hass)
    receipt = await send(channel)
    await break_it(hass, horn)
    assert await reason_of(channel, ANSWERED, after=receipt) == reason


async def test_siren_that_comes_back_is_put_back(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass)
    receipt = await send(channel)
    horn.show(available=False)
    assert await reason_of(channel, ENDED, after=receipt) == "annunciator_unavailable"
    horn.show(available=True)
    await send(channel, ENDED, after=receipt)
    assert not is_on(hass)


async def test_siren_that_cannot_be_turned_off_must_have_stopped(hass: HomeAssistant) -> None:
    horn = await add(hass, "siren", Horn(SirenEntityFeature.TURN_ON))
    channel = annunciator(hass)
    receipt = await send(channel)
    assert await reason_of(channel, ENDED, after=receipt) == "annunciator_unsupported"
    horn.show(is_on=False)
    assert await send(channel, ENDED, after=receipt) == Receipt()


async def test_one_that_does_not_show_that_it_is_on_confirms_nothing(hass: HomeAssistant, horn: Horn) -> None:
    await add(hass, "siren", Chime(name="chime"))
    assert not (await send(annunciator(hass, HORN, "siren.chime"))).confirmed


# --- what is known of it ---


async def test_one_available_entity_is_enough_to_be_reachable(hass: HomeAssistant, horn: Horn) -> None:
    channel = annunciator(hass, HORN, "siren.gone")
    assert channel.watched == (HORN, "siren.gone")
    assert channel.is_reachable()
    horn.show(available=False)
    assert not channel.is_reachable()


async def test_one_missing_entity_is_to_be_mended(hass: HomeAssistant, horn: Horn) -> None:
    assert annunciator(hass).problem() is None
    assert annunciator(hass, HORN, "siren.gone").problem() == "annunciator_missing"


async def test_entity_that_is_only_registered_may_still_come(hass: HomeAssistant) -> None:
    er.async_get(hass).async_get_or_create("siren", "demo", "horn", suggested_object_id="horn")
    channel = annunciator(hass)
    assert (channel.problem(), channel.is_reachable()) == (None, False)
