"""The check-in page over HTTP: who gets a form, what becomes of it, and what nobody is told."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
import errno
import hashlib
from http import HTTPStatus
from io import BytesIO
import os
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from aiohttp import FormData
import bcrypt
from freezegun.api import FrozenDateTimeFactory
from PIL import Image
import pytest

from custom_components.rutan_blora import codes, visit_view
from custom_components.rutan_blora.const import DOMAIN, VISIT_PATH
from custom_components.rutan_blora.journal.record import Draft
from custom_components.rutan_blora.patrol import upload
from custom_components.rutan_blora.patrol.check_in import Evidence, Situation
from custom_components.rutan_blora.patrol.codes import TICKET_LIFE
from custom_components.rutan_blora.patrol.reception import RECORD_FORM, Reception
from custom_components.rutan_blora.patrol.visit import Visit
from custom_components.rutan_blora.visit_view import FORMS_PER_MINUTE, PAGES_PER_MINUTE, PHOTOS, WRONG_PER_MINUTE
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .common import SITE, House, checkpoint, officer, panic_button, until
from .visitor import TYPED, Page, Phone

pytest_plugins = ("tests.fixtures",)
pytestmark = pytest.mark.usefixtures("socket_enabled")

PIN: Final = "4711"
# Cheaper than the stored one: many are tried here.
HASHED: Final = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4)).decode()
# An officer with a PIN.
BUDI: Final = {**TYPED, "name": "Budi Santoso", "rank": "Aiptu", "nrp": "75010001", "unit": ""}
INCIDENT: Final = {**TYPED, "situation": "incident", "note": "Tahanan berkelahi"}


@pytest.fixture
async def gate(hass: HomeAssistant, house: House, tmp_path: Path) -> House:
    """Give a house with two checkpoints, one of them with a screen, and two officers; its clock as in Blora."""
    await hass.config.async_set_time_zone("Asia/Jakarta")
    hass.config.media_dirs = {"local": str(tmp_path / "media")}
    await house.client()
    await house.set_up(
        panic_button(),
        checkpoint("Pos utama", location="Pintu utama"),
        checkpoint("Menara 2"),
        checkpoint("Layar gerbang", live_code=True),
        officer("Budi Santoso", rank="Aiptu", nrp="75010001", unit="Sat Samapta Polres Blora", pin=HASHED),
        officer("Siti Aminah", rank="Bripka", nrp="88020002", unit="Polsek Cepu"),
    )
    return house


@pytest.fixture
def phone(gate: House) -> Phone:
    """Give a phone before the house."""
    return Phone(gate)


def visits(house: House) -> list[Visit]:
    """Return the visits of the house."""
    return list(house.facility.patrol.book.visits.values())


def picture(size: tuple[int, int] = (1600, 1200), kind: str = "JPEG", **options: Any) -> bytes:
    """Return a photo."""
    file = BytesIO()
    Image.new("RGB", size, (40, 160, 60)).save(file, kind, **options)
    return file.getvalue()


# --- a form is a visit ---


async def test_form_that_was_sent_is_a_visit(gate: House, phone: Phone) -> None:
    page = await phone.send(TYPED)
    assert (page.status, page.state) == (HTTPStatus.OK, "done")
    (visit,) = visits(gate)
    (what,) = visit.check_ins
    assert (what.checkpoint, what.evidence, what.is_fresh) == ("Pos utama", Evidence.QR, False)
    assert (what.officer.title, what.officer.nrp) == ("Bripka Agus Wibowo", "88020009")
    assert (what.officer.unit, what.officer.id) == ("Polsek Cepu", None)
    report = visit.report
    assert (report.situation, report.personnel, report.vehicle) == (Situation.SAFE, 2, "R4")
    assert report.note == "Aman dan terkendali"
    (row,) = await gate.rows("visit_checked_in")
    assert row.loaded["actor"] == {"origin": "officer", "id": None, "name": "Bripka Agus Wibowo"}


async def test_confirmation_says_when_and_what_and_that_it_waits_for_the_guard(gate: House, phone: Phone) -> None:
    page = await phone.send(TYPED)
    (visit,) = visits(gate)
    local = dt_util.as_local(visit.arrived_at)
    assert f"{local:%d-%m-%Y pukul %H.%M.%S} WIB" in page.text
    for said in ("Kunjungan tercatat", "Menunggu paraf petugas P2U", "Tanpa PIN", "Agus Wibowo", "R4", "Aman"):
        assert said in page.text
    assert "terlambat" not in page.text


async def test_looking_at_the_page_is_no_visit(gate: House, phone: Phone) -> None:
    page = await phone.scan()
    assert (page.status, page.state, page.buttons) == (HTTPStatus.OK, "form", [""])
    assert (await phone.ask("HEAD", phone.code())).status == HTTPStatus.METHOD_NOT_ALLOWED
    assert visits(gate) == []


async def test_two_officers_at_once_are_two_check_ins_of_one_visit(gate: House, phone: Phone) -> None:
    other = {**TYPED, "name": "Dwi Lestari", "nrp": "90030003"}
    await asyncio.gather(phone.send(TYPED), phone.send(other))
    (visit,) = visits(gate)
    assert {officer.name for officer in visit.officers} == {"Agus Wibowo", "Dwi Lestari"}


async def test_confirmation_says_that_the_guard_has_signed(gate: House, phone: Phone) -> None:
    page = await phone.scan()
    await phone.send(TYPED, page)
    await gate.press_entity("countersign", None)
    assert "Sudah diparaf petugas P2U" in (await phone.send(TYPED, page)).text


async def test_record_that_is_only_in_memory_is_said_to_be(gate: House, phone: Phone) -> None:
    gate.facility.kept._show_health("disk full")
    assert "baru ada di memori" in (await phone.send(TYPED)).text


# --- nothing is told to who only has the link ---


async def test_page_names_neither_house_nor_place_nor_officer(gate: House, phone: Phone) -> None:
    secrets = (SITE, "Pos utama", "pos_utama", "Pintu utama", "Menara", gate.entry.entry_id, "Budi", "Siti", "75010001")
    pages = [await phone.scan(), await phone.send(TYPED), await phone.send({}), await phone.scan("x" * 20)]
    assert [page.state for page in pages] == ["form", "done", "form", "notice"]
    assert [secret for secret in secrets for page in pages if secret in page.html] == []


async def test_page_is_small_whole_and_shut(phone: Phone) -> None:
    page = await phone.scan()
    assert len(page.html.encode()) <= 30_000
    assert "Set-Cookie" not in page.headers
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"].startswith("noindex")
    assert "camera=()" in page.headers["Permissions-Policy"]
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"


async def test_page_speaks_the_language_asked_for(phone: Phone) -> None:
    assert "Lapor kunjungan" in (await phone.scan()).text
    assert "Patrol visit" in (await phone.scan(Accept_Language="en-GB,en;q=0.9")).text
    assert "Lapor kunjungan" in (await phone.scan(query="?lang=id", Accept_Language="en")).text


# --- codes and tickets ---


async def test_unknown_code_gets_no_form(gate: House, phone: Phone) -> None:
    page = await phone.scan("A" * 20)
    assert (page.status, page.fields, page.state) == (HTTPStatus.NOT_FOUND, {}, "notice")
    assert "tidak berlaku" in page.text


async def test_printed_code_is_worthless_where_there_is_a_screen(gate: House, phone: Phone) -> None:
    page = await phone.scan(phone.code("Layar gerbang"))
    assert (page.status, page.fields) == (HTTPStatus.FORBIDDEN, {})
    assert "Kode cetak tidak berlaku" in page.text


async def test_code_on_the_screen_gives_a_form_for_a_while(
    gate: House, phone: Phone, freezer: FrozenDateTimeFactory
) -> None:
    code = phone.live_code()
    assert (await phone.scan(code)).status == HTTPStatus.OK
    freezer.tick(70)
    page = await phone.scan(code)
    assert page.status == HTTPStatus.GONE
    assert "lewat waktunya" in page.text


async def test_form_may_be_filled_in_longer_than_its_code_is_on_the_screen(
    gate: House, phone: Phone, freezer: FrozenDateTimeFactory
) -> None:
    code = phone.live_code()
    page = await phone.scan(code)
    freezer.tick(timedelta(minutes=10))
    # A slip does not cost the form: its code cannot be scanned any more.
    again = await phone.send({**TYPED, "situation": ""}, page, code=code)
    assert again.ticket == page.ticket
    assert (await phone.send(TYPED, again, code=code)).status == HTTPStatus.OK
    (visit,) = visits(gate)
    assert visit.check_ins[0].is_fresh


async def test_code_that_was_replaced_takes_no_form_any_more_and_keeps_what_was_written(
    gate: House, phone: Phone
) -> None:
    code, page = phone.code(), await phone.scan()
    part = gate.entry.subentries["pos_utama"]
    gate.hass.config_entries.async_update_subentry(gate.entry, part, data={**part.data, "rotation": 1})
    await gate.hass.async_block_till_done()
    refused = await phone.send(TYPED, page, code=code)
    assert (refused.status, refused.typed, refused.buttons) == (HTTPStatus.NOT_FOUND, TYPED, [])
    assert "pindai kode" in refused.text
    assert visits(gate) == []


async def test_ticket_that_was_not_issued_is_refused_and_a_new_one_offered(gate: House, phone: Phone) -> None:
    page = await phone.send({**TYPED, "ticket": "1.2.fixed.3"})
    assert (page.status, page.typed) == (HTTPStatus.FORBIDDEN, TYPED)
    assert "tidak sah" in page.text
    assert (await phone.send(TYPED, page)).status == HTTPStatus.OK


async def test_ticket_of_another_checkpoint_is_refused(gate: House, phone: Phone) -> None:
    page = await phone.send(TYPED, await phone.scan(phone.code("Menara 2")))
    assert (page.status, page.typed) == (HTTPStatus.FORBIDDEN, TYPED)
    assert "bukan untuk kode ini" in page.text
    assert visits(gate) == []


async def test_ticket_is_good_for_a_day(gate: House, phone: Phone, freezer: FrozenDateTimeFactory) -> None:
    first, second = await phone.scan(), await phone.scan()
    freezer.tick(TICKET_LIFE - timedelta(seconds=1))
    assert (await phone.send(TYPED, first)).status == HTTPStatus.OK
    freezer.tick(2)
    page = await phone.send(TYPED, second)
    assert (page.status, page.typed) == (HTTPStatus.GONE, TYPED)
    assert "lebih dari 24 jam" in page.text


async def test_form_sent_twice_is_one_visit_and_answered_alike(gate: House, phone: Phone) -> None:
    page = await phone.scan()
    first = await phone.send(TYPED, page, photo=picture())
    second = await phone.send(TYPED, page, photo=picture())
    assert first.html == second.html
    assert len(await gate.rows("visit_checked_in")) == 1


async def test_form_sent_twice_at_once_is_one_visit(gate: House, phone: Phone) -> None:
    page = await phone.scan()
    sent = await asyncio.gather(*(phone.send(BUDI, page, pin=PIN) for _ in range(3)))
    assert [one.status for one in sent] == [HTTPStatus.OK] * 3
    assert len(await gate.rows("visit_checked_in")) == 1


@pytest.mark.parametrize("away", ["reload", "restart"])
async def test_form_sent_again_after_a_reload_or_restart_is_answered_alike(
    gate: House, phone: Phone, away: str
) -> None:
    page = await phone.scan()
    first = await phone.send(BUDI, page, pin=PIN)
    await gate.rows()
    await getattr(gate, away)()
    assert (await phone.send(BUDI, page)).html == first.html
    assert len(visits(gate)) == 1


async def test_ticket_takes_no_other_form(gate: House, phone: Phone) -> None:
    page = await phone.scan()
    await phone.send(TYPED, page)
    other = {**TYPED, "note": "Pagar rusak", "situation": "remarks"}
    refused = await phone.send(other, page)
    assert (refused.status, refused.typed) == (HTTPStatus.CONFLICT, other)
    assert "sudah dipakai" in refused.text
    assert (await phone.send(other, refused)).status == HTTPStatus.OK
    (visit,) = visits(gate)
    assert visit.report.note == "Pagar rusak"


# --- late forms ---


def milliseconds(page: Page, delay: timedelta) -> str:
    """Return the time so long after a form was issued, as its script writes it."""
    return str(int(page.ticket.split(".", maxsplit=1)[0], 16) + int(delay.total_seconds() * 1000))


async def test_form_kept_without_a_net_is_a_late_entry_of_its_own_time(
    gate: House, phone: Phone, freezer: FrozenDateTimeFactory
) -> None:
    page, issued_at = await phone.scan(), dt_util.utcnow()
    freezer.tick(timedelta(hours=3))
    done = await phone.send(TYPED, page, at=milliseconds(page, timedelta(minutes=5)))
    assert "Disampaikan terlambat" in done.text
    (visit,) = visits(gate)
    assert abs(visit.arrived_at - issued_at - timedelta(minutes=5)) < timedelta(seconds=1)
    assert visit.is_late_entry


@pytest.mark.parametrize("delay", [timedelta(days=-1), timedelta(days=1)], ids=["before the form", "to come"])
async def test_time_that_cannot_be_is_refused_and_then_left_out(gate: House, phone: Phone, delay: timedelta) -> None:
    page = await phone.scan()
    refused = await phone.send(TYPED, page, at=milliseconds(page, delay))
    assert (refused.status, refused.typed, refused.fields["at"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, TYPED, "")
    assert visits(gate) == []
    assert (await phone.send(TYPED, refused)).status == HTTPStatus.OK


# --- PINs ---


async def test_right_pin_proves_who_came(gate: House, phone: Phone) -> None:
    page = await phone.send({**BUDI, "name": "Siapa saja", "nrp": "7501 0001"}, pin=PIN)
    assert "Dibuktikan dengan PIN" in page.text
    (visit,) = visits(gate)
    (officer,) = visit.officers
    assert (officer.id, officer.title, officer.nrp) == ("budi_santoso", "Aiptu Budi Santoso", "75010001")
    assert officer.unit == "Sat Samapta Polres Blora"
    (row,) = await gate.rows("visit_checked_in")
    assert row.loaded["actor"]["id"] == "budi_santoso"


async def test_pin_that_is_missing_or_wrong_is_refused_in_the_same_words(gate: House, phone: Phone) -> None:
    page = await phone.scan()
    siti = {**TYPED, "name": "Siti Aminah", "nrp": "88020002"}
    # Who has no PIN, and who is not known, is told the same: nobody learns who has one.
    tries = ((BUDI, ""), (BUDI, "0000"), ({**BUDI, "nrp": ""}, ""), (siti, "0000"), (TYPED, "0000"), (TYPED, "x" * 999))
    refused = [await phone.send(texts, page, pin=pin) for texts, pin in tries]
    assert [one.status for one in refused] == [HTTPStatus.FORBIDDEN] * len(tries)
    assert [one.typed for one in refused] == [texts for texts, _ in tries]
    assert all("Nama, NRP, dan PIN tidak cocok" in one.text and PIN not in one.html for one in refused)
    assert visits(gate) == []


async def test_five_wrong_pins_lock_the_officer_for_a_while_and_are_on_record(
    gate: House, phone: Phone, freezer: FrozenDateTimeFactory
) -> None:
    page = await phone.scan()
    for _ in range(5):
        assert (await phone.send(BUDI, page, pin="0000")).status == HTTPStatus.FORBIDDEN
    # It takes as long as a comparison: nobody learns by the clock who has a PIN.
    with patch("custom_components.rutan_blora.patrol.reception.compare_with_none") as compared:
        assert (await phone.send(BUDI, page, pin=PIN)).status == HTTPStatus.FORBIDDEN
    compared.assert_called_once_with(PIN)
    await gate.reload()
    assert (await phone.send(BUDI, page, pin=PIN)).status == HTTPStatus.FORBIDDEN
    freezer.tick(timedelta(minutes=5, seconds=1))
    assert (await phone.send(BUDI, page, pin=PIN)).status == HTTPStatus.OK
    rows = await gate.rows("officer_pin")
    assert [row.loaded["result"] for row in rows] == ["wrong"] * 5 + ["locked", "locked", "right"]
    assert {row.subject for row in rows} == {"budi_santoso"}
    assert rows[0].loaded["actor"] == {"origin": "officer", "id": None, "name": "Aiptu Budi Santoso"}
    assert PIN not in "".join(row.body for row in await gate.rows())


async def test_wrong_pins_from_elsewhere_do_not_lock_the_officer_out(gate: House, phone: Phone) -> None:
    page = await phone.scan()
    with patch("custom_components.rutan_blora.visit_view._client", return_value="elsewhere"):
        for _ in range(5):
            assert (await phone.send(BUDI, page, pin="0000")).status == HTTPStatus.FORBIDDEN
        assert (await phone.send(BUDI, page, pin=PIN)).status == HTTPStatus.FORBIDDEN
    assert (await phone.send(BUDI, page, pin=PIN)).status == HTTPStatus.OK


async def test_who_guesses_pins_is_stopped_whoever_he_says_to_be(gate: House, phone: Phone) -> None:
    page = await phone.scan()
    with patch.object(codes, "_is_right", return_value=False):
        for number in range(WRONG_PER_MINUTE):
            texts = {**TYPED, "nrp": f"{number:08}"}
            assert (await phone.send(texts, page, pin="0000")).status == HTTPStatus.FORBIDDEN
    stopped = await phone.send(BUDI, page, pin=PIN)
    assert (stopped.status, stopped.typed) == (HTTPStatus.TOO_MANY_REQUESTS, BUDI)
    # Who has none is let in.
    assert (await phone.send(TYPED, page)).status == HTTPStatus.OK


# --- something happened ---


async def test_alarm_is_raised_with_one_more_tap_by_who_is_proved(gate: House, phone: Phone) -> None:
    done = await phone.send({**INCIDENT, **{key: BUDI[key] for key in ("name", "rank", "nrp")}}, pin=PIN)
    assert done.buttons == ["alarm"]
    assert gate.state("sensor", "alarm_state") == "normal"
    raised = await phone.send({"alarm": "1"}, done)
    assert raised.status == HTTPStatus.OK
    assert "Alarm dibunyikan" in raised.text
    incident = gate.facility.alarm.incident
    assert incident is not None
    (press,) = incident.presses
    assert (press.location, incident.message) == ("Pintu utama", "Tahanan berkelahi")
    (row,) = await gate.rows("raised")
    assert row.loaded["actor"] == {"origin": "officer", "id": "budi_santoso", "name": "Aiptu Budi Santoso"}


async def test_code_on_the_screen_is_proof_enough_for_an_alarm(gate: House, phone: Phone) -> None:
    code = phone.live_code()
    done = await phone.send(INCIDENT, code=code)
    assert done.buttons == ["alarm"]
    assert (await phone.send({"alarm": "1"}, done, code=code)).status == HTTPStatus.OK
    assert gate.state("sensor", "alarm_state") == "alarm"


async def test_second_tap_raises_nothing_more(gate: House, phone: Phone) -> None:
    code = phone.live_code()
    page = await phone.scan(code)
    done = await phone.send(INCIDENT, page, code=code)
    first = await phone.send({"alarm": "1"}, done, code=code)
    assert (await phone.send({"alarm": "1"}, done, code=code)).html == first.html
    assert "Alarm dibunyikan" in (await phone.send(INCIDENT, page, code=code)).text
    await gate.rows()
    await gate.restart()
    assert (await phone.send({"alarm": "1"}, done, code=code)).html == first.html
    assert len(await gate.rows("raised", "location_added", "pressed_again")) == 1


async def test_printed_code_alone_raises_no_alarm(gate: House, phone: Phone) -> None:
    page = await phone.scan()
    done = await phone.send(INCIDENT, page)
    assert done.buttons == []
    assert "tekan tombol panik" in done.text
    refused = await phone.send({"alarm": "1"}, page)
    assert refused.status == HTTPStatus.CONFLICT
    assert "TIDAK dibunyikan" in refused.text
    assert gate.state("sensor", "alarm_state") == "normal"


@pytest.mark.parametrize("texts", [TYPED, None], ids=["all was well", "no form was sent"])
async def test_no_alarm_without_something_that_happened(
    gate: House, phone: Phone, texts: dict[str, str] | None
) -> None:
    code = phone.live_code()
    page = await phone.scan(code)
    if texts is not None:
        await phone.send(texts, page, code=code)
    assert (await phone.send({"alarm": "1"}, page, code=code)).status == HTTPStatus.CONFLICT
    assert gate.state("sensor", "alarm_state") == "normal"


async def test_visit_that_the_guard_has_struck_out_raises_no_alarm(gate: House, phone: Phone) -> None:
    code = phone.live_code()
    page = await phone.scan(code)
    await phone.send(INCIDENT, page, code=code)
    (visit,) = visits(gate)
    await gate.call("correct_visit", visit_id=visit.id, void=True, reason="Salah")
    assert (await phone.send({"alarm": "1"}, page, code=code)).status == HTTPStatus.CONFLICT


# --- what is typed ---


async def test_what_is_unfit_is_marked_and_all_is_kept(gate: House, phone: Phone) -> None:
    texts = {**TYPED, "name": "", "personnel": "dua", "situation": "", "note": "x" * 10_000}
    page = await phone.send(texts)
    assert (page.status, page.state, page.typed) == (HTTPStatus.UNPROCESSABLE_ENTITY, "form", texts)
    for said in ("Wajib diisi", "Isi angka", "Terlalu panjang: 10000 huruf, paling banyak 500"):
        assert said in page.text
    assert visits(gate) == []
    assert (await phone.send(TYPED, page)).status == HTTPStatus.OK


async def test_text_stays_text_wherever_it_goes(gate: House, phone: Phone) -> None:
    text = "<script>alert(1)</script> \u202e\U0001f468\u200d\U0001f469\r\n'\" {seconds}"
    texts = {**TYPED, "name": text, "unit": text, "note": text}
    again = await phone.send({**texts, "situation": ""})
    assert again.typed == {key: value.replace("\r", "") for key, value in {**texts, "situation": ""}.items()}
    done = await phone.send(texts, again)
    assert done.status == HTTPStatus.OK
    for page in (again, done):
        assert page.html.count("<script") == 1
    (visit,) = visits(gate)
    assert visit.report.note == "‹script›alert(1)‹/script› \U0001f468\u200d\U0001f469 '\" {seconds}"


# --- photos ---


def photos(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "media" / DOMAIN / "visits").glob("*"))


async def test_photo_is_kept_small_and_by_its_fingerprint(gate: House, phone: Phone, tmp_path: Path) -> None:
    page = await phone.send(TYPED, photo=picture((4000, 3000)))
    assert "Foto tersimpan" in page.text
    (file,) = photos(tmp_path)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert file.name == f"{sha256}.jpg"
    assert visits(gate)[0].report.photo == sha256
    with Image.open(file) as kept:
        assert kept.size == (1280, 960)


async def test_photo_that_cannot_be_kept_loses_no_visit(gate: House, phone: Phone, tmp_path: Path) -> None:
    bomb = BytesIO()
    Image.new("1", (5000, 5000)).save(bomb, "PNG")
    page = await phone.send(TYPED, photo=bomb.getvalue())
    assert page.status == HTTPStatus.OK
    assert "Foto tidak tersimpan: ukuran gambar terlalu besar" in page.text
    with patch.object(os, "fsync", side_effect=OSError(errno.ENOSPC, "full")):
        page = await phone.send({**TYPED, "name": "Dwi", "nrp": ""}, photo=picture())
    assert "Foto tidak tersimpan: penyimpanan bermasalah" in page.text
    page = await phone.send({**TYPED, "name": "Eko", "nrp": ""}, photo=b"")
    assert "Foto" not in page.text.replace("Formulir", "")
    assert [what.report.photo for visit in visits(gate) for what in visit.check_ins] == [None] * 3
    assert photos(tmp_path) == []


async def test_too_many_photos_at_once_lose_no_visit(gate: House, phone: Phone) -> None:
    all_here, coming = asyncio.Event(), 0

    async def read_slowly(*_: object) -> bytes:
        nonlocal coming
        coming += 1
        await all_here.wait()
        return b""

    pages = [await phone.scan() for _ in range(PHOTOS + 1)]
    with patch.object(visit_view, "read_photo", read_slowly), patch.object(visit_view, "PHOTO_TURN", 0.01):
        first = [asyncio.create_task(phone.send(TYPED, page, photo=b"x")) for page in pages[:-1]]
        await until(lambda: coming == PHOTOS)
        client = await gate.client()
        form = FormData({"ticket": pages[-1].ticket, **TYPED}, default_to_multipart=True)
        form.add_field("photo", b"x", filename="f.jpg")
        async with client.post(f"{VISIT_PATH}/{phone.code()}", data=form) as response:
            assert "terlalu banyak foto" in await response.text()
        all_here.set()
        await asyncio.gather(*first)
    assert len(visits(gate)) == 1


async def test_large_photo_is_refused_with_all_that_was_written(gate: House, phone: Phone) -> None:
    page = await phone.send(TYPED, photo=b"x" * (upload.MAX_PHOTO + 1))
    assert (page.status, page.typed) == (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TYPED)
    assert "lebih besar dari 8 MB" in page.text
    assert visits(gate) == []
    assert (await phone.send(TYPED, page)).status == HTTPStatus.OK


async def raw(house: House, head: str, *body: bytes) -> tuple[bytes, int]:
    """Send a request piece by piece as long as somebody listens; return the answer and how much was sent."""
    client = await house.client()
    reader, writer = await asyncio.open_connection("127.0.0.1", client.server.port)
    writer.write(head.encode())
    sent = 0
    try:
        for piece in body:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
    except ConnectionError:
        pass
    try:
        answer = await reader.read()
    except ConnectionError:
        answer = b""
    writer.close()
    return answer, sent


def multipart(texts: Mapping[str, str], *, photo: bool = True) -> bytes:
    """Return the beginning of a form."""
    parts = [f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in texts.items()]
    if photo:
        parts.append('--b\r\nContent-Disposition: form-data; name="photo"; filename="f.jpg"\r\n\r\n')
    return "".join(parts).encode()


def head_of(phone: Phone, length: int | None) -> str:
    """Return the head of a form, with its length or in pieces of any."""
    body = f"Content-Length: {length}" if length is not None else "Transfer-Encoding: chunked"
    path = f"{VISIT_PATH}/{phone.code()}"
    form = "Content-Type: multipart/form-data; boundary=b"
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{form}\r\n{body}\r\n\r\n"


@pytest.mark.parametrize("is_announced", [True, False])
async def test_photo_of_50_mb_is_not_read_to_its_end(gate: House, phone: Phone, *, is_announced: bool) -> None:
    size, piece = 50 * 1024 * 1024, b"x" * 65536
    begin = multipart({"ticket": (await phone.scan()).ticket, **TYPED})
    pieces = [begin, *[piece] * (size // len(piece))]
    if not is_announced:
        pieces = [f"{len(one):x}\r\n".encode() + one + b"\r\n" for one in pieces]
    head = head_of(phone, size + len(begin) if is_announced else None)
    answer, sent = await raw(gate, head, *pieces)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")
    # What is read, and what lies in the buffers of the system.
    assert sent < 30 * 1024 * 1024
    assert visits(gate) == []


async def test_texts_that_are_far_too_long_are_refused(gate: House, phone: Phone) -> None:
    page = await phone.send({**TYPED, "note": "x" * 70_000})
    assert page.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert page.typed == {**TYPED, "note": ""}


NO_FORMS: Final = (
    ("application/x-www-form-urlencoded", b"name=Budi"),
    ("application/json", b"{}"),
    ("multipart/form-data", b""),
    ("multipart/mixed; boundary=b", b"--b\r\n\r\n\r\n--b--"),
    ("multipart/form-data; boundary=b", b"nothing of the kind"),
    ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
    ("multipart/form-data; boundary=b", b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n--b--"),
    ("multipart/form-data; boundary=b", b"--b\r\n" + b"X" * 20_000),
    ("multipart/form-data; boundary=b", multipart({f"f{n}": "" for n in range(100)}, photo=False) + b"--b--"),
)


async def test_what_is_no_form_is_refused(gate: House, phone: Phone) -> None:
    for content_type, body in NO_FORMS:
        page = await phone.ask("POST", phone.code(), body, headers={"Content-Type": content_type})
        assert page.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE), body
        assert page.state == "notice"
    assert visits(gate) == []


async def test_form_that_does_not_come_to_its_end_is_waited_for_only_so_long(gate: House, phone: Phone) -> None:
    head = head_of(phone, 5000)
    with patch.object(upload, "TEXTS_WITHIN", 0.05), patch.object(visit_view, "_LEFTOVER_WITHIN", 0):
        client = await gate.client()
        reader, writer = await asyncio.open_connection("127.0.0.1", client.server.port)
        writer.write(head.encode() + multipart({"ticket": (await phone.scan()).ticket}, photo=False))
        answer = await reader.readline()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 400")


async def test_photo_that_stops_coming_loses_no_visit(gate: House, phone: Phone) -> None:
    begin = multipart({"ticket": (await phone.scan()).ticket, **TYPED})
    with patch.object(upload, "PHOTO_WITHIN", 0.05):
        client = await gate.client()
        reader, writer = await asyncio.open_connection("127.0.0.1", client.server.port)
        writer.write(head_of(phone, len(begin) + 200_000).encode() + begin + b"x" * 100_000)
        answer = await reader.readline()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 200")
    assert len(visits(gate)) == 1


# --- who may ---


OWN: Final[tuple[dict[str, str], ...]] = (
    {},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://rutan.example", "Host": "rutan.example"},
)
FOREIGN: Final = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://[broken"},
)


async def test_form_of_somebody_elses_page_is_refused(gate: House, phone: Phone) -> None:
    page = await phone.scan()
    for headers in FOREIGN:
        assert (await phone.send(TYPED, page, headers=headers)).status == HTTPStatus.FORBIDDEN
    assert visits(gate) == []
    for headers in OWN:
        assert (await phone.send(TYPED, page, headers=headers)).status == HTTPStatus.OK
    assert len(visits(gate)) == 1


async def test_who_guesses_codes_is_stopped_and_right_codes_still_work(gate: House, phone: Phone) -> None:
    statuses = [(await phone.scan(f"{number:020}")).status for number in range(WRONG_PER_MINUTE + 1)]
    assert statuses == [HTTPStatus.NOT_FOUND] * WRONG_PER_MINUTE + [HTTPStatus.TOO_MANY_REQUESTS]
    assert (await phone.send(TYPED)).status == HTTPStatus.OK


async def test_who_comes_too_often_waits(gate: House, phone: Phone) -> None:
    client, path = await gate.client(), f"{VISIT_PATH}/{phone.code()}"
    for _ in range(PAGES_PER_MINUTE):
        assert (await client.get(path)).status == HTTPStatus.OK
    page = await phone.scan()
    assert (page.status, page.state) == (HTTPStatus.TOO_MANY_REQUESTS, "wait")
    assert 0 < int(page.headers["Retry-After"]) <= 61


async def test_too_many_forms_of_one_checkpoint_wait_with_all_that_was_written(gate: House, phone: Phone) -> None:
    first, other = await phone.scan(), await phone.scan(phone.code("Menara 2"))
    for _ in range(FORMS_PER_MINUTE):
        await phone.send({}, first)
    page = await phone.send(TYPED, first)
    assert (page.status, page.typed, page.ticket) == (HTTPStatus.TOO_MANY_REQUESTS, TYPED, first.ticket)
    assert page.state == "wait"
    assert (await phone.send(TYPED, other, code=phone.code("Menara 2"))).status == HTTPStatus.OK


async def test_of_many_at_once_each_is_served_by_itself() -> None:
    """Whatever else is due, a press say, comes in between."""
    turns, seen = visit_view._Turns(), list[str]()

    async def come(name: str) -> None:
        await turns.wait()
        seen.append(name)

    coming = [asyncio.create_task(come(name)) for name in "abc"]
    coming[1].cancel()
    while len(seen) < 6:
        seen.append("-")
        await asyncio.sleep(0)
    await asyncio.gather(*coming, return_exceptions=True)
    order = "".join(seen)
    assert order.replace("-", "") == "ac"
    assert "-" in order[order.index("a") : order.index("c")]


# --- a reload ---


async def test_page_asks_to_come_again_during_a_reload(gate: House, phone: Phone) -> None:
    code, page = phone.code(), await phone.scan()
    async with gate.reloading():
        client = await gate.client()
        async with client.get(f"{VISIT_PATH}/{code}") as response:
            shown = Page(await response.text(), response.status, response.headers)
        assert (shown.status, shown.state) == (HTTPStatus.SERVICE_UNAVAILABLE, "wait")
        assert int(shown.headers["Retry-After"]) > 0
        form = FormData({"ticket": page.ticket, **TYPED}, default_to_multipart=True)
        async with client.post(f"{VISIT_PATH}/{code}", data=form) as response:
            kept = Page(await response.text(), response.status, response.headers)
    assert (kept.status, kept.typed, kept.ticket, kept.state) == (503, TYPED, page.ticket, "wait")
    assert (await phone.send(TYPED, kept)).status == HTTPStatus.OK
    assert len(visits(gate)) == 1


async def test_reload_while_a_photo_is_on_its_way_loses_no_visit(gate: House, phone: Phone) -> None:
    page, examined = await phone.scan(), Reception.async_examine

    async def examine(*args: Any) -> Any:
        claim = await examined(*args)
        await gate.hass.config_entries.async_reload(gate.entry.entry_id)
        return claim

    with patch.object(Reception, "async_examine", examine):
        assert (await phone.send(TYPED, page, photo=picture())).status == HTTPStatus.OK
    assert len(visits(gate)) == 1
    assert gate.state("sensor", "last_check_in", "Pos utama") != "unknown"


async def test_checkpoint_that_was_removed_takes_no_form_and_keeps_what_was_written(gate: House, phone: Phone) -> None:
    code, page = phone.code(), await phone.scan()
    await gate.remove_part("Pos utama")
    refused = await phone.send(TYPED, page, code=code)
    assert (refused.status, refused.typed) == (HTTPStatus.NOT_FOUND, TYPED)


async def test_damaged_record_of_a_form_hides_no_other(gate: House, phone: Phone) -> None:
    page = await phone.scan()
    first = await phone.send(TYPED, page)
    for body in ({}, {"fingerprint": 5}, {"issued_at": "now"}):
        draft = Draft(kind=RECORD_FORM, at=dt_util.utcnow(), subject="x", body=body)
        gate.facility.kept.journal.append(draft)
    await gate.rows()
    await gate.restart()
    assert (await phone.send(TYPED, page)).html == first.html
