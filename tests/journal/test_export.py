"""Records on paper, so to say: what is exported can be checked by anybody, without us."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
import json
from pathlib import Path
import subprocess
import sys
from typing import Any, Final

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.journal.export import FIELDS, from_line, to_line
from custom_components.rutan_blora.journal.record import GENESIS, Draft, Record, seal
from custom_components.rutan_blora.journal.verify import Verification, verify

SCRIPT: Final = Path(__file__).parents[2] / "scripts" / "verify_journal"
NOW: Final = datetime(2026, 3, 2, 1, 5, 9, 250000, tzinfo=UTC)


def load_script() -> Any:
    """Return the verifier as a module."""
    loader = SourceFileLoader("verify_journal", str(SCRIPT))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


SCRIPTED: Final = load_script()


def chain(count: int) -> list[Record]:
    """Give so many records in a chain."""
    records: list[Record] = []
    for seq in range(1, count + 1):
        body = {"message": 'Ä "a"\\', "number": seq}
        draft = Draft(kind="note", at=NOW, body=body, incident="A" if seq % 2 else None)
        records.append(seal(draft, seq=seq, prev=records[-1].hash if records else GENESIS))
    return records


FOUR: Final = chain(4)


def written(records: Sequence[Record]) -> bytes:
    """Give the file of some records."""
    return "".join(f"{to_line(record)}\n" for record in records).encode()


def breaks_at(content: bytes) -> int | None:
    """Return the line at which the verifier finds a file broken."""
    line: int | None = SCRIPTED.check(content.splitlines(keepends=True)).broken
    return line


# --- a record as a line ---


def test_a_line_is_the_record_as_it_is_stored() -> None:
    record = FOUR[0]
    line = to_line(record)
    assert "\n" not in line
    assert json.loads(line) == {field: getattr(record, field) for field in FIELDS}
    assert json.loads(json.loads(line)["body"]) == {"message": 'Ä "a"\\', "number": 1}


TEXTS: Final = st.text(max_size=8)


@given(
    record=st.builds(
        Record,
        seq=st.integers(),
        at=TEXTS,
        kind=TEXTS,
        incident=st.none() | TEXTS,
        subject=st.none() | TEXTS,
        body=TEXTS,
        prev=TEXTS,
        hash=TEXTS,
    )
)
def test_what_was_exported_is_read_back_damaged_or_not(record: Record) -> None:
    assert from_line(to_line(record)) == record


def test_a_record_that_no_json_can_hold_is_exported_as_damaged() -> None:
    body: Any = b"\xfb"
    record = from_line(to_line(replace(FOUR[0], body=body)))
    assert record.body == repr(body)
    assert not record.is_intact


GOOD: Final = json.loads(to_line(FOUR[0]))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("", id="nothing"),
        pytest.param("{", id="half"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param("[" * 100_000, id="too deep"),
        pytest.param(json.dumps({**GOOD, "more": 1}), id="a field too many"),
        pytest.param(json.dumps({key: GOOD[key] for key in FIELDS[1:]}), id="a field too few"),
        pytest.param(json.dumps({key: GOOD[key] for key in reversed(FIELDS)}), id="another order"),
        pytest.param(json.dumps({**GOOD, "seq": "1"}), id="a number that is text"),
        pytest.param(json.dumps({**GOOD, "seq": True}), id="a number that is true"),
        pytest.param(json.dumps({**GOOD, "seq": 1.0}), id="a number with a point"),
        pytest.param(json.dumps({**GOOD, "body": {}}), id="a body that is no text"),
        pytest.param(json.dumps({**GOOD, "kind": None}), id="no kind"),
    ],
)
def test_what_is_no_record_is_none(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_line(line)
    assert breaks_at(f"{line}\n".encode()) == 1


# --- a whole journal ---


def test_an_intact_journal_is_found_so() -> None:
    assert verify(FOUR) == Verification(
        records=4, first_broken=None, head=FOUR[-1].hash, at="2026-03-02T01:05:09.250000+00:00", knows_head=None
    )
    assert verify(FOUR).is_intact


def test_an_empty_journal_has_nothing_broken() -> None:
    assert verify([]) == Verification(records=0, first_broken=None, head=None, at=None, knows_head=None)


@pytest.mark.parametrize(
    ("records", "broken"),
    [
        pytest.param([FOUR[0], replace(FOUR[1], body="{}"), *FOUR[2:]], 2, id="altered"),
        pytest.param([FOUR[0], *FOUR[2:]], 2, id="one taken out"),
        pytest.param(FOUR[1:], 1, id="the first taken out"),
        pytest.param([*FOUR, FOUR[3]], 5, id="one twice"),
    ],
)
def test_all_is_counted_behind_a_break_too(records: list[Record], broken: int) -> None:
    found = verify(records)
    assert (found.first_broken, found.records, found.head) == (broken, len(records), records[-1].hash)
    assert not found.is_intact


@pytest.mark.parametrize(
    ("records", "head", "seq", "known"),
    [
        pytest.param(FOUR, FOUR[3].hash, None, True, id="the last"),
        pytest.param(FOUR, FOUR[1].hash, None, True, id="one of before"),
        pytest.param(FOUR, FOUR[1].hash, 2, True, id="its number too"),
        pytest.param(FOUR, FOUR[1].hash, 3, False, id="another number"),
        pytest.param(FOUR[:3], FOUR[3].hash, None, False, id="the tail is cut"),
        pytest.param(chain(0), FOUR[3].hash, None, False, id="all is gone"),
    ],
)
def test_a_cut_tail_shows_against_a_head_that_was_kept(
    records: list[Record], head: str, seq: int | None, *, known: bool
) -> None:
    found = verify(records, head, seq)
    assert found.knows_head is known
    assert found.is_intact is known
    assert verify(records).is_intact


# --- the verifier that stands alone ---


def test_the_verifier_finds_a_bit_that_has_tipped_anywhere() -> None:
    content = written(FOUR[:2])
    unseen = [
        (place, bit)
        for place in range(len(content))
        for bit in range(8)
        if breaks_at(content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]) is None
    ]
    # The last end of line is no part of a record; it may be missing, or be another blank.
    assert {place for place, _ in unseen} <= {len(content) - 1}
    assert breaks_at(content) is None


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(written([FOUR[0], *FOUR[2:]]), 2, id="one taken out"),
        pytest.param(written([FOUR[0], FOUR[2], FOUR[1]]), 2, id="two changed places"),
        pytest.param(written([*FOUR, FOUR[3]]), 5, id="one twice"),
        pytest.param(written(FOUR)[:-10], 4, id="half a record at the end"),
        pytest.param(written(FOUR[:2]) + b"\n" + written(FOUR[2:]), 3, id="an empty line"),
        pytest.param(written(FOUR).replace(b'"kind"', b'"kind":"evil","kind"', 1), 1, id="a field twice"),
        pytest.param(written(FOUR[:2]) + b"\xff\xfe\n", 3, id="no text"),
        pytest.param(written([seal(Draft(kind="note", at=NOW, body={}), seq=1, prev="1" * 64)]), 1, id="no beginning"),
    ],
)
def test_the_verifier_finds_where_the_chain_breaks(content: bytes, line: int) -> None:
    assert breaks_at(content) == line


def run(tmp_path: Path, content: bytes, *options: str, python: str = sys.executable) -> tuple[int, str]:
    """Run the verifier on a file; return its exit status and what it says."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    done = subprocess.run(  # noqa: S603  # our own
        [python, "-I", SCRIPT, path, *options], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_verifier_needs_nothing_of_ours_and_says_what_it_found_in_two_languages(tmp_path: Path) -> None:
    status, said = run(tmp_path, written(FOUR))
    assert status == 0
    assert "Records intact: 4, from 1 (2026-03-02T01:05:09.250000+00:00) to 4" in said
    assert "Catatan utuh: 4" in said
    assert f"Hash of the last intact record: {FOUR[3].hash}" in said
    assert "No change was found." in said
    assert "Tidak ditemukan perubahan." in said


def check(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, *options: str) -> tuple[int, str]:
    """Let the verifier check a file in this process; return its exit status and what it says."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    status: int = SCRIPTED.main([str(path), *options])
    return status, capsys.readouterr().out


def test_a_cut_tail_is_found_only_with_a_head(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    cut = written(FOUR[:3])
    status, said = check(capsys, tmp_path, cut)
    assert status == 0
    assert "A cut-off end is seen only with --head" in said
    status, said = check(capsys, tmp_path, cut, "--head", FOUR[3].hash)
    assert status == 1
    assert "NOT FOUND: the head that was noted" in said
    assert "No change was found" not in said


def test_a_head_of_before_is_found_in_what_has_grown_since(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, said = check(capsys, tmp_path, written(FOUR), "--head", FOUR[1].hash)
    assert status == 0
    assert "The head that was noted is record 2." in said


def test_an_excerpt_is_checked_and_said_to_be_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, said = check(capsys, tmp_path, written(FOUR[2:]))
    assert status == 0
    assert "This is an excerpt: it begins at record 3" in said
    assert "Ini kutipan" in said
    assert "Records intact: 2, from 3" in said


def test_a_change_is_said_with_the_number_of_the_record(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    altered = written([*FOUR[1:3], replace(FOUR[3], body="{}")])
    status, said = check(capsys, tmp_path, altered, "--head", FOUR[3].hash)
    assert status == 1
    assert "CHANGED: line 3, where record 4 should be" in said
    assert "BERUBAH: baris 3, tempat catatan 4" in said
    assert "NOT FOUND" not in said


def test_a_file_that_is_no_journal_is_changed_from_its_first_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, said = check(capsys, tmp_path, b"no journal at all\n")
    assert status == 1
    assert "CHANGED: line 1, where record 1 should be" in said
    assert "Records intact" not in said


def test_an_empty_file_proves_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, said = check(capsys, tmp_path, b"")
    assert status == 2
    assert "The file holds no record." in said


def test_a_file_that_cannot_be_read_proves_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert SCRIPTED.main([str(tmp_path / "none.jsonl")]) == 2
    assert "The file cannot be read" in capsys.readouterr().out
