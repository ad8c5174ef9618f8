"""What the alarm and the cameras have to do with each other."""

import asyncio
from collections.abc import Mapping
from contextlib import closing
import sqlite3
from typing import Any
from unittest.mock import Mock

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.rutan_blora import parts as parts_module, perimeter as perimeter_module
from custom_components.rutan_blora.cctv.picture import SourceProblem
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, restore_state

from .cctv.common import StubSource, jpeg
from .common import ENTRY_ID, PATIENCE, FakePhone, House, panic_button, perimeter_camera, police_device, until

pytest_plugins = ("tests.fixtures",)

MOTION = "binary_sensor.sterile_area"
SIREN = "input_boolean.siren"


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> dict[str, StubSource]:
    """Give every camera a source whose pictures the test gives, by the last part of its address."""
    sources: dict[str, StubSource] = {}

    def make_source(_: HomeAssistant, data: Mapping[str, Any]) -> StubSource:
        # A reload takes a new source; the test goes on with the one it knows.
        return sources.setdefault(data["still_url"].rpartition("/")[2].removesuffix(".jpg"), StubSource())

    monkeypatch.setattr(parts_module, "make_source", make_source)
    return sources


async def lose(house: House, source: StubSource, camera_id: str) -> None:
    """Let a camera refuse."""
    source.give(SourceProblem.AUTH)
    await until(lambda: house.facility.cameras.watches[camera_id].feed.problem is not None)
    await house.hass.async_block_till_done()


@pytest.fixture
async def budi(hass: HomeAssistant, house: House, sources: dict[str, StubSource]) -> FakePhone:
    """Give an officer's phone in a house with a gate and two cameras."""
    hass.states.async_set(MOTION, "off")
    budi = await house.pair_taken_over("HP Budi")
    await house.set_up(
        panic_button("Gerbang", cameras=["utara"]),
        panic_button("Menara"),
        perimeter_camera("Utara", motion_entity_id=MOTION),
        perimeter_camera("Selatan"),
        budi.police_device(),
    )
    for name in ("utara", "selatan"):
        sources[name].give(jpeg())
    watches = house.facility.cameras.watches.values()
    await until(lambda: all(watch.condition is not None for watch in watches))
    await hass.async_block_till_done()
    return budi


def titles(phone: FakePhone) -> list[str]:
    """Return what the phone got about cameras."""
    return [push.title or push.message for push in phone.pushes if str(push.tag).endswith(("_cctv", "_cctv_closed"))]


async def press(house: House, name: str = "Gerbang") -> None:
    await house.press_entity(title=name)
    await house.hass.async_block_till_done()


# --- a lost camera ---


async def test_camera_lost_during_an_alarm_is_told_at_once(
    house: House, budi: FakePhone, sources: dict[str, StubSource]
) -> None:
    await press(house)
    await lose(house, sources["utara"], "utara")
    assert titles(budi) == ["Indikasi gangguan kamera"]
    assert "Utara: tidak ada sinyal" in budi.last.message
    assert budi.last.data["push"]["interruption-level"] == "time-sensitive"


async def test_camera_lost_without_an_alarm_tells_nobody(
    house: House, budi: FakePhone, sources: dict[str, StubSource]
) -> None:
    await lose(house, sources["utara"], "utara")
    assert budi.pushes == []


async def test_camera_lost_before_the_press_is_no_news(
    house: House, budi: FakePhone, sources: dict[str, StubSource]
) -> None:
    await lose(house, sources["utara"], "utara")
    await press(house)
    assert titles(budi) == []
    await lose(house, sources["selatan"], "selatan")
    assert "Selatan" in budi.last.message
    assert "Utara" not in budi.last.message


async def test_end_of_the_alarm_takes_the_news_off(
    house: House, budi: FakePhone, sources: dict[str, StubSource]
) -> None:
    await press(house)
    await lose(house, sources["utara"], "utara")
    await house.hass.services.async_call(
        "rutan_blora", "close_alarm", {"config_entry_id": ENTRY_ID, "outcome": "resolved"}, blocking=True
    )
    await house.hass.async_block_till_done()
    assert titles(budi) == ["Indikasi gangguan kamera", "clear_notification", "Indikasi gangguan kamera"]


async def test_cameras_lost_one_by_one_ring_once_and_then_together(
    house: House, budi: FakePhone, sources: dict[str, StubSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perimeter_module, "GATHER", 0.5)
    await press(house)
    for name in ("utara", "selatan"):
        await lose(house, sources[name], name)
        assert len(titles(budi)) == 1
    await until(lambda: len(titles(budi)) == 2)
    assert "Utara" in budi.last.message
    assert "Selatan" in budi.last.message


async def test_camera_that_comes_and_goes_is_told_once(
    house: House, budi: FakePhone, sources: dict[str, StubSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perimeter_module, "GATHER", 0)
    await press(house)
    watch = house.facility.cameras.watches["utara"]
    for number in range(3):
        await lose(house, sources["utara"], "utara")
        watch.feed._failures = 0
        sources["utara"].give(jpeg((number, 0, 0)))
        watch.feed.look()
        watch.feed._wake.set()
        await until(lambda: watch.feed.problem is None)
        await house.hass.async_block_till_done()
    assert titles(budi) == ["Indikasi gangguan kamera"]


async def test_reload_tells_the_news_to_nobody_twice(
    house: House, budi: FakePhone, sources: dict[str, StubSource]
) -> None:
    await press(house)
    await lose(house, sources["utara"], "utara")
    await house.reload()
    sources["utara"].give(SourceProblem.AUTH)
    await until(lambda: house.facility.cameras.watches["utara"].feed.problem is not None)
    await house.hass.async_block_till_done()
    assert titles(budi) == ["Indikasi gangguan kamera"]


CLOSED = ["Indikasi gangguan kamera", "clear_notification", "Indikasi gangguan kamera"]


async def close(house: House) -> None:
    await house.call("close_alarm", outcome="resolved")
    await house.hass.async_block_till_done()


async def test_restart_tells_the_news_to_nobody_twice_and_its_end_takes_them_off(
    house: House, budi: FakePhone, sources: dict[str, StubSource]
) -> None:
    await lose(house, sources["selatan"], "selatan")
    await press(house)
    await lose(house, sources["utara"], "utara")
    await house.rows()
    await house.restart()
    for name in ("utara", "selatan"):
        await lose(house, sources[name], name)
    assert titles(budi) == CLOSED[:1]
    await close(house)
    assert titles(budi) == CLOSED


async def test_news_whose_end_was_not_told_before_a_restart_are_taken_off_after_it(
    house: House, budi: FakePhone, sources: dict[str, StubSource]
) -> None:
    await press(house)
    await lose(house, sources["utara"], "utara")
    await close(house)
    await house.rows()
    await house.switch_off()
    with closing(sqlite3.connect(house.journal_path)) as journal:
        journal.execute("DROP TRIGGER records_no_delete")
        (first,) = journal.execute("SELECT seq FROM records WHERE body LIKE '%\"ended\":true%'").fetchone()
        journal.execute("DELETE FROM records WHERE incident LIKE '%_cctv' AND seq >= ?", (first,))
        journal.commit()
    await house.set_up_again()
    assert titles(budi) == [*CLOSED, *CLOSED[1:]]


async def test_last_camera_that_is_removed_leaves_no_news_behind(
    house: House, budi: FakePhone, sources: dict[str, StubSource]
) -> None:
    await press(house)
    await lose(house, sources["utara"], "utara")
    for name in ("Utara", "Selatan"):
        await house.remove_part(name)
    await close(house)
    assert titles(budi) == CLOSED


async def test_what_else_happens_in_the_incident_is_no_news_of_cameras(
    house: House, budi: FakePhone, sources: dict[str, StubSource]
) -> None:
    await press(house)
    await lose(house, sources["utara"], "utara")
    await press(house, "Menara")
    assert titles(budi) == CLOSED[:1]


async def test_siren_does_not_sound_for_a_camera(
    hass: HomeAssistant, house: House, budi: FakePhone, sources: dict[str, StubSource]
) -> None:
    hass.states.async_set(SIREN, "off")
    await house.add_part(police_device("Pos", "annunciator", entity_ids=[SIREN], duration=0, drills=True))
    calls = async_mock_service(hass, "input_boolean", "turn_on")
    await press(house)
    assert len(calls) == 1
    await lose(house, sources["utara"], "utara")
    assert len(calls) == 1


async def test_reload_and_the_press_in_it_wait_for_no_camera_that_does_not_let_go(
    hass: HomeAssistant, house: House, budi: FakePhone, sources: dict[str, StubSource]
) -> None:
    sources["utara"].may_close.clear()
    sources["utara"].is_closed = False
    async with asyncio.timeout(PATIENCE):
        assert await hass.config_entries.async_reload(ENTRY_ID)
        await house.press_entity()
    assert len(budi.pushes) == 1
    assert not sources["utara"].is_closed
    sources["utara"].may_close.set()


# --- the picture in the push ---


async def test_picture_of_the_nearest_camera_goes_with_the_push(house: House, budi: FakePhone) -> None:
    await press(house)
    camera = house.entity("camera", "camera", "Utara").entity_id
    assert budi.last.data["image"] == f"/api/camera_proxy/{camera}"


async def test_without_a_chosen_camera_a_push_shows_nobody(house: House, budi: FakePhone) -> None:
    await press(house, "Menara")
    assert "image" not in budi.last.data


async def test_picture_that_cannot_be_looked_up_holds_up_no_push(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(house.facility, "near", Mock(side_effect=ValueError("broken")))
    await press(house)
    assert len(budi.pushes) == 1
    assert "image" not in budi.last.data
    assert "The picture of an alarm was not found" in caplog.text
    caplog.clear()


# --- the guard ---


async def test_movement_before_a_guarded_camera_raises_the_alarm(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    guard = house.entity("switch", "guard", "Utara").entity_id
    assert house.state("switch", "guard", "Utara") == "off"
    hass.states.async_set(MOTION, "on")
    hass.states.async_set(MOTION, "off")
    await hass.async_block_till_done()
    assert budi.pushes == []
    await hass.services.async_call("switch", "turn_on", {"entity_id": guard}, blocking=True)
    hass.states.async_set(MOTION, "on")
    await hass.async_block_till_done()
    assert budi.titles == ["DARURAT: Gangguan tembok luar – Utara"]
    assert "image" in budi.last.data


async def test_guard_is_there_only_where_movement_is_seen_and_outlives_a_restart(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    guard = house.entity("switch", "guard", "Utara").entity_id
    assert er.async_get(hass).async_get_entity_id("switch", "rutan_blora", f"{ENTRY_ID}_selatan_guard") is None
    await hass.services.async_call("switch", "turn_on", {"entity_id": guard}, blocking=True)
    await house.reload()
    assert house.state("switch", "guard", "Utara") == "on"


@pytest.mark.parametrize("is_on", [True, False])
async def test_guard_is_kept_when_home_assistant_is_killed_and_has_kept_no_state(
    hass: HomeAssistant, house: House, budi: FakePhone, *, is_on: bool
) -> None:
    guard = house.entity("switch", "guard", "Utara").entity_id
    for action in ("turn_on", *(() if is_on else ("turn_off",))):
        await hass.services.async_call("switch", action, {"entity_id": guard}, blocking=True)
    await house.rows()
    await house.switch_off()
    restore_state.async_get(hass).last_states.clear()
    await house.set_up_again()
    assert house.state("switch", "guard", "Utara") == ("on" if is_on else "off")


@pytest.mark.parametrize("damage", ["x", '{"is_on":"x"'])
async def test_camera_whose_record_is_damaged_is_guarded(
    hass: HomeAssistant, house: House, budi: FakePhone, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    guard = house.entity("switch", "guard", "Utara").entity_id
    for action in ("turn_on", "turn_off"):
        await hass.services.async_call("switch", action, {"entity_id": guard}, blocking=True)
    await house.rows()
    await house.switch_off()
    with closing(sqlite3.connect(house.journal_path)) as journal:
        journal.execute("DROP TRIGGER records_no_update")
        journal.execute("UPDATE records SET body = ? WHERE kind = 'guard'", (damage,))
        journal.commit()
    await house.set_up_again()
    assert house.state("switch", "guard", "Utara") == "on"
    assert "says nothing of a guard" in caplog.text
    caplog.clear()


# --- the login ---


async def test_camera_that_refuses_its_login_asks_for_a_new_one(
    hass: HomeAssistant, house: House, budi: FakePhone, sources: dict[str, StubSource]
) -> None:
    await lose(house, sources["utara"], "utara")
    (flow,) = hass.config_entries.flow.async_progress_by_handler("rutan_blora")
    assert flow["context"]["source"] == "reauth"
    assert flow["context"]["title_placeholders"] == {"name": "Utara"}
    assert flow["step_id"] == "reauth_confirm"


# --- the entities a camera names ---


async def test_renamed_motion_sensor_and_source_are_followed(
    hass: HomeAssistant, house: House, sources: dict[str, StubSource]
) -> None:
    registry = er.async_get(hass)
    motion = registry.async_get_or_create("binary_sensor", "test", "motion").entity_id
    source = registry.async_get_or_create("camera", "test", "north").entity_id
    for entity_id in (motion, source):
        hass.states.async_set(entity_id, "off")
    camera = perimeter_camera("Utara", source="entity", entity_id=source, motion_entity_id=motion)
    await house.set_up({**camera, "unique_id": f"camera_{source}"})
    registry.async_update_entity(motion, new_entity_id="binary_sensor.steril")
    registry.async_update_entity(source, new_entity_id="camera.utara_lama")
    await hass.async_block_till_done()
    followed = house.entry.subentries["utara"]
    assert (followed.data["motion_entity_id"], followed.data["entity_id"]) == (
        "binary_sensor.steril",
        "camera.utara_lama",
    )
    assert followed.unique_id == "camera_camera.utara_lama"
