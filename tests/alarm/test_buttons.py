"""The panic buttons: what is a press of which, and what it means."""

from datetime import UTC, datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.rutan_blora.alarm.incident import Kind
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.common import FakePhone, House, context_of, panic_button, turns

pytest_plugins = ("tests.fixtures",)

BEFORE = "2026-11-23T01:00:00+00:00"
PRESSED = "2026-11-23T03:00:00+00:00"
LATER = "2026-11-23T03:05:00+00:00"
CONTACT = "binary_sensor.gate"
MOMENT = "event.gate"

CONTACTS = ["binary_sensor.gate", "input_boolean.gate", "switch.gate"]
MOMENTS = ["button.gate", "event.gate", "input_button.gate"]


@pytest.fixture(autouse=True)
def morning(freezer: FrozenDateTimeFactory) -> None:
    """Let it be the time of the press."""
    freezer.move_to(PRESSED)


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give a phone whose pushes are known at once."""
    return await house.pair_taken_over("HP Budi")


def read_at_rest(entity_id: str) -> str:
    return "off" if entity_id in CONTACTS else BEFORE


def read_pressed(entity_id: str) -> str:
    return "on" if entity_id in CONTACTS else PRESSED


# --- a press ---


@pytest.mark.parametrize("entity_id", CONTACTS + MOMENTS)
async def test_press_has_left_for_the_police_before_anything_is_awaited(
    hass: HomeAssistant, house: House, budi: FakePhone, entity_id: str
) -> None:
    hass.states.async_set(entity_id, read_at_rest(entity_id))
    await house.set_up(panic_button(entity_id=entity_id, kind="riot"), budi.police_device())
    assert budi.pushes == []
    hass.states.async_set(entity_id, read_pressed(entity_id))
    assert budi.titles == ["DARURAT: Kerusuhan – Pintu Utama"]
    assert (incident := house.facility.alarm.incident)
    assert (incident.kind, incident.locations, incident.drill) == (Kind.RIOT, ("Pintu Utama",), False)


async def test_press_has_left_for_a_phone_on_its_websocket_before_anything_is_awaited(
    hass: HomeAssistant, house: House
) -> None:
    phones = [await house.pair(name) for name in ("HP Budi", "HP Cici", "HP Doni")]
    for phone in phones:
        await phone.connect()
    hass.states.async_set(CONTACT, "off")
    await house.set_up(panic_button(entity_id=CONTACT), *(phone.police_device() for phone in phones))
    hass.states.async_set(CONTACT, "on")
    assert [len(phone.pushes) for phone in phones] == [1, 1, 1]
    for phone in phones:
        push = await phone.next_push()
        assert push.content == phone.last.content
        assert push.title == "DARURAT: Tombol panik – Pintu Utama"


async def test_button_that_was_never_pressed_before_is_heard(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    hass.states.async_set("input_button.gate", "unknown")
    await house.set_up(panic_button(entity_id="input_button.gate"), budi.police_device())
    hass.states.async_set("input_button.gate", "2026-11-23T03:00:01+00:00")
    assert len(budi.pushes) == 1


@pytest.mark.parametrize("entity_id", CONTACTS)
async def test_contact_that_opens_again_changes_nothing(
    hass: HomeAssistant, house: House, budi: FakePhone, entity_id: str
) -> None:
    hass.states.async_set(entity_id, "off")
    await house.set_up(panic_button(entity_id=entity_id), budi.police_device())
    hass.states.async_set(entity_id, "on")
    before = house.facility.alarm.incident
    hass.states.async_set(entity_id, "off")
    await hass.async_block_till_done()
    assert house.facility.alarm.incident is before
    assert len(budi.pushes) == 1


async def test_changed_attribute_is_no_press(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    hass.states.async_set(MOMENT, BEFORE, {"event_type": "press_end"})
    await house.set_up(panic_button(entity_id=MOMENT), budi.police_device())
    hass.states.async_set(MOMENT, BEFORE, {"event_type": "press_end", "battery": 90})
    assert budi.pushes == []


async def test_same_button_pressed_again_is_one_incident_told_once_and_recorded_twice(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    hass.states.async_set(CONTACT, "off")
    await house.set_up(panic_button(entity_id=CONTACT), budi.police_device())
    for state in ("on", "off", "on"):
        hass.states.async_set(CONTACT, state)
    await turns()
    assert len(budi.pushes) == 1
    assert house.state("sensor", "alarm_state") == "alarm"
    presses = await house.rows("raised", "location_added", "pressed_again")
    assert [row.kind for row in presses] == ["raised", "pressed_again"]
    assert len({row.incident for row in presses}) == 1


async def test_two_buttons_in_one_tick_are_one_incident_with_two_places(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    hass.states.async_set(CONTACT, "off")
    hass.states.async_set("switch.blok_b", "off")
    await house.set_up(
        panic_button(entity_id=CONTACT),
        panic_button("Blok B", entity_id="switch.blok_b", location="Blok B", kind="fire"),
        budi.police_device(),
    )
    hass.states.async_set(CONTACT, "on")
    hass.states.async_set("switch.blok_b", "on")
    assert budi.titles == ["DARURAT: Tombol panik – Pintu Utama", "DARURAT: Kebakaran – Pintu Utama, Blok B"]
    assert len({push.tag for push in budi.pushes}) == 1
    assert all(push.data["channel"] == "alarm_stream" for push in budi.pushes)
    await turns()
    assert house.entity("sensor", "alarm_state").attributes["locations"] == ["Pintu Utama", "Blok B"]


async def test_place_of_a_button_without_one_is_its_name(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button("Menara 2", location=""), budi.police_device())
    await house.press_entity(title="Menara 2")
    assert budi.titles == ["DARURAT: Tombol panik – Menara 2"]


# --- a source that comes and goes ---


@pytest.mark.parametrize("away", ["unavailable", "unknown", None])
async def test_contact_that_comes_back_closed_was_pressed_meanwhile(
    hass: HomeAssistant, house: House, budi: FakePhone, away: str | None
) -> None:
    hass.states.async_set(CONTACT, "off")
    await house.set_up(panic_button(entity_id=CONTACT), budi.police_device())
    if away is None:
        hass.states.async_remove(CONTACT)
    else:
        hass.states.async_set(CONTACT, away)
    assert budi.pushes == []
    hass.states.async_set(CONTACT, "on")
    assert len(budi.pushes) == 1


@pytest.mark.parametrize("away", ["unavailable", "unknown"])
async def test_contact_that_was_closed_and_comes_back_closed_was_not_pressed_again(
    hass: HomeAssistant, house: House, budi: FakePhone, away: str
) -> None:
    hass.states.async_set(CONTACT, "off")
    await house.set_up(panic_button(entity_id=CONTACT), budi.police_device())
    for state in ("on", away, "on"):
        hass.states.async_set(CONTACT, state)
    assert [row.kind for row in await house.rows("raised", "pressed_again")] == ["raised"]


@pytest.mark.parametrize(
    ("back", "pushes"),
    [(BEFORE, 0), ("2026-11-23T00:59:59+00:00", 0), (PRESSED, 1)],
    ids=["with the same", "with an older one", "with a later one"],
)
async def test_event_that_comes_back_was_pressed_only_if_it_names_a_later_moment(
    hass: HomeAssistant, house: House, budi: FakePhone, back: str, pushes: int
) -> None:
    hass.states.async_set(MOMENT, BEFORE)
    await house.set_up(panic_button(entity_id=MOMENT), budi.police_device())
    hass.states.async_set(MOMENT, "unavailable")
    hass.states.async_set(MOMENT, back)
    assert len(budi.pushes) == pushes


async def test_press_after_the_clock_was_set_back_is_heard(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    hass.states.async_set(MOMENT, LATER)
    await house.set_up(panic_button(entity_id=MOMENT), budi.police_device())
    hass.states.async_set(MOMENT, BEFORE)
    assert len(budi.pushes) == 1


@pytest.mark.parametrize("entity_id", CONTACTS + MOMENTS)
async def test_source_that_is_found_as_it_is_at_the_first_set_up_was_not_pressed(
    hass: HomeAssistant, house: House, budi: FakePhone, entity_id: str
) -> None:
    hass.states.async_set(entity_id, read_pressed(entity_id))
    await house.set_up(panic_button(entity_id=entity_id), budi.police_device())
    assert budi.pushes == []


async def test_source_that_is_not_there_yet_is_heard_when_it_comes_closed(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.set_up(panic_button(entity_id=CONTACT), budi.police_device())
    hass.states.async_set(CONTACT, "on")
    assert len(budi.pushes) == 1


async def test_event_that_comes_later_with_an_old_moment_was_not_pressed(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.set_up(panic_button(entity_id=MOMENT), budi.police_device())
    hass.states.async_set(MOMENT, BEFORE)
    assert budi.pushes == []
    hass.states.async_set(MOMENT, PRESSED)
    assert len(budi.pushes) == 1


# --- while Home Assistant was off ---


@pytest.mark.parametrize("entity_id", CONTACTS + MOMENTS)
async def test_press_while_home_assistant_was_off_is_told_when_it_starts(
    hass: HomeAssistant, house: House, budi: FakePhone, freezer: FrozenDateTimeFactory, entity_id: str
) -> None:
    hass.states.async_set(entity_id, read_at_rest(entity_id))
    await house.set_up(panic_button(entity_id=entity_id), budi.police_device())
    await house.switch_off()
    freezer.tick(timedelta(minutes=1))
    hass.states.async_set(entity_id, read_pressed(entity_id))
    assert budi.pushes == []
    await house.set_up_again()
    assert budi.titles == ["DARURAT: Tombol panik – Pintu Utama"]
    await house.reload()
    assert [row.kind for row in await house.rows("raised", "pressed_again", "location_added")] == ["raised"]


@pytest.mark.parametrize("entity_id", CONTACTS + MOMENTS)
async def test_press_from_before_home_assistant_was_off_is_not_taken_for_a_new_one(
    hass: HomeAssistant, house: House, budi: FakePhone, entity_id: str
) -> None:
    hass.states.async_set(entity_id, read_at_rest(entity_id))
    await house.set_up(panic_button(entity_id=entity_id), budi.police_device())
    hass.states.async_set(entity_id, read_pressed(entity_id))
    await house.call("close_alarm", outcome="resolved")
    await house.switch_off()
    await house.set_up_again()
    assert house.facility.alarm.incident is None
    assert [row.kind for row in await house.rows("raised", "pressed_again")] == ["raised"]


async def test_contact_released_while_home_assistant_was_off_can_be_pressed_again(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    hass.states.async_set(CONTACT, "off")
    await house.set_up(panic_button(entity_id=CONTACT), budi.police_device())
    hass.states.async_set(CONTACT, "on")
    await house.call("close_alarm", outcome="resolved")
    await house.switch_off()
    hass.states.async_set(CONTACT, "off")
    await house.set_up_again()
    hass.states.async_set(CONTACT, "on")
    await turns()
    assert house.state("sensor", "alarm_state") == "alarm"


# --- who and when ---


async def test_user_who_switched_the_source_is_on_record(hass: HomeAssistant, house: House) -> None:
    slamet = await house.user("Slamet")
    hass.states.async_set("input_boolean.gate", "off")
    await house.set_up(panic_button(entity_id="input_boolean.gate"))
    hass.states.async_set("input_boolean.gate", "on", context=context_of(slamet))
    (raised,) = await house.rows("raised")
    assert raised.loaded["actor"] == {"origin": "user", "id": slamet.id, "name": "Slamet"}


async def test_hardware_is_on_record_by_the_name_of_the_button(hass: HomeAssistant, house: House) -> None:
    hass.states.async_set(CONTACT, "off")
    await house.set_up(panic_button(entity_id=CONTACT))
    hass.states.async_set(CONTACT, "on")
    (raised,) = await house.rows("raised")
    assert raised.subject == "gerbang"
    assert raised.loaded["actor"] == {"origin": "hardware", "id": "gerbang", "name": "Gerbang"}


async def test_police_read_when_the_contact_closed(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    dt_util.set_default_time_zone(await dt_util.async_get_time_zone("Asia/Jakarta") or UTC)
    hass.states.async_set(CONTACT, "off")
    await house.set_up(panic_button(entity_id=CONTACT), budi.police_device())
    hass.states.async_set(CONTACT, "on")
    assert "Ditekan 23 Nov 10.00.00 WIB" in budi.last.message


async def test_police_read_the_moment_that_the_event_names(
    hass: HomeAssistant, house: House, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(MOMENT, BEFORE)
    await house.set_up(panic_button(entity_id=MOMENT))
    freezer.move_to(LATER)
    hass.states.async_set(MOMENT, PRESSED)
    assert (incident := house.facility.alarm.incident)
    assert incident.pressed_at == datetime.fromisoformat(PRESSED)
    assert incident.raised_at == datetime.fromisoformat(LATER)


# --- what is asked of them ---


async def test_button_is_pressed_only_for_its_own_press_of_the_open_incident(house: House) -> None:
    await house.set_up(panic_button(), panic_button("Blok B", location="Blok B"))
    buttons = house.facility.buttons
    assert not buttons.is_pressed("gerbang")
    await house.press_entity()
    assert buttons.is_pressed("gerbang")
    assert not buttons.is_pressed("blok_b")
    await house.call("close_alarm", outcome="resolved")
    assert not buttons.is_pressed("gerbang")


@pytest.mark.parametrize(("state", "is_lost"), [("off", False), ("unknown", False), ("unavailable", True)])
async def test_button_is_lost_while_its_source_is_unavailable(
    hass: HomeAssistant, house: House, state: str, is_lost: bool
) -> None:
    hass.states.async_set(CONTACT, state)
    await house.set_up(panic_button(entity_id=CONTACT))
    assert house.facility.buttons.is_lost("gerbang") is is_lost


async def test_button_is_lost_without_its_source_but_needs_none_if_it_has_none(house: House) -> None:
    await house.set_up(panic_button(entity_id=CONTACT), panic_button("Virtual"), panic_button("Hook", webhook_id="h"))
    buttons = house.facility.buttons
    assert [buttons.is_lost(name) for name in ("gerbang", "virtual", "hook")] == [True, False, False]


async def test_state_of_a_button_that_was_removed_or_has_no_source_is_nothing(house: House) -> None:
    await house.set_up(panic_button())
    house.facility.buttons.read("gone", None, None)
    house.facility.buttons.read("gerbang", None, None)
    assert await house.rows() == []


# --- long and multiple presses ---


@pytest.mark.parametrize(
    ("event_type", "title"),
    [
        ("press_end", "DARURAT: Tombol panik – Pintu Utama"),
        ("long_press_end", "DARURAT: Kerusuhan – Pintu Utama"),
        ("multi_press_end", "DARURAT: Kerusuhan – Pintu Utama"),
    ],
)
async def test_long_or_multiple_press_means_what_it_is_set_to(
    hass: HomeAssistant, house: House, event_type: str, title: str
) -> None:
    budi = await house.pair_taken_over("HP Budi")
    hass.states.async_set("event.gate", "2026-11-23T03:00:00+00:00", {"event_type": event_type})
    await house.set_up(panic_button(entity_id="event.gate", long_press_kind="riot"), budi.police_device())
    hass.states.async_set("event.gate", "2026-11-23T03:00:01+00:00", {"event_type": event_type})
    await turns()
    assert budi.titles == [title]


async def test_press_that_grows_long_raises_the_kind_and_rings_again(hass: HomeAssistant, house: House) -> None:
    budi = await house.pair_taken_over("HP Budi")
    hass.states.async_set("event.gate", "unknown")
    await house.set_up(panic_button(entity_id="event.gate", long_press_kind="riot"), budi.police_device())
    for second, event_type in enumerate(("press_start", "long_press_start", "long_press_end")):
        hass.states.async_set("event.gate", f"2026-11-24T23:00:0{second}+00:00", {"event_type": event_type})
        await turns()
    assert budi.titles == ["DARURAT: Tombol panik – Pintu Utama", "DARURAT: Kerusuhan – Pintu Utama"]
    assert [push.data["channel"] for push in budi.pushes] == ["alarm_stream"] * 2
    assert len(await house.rows("pressed_again")) == 1
