"""What visits have to do with the rest: tags and cards, the gate that signs, the police told of who does not come."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.rutan_blora import rounds as rounds_module
from custom_components.rutan_blora.actor import Actor
from custom_components.rutan_blora.const import DOMAIN
from custom_components.rutan_blora.patrol.check_in import CheckIn, Evidence, Officer, Report, Situation
from custom_components.rutan_blora.patrol.desk import PatrolDesk
from custom_components.rutan_blora.patrol.visit import Correction, Visit
from custom_components.rutan_blora.rounds import REFUSALS_PER_MINUTE
from demo.phone import Push
from homeassistant.components.tag import async_scan_tag
from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .common import (
    FakePhone,
    House,
    checkpoint,
    context_of,
    officer,
    panic_button,
    patrol_plan,
    police_device,
    turns,
)
from .visits import GUARD, SATLANTAS, TAG, Clock, check_in, visits

pytest_plugins = ("tests.fixtures",)

BUDI = {"officer": "Budi Santoso", "rank": "Aipda", "nrp": "80010001", "unit": "Sat Samapta"}
INCIDENT = Report(situation=Situation.INCIDENT, note="Perkelahian di blok B")


@pytest.fixture(autouse=True)
async def clock(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Clock:
    """Give the clock of the house; it is early in the evening."""
    await hass.config.async_set_time_zone("Asia/Jakarta")
    clock = Clock(hass, freezer)
    clock.set("18:00")
    return clock


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give an officer's phone whose pushes are known at once."""
    return await house.pair_taken_over("HP Budi")


@pytest.fixture
async def p2u(house: House) -> FakePhone:
    """Give the phone of the guards at the gate."""
    return await house.pair_taken_over("HP P2U")


async def scan(house: House, phone: FakePhone, tag_id: str = TAG) -> None:
    """Scan a tag with the companion app."""
    await phone.send("scan_tag", {"tag_id": tag_id})
    await house.hass.async_block_till_done(wait_background_tasks=True)


def parts_of_budi(budi: FakePhone) -> ConfigSubentryDataWithId:
    return budi.police_device(**BUDI)


# --- tags ---


async def test_scan_by_an_officers_phone_is_a_visit_of_his_and_he_is_told(house: House, budi: FakePhone) -> None:
    await house.set_up(checkpoint(tag_id=TAG), parts_of_budi(budi))
    await scan(house, budi)
    (visit,) = visits(house)
    (who,) = visit.officers
    assert (who.id, who.name, who.rank, who.nrp, who.unit) == ("hp_budi", *BUDI.values())
    assert (visit.evidence, visit.arrived_at, visit.is_late_entry) == (Evidence.TAG, Clock.at("18:00"), False)
    assert budi.titles == ["Kunjungan tercatat"]
    assert budi.last.message == "18.00 Pos utama\nAipda Budi Santoso – Sat Samapta"
    assert (budi.last.data["channel"], budi.last.buttons) == ("rutan_blora_patrol", {})
    (row,) = await house.rows("visit_checked_in")
    assert (row.incident, row.subject) == (visit.id, "pos_utama")
    assert row.loaded["actor"] == {"origin": "officer", "id": "hp_budi", "name": "Aipda Budi Santoso"}


async def test_scan_by_a_phone_nobody_knows_is_a_visit_in_the_name_of_its_user_who_is_told_so(
    house: House, budi: FakePhone
) -> None:
    await house.set_up(checkpoint(tag_id=TAG))
    await scan(house, budi)
    (visit,) = visits(house)
    (who,) = visit.officers
    assert (who.id, who.name, who.unit) == (None, "HP Budi", "")
    assert budi.titles == ["Kunjungan tercatat"]
    assert "belum terdaftar" in budi.last.message
    (row,) = await house.rows("visit_checked_in")
    assert row.loaded["actor"] == {"origin": "user", "id": budi.user.id, "name": "HP Budi"}


async def test_guards_phone_is_no_officers(house: House, p2u: FakePhone) -> None:
    await house.set_up(checkpoint(tag_id=TAG), p2u.police_device(gate=True, officer="Slamet", unit="Rupam 1"))
    await scan(house, p2u)
    (visit,) = visits(house)
    assert [(who.id, who.unit) for who in visit.officers] == [(None, "")]
    assert any("belum terdaftar" in push.message for push in p2u.pushes)


async def test_scan_by_what_is_no_phone_is_a_visit_of_nobody_known(hass: HomeAssistant, house: House) -> None:
    await house.pair("HP")
    await house.set_up(checkpoint(tag_id=TAG))
    for device_id in ("reader", None):
        await async_scan_tag(hass, TAG, device_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    (visit,) = visits(house)
    assert visit.officers == ()


async def test_tag_of_no_checkpoint_is_said_to_an_officers_phone_alone(house: House, budi: FakePhone) -> None:
    stranger = await house.pair_taken_over("HP Asing")
    await house.set_up(checkpoint(tag_id=TAG), parts_of_budi(budi))
    for phone in (budi, stranger):
        await scan(house, phone, "tag of the coffee machine")
    assert visits(house) == []
    assert [(push.title, push.message) for push in budi.pushes] == [
        ("Kunjungan tidak tercatat", "Tag ini bukan milik pos pemeriksaan mana pun.")
    ]
    assert stranger.pushes == []


async def another_facility(hass: HomeAssistant) -> ConfigEntry:
    """Set up another facility, with a tag of its own."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Rutan Cepu",
        unique_id="rutan_cepu",
        data={"site_name": "Rutan Cepu", "token_key": "another key"},
        options={"language": "id"},
        subentries_data=[checkpoint("Pos Cepu", tag_id="cepu")],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    return entry


async def test_tag_of_another_facility_is_none_of_our_business(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.set_up(checkpoint(tag_id=TAG), parts_of_budi(budi))
    other = await another_facility(hass)
    await scan(house, budi, "cepu")
    assert visits(house) == []
    assert len(other.runtime_data.patrol.book.visits) == 1
    assert budi.titles == ["Kunjungan tercatat"]


async def test_tag_of_a_facility_that_is_out_of_service_is_said_to_be_nobodys(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.set_up(checkpoint(tag_id=TAG), parts_of_budi(budi))
    other = await another_facility(hass)
    await hass.config_entries.async_set_disabled_by(other.entry_id, ConfigEntryDisabler.USER)
    await scan(house, budi, "cepu")
    assert budi.titles == ["Kunjungan tidak tercatat"]


async def test_officer_is_told_in_his_own_language(house: House, budi: FakePhone) -> None:
    await house.set_up(checkpoint(tag_id=TAG), budi.police_device(language="en", **BUDI))
    await scan(house, budi)
    await scan(house, budi, "?")
    assert budi.titles == ["Visit recorded", "Visit not recorded"]


async def test_officer_is_not_told_that_it_is_recorded_while_nothing_is(house: House, budi: FakePhone) -> None:
    await house.set_up(checkpoint(tag_id=TAG), parts_of_budi(budi))
    house.facility.kept._on_health("disk full")
    await turns()
    await scan(house, budi)
    assert budi.last.title == "Kunjungan diterima, belum tercatat: jurnal sedang bermasalah"
    assert len(visits(house)) == 1


async def test_phone_that_takes_no_word_has_visited_all_the_same(house: House, budi: FakePhone) -> None:
    async def refuse(_: Push) -> None:
        raise HomeAssistantError("refused")

    budi.take_over(refuse)
    await house.set_up(checkpoint(tag_id=TAG), parts_of_budi(budi))
    await scan(house, budi)
    assert len(visits(house)) == 1


async def test_scan_again_is_the_same_visit_and_no_new_record(house: House, budi: FakePhone, clock: Clock) -> None:
    await house.set_up(checkpoint(tag_id=TAG), parts_of_budi(budi))
    for at in ("18:00", "18:02", "18:05"):
        clock.set(at)
        await scan(house, budi)
    assert len(await house.rows("visit_checked_in")) == 1
    # He is told each time that it counts, in one and the same message.
    assert [push.title for push in budi.pushes] == ["Kunjungan tercatat"] * 3
    assert len({push.tag for push in budi.pushes}) == 1


async def test_two_officers_of_one_unit_are_one_visit_of_two_units_two(house: House, budi: FakePhone) -> None:
    agus, siti = [await house.pair_taken_over(name) for name in ("HP Agus", "HP Siti")]
    await house.set_up(
        checkpoint(tag_id=TAG),
        parts_of_budi(budi),
        agus.police_device(officer="Agus", unit="Sat Samapta"),
        siti.police_device(officer="Siti", unit="Satlantas"),
    )
    for phone in (budi, siti, agus):
        await scan(house, phone)
    assert sorted([who.name for who in visit.officers] for visit in visits(house)) == [
        ["Budi Santoso", "Agus"],
        ["Siti"],
    ]


async def test_scan_that_comes_during_a_reload_is_not_lost(house: House, budi: FakePhone, clock: Clock) -> None:
    await house.set_up(checkpoint(tag_id=TAG), parts_of_budi(budi))
    async with house.reloading():
        await budi.send("scan_tag", {"tag_id": TAG})
        assert budi.pushes == []
        clock.set("18:01")
    await house.hass.async_block_till_done(wait_background_tasks=True)
    (visit,) = visits(house)
    assert visit.arrived_at == Clock.at("18:00")
    assert budi.titles == ["Kunjungan tercatat"]


@pytest.mark.parametrize("meanwhile", ["17:00", "25 18:00", "30 23:59"])
async def test_scan_that_waited_while_the_clock_was_set_is_taken_in(
    house: House, budi: FakePhone, clock: Clock, meanwhile: str
) -> None:
    await house.set_up(checkpoint(tag_id=TAG), parts_of_budi(budi))
    async with house.reloading():
        await budi.send("scan_tag", {"tag_id": TAG})
        clock.set(meanwhile)
    await house.hass.async_block_till_done(wait_background_tasks=True)
    (visit,) = visits(house)
    assert Clock.at(meanwhile) - timedelta(days=7) <= visit.arrived_at <= Clock.at(meanwhile)


async def test_scan_that_fails_keeps_no_other_waiting(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    siti = await house.pair_taken_over("HP Siti")
    await house.set_up(checkpoint(tag_id=TAG), parts_of_budi(budi), siti.police_device(unit="Satlantas"))
    check_in_ = PatrolDesk.check_in

    def fail_for_budi(desk: PatrolDesk, what: CheckIn, actor: Actor) -> Visit:
        if actor.id == "hp_budi":
            raise ValueError("broken")
        return check_in_(desk, what, actor)

    monkeypatch.setattr(PatrolDesk, "check_in", fail_for_budi)
    async with house.reloading():
        for phone in (budi, siti):
            await phone.send("scan_tag", {"tag_id": TAG})
    await house.hass.async_block_till_done(wait_background_tasks=True)
    assert [visit.unit for visit in visits(house)] == ["Satlantas"]
    assert "A scan could not be taken in" in caplog.text
    caplog.clear()


# --- cards ---


CARD = "04-A2-19-7B"
SITI = officer("Siti Aminah", rank="Bripka", unit="Satlantas", card_ids=[CARD])


async def present(house: House, card: str = CARD, device_id: str = "reader") -> None:
    await async_scan_tag(house.hass, card, device_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)


async def test_card_at_a_checkpoints_reader_is_a_visit_of_its_officer(house: House) -> None:
    await house.pair("HP")
    await house.set_up(checkpoint(reader_device_id="reader"), SITI)
    await present(house)
    (visit,) = visits(house)
    (who,) = visit.officers
    assert (who.id, who.title, who.unit, visit.evidence) == (
        "siti_aminah",
        "Bripka Siti Aminah",
        "Satlantas",
        Evidence.TAG,
    )


async def test_card_at_a_reader_of_no_checkpoint_is_nothing(house: House) -> None:
    await house.pair("HP")
    await house.set_up(checkpoint(reader_device_id="reader"), SITI)
    await present(house, device_id="canteen")
    assert visits(house) == []
    assert await house.rows("card_refused") == []


async def test_card_that_nobody_has_is_on_record_but_does_not_fill_the_disk(house: House, clock: Clock) -> None:
    await house.pair("HP")
    await house.set_up(checkpoint(reader_device_id="reader"), SITI)
    for number in range(REFUSALS_PER_MINUTE + 5):
        await async_scan_tag(house.hass, f"{number}" * 70, "reader")
    await house.hass.async_block_till_done()
    assert visits(house) == []
    rows = await house.rows("card_refused")
    assert len(rows) == REFUSALS_PER_MINUTE
    assert (rows[3].subject, rows[3].loaded) == ("pos_utama", {"card_id": "3" * 64})
    clock.set("18:02")
    await present(house, "stranger")
    assert len(await house.rows("card_refused")) == REFUSALS_PER_MINUTE + 1


# --- the guards at the gate ---


async def asked(house: House, p2u: FakePhone, *parts: ConfigSubentryDataWithId) -> None:
    """Set up a house with a gate."""
    await house.set_up(panic_button(), checkpoint(location="Gerbang dalam"), p2u.police_device(gate=True), *parts)


async def settle(house: House) -> None:
    await house.hass.async_block_till_done(wait_background_tasks=True)


async def test_guard_signs_a_visit_with_one_tap(house: House, p2u: FakePhone) -> None:
    await asked(house, p2u)
    check_in(house, SATLANTAS)
    await settle(house)
    assert p2u.titles == ["Paraf kunjungan patroli"]
    assert p2u.last.message == "Rutan Blora\n18.00 Pos utama\nBripka Siti – Satlantas"
    assert list(p2u.last.buttons.values()) == ["Paraf"]
    assert p2u.last.key("SIGN").startswith("RUTAN_SIGN_")
    await p2u.answer("SIGN")
    await settle(house)
    (visit,) = visits(house)
    assert visit.evidence is Evidence.COUNTERSIGNED
    (row,) = await house.rows("visit_countersigned")
    assert row.loaded["actor"] == {"origin": "user", "id": "hp_p2u", "name": "HP P2U"}
    assert p2u.titles[1:] == ["clear_notification", "Kunjungan sudah diparaf"]


async def test_guard_who_taps_twice_is_not_told_that_he_has_not_signed(house: House, p2u: FakePhone) -> None:
    await asked(house, p2u)
    check_in(house, SATLANTAS)
    await settle(house)
    shown = p2u.last
    for _ in range(2):
        await p2u.answer("SIGN", shown)
        await settle(house)
    assert len(await house.rows("visit_countersigned")) == 1
    assert "Paraf TIDAK diterima" not in p2u.titles
    assert await house.rows("answer_refused") == []


async def test_guard_signs_at_the_button(house: House, p2u: FakePhone) -> None:
    slamet = await house.user("Slamet")
    await asked(house, p2u)
    check_in(house, SATLANTAS)
    await settle(house)
    await house.press_entity("countersign", None, user=slamet)
    await settle(house)
    (row,) = await house.rows("visit_countersigned")
    assert row.loaded["actor"]["name"] == "Slamet"
    assert p2u.titles[-1] == "Kunjungan sudah diparaf"


async def test_signature_from_another_phone_is_refused(house: House, p2u: FakePhone, budi: FakePhone) -> None:
    await asked(house, p2u, parts_of_budi(budi))
    check_in(house, SATLANTAS)
    await settle(house)
    await budi.answer("SIGN", p2u.last)
    (visit,) = visits(house)
    assert visit.countersigned is None
    assert len(await house.rows("answer_refused")) == 1
    # Silence would be taken for a yes.
    await settle(house)
    assert budi.titles == ["Paraf TIDAK diterima"]
    assert p2u.titles == ["Paraf kunjungan patroli"]


async def test_guard_whose_signature_comes_too_late_is_told_so(house: House, p2u: FakePhone) -> None:
    await asked(house, p2u)
    made = check_in(house, SATLANTAS)
    await settle(house)
    shown = p2u.last
    house.facility.patrol.correct(GUARD, made.id, Correction(void=True, reason="Salah"))
    await settle(house)
    await p2u.answer("SIGN", shown)
    await settle(house)
    (visit,) = visits(house)
    assert visit.countersigned is None
    assert (p2u.last.title, p2u.last.buttons) == ("Paraf TIDAK diterima", {})
    assert p2u.last.data["channel"] == "rutan_blora_patrol"


async def test_guard_whose_alarm_is_not_taken_is_told_to_press_the_button(house: House, p2u: FakePhone) -> None:
    await asked(house, p2u)
    await p2u.fire("mobile_app_notification_action", {"action": f"RUTAN_RAISE_{'0' * 32}"})
    await settle(house)
    assert house.state("sensor", "alarm_state") == "normal"
    assert p2u.last.title == "Alarm TIDAK dibunyikan"
    assert "tekan tombol panik" in p2u.last.message


async def test_officer_whose_answer_comes_after_the_end_is_told_so(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), parts_of_budi(budi))
    await house.press_entity()
    await settle(house)
    shown = budi.last
    await house.call("close_alarm", outcome="resolved")
    await settle(house)
    await budi.answer("GO", shown)
    await settle(house)
    assert budi.last.title == "Jawaban TIDAK diterima"


async def test_every_guards_phone_is_asked_and_the_other_is_told_that_it_is_signed(
    house: House, p2u: FakePhone
) -> None:
    rupam = await house.pair_taken_over("HP Rupam")
    await asked(house, p2u, rupam.police_device(gate=True))
    check_in(house, SATLANTAS)
    await settle(house)
    await rupam.answer("SIGN")
    await settle(house)
    assert p2u.titles == rupam.titles == ["Paraf kunjungan patroli", "clear_notification", "Kunjungan sudah diparaf"]


async def test_guard_raises_the_alarm_of_what_the_officers_found(house: House, p2u: FakePhone, budi: FakePhone) -> None:
    await asked(house, p2u, parts_of_budi(budi))
    check_in(house, SATLANTAS, report=INCIDENT)
    await settle(house)
    assert list(p2u.last.buttons.values()) == ["Paraf", "Bunyikan alarm"]
    assert p2u.last.data["push"]["interruption-level"] == "time-sensitive"
    assert "ADA KEJADIAN\nPerkelahian di blok B" in p2u.last.message
    await p2u.answer("RAISE")
    await settle(house)
    assert budi.titles == ["DARURAT: Tombol panik – Gerbang dalam"]
    assert "Perkelahian di blok B" in budi.last.message
    incident = house.facility.alarm.incident
    assert incident is not None
    (raised,) = await house.rows("raised")
    assert raised.loaded["actor"] == {"origin": "user", "id": "hp_p2u", "name": "HP P2U"}
    (visit,) = visits(house)
    assert visit.countersigned is not None
    # His phone is told no alarm, but he must know that it is raised.
    assert "Alarm dibunyikan" in p2u.titles


async def test_guard_who_raises_the_alarm_after_another_has_signed_is_heard(house: House, p2u: FakePhone) -> None:
    rupam = await house.pair_taken_over("HP Rupam")
    await asked(house, p2u, rupam.police_device(gate=True))
    check_in(house, SATLANTAS, report=INCIDENT)
    await settle(house)
    shown = rupam.last
    await p2u.answer("SIGN")
    await settle(house)
    # It stays on their phones: who has signed may still raise the alarm.
    assert p2u.last.title == rupam.last.title == "Kunjungan sudah diparaf"
    assert list(rupam.last.buttons.values()) == ["Bunyikan alarm"]
    await rupam.answer("RAISE", shown)
    assert house.state("sensor", "alarm_state") == "alarm"


async def test_guard_who_raises_the_alarm_of_a_visit_just_taken_back_is_heard(house: House, p2u: FakePhone) -> None:
    await asked(house, p2u)
    visit = check_in(house, SATLANTAS, report=INCIDENT)
    await settle(house)
    shown = p2u.last
    house.facility.patrol.correct(GUARD, visit.id, Correction(void=True, reason="Salah"))
    await settle(house)
    assert p2u.titles[-1] == "Kunjungan tidak diparaf"
    await p2u.answer("RAISE", shown)
    assert house.state("sensor", "alarm_state") == "alarm"
    assert await house.rows("visit_countersigned", "answer_refused") == []
    # A signature would come too late.
    await p2u.answer("SIGN", shown)
    assert len(await house.rows("answer_refused")) == 1


@pytest.mark.parametrize("answer", ["SIGN", "RAISE"])
async def test_guard_who_taps_during_a_reload_is_heard(house: House, p2u: FakePhone, answer: str) -> None:
    await asked(house, p2u)
    check_in(house, SATLANTAS, report=INCIDENT)
    await settle(house)
    async with house.reloading():
        await p2u.answer(answer)
    await settle(house)
    (visit,) = visits(house)
    assert visit.countersigned is not None
    assert house.state("sensor", "alarm_state") == ("alarm" if answer == "RAISE" else "normal")
    assert await house.rows("answer_refused") == []


async def test_gates_phone_gets_no_alarm_and_is_no_reachable_police(house: House, p2u: FakePhone) -> None:
    await asked(house, p2u)
    await house.press_entity()
    await settle(house)
    assert p2u.pushes == []
    assert house.state("binary_sensor", "police_reachable") == "off"
    assert house.state("sensor", "alarm_state") == "alarm"


async def test_police_are_not_asked_to_sign(house: House, p2u: FakePhone, budi: FakePhone) -> None:
    await asked(house, p2u, parts_of_budi(budi))
    check_in(house, SATLANTAS)
    await settle(house)
    assert budi.pushes == []


async def test_signature_is_asked_for_until_the_officers_are_long_gone(
    house: House, p2u: FakePhone, clock: Clock
) -> None:
    await asked(house, p2u)
    visit = check_in(house, SATLANTAS)
    clock.set("18:20")
    house.facility.patrol.check_out(GUARD, visit.id)
    await settle(house)
    assert list(p2u.last.buttons.values()) == ["Paraf"]
    await clock.to("19:59")
    assert list(p2u.last.buttons.values()) == ["Paraf"]
    await clock.to("20:11")
    assert p2u.titles[-2:] == ["clear_notification", "Kunjungan tidak diparaf"]
    (visit,) = visits(house)
    assert visit.countersigned is None


async def test_visit_handed_in_days_later_is_not_asked_about(house: House, p2u: FakePhone) -> None:
    await asked(house, p2u)
    check_in(house, SATLANTAS, at=Clock.at("20 18:00"))
    await settle(house)
    assert p2u.pushes == []


@pytest.mark.parametrize("again", ["reload", "restart"])
async def test_guards_are_not_asked_twice_after_a_reload_or_a_restart(house: House, p2u: FakePhone, again: str) -> None:
    await asked(house, p2u)
    check_in(house, SATLANTAS)
    await settle(house)
    await house.rows()
    await getattr(house, again)()
    await settle(house)
    assert p2u.titles == ["Paraf kunjungan patroli"]
    await p2u.answer("SIGN")
    await settle(house)
    assert p2u.titles[-1] == "Kunjungan sudah diparaf"


async def test_what_ended_while_home_assistant_was_off_is_taken_off_the_guards_phone(
    house: House, p2u: FakePhone, clock: Clock
) -> None:
    await asked(house, p2u)
    check_in(house, SATLANTAS)
    await settle(house)
    await house.rows()
    await house.switch_off()
    clock.set("24 07:00")
    await house.set_up_again()
    await settle(house)
    assert p2u.titles[-2:] == ["clear_notification", "Kunjungan tidak diparaf"]
    await house.rows()
    await house.restart()
    await settle(house)
    assert len(p2u.pushes) == 3


async def test_news_of_visits_that_fail_are_no_failed_alarm(house: House) -> None:
    await house.set_up(checkpoint(), police_device("Pos", "notify", entity_id="notify.gone", gate=True))
    check_in(house, SATLANTAS)
    await turns()
    assert (await house.rows("delivery"))[-1].loaded["state"] == "failed"
    assert house.state("event", "alarm") == "unknown"
    house.facility.police.stop()


# --- who does not come ---


async def expecting(house: House, budi: FakePhone, *parts: ConfigSubentryDataWithId, **plan: Any) -> None:
    """Set up a house that expects a visit from 20.00 to 22.00, and tells an officer of who does not come."""
    await house.set_up(
        checkpoint(), patrol_plan(police_devices=["hp_budi"], **plan), budi.police_device(language="id", **BUDI), *parts
    )


OVERDUE = ["Kunjungan patroli belum datang"]
MISSED = [*OVERDUE, "Kunjungan patroli terlewat"]
ENDED = ["clear_notification", "Kunjungan patroli sudah tidak ditunggu"]


async def test_visit_that_does_not_come_is_told_overdue_then_missed_then_over_when_the_next_begins(
    house: House, budi: FakePhone, clock: Clock
) -> None:
    await expecting(house, budi)
    await clock.to("19:46", "20:01", "21:59")
    assert budi.pushes == []
    await clock.to("22:01")
    assert budi.titles == OVERDUE
    overdue = budi.last
    assert overdue.message == "Rutan Blora\nPatroli malam: 23/11 20.00–22.00"
    assert (overdue.data["channel"], overdue.data["push"]["interruption-level"]) == ("rutan_blora_patrol", "active")
    assert overdue.data["persistent"] is False
    await clock.to("22:14")
    assert budi.titles == OVERDUE
    await clock.to("22:16")
    assert budi.titles == MISSED
    assert budi.last.tag == overdue.tag
    await clock.to("24 03:00", "24 19:59")
    assert budi.titles == MISSED
    await clock.to("24 20:01")
    assert budi.titles == MISSED + ENDED
    await clock.to("24 22:01")
    assert budi.titles == MISSED + ENDED + OVERDUE
    assert budi.last.tag != overdue.tag


@pytest.mark.parametrize(("comes", "before"), [("22:05", OVERDUE), ("23:30", MISSED)])
async def test_visit_that_comes_late_takes_the_news_back(
    house: House, budi: FakePhone, clock: Clock, comes: str, before: list[str]
) -> None:
    await expecting(house, budi)
    await clock.to("20:01", "22:01", "22:04", comes)
    assert budi.titles == before
    check_in(house, SATLANTAS)
    await settle(house)
    assert budi.titles == before + ENDED
    assert budi.pushes[-1].data["push"]["interruption-level"] == "passive"
    await clock.to("23:59")
    assert budi.titles == before + ENDED


async def test_visit_that_came_is_no_news(house: House, budi: FakePhone, clock: Clock) -> None:
    await expecting(house, budi)
    await clock.to("21:00")
    check_in(house, SATLANTAS)
    await clock.to("22:01", "22:16", "24 08:00")
    assert budi.pushes == []


async def test_round_that_left_out_a_checkpoint_is_said_to_be_incomplete(
    house: House, budi: FakePhone, clock: Clock
) -> None:
    plan = patrol_plan("Patroli malam", "pos_utama", "menara", police_devices=["hp_budi"])
    await house.set_up(checkpoint(), checkpoint("Menara"), plan, parts_of_budi(budi))
    await clock.to("21:00")
    check_in(house, SATLANTAS)
    await clock.to("22:01", "22:16")
    assert budi.titles == ["Kunjungan patroli belum lengkap", "Kunjungan patroli tidak lengkap"]


async def test_only_the_devices_that_the_plan_names_are_told(
    house: House, budi: FakePhone, p2u: FakePhone, clock: Clock
) -> None:
    cici = await house.pair_taken_over("HP Cici")
    await expecting(house, budi, cici.police_device(), p2u.police_device(gate=True))
    await clock.to("20:01", "22:01")
    assert (budi.titles, cici.pushes, p2u.pushes) == (OVERDUE, [], [])


async def test_plan_that_names_nobody_tells_nobody(house: House, budi: FakePhone, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan(), parts_of_budi(budi))
    await clock.to("20:01", "22:01", "22:16")
    assert budi.pushes == []
    assert house.state("binary_sensor", "overdue", "Patroli malam") == "on"


async def test_device_that_is_gone_keeps_nothing_from_the_others(house: House, budi: FakePhone, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan(police_devices=["gone", "hp_budi"]), parts_of_budi(budi))
    await clock.to("20:01", "22:01")
    assert budi.titles == OVERDUE


async def test_nothing_sounds_in_quiet_hours(house: House, budi: FakePhone, clock: Clock) -> None:
    await expecting(house, budi, quiet_from="22:10:00", quiet_until="06:00:00")
    await clock.to("20:01", "22:01")
    assert budi.last.data["push"]["interruption-level"] == "active"
    await clock.to("22:16")
    assert budi.titles == MISSED
    assert budi.last.data["push"]["interruption-level"] == "passive"
    # Nor is it rung out when they end.
    await clock.to("24 06:01", "24 07:00")
    assert budi.titles == MISSED


@pytest.mark.parametrize("again", ["reload", "restart"])
async def test_police_are_not_told_twice_after_a_reload_or_a_restart(
    house: House, budi: FakePhone, clock: Clock, again: str
) -> None:
    await expecting(house, budi)
    await clock.to("20:01", "22:01")
    await house.rows()
    await getattr(house, again)()
    await settle(house)
    assert budi.titles == OVERDUE
    await clock.to("22:16")
    await house.rows()
    await getattr(house, again)()
    await clock.to("23:00")
    assert budi.titles == MISSED
    check_in(house, SATLANTAS)
    await settle(house)
    assert budi.titles == MISSED + ENDED
    await house.rows()
    await getattr(house, again)()
    await settle(house)
    assert budi.titles == MISSED + ENDED


async def test_police_are_not_told_twice_of_a_visit_that_is_awaited_for_a_week(
    house: House, budi: FakePhone, clock: Clock
) -> None:
    await expecting(house, budi, weekdays=[0])
    await clock.to("20:01", "22:01", "22:16", "27 12:00")
    for _ in range(2):
        await house.rows()
        await house.restart()
        await settle(house)
        await house.reload()
        await clock.to("27 13:00")
    assert budi.titles == MISSED
    assert house.state("binary_sensor", "overdue", "Patroli malam") == "on"
    await clock.to("30 20:01")
    assert budi.titles == MISSED + ENDED


@pytest.mark.parametrize(
    ("back", "told"),
    [("22:05", OVERDUE), ("23:00", MISSED[1:]), ("24 21:00", [])],
    ids=["overdue", "missed", "next window"],
)
async def test_window_that_went_by_while_home_assistant_was_off_is_told_as_it_stands(
    house: House, budi: FakePhone, clock: Clock, back: str, told: list[str]
) -> None:
    await expecting(house, budi)
    await house.rows()
    await house.switch_off()
    clock.set(back)
    await house.set_up_again()
    await settle(house)
    assert budi.titles == told


async def test_news_that_ended_while_home_assistant_was_off_are_taken_off(
    house: House, budi: FakePhone, clock: Clock
) -> None:
    await expecting(house, budi)
    await clock.to("20:01", "22:01", "22:16")
    await house.rows()
    await house.switch_off()
    clock.set("24 20:30")
    await house.set_up_again()
    await settle(house)
    assert budi.titles == MISSED + ENDED


async def test_excused_visit_is_no_longer_awaited(house: House, budi: FakePhone, clock: Clock) -> None:
    await expecting(house, budi)
    await clock.to("20:01", "22:01")
    house.facility.patrol.excuse(GUARD, "patroli_malam", Clock.at("21:00"), "Banjir")
    await settle(house)
    assert budi.titles == OVERDUE + ENDED
    await clock.to("22:16")
    assert budi.titles == OVERDUE + ENDED


async def test_plan_that_is_deleted_takes_its_news_back(house: House, budi: FakePhone, clock: Clock) -> None:
    await expecting(house, budi)
    await clock.to("20:01", "22:01")
    await house.remove_part("Patroli malam")
    await settle(house)
    assert budi.titles == OVERDUE + ENDED


async def test_phone_that_was_off_when_the_visit_came_is_told_after_a_reload(house: House, clock: Clock) -> None:
    lost = Mock()

    async def behave(_: Push) -> None:
        if lost.called:
            raise HomeAssistantError("refused")

    budi = await house.pair("HP Budi")
    budi.take_over(behave)
    await expecting(house, budi)
    await clock.to("20:01", "22:01")
    lost()
    check_in(house, SATLANTAS)
    await house.hass.async_block_till_done()
    await turns()
    lost.reset_mock()
    before = len(budi.pushes)
    await house.reload()
    await settle(house)
    assert budi.titles[before:] == ENDED


# --- whatever visits do, the alarm works ---


async def test_alarm_works_when_visits_cannot_be_followed(
    house: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for part in ("_Due", "_Gate"):
        monkeypatch.setattr(rounds_module, part, Mock(side_effect=ValueError("broken")))
    await house.set_up(panic_button(), checkpoint(tag_id=TAG), parts_of_budi(budi))
    assert caplog.text.count("Visits are not followed as they should be") == 2
    caplog.clear()
    await scan(house, budi)
    assert len(visits(house)) == 1
    await house.press_entity()
    assert budi.titles[-1] == "DARURAT: Tombol panik – Pintu Utama"


async def test_officer_who_is_unknown_at_first_is_known_by_his_card_later(house: House) -> None:
    await house.pair("HP")
    await house.set_up(checkpoint(reader_device_id="reader"), SITI)
    check_in(house, Officer(name="Siti Aminah"))
    await present(house)
    (visit,) = visits(house)
    assert [who.id for who in visit.officers] == ["siti_aminah"]


async def test_user_of_a_scan_is_known_by_its_context(hass: HomeAssistant, house: House) -> None:
    slamet = await house.user("Slamet")
    await house.pair("HP")
    await house.set_up(checkpoint(tag_id=TAG))
    await async_scan_tag(hass, TAG, None, context_of(slamet))
    await hass.async_block_till_done()
    (visit,) = visits(house)
    assert [who.name for who in visit.officers] == ["Slamet"]
