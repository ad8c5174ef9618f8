"""Reports for spreadsheets: they open at a double click, and execute nothing."""

import codecs
import csv
from datetime import timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.alarm.incident import Outcome, Response
from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.patrol.check_in import Evidence, Officer, Report, Situation
from custom_components.rutan_blora.reports.content import ReportContent, period_of
from custom_components.rutan_blora.reports.sheet import expected, incidents, safe, to_csv, visits
from tests.patrol.common import HOUR, MINUTE, NOBODY, a_plan, a_scan

from .common import FIRST, LAST, Log, a_month, at

NOON = a_plan("12:00-13:00")


def read(sheet: bytes, delimiter: str = ";") -> list[dict[str, str]]:
    """Return the rows of a sheet as a spreadsheet reads it."""
    assert sheet.startswith(codecs.BOM_UTF8)
    return list(csv.DictReader(StringIO(sheet.decode("utf-8-sig"), newline=""), delimiter=delimiter, strict=True))


# --- cells ---


@pytest.mark.parametrize(
    "cell",
    [
        '=HYPERLINK("http://x","y")',
        "+62811",
        "-1",
        "@SUM(A1)",
        "\t1",
        "\r1",
        "\n1",
        "  =1",
        "\N{NO-BREAK SPACE}=1",
        "＝1",  # noqa: RUF001  # meant
    ],
)
def test_what_begins_like_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Bripka Budi", "2026-03-05 12:30:00", "aman – lancar, 2-3 orang", "😀", "a=1"])
def test_what_does_not_is_left_as_it_is(cell: str) -> None:
    assert safe(cell) == cell


def test_what_would_begin_a_cell_elsewhere_gets_an_apostrophe_too() -> None:
    assert safe('a,=1;b\n"-2') == "a,'=1;b\n'\"-2"


def test_characters_that_no_file_can_hold_are_replaced() -> None:
    assert safe("a\0b\x1bc\ud800d") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c?d"


ANYTHING = st.text(alphabet=st.sampled_from("=+-@;,\t\r\n \"'a\0")) | st.text(st.characters(exclude_categories=[]))


@given(cells=st.lists(ANYTHING, min_size=1), delimiter=st.sampled_from(";,"))
def test_no_cell_begins_a_formula_whatever_was_typed_and_wherever_cells_are_parted(
    cells: list[str], delimiter: str
) -> None:
    text = to_csv([cells, cells], delimiter).decode("utf-8-sig")
    rows = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True))
    assert rows == [[safe(cell) for cell in cells]] * 2
    assert not any(cell.startswith(("\t", "\r", "\n")) for row in rows for cell in row)
    for other in ";,\t":
        parted = csv.reader(StringIO(text, newline=""), delimiter=other)
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for row in parted for cell in row)


# --- visits ---


def a_full_visit() -> Log:
    log = Log()
    who = Officer(name="Budi", rank="Bripka", nrp="81234567", unit="Polsek Blora")
    said = Report(situation=Situation.REMARKS, note="=cmd|' /C calc'!A0", personnel=2, vehicle="K 1-X", photo="ab" * 32)
    when = at(5, "12.30")
    log.check_in("A", a_scan(when, who, report=said, received_at=when + HOUR, evidence=Evidence.QR))
    visit = log.check_in("A", a_scan(when + MINUTE, place="tower"))
    visit = log.check_out(visit, when + timedelta(minutes=41, seconds=10))
    visit = log.sign(visit, when + 2 * HOUR)
    log.correct(visit, when + 3 * HOUR, report=Report(personnel=3), reason="Salah hitung")
    log.judge(NOON, at(5, "0.00"), at(6, "0.00"))
    return log


def test_a_visit_is_told_in_full() -> None:
    (row,) = read(visits(a_full_visit().report()))
    assert row == {
        "No.": "1",
        "ID kunjungan": "A",
        "Datang": "2026-03-05 12:30:00",
        "Datang – Zona waktu": "WIB",
        "Datang – UTC": "2026-03-05T05:30:00.000000+00:00",
        "Pulang": "2026-03-05 13:11:10",
        "Pulang – Zona waktu": "WIB",
        "Pulang – UTC": "2026-03-05T06:11:10.000000+00:00",
        "Lama (menit)": "41",
        "Akhir": "lapor pulang",
        "Petugas": "Bripka Budi",
        "NRP": "81234567",
        "Kesatuan": "Polsek Blora",
        "Personel": "3",
        "Kendaraan": "K 1-X",
        "Situasi": "aman dengan catatan",
        "Catatan": "'=cmd|' /C calc'!A0",
        "Foto (SHA-256)": "ab" * 32,
        "Pos pemeriksaan": "Gate, Tower",
        "Bukti": "diparaf",
        "Paraf petugas P2U": "Petugas P2U",
        "Diparaf pada": "2026-03-05 14:30:00",
        "Diparaf pada – Zona waktu": "WIB",
        "Diparaf pada – UTC": "2026-03-05T07:30:00.000000+00:00",
        "Disampaikan terlambat": "ya",
        "Koreksi": "2026-03-05 15:30 Karutan: Salah hitung",
        "Dibatalkan": "tidak",
        "Rencana": "Sambang",
        "Penilaian": "tepat waktu",
    }


def test_what_nobody_said_of_a_visit_is_left_empty() -> None:
    log = Log()
    log.check_in("A", a_scan(at(5, "12.30"), NOBODY))
    (row,) = read(visits(log.report()))
    unsaid = ("Pulang", "Pulang – UTC", "Lama (menit)", "Petugas", "Kesatuan", "Personel", "Situasi")
    empty = (*unsaid, "Paraf petugas P2U")
    assert [row[name] for name in empty] == [""] * len(empty)
    assert (row["Akhir"], row["Penilaian"]) == ("belum pulang", "tidak terjadwal")


def test_visits_end_as_they_did() -> None:
    log = Log()
    log.time_out(log.check_in("A", a_scan(at(5, "12.30"))), at(5, "14.30"))
    log.correct(log.check_in("B", a_scan(at(6, "12.30"))), at(6, "14.30"), void=True, reason="Salah")
    rows = read(visits(log.report()))
    assert [(row["Akhir"], row["Dibatalkan"], row["Penilaian"]) for row in rows] == [
        ("tanpa lapor pulang", "tidak", "tidak terjadwal"),
        ("tanpa lapor pulang", "ya", "dibatalkan"),
    ]


def test_a_visit_that_is_not_judged_says_so() -> None:
    log = Log()
    log.plan(NOON, at(1, "0.00"))
    log.check_in("A", a_scan(at(5, "12.30")))
    (row,) = read(visits(log.report(made_at=at(5, "12.45"))))
    assert row["Penilaian"] == "tidak dinilai"


# --- what was expected, alarms ---


def test_expected_visits_are_told_with_what_became_of_them() -> None:
    log = Log()
    log.plan(NOON, at(5, "0.00"))
    log.check_in("A", a_scan(at(5, "13.10")))
    log.check_in("B", a_scan(at(6, "12.10"), place="tower"))
    both = a_plan("12:00-13:00", checkpoints=("gate", "tower"))
    judged = [*log.judge(NOON, at(5, "0.00"), at(6, "0.00")), *log.judge(both, at(6, "0.00"), at(8, "0.00"))]
    log.excuse(judged[2], "Lebaran")
    rows = read(expected(log.report(period=period_of(FIRST, LAST.replace(day=8), ZoneInfo("Asia/Jakarta")))))
    window = ("Mulai", "Selesai", "Penilaian", "Datang", "ID kunjungan", "Pos terlewat")
    names = (*window, "Dikecualikan", "Alasan dikecualikan")
    day = "2026-03-0"
    assert [tuple(row[name] for name in names) for row in rows] == [
        (f"{day}5 12:00:00", f"{day}5 13:00:00", "terlambat", f"{day}5 13:10:00", "A", "", "tidak", ""),
        (
            f"{day}6 12:00:00",
            f"{day}6 13:00:00",
            "terlewat (tanpa Pintu Utama)",
            f"{day}6 12:10:00",
            "B",
            "Pintu Utama",
            "tidak",
            "",
        ),
        (f"{day}7 12:00:00", f"{day}7 13:00:00", "terlewat", "", "", "", "ya", "Lebaran"),
        (f"{day}8 12:00:00", f"{day}8 13:00:00", "tidak dinilai", "", "", "", "tidak", ""),
    ]
    assert {(row["Rencana"], row["Toleransi (menit)"], row["Mulai – Zona waktu"]) for row in rows} == {
        ("Sambang", "30", "WIB")
    }


def test_alarms_are_told_with_their_times() -> None:
    log = Log()
    log.press("A", at(6, "21.14"), drill=True)
    log.respond(Response.ACKNOWLEDGED, at(6, "21.14") + timedelta(seconds=17))
    log.close(Outcome.DRILL, at(6, "21.30"), "Baik")
    log.press("B", at(7, "1.00"))
    done, open_ = read(incidents(log.report()))
    names = ("ID insiden", "LATIHAN", "Jenis", "Lokasi", "Ditekan", "Ditekan – UTC", "Hasil", "Ditutup oleh", "Pesan")
    assert [done[name] for name in names] == [
        "A",
        "ya",
        "Tombol panik",
        "Pintu Utama",
        "2026-03-06 21:14:00",
        "2026-03-06T14:14:00.000000+00:00",
        "latihan selesai",
        "Karutan",
        "Tolong",
    ]
    assert (done["Diterima – detik sejak ditekan"], done["Ditutup – detik sejak ditekan"]) == ("17", "960")
    assert (done["Di lokasi"], done["Petugas yang menjawab"], done["Catatan"]) == ("", "AKP Budi", "Baik")
    assert (open_["LATIHAN"], open_["Hasil"], open_["Ditutup oleh"], open_["Catatan"]) == (
        "tidak",
        "belum ditutup",
        "",
        "",
    )


# --- the whole ---


@pytest.mark.parametrize("sheet", [visits, expected, incidents])
def test_an_empty_month_is_a_heading(sheet: Any) -> None:
    text = sheet(Log().report()).decode("utf-8-sig")
    assert text.count("\r\n") == 1
    assert text.startswith('"No.";')


@pytest.mark.parametrize("sheet", [visits, expected, incidents])
def test_english_says_the_same_with_commas(sheet: Any) -> None:
    log = a_month()
    indonesian, english = read(sheet(log.report())), read(sheet(log.report(language=Language.EN)), ",")
    assert len(indonesian) == len(english) > 0
    assert len(indonesian[0]) == len(english[0])
    assert not set(english[0]) & (set(indonesian[0]) - {"No.", "NRP"})


def test_another_house_has_its_own_clock() -> None:
    zone = ZoneInfo("Asia/Makassar")
    log = Log()
    log.check_in("A", a_scan(at(5, "12.30")))
    content: ReportContent = log.report(zone=zone)
    (row,) = read(visits(content))
    assert (row["Datang"], row["Datang – Zona waktu"]) == ("2026-03-05 13:30:00", "WITA")
    assert row["Datang – UTC"] == "2026-03-05T05:30:00.000000+00:00"
