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

from .common import ENTRY_ID, FakePhone, House, panic_button

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
        await house.set_up(panic_button(), budi.police_device())
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
