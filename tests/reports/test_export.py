"""Reports as files: they can be checked by anybody, and are there as a whole or not at all."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from datetime import date, timedelta
import errno
import os
from pathlib import Path
import sqlite3
import subprocess
import sys
from typing import Any, Final
from unittest.mock import patch

import pytest
from sqlalchemy.exc import SQLAlchemyError

from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.journal.export import from_line
from custom_components.rutan_blora.journal.record import Record
from custom_components.rutan_blora.journal.store import Journal
from custom_components.rutan_blora.pictures import EvidenceError, EvidenceProblem
from custom_components.rutan_blora.reports.content import period_of
from custom_components.rutan_blora.reports.export import (
    MANIFEST,
    Exported,
    Format,
    Order,
    collect,
    export,
    files,
    find,
    parse,
    reports,
)
from custom_components.rutan_blora.reports.letter import Letter
from tests.patrol.common import DAY, HOUR, WIB, a_scan

from .common import FIRST, LAST, MADE_AT, SITE, Log, a_month, at
from .paper import pages

ROOT: Final = Path(__file__).parents[2]
NAME: Final = "rutan_blora_2026-03-01_2026-03-31"
ALL: Final = ["alarms.csv", "expected.csv", "journal.jsonl", "report.pdf", "visits.csv", MANIFEST]
ORDER: Final = Order(
    site=SITE,
    slug="rutan_blora",
    language=Language.ID,
    zone=WIB,
    period=period_of(FIRST, LAST, WIB),
    made_at=MADE_AT,
    places={"gate": "Pintu Utama"},
    letter=Letter(),
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db", lambda _: None)
    journal.open()
    yield journal
    journal.close()


def fill(tmp_path: Path, records: list[Record]) -> None:
    """Put records into the journal's file as they are, damaged ones too."""
    columns = list(Record.__dataclass_fields__)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as database, database:
        database.executemany(
            f"INSERT INTO records ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})",  # noqa: S608
            [asdict(record) for record in records],
        )


def told(made: Exported) -> dict[str, str]:
    return {file.path.name: file.sha256 for file in made.files}


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603  # ours


# --- what is written ---


def test_a_report_is_all_its_files_and_a_manifest_that_anybody_can_check(journal: Journal, tmp_path: Path) -> None:
    fill(tmp_path, a_month().records)
    made = export(journal, ORDER, tmp_path / "reports")
    folder = tmp_path / "reports" / NAME
    assert made.name == NAME
    assert [file.path for file in made.files] == [folder / name for name in ALL]
    assert {path.name: path.stat().st_size for path in folder.iterdir()} == {f.path.name: f.size for f in made.files}
    checked = run(["sha256sum", "--strict", "-c", MANIFEST], folder)
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.split() == [word for name in ALL[:-1] for word in (f"{name}:", "OK")]
    (folder / "visits.csv").write_bytes(b"altered")
    assert run(["sha256sum", "-c", MANIFEST], folder).returncode
    assert made.sha256 == told(made)[MANIFEST]
    assert (made.damaged, made.altered) == ((), ())


def test_files_hold_what_the_report_says(journal: Journal, tmp_path: Path) -> None:
    log = a_month()
    fill(tmp_path, log.records)
    made = export(journal, ORDER, tmp_path)
    report = log.report(places=ORDER.places)
    assert collect(journal, ORDER) == report
    lines = {
        name: len((tmp_path / made.name / name).read_text("utf-8-sig").splitlines()) for name in ALL if "csv" in name
    }
    counts = {"visits.csv": report.visits, "expected.csv": report.expected, "alarms.csv": report.incidents}
    assert lines == {name: len(of) + 1 for name, of in counts.items()}
    assert report.head in pages((tmp_path / made.name / "report.pdf").read_bytes())[0].text


def verifier(path: Path) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, str(ROOT / "scripts" / "verify_journal"), str(path)], ROOT)


def a_chain() -> Log:
    """Give a journal that begins before March and ends after it."""
    log = Log()
    for name, when in (("A", at(1, "0.00") - HOUR), ("B", at(1, "0.00")), ("C", at(31, "23.00"))):
        log.check_in(name, a_scan(when))
    log.check_in("late", a_scan(at(30, "12.00"), received_at=at(31, "23.00") + 9 * HOUR))
    log.check_in("D", a_scan(at(31, "23.59") + DAY))
    return log


def test_the_excerpt_is_a_chain_that_can_be_checked_without_us(journal: Journal, tmp_path: Path) -> None:
    fill(tmp_path, a_chain().records)
    made = export(journal, replace(ORDER, formats=frozenset({Format.JSONL})), tmp_path)
    path = tmp_path / made.name / "journal.jsonl"
    assert list(told(made)) == ["journal.jsonl", MANIFEST]
    assert [from_line(line).seq for line in path.read_text().splitlines()] == [2, 3, 4]
    checked = verifier(path)
    assert checked.returncode == 0, checked.stdout
    assert "begins at record 2" in checked.stdout
    path.write_text(path.read_text().replace("Polsek Blora", "Polsek Cepu", 1))
    assert verifier(path).returncode == 1


def test_the_excerpt_goes_on_over_many_batches(journal: Journal, tmp_path: Path) -> None:
    log = Log()
    for number in range(2500):
        log.write("note", at(1, "0.00") + timedelta(minutes=number), {})
    fill(tmp_path, log.records)
    made = export(journal, replace(ORDER, formats=frozenset({Format.JSONL})), tmp_path)
    assert "Records intact: 2500" in verifier(tmp_path / made.name / "journal.jsonl").stdout


def test_an_empty_month_is_told_by_empty_files(journal: Journal, tmp_path: Path) -> None:
    made = export(journal, ORDER, tmp_path)
    sizes = {file.path.name: file.size for file in made.files}
    assert list(sizes) == ALL
    assert sizes.pop("journal.jsonl") == 0
    assert all(sizes.values())


def test_a_broken_chain_is_found_even_if_the_excerpt_is_not_asked_for(journal: Journal, tmp_path: Path) -> None:
    log = a_chain()
    log.damage(log.records[2], body="{}")
    note = log.write("note", at(31, "12.00"), {})
    log.damage(note, body='{"altered":1}')
    fill(tmp_path, log.records)
    made = export(journal, replace(ORDER, formats=frozenset({Format.PDF})), tmp_path)
    assert (made.damaged, made.altered) == ((3,), (3, 6))
    text = pages((tmp_path / made.name / "report.pdf").read_bytes())[0].text
    assert "tidak termuat: nomor 3." in text
    assert "terputus: nomor 3, 6." in text


def test_a_visit_that_began_before_the_period_is_no_visit_of_it(journal: Journal, tmp_path: Path) -> None:
    log = Log()
    log.check_in("A", a_scan(at(1, "0.00") - HOUR))
    log.check_in("A", a_scan(at(1, "0.00") + HOUR, place="tower"))
    fill(tmp_path, log.records)
    assert collect(journal, ORDER).visits == ()


def test_what_was_put_right_long_after_counts(journal: Journal, tmp_path: Path) -> None:
    log = Log()
    visit = log.check_in("A", a_scan(at(31, "23.00")))
    log.correct(visit, at(31, "23.00") + 400 * DAY, void=True, reason="Salah pindai")
    fill(tmp_path, log.records)
    (line,) = collect(journal, ORDER).visits
    assert line.visit.is_void


# --- as a whole or not at all ---


def test_a_second_report_on_the_same_days_leaves_the_first_alone(journal: Journal, tmp_path: Path) -> None:
    names = [export(journal, replace(ORDER, formats=frozenset({Format.CSV})), tmp_path).name for _ in range(3)]
    assert names == [NAME, f"{NAME}_2", f"{NAME}_3"]


def left(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


@pytest.mark.parametrize(
    ("after", "number", "problem"),
    [
        *((after, errno.ENOSPC, EvidenceProblem.DISK_FULL) for after in range(6)),
        (0, errno.EDQUOT, EvidenceProblem.DISK_FULL),
        (0, errno.EROFS, EvidenceProblem.READ_ONLY),
        (0, errno.EIO, EvidenceProblem.FAILED),
    ],
)
def test_a_disk_that_fails_in_between_is_told_and_nothing_is_left(
    journal: Journal, tmp_path: Path, after: int, number: int, problem: EvidenceProblem
) -> None:
    calls = iter(range(100))

    def fsync(_: int) -> None:
        if next(calls) == after:
            raise OSError(number, os.strerror(number))

    folder = tmp_path / "reports"
    with patch("custom_components.rutan_blora.reports.export.os.fsync", fsync), pytest.raises(EvidenceError) as failed:
        export(journal, ORDER, folder)
    assert failed.value.problem is problem
    assert left(folder) == []


def test_a_folder_that_cannot_be_made_is_told(journal: Journal, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(EvidenceError):
        export(journal, ORDER, tmp_path / "reports")


def test_a_journal_that_cannot_be_read_leaves_nothing(journal: Journal, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.db")) as database:
        database.execute("DROP TABLE records")
    with pytest.raises(SQLAlchemyError):
        export(journal, ORDER, tmp_path / "reports")
    assert left(tmp_path / "reports") == []


def test_another_who_takes_the_name_first_keeps_it(journal: Journal, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    rename = Path.rename

    def too_late(path: Path, target: Path) -> Any:
        if target.name == NAME:
            target.mkdir()
            (target / "visits.csv").write_text("theirs")
        return rename(path, target)

    with patch.object(Path, "rename", too_late):
        made = export(journal, replace(ORDER, formats=frozenset({Format.CSV})), folder)
    assert made.name == f"{NAME}_2"
    assert (folder / NAME / "visits.csv").read_text() == "theirs"


def test_a_report_can_be_read_by_whoever_can_read_the_folder(journal: Journal, tmp_path: Path) -> None:
    made = export(journal, replace(ORDER, formats=frozenset({Format.CSV})), tmp_path)
    assert (tmp_path / made.name).stat().st_mode & 0o777 == 0o755


# --- found again ---


@pytest.mark.parametrize(
    "name",
    ["", "reports", ".x.part", "../x_2026-03-01_2026-03-31", "x_2026-02-30_2026-03-31", f"{NAME}/", f"{NAME}\n", "x"],
)
def test_what_is_no_report_is_none(name: str) -> None:
    assert parse(name) is None


def test_a_name_says_whose_report_it_is_and_of_which_days() -> None:
    named = parse(f"{NAME}_2")
    assert named is not None
    assert (named.slug, named.first, named.last, named.number) == ("rutan_blora", FIRST, LAST, 2)


def test_reports_are_listed_latest_first_with_their_files(tmp_path: Path) -> None:
    assert reports(tmp_path / "none") == []
    for name in (NAME, f"{NAME}_2", "rutan_blora_2026-04-01_2026-04-30", "pati_2026-03-01_2026-03-31", ".x.part", "x"):
        (tmp_path / name).mkdir()
    (tmp_path / "a_2026-03-01_2026-03-31").write_text("a file")
    assert [named.name for named in reports(tmp_path)] == [
        "rutan_blora_2026-04-01_2026-04-30",
        f"{NAME}_2",
        NAME,
        "pati_2026-03-01_2026-03-31",
    ]
    assert {named.last for named in reports(tmp_path)} == {LAST, date(2026, 4, 30)}
    for file in ("visits.csv", "other.txt", MANIFEST):
        (tmp_path / NAME / file).write_text("x")
    assert files(tmp_path, NAME) == ["visits.csv", MANIFEST]
    assert files(tmp_path, "..") == []


@pytest.mark.parametrize(
    ("name", "file"),
    [("..", "visits.csv"), (NAME, "../secret"), (NAME, "secret"), (NAME, "report.pdf"), (NAME, ""), ("", "visits.csv")],
)
def test_no_name_leads_out_of_a_report(tmp_path: Path, name: str, file: str) -> None:
    (tmp_path / NAME).mkdir()
    for path in (
        tmp_path / "secret",
        tmp_path / NAME / "secret",
        tmp_path / NAME / "visits.csv",
        tmp_path / "visits.csv",
    ):
        path.write_text("x")
    assert find(tmp_path, name, file) is None
    assert find(tmp_path, NAME, "visits.csv") == tmp_path / NAME / "visits.csv"
