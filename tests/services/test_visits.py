"""The actions of visits."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import probatio
import pytest

from custom_components.rutan_blora.patrol.check_in import Evidence, Situation
from custom_components.rutan_blora.patrol.visit import Refusal
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_exception_message

from ..common import ENTRY_ID, SITE, FakePhone, House, checkpoint, context_of, panic_button, patrol_plan, turns
from ..flows.test_checkpoint import device

pytest_plugins = ("tests.fixtures",)

# 20.30 in Blora, within the plan's window.
NOW = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
BUDI = {"officer": "Budi Santoso", "rank": "Aipda", "nrp": "80010001", "unit": "Sat Samapta"}
REPORT = {"situation": "remarks", "message": "Lampu padam", "personnel": 2, "vehicle": "Patwal 01"}


@pytest.fixture(autouse=True)
async def evening(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let it be an evening in Blora."""
    await hass.config.async_set_time_zone("Asia/Jakarta")
    freezer.move_to(NOW)


async def set_up_before(house: House, freezer: FrozenDateTimeFactory) -> None:
    """Set the house up before its window begins: a plan expects nothing of a time before it was made."""
    freezer.move_to(NOW - timedelta(hours=2))
    await house.set_up(checkpoint(), patrol_plan())
    freezer.move_to(NOW)


def device_of(hass: HomeAssistant, part: str = "pos_utama") -> str:
    """Return the device of a part, or of the facility."""
    key = f"{ENTRY_ID}_{part}" if part else ENTRY_ID
    device_id = dr.async_get_device_id_by_identifier(hass, ("rutan_blora", key), config_entry_id=ENTRY_ID)
    assert device_id is not None
    return device_id


async def call(house: House, action: str, /, **data: Any) -> dict[str, Any]:
    """Call an action that knows its facility by a device or visit, and return its response."""
    response = await house.hass.services.async_call("rutan_blora", action, data, blocking=True, return_response=True)
    await turns()
    return dict(response or {})


async def check_in(house: House, **data: Any) -> dict[str, Any]:
    """Check in at the main checkpoint."""
    return await call(house, "check_in", device_id=device_of(house.hass), **data)


async def refusal(house: House, action: str, /, **data: Any) -> str | None:
    """Call an action that is refused, and return the key of the reason."""
    with pytest.raises(ServiceValidationError) as caught:
        await call(house, action, **data)
    assert caught.value.translation_domain == "rutan_blora"
    return caught.value.translation_key


# --- check in ---


async def test_check_in_takes_in_who_came_and_what_they_said(house: House, freezer: FrozenDateTimeFactory) -> None:
    await set_up_before(house, freezer)
    response = await check_in(house, **BUDI, **REPORT)
    (visit,) = house.facility.patrol.book.visits.values()
    assert response == {"visit_id": visit.id, "verdict": "on_time", "on_record": True}
    assert [(o.name, o.rank, o.nrp, o.unit, o.id) for o in visit.officers] == [(*BUDI.values(), None)]
    assert visit.evidence is Evidence.TYPED
    said = visit.report
    assert (said.situation, said.note, said.personnel, said.vehicle) == (
        Situation.REMARKS,
        "Lampu padam",
        2,
        "Patwal 01",
    )
    assert visit.arrived_at == NOW
    assert not visit.is_late_entry


async def test_check_in_needs_nothing_but_the_checkpoint_and_no_response(hass: HomeAssistant, house: House) -> None:
    slamet = await house.user("Slamet")
    await house.set_up(checkpoint())
    await hass.services.async_call(
        "rutan_blora", "check_in", {"device_id": device_of(hass)}, blocking=True, context=context_of(slamet)
    )
    (visit,) = house.facility.patrol.book.visits.values()
    assert visit.officers == ()
    (row,) = await house.rows("visit_checked_in")
    assert row.loaded["actor"] == {"origin": "user", "id": slamet.id, "name": "Slamet"}


async def test_visit_that_nobody_expects_is_said_so(house: House) -> None:
    await house.set_up(checkpoint())
    assert (await check_in(house, **BUDI))["verdict"] == "unscheduled"


@pytest.mark.parametrize("at", ["2026-11-22 20:05:00", "2026-11-22T13:05:00+00:00"])
async def test_visit_that_is_handed_in_late_is_of_when_it_was_and_flagged(house: House, at: str) -> None:
    await house.set_up(checkpoint())
    await check_in(house, **BUDI, at=at)
    (visit,) = house.facility.patrol.book.visits.values()
    assert visit.arrived_at == datetime(2026, 11, 22, 13, 5, tzinfo=UTC)
    assert visit.is_late_entry


async def test_time_that_cannot_be_is_refused(house: House) -> None:
    await house.set_up(checkpoint())
    before, where = await house.rows(), {"device_id": device_of(house.hass)}
    assert await refusal(house, "check_in", **where, at=NOW + timedelta(minutes=3)) == "time_in_future"
    assert await refusal(house, "check_in", **where, at=NOW - timedelta(days=7, seconds=1)) == "time_too_old"
    assert await refusal(house, "check_in", **where, at="1971-01-01 00:00:00") == "time_too_old"
    assert await house.rows() == before


async def test_check_in_at_what_is_no_checkpoint_is_refused(hass: HomeAssistant, house: House) -> None:
    await house.set_up(checkpoint(), patrol_plan(), panic_button())
    own = [device_of(hass, part) for part in ("", "patroli_malam", "gerbang")]
    others = [device(hass), "nowhere", *own]
    for other in others:
        assert await refusal(house, "check_in", device_id=other) == "not_a_checkpoint"
        assert await refusal(house, "check_out", device_id=other) == "not_a_checkpoint"
    assert house.facility.patrol.book.visits == {}


# --- check out, countersign ---


async def test_check_out_at_a_checkpoint_ends_the_visit_there(house: House) -> None:
    await house.set_up(checkpoint(), checkpoint("Halaman"))
    first = await check_in(house, **BUDI)
    await call(house, "check_in", device_id=device_of(house.hass, "halaman"), officer="Siti", unit="Polsek")
    assert await call(house, "check_out", device_id=device_of(house.hass)) == first
    left = {visit.id: visit.departed_at for visit in house.facility.patrol.book.visits.values()}
    assert [visit_id for visit_id, at in left.items() if at == NOW] == [first["visit_id"]]


async def test_check_out_knows_a_visit_by_its_id(house: House) -> None:
    await house.set_up(checkpoint())
    visit_id = (await check_in(house, **BUDI))["visit_id"]
    assert (await call(house, "check_out", visit_id=visit_id))["visit_id"] == visit_id
    # Said twice, it is still the same departure.
    assert (await call(house, "check_out", visit_id=visit_id))["visit_id"] == visit_id
    assert len(await house.rows("visit_checked_out")) == 1
    assert await refusal(house, "check_out", visit_id="unknown") == "no_such_visit"
    assert await refusal(house, "check_out", device_id=device_of(house.hass)) == "no_open_visit"


async def test_check_out_with_both_means_the_visit(house: House) -> None:
    await house.set_up(checkpoint())
    first = await check_in(house, **BUDI)
    await check_in(house, officer="Siti", unit="Polsek")
    both = {"device_id": device_of(house.hass), "visit_id": first["visit_id"]}
    assert (await call(house, "check_out", **both))["visit_id"] == first["visit_id"]


async def test_guard_signs_the_latest_visit_or_the_one_he_names(house: House, freezer: FrozenDateTimeFactory) -> None:
    slamet = await house.user("Slamet")
    await house.set_up(checkpoint())
    first = await check_in(house, **BUDI)
    freezer.tick(60)
    second = await check_in(house, officer="Siti", unit="Polsek")
    assert await house.call("countersign_visit", slamet) == second
    assert await house.call("countersign_visit", slamet, visit_id=first["visit_id"]) == first
    visits = house.facility.patrol.book.visits.values()
    assert {visit.countersigned.actor.name for visit in visits if visit.countersigned} == {"Slamet"}
    assert {visit.evidence for visit in visits} == {Evidence.COUNTERSIGNED}
    assert await refusal(house, "countersign_visit", config_entry_id=ENTRY_ID) == "already_signed"
    assert await refusal(house, "countersign_visit", config_entry_id=ENTRY_ID, visit_id="unknown") == "no_such_visit"


# --- correct, excuse ---


@pytest.mark.parametrize(
    ("correction", "officer", "is_proved"),
    [
        ({"rank": "Aiptu"}, ("Budi Santoso", "Aiptu", "80010001", "Sat Samapta"), True),
        ({"unit": "Polsek", "rank": ""}, ("Budi Santoso", "Aipda", "80010001", "Polsek"), True),
        ({"officer": "Cici", "nrp": "9"}, ("Cici", "Aipda", "9", "Sat Samapta"), False),
        ({"message": "Lampu menyala"}, ("Budi Santoso", "Aipda", "80010001", "Sat Samapta"), True),
    ],
)
async def test_correction_changes_what_it_says_and_nothing_else(
    house: House, budi: FakePhone, correction: dict[str, str], officer: tuple[str, ...], *, is_proved: bool
) -> None:
    details = {"officer": "Budi Santoso", "rank": "Aipda", "nrp": "80010001", "unit": "Sat Samapta"}
    await house.set_up(checkpoint(tag_id="tag"), budi.police_device(**details))
    house.hass.bus.async_fire("tag_scanned", {"tag_id": "tag", "device_id": budi.id})
    await turns()
    (visit_id,) = house.facility.patrol.book.visits
    await house.call("correct_visit", visit_id=visit_id, reason="Salah tulis", **correction)
    visit = house.facility.patrol.book.visits[visit_id]
    (shown,) = visit.officers
    assert (shown.name, shown.rank, shown.nrp, shown.unit) == officer
    assert (shown.id == "hp_budi") is is_proved
    assert visit.report.note == correction.get("message", "")
    assert [row.kind for row in await house.rows("visit_checked_in", "visit_corrected")] == [
        "visit_checked_in",
        "visit_corrected",
    ]


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give an officer's phone whose pushes are known at once."""
    return await house.pair_taken_over("HP Budi")


async def test_visit_of_nobody_gets_its_officer_by_a_correction(house: House) -> None:
    await house.set_up(checkpoint())
    visit_id = (await check_in(house))["visit_id"]
    await house.call("correct_visit", visit_id=visit_id, reason="Lupa diisi", officer="Siti")
    (shown,) = house.facility.patrol.book.visits[visit_id].officers
    assert shown.name == "Siti"


async def test_visit_that_was_none_counts_for_nothing_until_it_is_taken_back(
    house: House, freezer: FrozenDateTimeFactory
) -> None:
    await set_up_before(house, freezer)
    visit_id = (await check_in(house, **BUDI))["visit_id"]
    response = await house.call("correct_visit", visit_id=visit_id, void=True, reason="Uji coba")
    assert response == {"visit_id": visit_id, "verdict": "unscheduled", "on_record": True}
    response = await house.call("correct_visit", visit_id=visit_id, void=False, reason="Ternyata benar")
    assert response["verdict"] == "on_time"


async def test_correction_that_says_nothing_or_of_no_visit_or_without_a_reason_is_refused(house: House) -> None:
    await house.set_up(checkpoint())
    known = {"config_entry_id": ENTRY_ID, "visit_id": (await check_in(house, **BUDI))["visit_id"]}
    before = await house.rows()
    assert await refusal(house, "correct_visit", **known, reason="Salah") == "nothing_to_correct"
    assert await refusal(house, "correct_visit", **known, reason="Salah", officer=" ") == "nothing_to_correct"
    assert await refusal(house, "correct_visit", **known, reason=" \n", rank="Aiptu") == "reason_missing"
    unknown = {**known, "visit_id": "unknown"}
    assert await refusal(house, "correct_visit", **unknown, reason="Salah", rank="Aiptu") == "no_such_visit"
    assert await house.rows() == before


async def test_excused_window_leaves_the_figures_with_its_reason(house: House, freezer: FrozenDateTimeFactory) -> None:
    await set_up_before(house, freezer)
    plan = device_of(house.hass, "patroli_malam")
    response = await house.call("excuse_visit", plan=plan, at="2026-11-23 21:00:00", reason="Pengamanan pilkada")
    assert response == {
        "plan": "Patroli malam",
        "start": "2026-11-23T13:00:00+00:00",
        "end": "2026-11-23T15:00:00+00:00",
        "on_record": True,
    }
    assert list(house.facility.patrol.book.excuses.values()) == ["Pengamanan pilkada"]


async def test_excuse_of_no_window_no_plan_or_without_a_reason_is_refused(house: House) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    before = await house.rows()
    plan = device_of(house.hass, "patroli_malam")
    right = {"config_entry_id": ENTRY_ID, "plan": plan, "at": "2026-11-23 21:00", "reason": "Banjir"}
    assert await refusal(house, "excuse_visit", **right | {"at": "2026-11-23 12:00"}) == "no_such_window"
    assert await refusal(house, "excuse_visit", **right | {"plan": device_of(house.hass)}) == "not_a_plan"
    assert await refusal(house, "excuse_visit", **right | {"plan": "nowhere"}) == "not_a_plan"
    assert await refusal(house, "excuse_visit", **right | {"config_entry_id": "another"}) == "not_a_plan"
    assert await refusal(house, "excuse_visit", **right | {"reason": ""}) == "reason_missing"
    assert await house.rows() == before


# --- what all of them refuse ---


MISSHAPEN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("check_in", {}),
    ("check_in", {"device_id": "x", "situation": "quiet"}),
    ("check_in", {"device_id": "x", "personnel": 0}),
    ("check_in", {"device_id": "x", "personnel": 1000}),
    ("check_in", {"device_id": "x", "personnel": "many"}),
    ("check_in", {"device_id": "x", "at": "soon"}),
    ("check_in", {"device_id": "x", "at": "0001-01-01 00:00:00"}),
    ("check_in", {"device_id": "x", "at": "9999-12-31T23:59:59-12:00"}),
    ("check_in", {"device_id": "x", "colour": "red"}),
    ("check_out", {}),
    ("correct_visit", {"config_entry_id": ENTRY_ID, "visit_id": "x"}),
    ("correct_visit", {"config_entry_id": ENTRY_ID, "visit_id": "x", "reason": "x", "void": "perhaps"}),
    ("excuse_visit", {"config_entry_id": ENTRY_ID, "plan": "x", "reason": "x"}),
)


async def test_data_of_another_shape_is_refused(house: House) -> None:
    await house.set_up()
    for action, data in MISSHAPEN:
        with pytest.raises(probatio.Invalid):
            await call(house, action, **data)


LIMITS = {"officer": 80, "rank": 80, "nrp": 80, "unit": 80, "vehicle": 80, "message": 500}


async def test_text_that_is_too_long_is_refused_and_one_that_just_fits_is_taken(house: House) -> None:
    await house.set_up(checkpoint())
    where = {"device_id": device_of(house.hass)}
    for field, limit in LIMITS.items():
        assert await refusal(house, "check_in", **where, **{field: "x" * (limit + 1)}) == "text_too_long"
    assert house.facility.patrol.book.visits == {}
    await call(house, "check_in", **where, **{field: "x" * limit for field, limit in LIMITS.items()})
    assert len(house.facility.patrol.book.visits) == 1


async def test_foreign_text_does_no_harm(house: House) -> None:
    await house.set_up(checkpoint())
    foreign = "<b>Aman</b>\x00\u202e \ud800 🔥\nbaris"
    visit_id = (await check_in(house, officer=foreign, unit=foreign, message=foreign))["visit_id"]
    await house.call("correct_visit", visit_id=visit_id, reason=foreign, vehicle=foreign)
    kept = "".join(row.body for row in await house.rows())
    assert [char for char in ("<b", "\x00", "\u202e", "\ud800") if char in kept] == []
    assert house.facility.patrol.book.visits[visit_id].report.note == "‹b›Aman‹/b› 🔥 baris"


async def test_every_refusal_has_words(house: House) -> None:
    await house.set_up()
    for refused in Refusal:
        assert async_get_exception_message("rutan_blora", refused.value, {}) not in ("", refused.value)


@pytest.mark.parametrize("action", ["check_in", "check_out", "check_out_visit"])
async def test_call_during_a_reload_waits_for_it(house: House, action: str) -> None:
    await house.set_up(checkpoint(), title=SITE)
    visit_id = (await check_in(house, **BUDI))["visit_id"]
    data = {"visit_id": visit_id} if action == "check_out_visit" else {"device_id": device_of(house.hass)}
    async with house.reloading():
        calling = house.hass.async_create_task(call(house, action.removesuffix("_visit"), **data))
        await asyncio.sleep(0)
        assert not calling.done()
    assert (await calling)["visit_id"] == visit_id
