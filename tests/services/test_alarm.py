"""The actions of the alarm."""

from typing import Any

import probatio
import pytest

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.translation import async_get_exception_message

from ..common import ENTRY_ID, FakePhone, House

pytest_plugins = ("tests.fixtures",)

TEXTS = {
    "html": ("<b>Rusuh</b> <a href='x'>&", ["<", ">"]),
    "emoji": ("Api 🔥 di Blok B 👩‍🚒", []),
    "surrogates": ("kosong \ud800 rusak \udfff", ["\ud800", "\udfff"]),
    "control": ("satu\ndua\x00tiga\x1b[31m\u202ebalik", ["\x00", "\x1b", "\u202e"]),
    "right to left": ("\u0627\u0644\u0633\u062c\u0646", []),
}


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give an officer's phone whose pushes are known at once."""
    return await house.pair_taken_over("HP Budi")


async def refusal(house: House, action: str, **data: Any) -> str | None:
    """Call an action that is refused and return the key of the reason."""
    with pytest.raises(ServiceValidationError) as caught:
        await house.call(action, **data)
    assert caught.value.translation_domain == "rutan_blora"
    return caught.value.translation_key


# --- what they do ---


async def test_raise_alarm_raises_and_returns_the_incident(house: House, budi: FakePhone) -> None:
    await house.set_up(budi.police_device())
    response = await house.call("raise_alarm", kind="riot", location="Blok B", message="Dua puluh orang")
    assert (incident := house.facility.alarm.incident)
    assert response == {"incident_id": incident.id, "state": "alarm"}
    assert budi.titles == ["DARURAT: Kerusuhan – Blok B"]
    assert "Dua puluh orang" in budi.last.message


async def test_raise_alarm_needs_nothing_but_the_facility(house: House, budi: FakePhone) -> None:
    await house.set_up(budi.police_device())
    await house.call("raise_alarm")
    assert budi.titles == ["DARURAT: Tombol panik – Rutan Blora"]


async def test_raise_alarm_without_a_response_raises_too(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    await house.set_up(budi.police_device())
    await hass.services.async_call("rutan_blora", "raise_alarm", {"config_entry_id": ENTRY_ID}, blocking=True)
    assert len(budi.pushes) == 1


async def test_raise_alarm_has_left_for_the_police_before_anything_is_awaited(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.set_up(budi.police_device())
    call = hass.services.async_call("rutan_blora", "raise_alarm", {"config_entry_id": ENTRY_ID}, blocking=True)
    with pytest.raises(StopIteration):
        call.send(None)
    assert len(budi.pushes) == 1


async def test_raise_alarm_during_an_incident_adds_a_place(house: House) -> None:
    await house.set_up()
    first = await house.call("raise_alarm", location="Aula")
    second = await house.call("raise_alarm", location="Dapur", kind="fire")
    assert second["incident_id"] == first["incident_id"]
    assert house.entity("sensor", "alarm_state").attributes["locations"] == ["Aula", "Dapur"]


async def test_drill_is_a_drill_and_a_real_alarm_ends_it(house: House, budi: FakePhone) -> None:
    await house.set_up(budi.police_device())
    drill = await house.call("raise_alarm", drill=True)
    assert budi.titles == ["LATIHAN: Tombol panik – Rutan Blora"]
    real = await house.call("raise_alarm")
    assert real["incident_id"] != drill["incident_id"]
    assert house.entity("sensor", "alarm_state").attributes["drill"] is False


async def test_respond_answers_in_the_name_of_the_officer(house: House) -> None:
    desk_officer = await house.user("Piket SPKT")
    await house.set_up()
    await house.call("raise_alarm")
    response = await house.call("respond", desk_officer, response="responding", officer="Ipda Cici")
    assert response["state"] == "responding"
    await house.call("respond", desk_officer, response="on_scene", officer="Aipda Doni")
    responders = house.entity("sensor", "alarm_state").attributes["responders"]
    assert [(r["name"], r["response"]) for r in responders] == [("Ipda Cici", "responding"), ("Aipda Doni", "on_scene")]
    assert [row.loaded["actor"] for row in await house.rows("responding", "on_scene")] == [
        {"origin": "user", "id": desk_officer.id, "name": "Ipda Cici"},
        {"origin": "user", "id": desk_officer.id, "name": "Aipda Doni"},
    ]


async def test_respond_without_an_officer_is_the_users_own(house: House) -> None:
    cici = await house.user("Ipda Cici")
    await house.set_up()
    await house.call("raise_alarm")
    await house.call("respond", cici, response="acknowledged")
    (responder,) = house.entity("sensor", "alarm_state").attributes["responders"]
    assert responder["name"] == "Ipda Cici"


async def test_respond_never_goes_back(house: House) -> None:
    await house.set_up()
    await house.call("raise_alarm")
    await house.call("respond", response="on_scene", officer="Ipda Cici")
    response = await house.call("respond", response="acknowledged", officer="Aipda Doni")
    assert response["state"] == "on_scene"


@pytest.mark.parametrize("outcome", ["resolved", "false_alarm"])
async def test_close_alarm_closes_and_says_how_it_ended(house: House, budi: FakePhone, outcome: str) -> None:
    slamet = await house.user("Slamet")
    await house.set_up(budi.police_device())
    raised = await house.call("raise_alarm")
    closed = await house.call("close_alarm", slamet, outcome=outcome, reason="Sudah aman")
    assert closed == {"incident_id": raised["incident_id"], "state": "closed"}
    assert house.state("sensor", "alarm_state") == "normal"
    (row,) = await house.rows("closed")
    assert (row.loaded["outcome"], row.loaded["message"]) == (outcome, "Sudah aman")
    assert row.loaded["actor"]["name"] == "Slamet"
    assert "Slamet" in budi.last.message


# --- what they refuse ---


async def test_nothing_can_be_answered_or_closed_without_an_incident(house: House) -> None:
    await house.set_up()
    assert await refusal(house, "respond", response="acknowledged") == "no_open_incident"
    assert await refusal(house, "close_alarm", outcome="resolved") == "no_open_incident"
    assert await house.rows() == []


async def test_no_drill_during_a_real_alarm(house: House) -> None:
    await house.set_up()
    await house.call("raise_alarm")
    assert await refusal(house, "raise_alarm", drill=True) == "real_incident_open"
    assert house.entity("sensor", "alarm_state").attributes["drill"] is False


@pytest.mark.parametrize(
    ("drill", "outcome", "reason"),
    [
        (True, "resolved", "outcome_is_drill"),
        (True, "false_alarm", "outcome_is_drill"),
        (False, "drill", "outcome_not_drill"),
    ],
)
async def test_outcome_must_fit(house: House, drill: bool, outcome: str, reason: str) -> None:
    await house.set_up()
    await house.call("raise_alarm", drill=drill)
    assert await refusal(house, "close_alarm", outcome=outcome) == reason
    assert house.state("binary_sensor", "alarm") == "on"


@pytest.mark.parametrize(
    ("action", "field", "limit", "others"),
    [
        ("raise_alarm", "location", 80, {}),
        ("raise_alarm", "message", 500, {}),
        ("respond", "officer", 80, {"response": "acknowledged"}),
        ("respond", "message", 500, {"response": "acknowledged"}),
        ("close_alarm", "reason", 500, {"outcome": "resolved"}),
    ],
)
async def test_text_that_is_too_long_is_refused_and_one_that_just_fits_is_taken(
    house: House, action: str, field: str, limit: int, others: dict[str, Any]
) -> None:
    await house.set_up()
    if action != "raise_alarm":
        await house.call("raise_alarm")
    before = await house.rows()
    for length in (limit + 1, 10_000):
        with pytest.raises(ServiceValidationError) as caught:
            await house.call(action, **{field: "x" * length}, **others)
        assert caught.value.translation_key == "text_too_long"
        assert caught.value.translation_placeholders == {"field": field, "max": str(limit)}
    assert await house.rows() == before
    await house.call(action, **{field: "x" * limit}, **others)


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("raise_alarm", {"kind": "earthquake"}),
        ("raise_alarm", {"drill": "perhaps"}),
        ("raise_alarm", {"location": ["Aula"]}),
        ("raise_alarm", {"colour": "red"}),
        ("respond", {}),
        ("respond", {"response": "asleep"}),
        ("close_alarm", {}),
        ("close_alarm", {"outcome": "open"}),
    ],
)
async def test_data_of_another_shape_is_refused(house: House, action: str, data: dict[str, Any]) -> None:
    await house.set_up()
    with pytest.raises(probatio.Invalid):
        await house.call(action, **data)
    assert await house.rows() == []


@pytest.mark.parametrize("text", TEXTS)
async def test_foreign_text_does_no_harm_on_a_phone_or_in_the_journal(house: House, budi: FakePhone, text: str) -> None:
    foreign, harmful = TEXTS[text]
    await house.set_up(budi.police_device())
    await house.call("raise_alarm", location=foreign, message=foreign)
    await house.call("respond", response="acknowledged", officer=foreign, message=foreign)
    await house.call("close_alarm", outcome="resolved", reason=foreign)
    assert len(await house.rows("raised", "acknowledged", "closed")) == 3
    pushed = "".join(push.title + push.message for push in budi.pushes)
    kept = "".join(row.body for row in await house.rows())
    assert [char for char in harmful if char in pushed or char in kept] == []
    pushed.encode()
    assert await house.hass.async_add_executor_job(house.journal_path.exists)


async def test_text_keeps_what_people_can_read(house: House, budi: FakePhone) -> None:
    await house.set_up(budi.police_device())
    await house.call("raise_alarm", message="Api 🔥 di Blok B – minta bantuan!")
    assert "Api 🔥 di Blok B – minta bantuan!" in budi.last.message


@pytest.mark.parametrize("key", ["no_open_incident", "real_incident_open", "outcome_is_drill", "outcome_not_drill"])
async def test_every_refusal_has_words(house: House, key: str) -> None:
    await house.set_up()
    assert async_get_exception_message("rutan_blora", key, {}) not in ("", key)
