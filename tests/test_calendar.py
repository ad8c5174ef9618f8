"""The calendar: when visits are expected and what became of that, and the visits that came."""

from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from sqlalchemy.exc import OperationalError
from syrupy.assertion import SnapshotAssertion

from custom_components.rutan_blora.journal.store import Journal
from custom_components.rutan_blora.patrol.check_in import Report
from custom_components.rutan_blora.patrol.visit import Correction
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from .common import House, checkpoint, patrol_plan
from .visits import GUARD, SATLANTAS, Clock, check_in

pytest_plugins = ("tests.fixtures",)

PLAN: Final = "patroli_malam"


@pytest.fixture(autouse=True)
async def clock(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Clock:
    """Give the clock of the house; it is early in the evening."""
    await hass.config.async_set_time_zone("Asia/Jakarta")
    clock = Clock(hass, freezer)
    clock.set("18:00")
    return clock


async def events(house: House, start: str, end: str) -> list[dict[str, Any]]:
    """Return the events between two times by the house's clock."""
    entity_id = house.entity_id("calendar", "patrol")
    response = await house.hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": entity_id,
            "start_date_time": start if "T" in start else Clock.at(start).isoformat(),
            "end_date_time": end if "T" in end else Clock.at(end).isoformat(),
        },
        blocking=True,
        return_response=True,
    )
    assert response is not None
    found: list[dict[str, Any]] = response[entity_id]["events"]  # type: ignore[index, assignment, call-overload]
    return found


async def summaries(house: House, start: str, end: str) -> list[str]:
    """Return when each event begins and what it is called."""
    return [
        f"{event['start'][8:10]} {event['start'][11:16]} {event['summary']}"
        for event in await events(house, start, end)
    ]


async def test_calendar_at_rest(
    house: House, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion, clock: Clock
) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:01")
    assert house.state("calendar", "patrol") == "on"
    assert entity_registry.async_get(house.entity_id("calendar", "patrol")) == snapshot(name="entry")
    assert house.entity("calendar", "patrol") == snapshot(name="state")


async def test_calendar_is_off_when_nobody_is_expected_now(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint())
    assert house.state("calendar", "patrol") == "off"
    assert "message" not in house.entity("calendar", "patrol").attributes
    await house.add_part(patrol_plan())
    shown = house.entity("calendar", "patrol")
    assert (shown.state, shown.attributes["message"]) == ("off", "Patroli malam: terjadwal")
    await clock.to("20:01")
    assert house.state("calendar", "patrol") == "on"
    check_in(house, SATLANTAS)
    await clock.to("20:02")
    assert house.state("calendar", "patrol") == "off"


async def test_windows_are_shown_with_what_became_of_them_beside_the_visits(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:30")
    check_in(house, SATLANTAS, report=Report(note="Lampu padam"))
    clock.set("20:50")
    house.facility.patrol.check_out(GUARD)
    await clock.to("22:16", "24 20:01", "24 22:16", "25 19:00")
    house.facility.patrol.excuse(GUARD, PLAN, Clock.at("25 20:00"), "Pilkada")
    assert await summaries(house, "23 00:00", "27 00:00") == [
        "23 20:00 Patroli malam: tepat waktu",
        "23 20:30 Kunjungan: Bripka Siti (tepat waktu)",
        "24 20:00 Patroli malam: terlewat",
        "25 20:00 Patroli malam: dikecualikan (Pilkada)",
        "26 20:00 Patroli malam: terjadwal",
    ]
    (visit,) = [event for event in await events(house, "23 00:00", "24 00:00") if "Kunjungan" in event["summary"]]
    assert visit == {
        "start": "2026-11-23T20:30:00+07:00",
        "end": "2026-11-23T20:50:00+07:00",
        "summary": "Kunjungan: Bripka Siti (tepat waktu)",
        "description": "Lampu padam",
        "location": "Pos utama",
    }


async def test_only_what_has_to_do_with_the_time_is_shown(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:30")
    check_in(house, SATLANTAS)
    await clock.to("22:16")
    assert await summaries(house, "20:35", "21:00") == [
        "23 20:00 Patroli malam: tepat waktu",
        "23 20:30 Kunjungan: Bripka Siti (tepat waktu)",
    ]
    assert await summaries(house, "22:00", "23:00") == []
    assert await summaries(house, "18:00", "20:00") == []


async def test_visit_that_was_taken_back_is_not_shown_and_unexpected_ones_are(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    visit = check_in(house)
    await clock.to("18:10")
    assert await summaries(house, "18:00", "19:00") == ["23 18:00 Kunjungan: – (tidak terjadwal)"]
    house.facility.patrol.correct(GUARD, visit.id, Correction(void=True, reason="Uji"))
    assert await summaries(house, "18:00", "19:00") == []


async def test_time_long_ago_is_read_from_the_journal(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:30")
    check_in(house, SATLANTAS)
    await clock.to("22:16", "24 22:16")
    house.facility.patrol.excuse(GUARD, PLAN, Clock.at("24 21:00"), "Banjir")
    await house.rows()
    before = await summaries(house, "23 00:00", "25 00:00")
    clock._freezer.move_to("2027-02-20T12:00:00+07:00")
    house.facility.patrol._tick()
    assert house.facility.patrol.book.visits == {}
    assert await summaries(house, "23 00:00", "25 00:00") == before
    assert before == [
        "23 20:00 Patroli malam: tepat waktu",
        "23 20:30 Kunjungan: Bripka Siti (tepat waktu)",
        "24 20:00 Patroli malam: dikecualikan (Banjir)",
    ]


async def test_all_time_is_cut_to_what_makes_sense(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    found = await summaries(house, "0001-01-01T00:00:00+00:00", "9999-12-31T00:00:00+00:00")
    assert len(found) == 366
    assert found[0] == "23 20:00 Patroli malam: terjadwal"


async def test_journal_that_cannot_be_read_is_said_and_not_shown_as_an_empty_past(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.set_up(checkpoint(), patrol_plan())

    def broken(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT", None, Exception("database disk image is malformed"))

    monkeypatch.setattr(Journal, "of_kind", broken)
    with pytest.raises(HomeAssistantError) as caught:
        await events(house, "2026-01-01T00:00:00+07:00", "2026-02-01T00:00:00+07:00")
    assert (caught.value.translation_domain, caught.value.translation_key) == ("rutan_blora", "journal_unreadable")
    assert caught.value.translation_placeholders == {"error": "(builtins.Exception) database disk image is malformed"}
    # What is at hand is shown.
    assert await summaries(house, "23 00:00", "24 00:00") == ["23 20:00 Patroli malam: terjadwal"]
