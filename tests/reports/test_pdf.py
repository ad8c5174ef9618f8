"""Reports on paper: what is written on which page, and that no name, note or month keeps one from being drawn."""

from datetime import timedelta
from functools import cache
from io import BytesIO
from unittest.mock import patch
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings, strategies as st
from PIL import Image
import pytest

from custom_components.rutan_blora.alarm.incident import Outcome
from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.patrol.check_in import Officer, Report
from custom_components.rutan_blora.patrol.plan import Verdict
from custom_components.rutan_blora.reports.letter import Letter
from custom_components.rutan_blora.reports.pdf import MAX_NUMBERS, render
from tests.patrol.common import HOUR, a_plan, a_scan

from .common import SITE, Log, a_month, at
from .paper import Page, is_landscape, pages

LETTER = Letter(
    head=("KANTOR WILAYAH JAWA TENGAH", "RUMAH TAHANAN NEGARA KELAS IIB BLORA", "Jalan Contoh 1, Blora"),
    place="Blora",
    rutan=("Kepala Rutan", "Nama Kepala, S.H.", "NIP 1980"),
    police=("Kapolsek Blora", "Nama Kapolsek, S.H.", "NRP 8001"),
)


def a_logo(size: tuple[int, int] = (40, 20)) -> bytes:
    picture = BytesIO()
    Image.new("RGB", size, "navy").save(picture, "PNG")
    return picture.getvalue()


def read(log: Log, letter: Letter = LETTER, language: Language = Language.ID) -> list[Page]:
    return pages(render(log.report(language=language), letter))


@cache
def march() -> bytes:
    """Give the report on a whole month, drawn once for all tests."""
    return render(a_month().report(), LETTER)


# --- the letter ---


def test_the_letter_has_head_title_period_figures_and_both_who_sign() -> None:
    letter, *_ = pages(march())
    for text in (
        *LETTER.head,
        "LAPORAN KUNJUNGAN PATROLI",
        SITE,
        "Periode 1 Maret 2026 s.d. 31 Maret 2026",
        "Waktu ditulis dalam WIB.",
        "1. Kepatuhan",
        "2. Kunjungan",
        "3. Alarm",
        "4. Keutuhan catatan",
        "utuh.",
        "Blora, 1 April 2026",
        *LETTER.rutan,
        *LETTER.police,
    ):
        assert text in letter.text


def test_the_figures_on_paper_are_those_of_the_report() -> None:
    report = a_month().report()
    letter, *_ = pages(march())
    figures = report.total.compliance
    percent, spread = (f"{value:.1f}".replace(".", ",") for value in (figures.percent, report.total.unpredictability))
    counts = [figures.verdicts.get(verdict, 0) for verdict in list(Verdict)[:4]]
    assert " ".join(map(str, ["Sambang", figures.expected, *counts, 1, 0, percent, spread])) in letter.text
    assert "3 1 0:32 (3) 1:10 (3) 6:18 (3) 48:00 (3)" in letter.text


def test_every_page_says_which_it_is_and_of_which_state_of_the_record() -> None:
    head = a_month().records[-1].hash
    found = pages(march())
    assert len(found) > 5
    for number, page in enumerate(found, 1):
        assert f"Halaman {number} dari {len(found)}" in page.text
        assert f"Dibuat 1 April 2026 08.00 WIB · Hash jurnal {head}" in page.text


def test_a_house_without_a_letterhead_signs_on_dotted_lines() -> None:
    (letter,) = read(Log(), Letter())
    assert letter.text.startswith("LAPORAN KUNJUNGAN PATROLI")
    assert "Pihak Kepolisian" in letter.text
    assert "Pihak Rutan" in letter.text
    assert letter.text.count("." * 46) == 2


@pytest.mark.parametrize("head", [(), ("Rutan Blora",), ("RUTAN", "BLORA", "Jalan 1", "Telepon", "Surel")])
@pytest.mark.parametrize("size", [(40, 20), (20, 400), (1, 1)])
def test_a_logo_of_any_shape_goes_with_any_head(head: tuple[str, ...], size: tuple[int, int]) -> None:
    (letter,) = read(Log(), Letter(head=head, logo=a_logo(size)))
    assert all(line in letter.text for line in head)


@pytest.mark.parametrize("plans", [20, 28, 36])
def test_who_signs_is_not_torn_apart(plans: int) -> None:
    log = Log()
    for number in range(plans):
        plan = a_plan("12:00-13:00")
        named = type(plan)(**{f: getattr(plan, f) for f in plan.__slots__} | {"id": f"p{number}", "name": f"P{number}"})
        log.judge(named, at(5, "0.00"), at(6, "0.00"))
    found = read(log)
    (page,) = (page for page in found if "Kapolsek Blora" in page.text)
    assert all(line in page.text for line in (*LETTER.rutan, *LETTER.police, "Blora, 1 April 2026"))


def test_an_empty_month_is_a_letter_without_annexes() -> None:
    (letter,) = read(Log())
    for text in (
        "Tidak ada kunjungan terjadwal",
        "Tidak ada kunjungan dalam periode ini.",
        "Tidak ada alarm dalam periode ini.",
        "Halaman 1 dari 1",
    ):
        assert text in letter.text


def test_a_period_that_runs_says_so() -> None:
    (letter,) = pages(render(Log().report(made_at=at(20, "12.00")), LETTER))
    assert "Periode belum berakhir" in letter.text


def test_damage_is_named_on_the_letter() -> None:
    log = Log()
    for _ in range(MAX_NUMBERS + 3):
        log.check_in("A", a_scan(at(5, "12.30")))
    for record in log.records[1:]:
        log.damage(record, body="{}")
    (letter, *_) = read(log)
    listed = ", ".join(map(str, range(2, MAX_NUMBERS + 2)))
    assert f"tidak termuat: nomor {listed} … (+2)." in letter.text
    assert f"rantainya terputus: nomor {listed} … (+2)." in letter.text
    assert "utuh" not in letter.text.replace("Keutuhan", "")


# --- annexes ---


def test_annexes_lie_across_and_repeat_their_headings() -> None:
    paper = march()
    letter, *annexes = pages(paper)
    assert is_landscape(paper)[-len(annexes) :] == [True] * len(annexes)
    visits = [page for page in annexes if "Pos pemeriksaan Situasi, catatan Bukti Penilaian" in page.text]
    assert len(visits) > 2
    assert [page.text.startswith("Lampiran 1: Kunjungan") for page in visits] == [True] + [False] * (len(visits) - 1)
    assert [sum(page.text.startswith(f"Lampiran {n}:") for page in annexes) for n in (1, 2, 3)] == [1, 1, 1]
    assert "Lampiran" not in letter.text


def test_a_visit_is_told_with_who_came_what_they_said_and_how_it_is_proved() -> None:
    log = Log()
    who = Officer(name="Budi", rank="Bripka", nrp="81234567", unit="Polsek Blora")
    visit = log.check_in(
        "A", a_scan(at(5, "23.50"), who, received_at=at(5, "23.50") + HOUR, report=Report(note="Lancar"))
    )
    visit = log.check_out(visit, at(5, "23.50") + timedelta(minutes=30))
    log.correct(log.sign(visit, at(6, "1.00")), at(6, "2.00"), report=Report(personnel=2), reason="Lupa")
    _, page = read(log)
    assert (
        "1 Kam 05-03-2026 23.50 06-03 00.20 30 menit Bripka Budi, NRP 81234567 Polsek Blora 2 Gate Lancar diparaf "
        "Petugas P2U tidak terjadwal, disampaikan terlambat, dikoreksi" in page.text
    )


def test_what_nobody_said_of_a_visit_is_not_made_up() -> None:
    log = Log()
    log.check_in("A", a_scan(at(5, "12.30"), Officer()))
    _, page = read(log)
    assert "1 Kam 05-03-2026 12.30 belum pulang tidak dikenal Gate tag tidak terjadwal" in page.text


def test_an_officer_is_called_by_what_is_known_of_him() -> None:
    log = Log()
    log.check_in("A", a_scan(at(5, "12.30"), Officer(nrp="81234567")))
    log.check_in("B", a_scan(at(6, "12.30"), Officer(id="card-7")))
    _, page = read(log)
    assert "belum pulang 81234567" in page.text
    assert "belum pulang ?" in page.text


def test_expected_visits_and_alarms_have_their_annexes() -> None:
    log = Log()
    log.plan(a_plan("22:00-02:00"), at(5, "0.00"))
    judged = log.judge(a_plan("22:00-02:00"), at(5, "0.00"), at(7, "23.00"))
    log.excuse(judged[-1], "Lebaran")
    log.press("A", at(6, "21.14"), drill=True)
    log.close(Outcome.DRILL, at(6, "21.14") + timedelta(minutes=75, seconds=5), "Baik")
    log.press("B", at(7, "21.14"))
    report = log.report(made_at=at(9, "12.00"))
    _, expected, alarms = pages(render(report, LETTER))
    assert "Sambang Kam 05-03-2026 22.00–02.00 terlewat" in expected.text
    assert "22.00–02.00 terlewat Lebaran" in expected.text
    assert "22.00–02.00 tidak dinilai" in expected.text
    assert "1 Jum 06-03-2026 21.14.00 LATIHAN Tombol panik Pintu Utama – – – 22.29.05 +1:15:05 latihan" in alarms.text
    assert "– – – – belum ditutup" in alarms.text


def test_several_plans_have_a_sum() -> None:
    log = Log()
    first = a_plan("12:00-13:00")
    second = type(first)(**{f: getattr(first, f) for f in first.__slots__} | {"id": "plan-2", "name": "Malam"})
    for plan in (first, second):
        log.judge(plan, at(5, "0.00"), at(7, "0.00"))
    letter, *_ = read(log)
    assert "Malam 2 0 0 0 2 0 0 0,0 – Sambang 2 0 0 0 2 0 0 0,0 – Semua rencana 4 0 0 0 4 0 0 0,0 –" in letter.text


# --- whatever comes ---


def test_others_have_the_interpreter_while_a_month_is_drawn() -> None:
    with patch("custom_components.rutan_blora.reports.paper.sleep") as rest:
        read(a_month())
    assert rest.call_count > 10


MONSTERS = [
    "x" * 10_000,
    "W" * 10_000,
    "kata " * 2_000,
    "😀" * 3_000,
    "محمد علي " * 500,
    "\u202e\u0000\n" * 99,
    "(\\)" * 99,
]


@pytest.mark.parametrize("monster", MONSTERS, ids=range(len(MONSTERS)))
def test_no_text_keeps_a_report_from_being_drawn(monster: str) -> None:
    log = Log()
    who = Officer(name=monster, rank=monster, nrp=monster, unit=monster)
    said = Report(note=monster, vehicle=monster)
    visit = log.check_in("A", a_scan(at(5, "12.30"), who, place=monster, report=said))
    log.correct(visit, at(5, "13.00"), void=True, reason=monster)
    plan = a_plan("12:00-13:00", checkpoints=(monster,))
    (judged,) = log.judge(
        type(plan)(**{f: getattr(plan, f) for f in plan.__slots__} | {"name": monster}), at(5, "0.00"), at(6, "0.00")
    )
    log.excuse(judged, monster)
    log.press("A", at(6, "21.14"))
    log.close(Outcome.RESOLVED, at(6, "22.14"), monster)
    lines = Letter(head=(monster[:80],) * 5, place=monster[:80], rutan=(monster[:80],) * 5, police=(monster[:80],) * 5)
    report = log.report(places={}, site=monster[:80])
    assert len(pages(render(report, lines))) >= 4


@settings(max_examples=20, deadline=None)
@example("¶")  # a compressed page that ends like a line
@given(st.text(st.characters(exclude_categories=[]), max_size=600))
def test_no_note_keeps_a_report_from_being_drawn(note: str) -> None:
    log = Log()
    log.check_in("A", a_scan(at(5, "12.30"), Officer(name=note), report=Report(note=note)))
    assert len(read(log)) == 2


def test_letters_that_cannot_be_printed_are_explained_where_there_are_any() -> None:
    log = Log()
    log.check_in("A", a_scan(at(5, "12.30"), Officer(name="محمد")))
    assert "Tanda ¤ menggantikan" in read(log)[-1].text
    assert not any("Tanda ¤" in page.text for page in pages(march()))


def test_english_and_another_clock() -> None:
    report = a_month().report(language=Language.EN, zone=ZoneInfo("Asia/Jayapura"))
    letter, *annexes = pages(render(report, Letter()))
    assert "Period 1 March 2026 to 31 March 2026" in letter.text
    assert "Times are written in WIT." in letter.text
    assert "Made 1 April 2026 10:00 WIT" in letter.text
    assert f"Page 1 of {len(annexes) + 1}" in letter.text
