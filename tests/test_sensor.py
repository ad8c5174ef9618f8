"""The sensors."""

from datetime import timedelta
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .common import ENTRY_ID, EVENING, FakePhone, House, checkpoint, panic_button, patrol_plan
from .visits import SATLANTAS, Clock, check_in

pytest_plugins = ("tests.fixtures",)

NOW = "2026-11-23T03:00:00+00:00"


@pytest.fixture(autouse=True)
def morning(freezer: FrozenDateTimeFactory) -> None:
    """Let time stand still."""
    freezer.move_to(NOW)


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give an officer's phone whose pushes are known at once."""
    return await house.pair_taken_over("HP Budi")


async def test_sensors_at_rest(
    hass: HomeAssistant, house: House, budi: FakePhone, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion
) -> None:
    with patch("custom_components.rutan_blora.PLATFORMS", [Platform.SENSOR]):
        await house.set_up(panic_button(), budi.police_device(), checkpoint(), patrol_plan())
        await snapshot_platform(hass, entity_registry, snapshot, ENTRY_ID)


async def test_sensors_during_an_incident(
    house: House, budi: FakePhone, freezer: FrozenDateTimeFactory, snapshot: SnapshotAssertion
) -> None:
    await house.set_up(panic_button(), panic_button("Blok B", location="Blok B", kind="fire"), budi.police_device())
    with patch(
        "custom_components.rutan_blora.alarm.desk.ulid_util.ulid_now", return_value="01M8580MJXPPB1ZW2KSAQF6H3N"
    ):
        await house.press_entity()
    await house.press_entity(title="Blok B")
    freezer.tick(timedelta(seconds=12))
    await budi.answer("ACK")
    freezer.tick(timedelta(minutes=4))
    await budi.answer("HERE")
    assert [
        house.entity("sensor", key, title)
        for key, title in (
            ("alarm_state", None),
            ("acknowledgement_time", None),
            ("arrival_time", None),
            ("delivery", "HP Budi"),
            ("last_response", "HP Budi"),
        )
    ] == snapshot


async def test_alarm_state_goes_the_way_of_the_incident(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    seen = [house.state("sensor", "alarm_state")]
    await house.press_entity()
    seen.append(house.state("sensor", "alarm_state"))
    shown = budi.last
    for answer in ("ACK", "GO", "HERE"):
        await budi.answer(answer, shown)
        seen.append(house.state("sensor", "alarm_state"))
    await house.call("close_alarm", outcome="resolved")
    seen.append(house.state("sensor", "alarm_state"))
    assert seen == ["normal", "alarm", "acknowledged", "responding", "on_scene", "normal"]
    assert "responders" not in house.entity("sensor", "alarm_state").attributes


async def test_times_are_counted_from_the_press_and_kept_until_the_next_incident(
    house: House, budi: FakePhone, freezer: FrozenDateTimeFactory
) -> None:
    await house.set_up(panic_button(), budi.police_device())
    times = ("acknowledgement_time", "arrival_time")
    assert [house.state("sensor", key) for key in times] == ["unknown", "unknown"]
    await house.press_entity()
    freezer.tick(timedelta(seconds=12))
    await budi.answer("ACK")
    freezer.tick(timedelta(seconds=30))
    await budi.answer("HERE")
    await house.call("close_alarm", outcome="resolved")
    assert [house.state("sensor", key) for key in times] == ["12.0", "42.0"]
    await house.press_entity()
    assert [house.state("sensor", key) for key in times] == ["unknown", "unknown"]


async def test_delivery_goes_from_idle_to_acknowledged_and_back(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device())
    seen = [house.state("sensor", "delivery", "HP Budi")]
    await house.press_entity()
    seen.append(house.state("sensor", "delivery", "HP Budi"))
    await budi.confirm()
    seen.append(house.state("sensor", "delivery", "HP Budi"))
    await budi.answer("ACK")
    seen.append(house.state("sensor", "delivery", "HP Budi"))
    await house.call("close_alarm", outcome="resolved")
    seen.append(house.state("sensor", "delivery", "HP Budi"))
    assert seen == ["idle", "sent", "delivered", "acknowledged", "idle"]


async def test_delivery_of_one_phone_says_nothing_of_another(house: House, budi: FakePhone) -> None:
    cici = await house.pair_taken_over("HP Cici")
    await house.set_up(panic_button(), budi.police_device(), cici.police_device())
    await house.press_entity()
    await budi.answer("ACK")
    assert house.state("sensor", "last_response", "HP Budi") == NOW
    assert house.state("sensor", "last_response", "HP Cici") == "unknown"
    assert house.state("sensor", "delivery", "HP Cici") == "sent"


# --- visits ---


@pytest.fixture
async def clock(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Clock:
    """Give the clock of the house; it is early in the evening."""
    await hass.config.async_set_time_zone("Asia/Jakarta")
    clock = Clock(hass, freezer)
    clock.set("19:00")
    return clock


async def test_next_visit_and_last_check_in_go_the_way_of_the_visits(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    nexts = [house.state("sensor", "next_visit", title) for title in (None, "Patroli malam")]
    assert nexts == ["2026-11-23T13:00:00+00:00"] * 2
    following = house.entity("sensor", "next_visit").attributes
    assert (following["plan"], following["until"], following["visits"]) == (
        "Patroli malam",
        "2026-11-23T15:00:00+00:00",
        1,
    )
    assert house.state("sensor", "last_check_in", "Pos utama") == "unknown"
    await clock.to("20:30")
    check_in(house, SATLANTAS)
    await clock.to("20:31")
    assert house.state("sensor", "next_visit") == "2026-11-24T13:00:00+00:00"
    shown = house.entity("sensor", "last_check_in", "Pos utama")
    assert shown.state == "2026-11-23T13:30:00+00:00"
    assert [shown.attributes[key] for key in ("officer", "unit", "evidence")] == ["Bripka Siti", "Satlantas", "button"]
    await house.remove_part("Patroli malam")
    assert house.state("sensor", "next_visit") == "unknown"


async def test_compliance_counts_what_closed_and_says_how(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan(), patrol_plan("Siang", windows=({**EVENING, "start": "21:00:00"},)))
    assert house.state("sensor", "compliance", "Patroli malam") == "unknown"
    await clock.to("20:30")
    check_in(house, SATLANTAS)
    await clock.to("22:16", "24 08:00")
    shown = house.entity("sensor", "compliance", "Patroli malam")
    assert shown.state == "100.0"
    assert [shown.attributes[key] for key in ("today", "last_7_days", "expected", "excused")] == [None, 100.0, 1, 0]
    assert [shown.attributes[key] for key in ("on_time", "early", "late", "missed")] == [1, 0, 0, 0]
    assert house.state("sensor", "compliance", "Siang") == "0.0"
    assert house.state("sensor", "patrol_compliance") == "50.0"


async def test_visits_at_the_same_hour_are_foreseen(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    for day in range(23, 28):
        await clock.to(f"{day} 20:01", f"{day} 21:00")
        check_in(house, SATLANTAS)
        await clock.to(f"{day} 22:16")
        assert house.state("sensor", "unpredictability", "Patroli malam") == ("0.0" if day == 27 else "unknown")
