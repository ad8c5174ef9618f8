"""Tags and cards: what Home Assistant says was scanned, and what a phone's location adds to it."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.rutan_blora.patrol.check_in import Evidence
from custom_components.rutan_blora.patrol.tags import FRESH_LOCATION, MAX_WAITING, Scan, TagInbox, evidence_of
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
from tests.common import FakePhone, House, checkpoint, context_of
from tests.visits import TAG, visits

pytest_plugins = ("tests.fixtures",)

NOW: Final = datetime(2026, 11, 23, 11, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
ZONE: Final = "zone.rutan"
# The rutan in Blora, and a place about 150 m north of it.
HERE: Final = [-6.9698, 111.4186]
NEAR: Final = [-6.96845, 111.4186]


@pytest.fixture(autouse=True)
def morning(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let time stand still at a zone of 100 m around the rutan."""
    freezer.move_to(NOW)
    hass.states.async_set(
        ZONE,
        "0",
        {"latitude": HERE[0], "longitude": HERE[1], "radius": 100, "passive": False, "friendly_name": "Rutan"},
    )


# --- the inbox ---


async def scan(hass: HomeAssistant, tag_id: Any = TAG, **data: Any) -> None:
    hass.bus.async_fire("tag_scanned", {"tag_id": tag_id, "name": None, **data})
    await hass.async_block_till_done()


async def test_scan_is_given_to_the_reader_with_all_that_is_known(hass: HomeAssistant, house: House) -> None:
    slamet = await house.user("Slamet")
    inbox, heard = TagInbox(hass), list[Scan]()
    stop = inbox.start()
    inbox.open(heard.append)
    hass.bus.async_fire("tag_scanned", {"tag_id": TAG, "device_id": "phone"}, context=context_of(slamet))
    await hass.async_block_till_done()
    assert heard == [Scan(tag_id=TAG, device_id="phone", user_id=slamet.id, at=NOW)]
    stop()
    await scan(hass)
    assert len(heard) == 1


async def test_scans_that_nobody_reads_wait_in_their_order(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    inbox, heard = TagInbox(hass), list[Scan]()
    stop = inbox.start()
    await scan(hass, "first")
    inbox.open(heard.append)
    assert [one.tag_id for one in heard] == ["first"]
    inbox.hold()
    for tag_id in ("second", "third"):
        freezer.tick(MINUTE)
        await scan(hass, tag_id)
    assert len(heard) == 1
    inbox.open(heard.append)
    assert [(one.tag_id, one.at) for one in heard[1:]] == [("second", NOW + MINUTE), ("third", NOW + 2 * MINUTE)]
    stop()


async def test_reader_gone_mad_does_not_fill_the_memory_and_is_said_so(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    inbox, heard = TagInbox(hass), list[Scan]()
    stop = inbox.start()
    for number in range(MAX_WAITING + 2):
        await scan(hass, f"tag {number}")
    inbox.open(heard.append)
    assert [heard[0].tag_id, len(heard)] == ["tag 2", MAX_WAITING]
    assert caplog.text.count("More scans than can wait") == 2
    caplog.clear()
    stop()


async def test_scan_of_anything_is_a_scan(hass: HomeAssistant) -> None:
    inbox, heard = TagInbox(hass), list[Scan]()
    stop = inbox.start()
    inbox.open(heard.append)
    for tag_id in (None, 7, "<b>" * 5000):
        await scan(hass, tag_id)
    assert [one.tag_id for one in heard] == ["None", "7", "<b>" * 5000]
    stop()


# --- the zone ---


def a_tracker(hass: HomeAssistant, entity_registry: er.EntityRegistry, platform: str = "device_tracker") -> str:
    """Give an entity of a phone."""
    entry = next(iter(hass.config_entries.async_entries("test")), None)
    if entry is None:
        entry = MockConfigEntry(domain="test")
        entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers={("test", "phone")})
    created = entity_registry.async_get_or_create(platform, "test", "phone", device_id=device.id, config_entry=entry)
    return created.entity_id


def phone_of(entity_registry: er.EntityRegistry, tracker: str) -> str:
    entry = entity_registry.async_get(tracker)
    assert entry is not None
    assert entry.device_id is not None
    return entry.device_id


def at(place: list[float], accuracy: float | None = 20) -> dict[str, Any]:
    found: dict[str, Any] = {"latitude": place[0], "longitude": place[1]}
    return found if accuracy is None else {**found, "gps_accuracy": accuracy}


@pytest.mark.parametrize(
    ("attributes", "evidence"),
    [
        (at(HERE), Evidence.TAG_IN_ZONE),
        (at(HERE, 100), Evidence.TAG_IN_ZONE),
        (at(HERE, 101), Evidence.TAG),
        (at(HERE, 2000), Evidence.TAG),
        (at(HERE, None), Evidence.TAG),
        (at(NEAR), Evidence.TAG),
        (at(NEAR, 60), Evidence.TAG_IN_ZONE),
        ({"in_zones": [ZONE]}, Evidence.TAG_IN_ZONE),
        ({"in_zones": ["zone.home"]}, Evidence.TAG),
        ({}, Evidence.TAG),
    ],
    ids=[
        "there",
        "as closely as the zone is large",
        "less closely",
        "somewhere in town",
        "nobody knows how closely",
        "beside it",
        "beside it, perhaps in it",
        "the app says the zone only",
        "the app says another zone",
        "nowhere",
    ],
)
def test_phone_that_says_it_is_in_the_zone_proves_more(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, attributes: dict[str, Any], evidence: Evidence
) -> None:
    tracker = a_tracker(hass, entity_registry)
    hass.states.async_set(tracker, "home", attributes)
    assert evidence_of(hass, phone_of(entity_registry, tracker), ZONE, NOW) is evidence


@pytest.mark.parametrize(
    ("age", "evidence"), [(FRESH_LOCATION, Evidence.TAG_IN_ZONE), (FRESH_LOCATION + MINUTE, Evidence.TAG)]
)
def test_location_that_is_old_proves_nothing_of_now(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    freezer: FrozenDateTimeFactory,
    age: timedelta,
    evidence: Evidence,
) -> None:
    tracker = a_tracker(hass, entity_registry)
    hass.states.async_set(tracker, "home", at(HERE))
    freezer.tick(age)
    assert evidence_of(hass, phone_of(entity_registry, tracker), ZONE, NOW) is evidence


def test_location_that_is_said_again_is_as_good_as_new(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, freezer: FrozenDateTimeFactory
) -> None:
    tracker = a_tracker(hass, entity_registry)
    for _ in range(3):
        hass.states.async_set(tracker, "home", at(HERE))
        freezer.tick(8 * MINUTE)
    assert evidence_of(hass, phone_of(entity_registry, tracker), ZONE, NOW) is Evidence.TAG_IN_ZONE


def test_location_that_home_assistant_had_kept_is_not_the_phones_word(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, freezer: FrozenDateTimeFactory
) -> None:
    hass.set_state(CoreState.starting)
    inbox = TagInbox(hass)
    stop = inbox.start()
    tracker = a_tracker(hass, entity_registry)
    hass.states.async_set(tracker, "home", at(HERE))
    freezer.tick(MINUTE)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    assert inbox.since == NOW + MINUTE
    phone = phone_of(entity_registry, tracker)
    assert evidence_of(hass, phone, ZONE, inbox.since) is Evidence.TAG
    hass.states.async_set(tracker, "home", at(HERE))
    assert evidence_of(hass, phone, ZONE, inbox.since) is Evidence.TAG_IN_ZONE
    hass.set_state(CoreState.running)
    stop()


def test_what_is_no_tracker_or_no_zone_proves_nothing(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> None:
    sensor = a_tracker(hass, entity_registry, "sensor")
    hass.states.async_set(sensor, "home", at(HERE))
    phone = phone_of(entity_registry, sensor)
    tracker = a_tracker(hass, entity_registry)
    assert evidence_of(hass, phone, ZONE, NOW) is Evidence.TAG
    hass.states.async_set(tracker, "home", at(HERE))
    for device_id, zone in ((phone, None), (phone, "zone.gone"), (None, ZONE), ("gone", ZONE)):
        assert evidence_of(hass, device_id, zone, NOW) is Evidence.TAG
    hass.states.async_set(ZONE, "unavailable", {"latitude": HERE[0], "longitude": HERE[1], "radius": 100})
    assert evidence_of(hass, phone, ZONE, NOW) is Evidence.TAG


async def test_real_phone_in_the_zone_of_its_checkpoint_proves_more(
    house: House, freezer: FrozenDateTimeFactory
) -> None:
    budi: FakePhone = await house.pair_taken_over("HP Budi")
    await house.set_up(checkpoint(tag_id=TAG, zone_entity_id=ZONE), budi.police_device())
    freezer.tick(MINUTE)
    await budi.send("update_location", {"gps": HERE, "gps_accuracy": 15})
    await budi.send("scan_tag", {"tag_id": TAG})
    await house.hass.async_block_till_done(wait_background_tasks=True)
    (visit,) = visits(house)
    assert visit.evidence is Evidence.TAG_IN_ZONE
    assert visit.arrived_at == dt_util.utcnow()
