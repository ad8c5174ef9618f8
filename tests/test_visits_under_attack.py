"""Visits in a hostile or unlucky world: what is said of them is so, and the alarm works whatever they are in."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
import threading
from typing import Any, Final
from unittest.mock import patch

from aiohttp import FormData
import pytest

from custom_components.rutan_blora import facility as facility_module, kept as kept_module
from custom_components.rutan_blora.codes import hash_code
from custom_components.rutan_blora.const import DOMAIN, VISIT_PATH
from custom_components.rutan_blora.journal.record import Record
from custom_components.rutan_blora.journal.store import Journal
from custom_components.rutan_blora.kept import Kept
from custom_components.rutan_blora.visit_view import FORMS_PER_MINUTE, PAGES_PER_MINUTE, UNPROVED_PER_HOUR
from custom_components.rutan_blora.word import WORDS_PER_HOUR
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from .common import ENTRY_ID, PATIENCE, FakePhone, House, checkpoint, officer, panic_button, patrol_plan, until
from .visitor import TYPED, Page, Phone

pytest_plugins = ("tests.fixtures",)
pytestmark = pytest.mark.usefixtures("socket_enabled")

TAG: Final = "tag-pos-utama"


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give a police phone."""
    return await house.pair_taken_over("HP Budi")


@pytest.fixture
async def gate(hass: HomeAssistant, house: House, budi: FakePhone) -> House:
    """Give a house with a checkpoint that has a tag and a printed code."""
    await hass.config.async_set_time_zone("Asia/Jakarta")
    await house.client()
    await house.set_up(panic_button(), checkpoint("Pos utama", tag_id=TAG), budi.police_device())
    return house


@pytest.fixture
def phone(gate: House) -> Phone:
    """Give a phone before the house."""
    return Phone(gate)


@contextmanager
def hanging(monkeypatch: pytest.MonkeyPatch, *, deadline: float = 0.02) -> Iterator[None]:
    """Let the disk take its time, without an error, until this is over; nobody waits for it beyond the deadline."""
    may_write, seal = threading.Event(), Journal._seal

    def seal_later(*args: Any) -> list[Record]:
        may_write.wait(5)
        return seal(*args)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "_seal", seal_later)
        patched.setattr(facility_module, "RECORD_DEADLINE", deadline)
        try:
            yield
        finally:
            may_write.set()


# --- nobody is told that a visit is on record before it is ---


async def test_visit_that_a_slow_disk_has_not_taken_yet_is_not_said_to_be_on_record(
    gate: House, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await phone.scan()
    with hanging(monkeypatch):
        said = (await phone.send(TYPED, page)).text
        assert "belum tercatat" in said
        assert "✓" not in said
    await gate.rows()
    assert "baru ada di memori" not in (await phone.send(TYPED, page)).text


async def test_phone_that_scanned_is_not_told_that_a_visit_is_on_record_before_it_is(
    gate: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hanging(monkeypatch):
        await budi.send("scan_tag", {"tag_id": TAG})
        await until(lambda: bool(budi.titles))
        assert budi.titles == ["Kunjungan diterima, belum tercatat: jurnal sedang bermasalah"]
    await gate.rows()


async def test_guard_is_told_that_he_has_signed_once_it_is_on_record(
    gate: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    p2u = await gate.pair_taken_over("HP P2U")
    await gate.add_part(p2u.police_device(gate=True))
    await gate.press_entity("check_in", "Pos utama")
    await until(lambda: bool(p2u.pushes))
    with hanging(monkeypatch, deadline=PATIENCE):
        await p2u.answer("SIGN")
        assert p2u.titles == ["Paraf kunjungan patroli"]
    await until(lambda: p2u.titles[-1] == "Kunjungan sudah diparaf")
    assert len(await gate.rows("visit_countersigned")) == 1


async def test_action_is_answered_once_what_it_did_is_on_record_or_says_that_it_is_not(
    gate: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gate.press_entity("check_in", "Pos utama")
    (visit_id,) = gate.facility.patrol.book.visits
    with hanging(monkeypatch):
        assert (await gate.call("countersign_visit"))["on_record"] is False
    await gate.rows()
    assert (await gate.call("correct_visit", visit_id=visit_id, unit="Polsek", reason="Salah"))["on_record"] is True


# --- the alarm that officers raise of a visit ---


@pytest.fixture
async def incident(gate: House, phone: Phone) -> Page:
    """Give the page of an officer who has said by the code on the screen that something happened."""
    await gate.add_part(checkpoint("Layar gerbang", live_code=True))
    return await phone.send({**TYPED, "situation": "incident"}, code=phone.live_code())


async def test_alarm_of_a_visit_gets_through_a_flood_of_forms_and_pages(
    gate: House, phone: Phone, incident: Page
) -> None:
    code, client = phone.live_code(), await gate.client()
    for _ in range(max(FORMS_PER_MINUTE, PAGES_PER_MINUTE)):
        await phone.send({}, incident, code=code)
    assert (await client.get(f"{VISIT_PATH}/{code}")).status == HTTPStatus.TOO_MANY_REQUESTS
    assert (await phone.send({"alarm": "1"}, incident, code=code)).status == HTTPStatus.OK
    assert gate.state("sensor", "alarm_state") == "alarm"


async def test_alarm_of_a_visit_waits_out_a_reload(gate: House, phone: Phone, incident: Page) -> None:
    code, client = phone.live_code(), await gate.client()
    form = FormData({"ticket": incident.ticket, "alarm": "1"}, default_to_multipart=True)
    async with gate.reloading():
        raising = asyncio.create_task(client.post(f"{VISIT_PATH}/{code}", data=form))
        await asyncio.sleep(0.05)
    assert (await raising).status == HTTPStatus.OK
    assert gate.state("sensor", "alarm_state") == "alarm"


async def test_guards_alarm_is_not_lost_while_a_slow_disk_still_reads_what_he_was_asked(
    gate: House, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    p2u = await gate.pair_taken_over("HP P2U")
    await gate.add_part(p2u.police_device(gate=True))
    await phone.send({**TYPED, "situation": "incident"})
    await gate.rows()
    may_read, read = threading.Event(), Kept._read_patrol

    def read_later(kept: Kept) -> Any:
        may_read.wait(5)
        return read(kept)

    monkeypatch.setattr(Kept, "_read_patrol", read_later)
    monkeypatch.setattr(kept_module, "PATROL_DEADLINE", 0.01)
    try:
        await gate.restart()
        await p2u.answer("RAISE")
    finally:
        may_read.set()
    await until(lambda: gate.entry.state is ConfigEntryState.LOADED and gate.facility.alarm.incident is not None)
    assert await gate.rows("answer_refused") == []


async def test_guards_alarm_is_raised_of_a_push_whose_end_his_phone_has_missed(gate: House, phone: Phone) -> None:
    p2u = await gate.pair_taken_over("HP P2U")
    await gate.add_part(p2u.police_device(gate=True))
    await phone.send({**TYPED, "situation": "incident"})
    await until(lambda: bool(p2u.pushes))
    asked = p2u.last
    thief = await gate.pair_taken_over("HP Joko")
    with patch.object(dt_util, "utcnow", return_value=dt_util.utcnow() + timedelta(hours=3)):
        gate.facility.patrol._tick()
        await gate.hass.async_block_till_done(wait_background_tasks=True)
        # The next one to sign: nobody brings the first any more.
        await gate.press_entity("check_in", "Pos utama")
        await gate.hass.async_block_till_done(wait_background_tasks=True)
        await thief.fire("mobile_app_notification_action", {"action": asked.key("RAISE")})
        assert gate.state("sensor", "alarm_state") == "normal"
        await p2u.answer("RAISE", asked)
        assert gate.state("sensor", "alarm_state") == "alarm"
    assert await gate.rows("visit_countersigned") == []


# --- floods ---


async def test_photograph_of_a_code_fills_the_book_only_so_far_and_keeps_nobody_out_who_proves_himself(
    gate: House, phone: Phone
) -> None:
    await gate.add_part(officer("Siti", nrp="88020002", pin=hash_code("4711")))
    statuses = [(await phone.send({**TYPED, "nrp": f"{number}"})).status for number in range(UNPROVED_PER_HOUR + 1)]
    assert statuses == [HTTPStatus.OK] * UNPROVED_PER_HOUR + [HTTPStatus.TOO_MANY_REQUESTS]
    known = await phone.send({**TYPED, "name": "Siti", "nrp": "88020002"}, pin="4711")
    assert known.status == HTTPStatus.OK


async def test_phone_that_lies_on_a_tag_is_not_pushed_to_until_no_alarm_gets_through(
    gate: House, budi: FakePhone
) -> None:
    for _ in range(WORDS_PER_HOUR + 5):
        await budi.send("scan_tag", {"tag_id": TAG})
    await gate.rows()
    await gate.hass.async_block_till_done(wait_background_tasks=True)
    assert len(budi.pushes) == WORDS_PER_HOUR
    await gate.press_entity()
    assert len(budi.pushes) == WORDS_PER_HOUR + 1


async def test_phone_that_sends_answers_of_its_own_making_is_not_pushed_to_without_end(
    gate: House, budi: FakePhone
) -> None:
    for number in range(WORDS_PER_HOUR + 5):
        await budi.fire("mobile_app_notification_action", {"action": f"RUTAN_SIGN_{number:032x}"})
    await gate.hass.async_block_till_done(wait_background_tasks=True)
    assert len(budi.pushes) == WORDS_PER_HOUR
    await gate.press_entity()
    assert budi.titles[-1].startswith("DARURAT")


# --- an officer in the name of another ---


async def test_scan_in_the_name_of_another_phone_proves_nothing(gate: House, budi: FakePhone) -> None:
    forger = await gate.pair_taken_over("HP Joko")
    await forger.fire("tag_scanned", {"tag_id": TAG, "device_id": budi.id})
    await gate.hass.async_block_till_done(wait_background_tasks=True)
    (visit,) = gate.facility.patrol.book.visits.values()
    (joko,) = visit.officers
    assert (joko.name, joko.id) == (forger.user.name, None)
    assert budi.pushes == []


async def test_card_in_the_name_of_a_reader_proves_nothing(gate: House, budi: FakePhone) -> None:
    reader = budi.id
    await gate.add_part(checkpoint("Pos belakang", reader_device_id=reader))
    await gate.add_part(officer("Siti", card_ids=["04-A1"]))
    forger = await gate.pair_taken_over("HP Joko")
    await forger.fire("tag_scanned", {"tag_id": "04-A1", "device_id": reader})
    assert list(gate.facility.patrol.book.visits) == []


async def test_officer_signs_and_excuses_no_visit_with_his_own_login(gate: House, budi: FakePhone) -> None:
    await gate.add_part(patrol_plan())
    await budi.send("scan_tag", {"tag_id": TAG})
    with pytest.raises(ServiceValidationError) as caught:
        await gate.press_entity("countersign", None, user=budi.user)
    assert caught.value.translation_key == "only_the_house"
    with pytest.raises(ServiceValidationError) as caught:
        await gate.call("countersign_visit", budi.user)
    assert caught.value.translation_key == "only_the_house"
    identifier = (DOMAIN, f"{ENTRY_ID}_patroli_malam")
    plan = dr.async_get_device_id_by_identifier(gate.hass, identifier, config_entry_id=ENTRY_ID)
    window = dt_util.now().replace(hour=21, minute=0)
    with pytest.raises(ServiceValidationError) as caught:
        await gate.call("excuse_visit", budi.user, plan=plan, at=window.isoformat(), reason="Hujan")
    assert caught.value.translation_key == "only_the_house"
    assert await gate.rows("visit_countersigned", "patrol_excused") == []


async def test_guard_with_a_phone_at_the_gate_signs_at_the_button_too(gate: House, budi: FakePhone) -> None:
    p2u = await gate.pair_taken_over("HP P2U")
    await gate.add_part(p2u.police_device(gate=True))
    await budi.send("scan_tag", {"tag_id": TAG})
    await gate.press_entity("countersign", None, user=p2u.user)
    assert len(await gate.rows("visit_countersigned")) == 1


# --- a clock that is set ---


async def test_clock_that_was_far_ahead_for_a_moment_takes_no_visit_out_of_the_book(
    gate: House, budi: FakePhone
) -> None:
    await budi.send("scan_tag", {"tag_id": TAG})
    now = dt_util.utcnow()
    for at in (now + timedelta(days=400), now + timedelta(minutes=1)):
        with patch.object(dt_util, "utcnow", return_value=at):
            gate.facility.patrol._tick()
    assert len(gate.facility.patrol.book.visits) == 1
