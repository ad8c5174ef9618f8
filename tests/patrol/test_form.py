"""What officers write: what is unfit, what is made of it, and who they say they are."""

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.const import MAX_NAME, MAX_TEXT
from custom_components.rutan_blora.patrol.check_in import Officer, Report, Situation
from custom_components.rutan_blora.patrol.checkpoint import KnownOfficer
from custom_components.rutan_blora.patrol.form import (
    Field,
    Filled,
    Problem,
    claimed,
    cleaned,
    fingerprint,
    problems,
    proved,
    read,
)

TYPED = {
    Field.NAME: "Agus Wibowo",
    Field.RANK: "Bripka",
    Field.NRP: "8802 0009",
    Field.UNIT: "Polsek Cepu",
    Field.PERSONNEL: "2",
    Field.VEHICLE: "R4",
    Field.SITUATION: "safe",
    Field.NOTE: "Aman",
}
EMPTY = dict.fromkeys(Field, "")


def known(name: str, *, rank: str = "", nrp: str = "", unit: str = "", pin: str | None = "hash") -> KnownOfficer:
    return KnownOfficer(officer=Officer(id=name, name=name, rank=rank, nrp=nrp, unit=unit), pin=pin)


BUDI = known("Budi", rank="Aiptu", nrp="75010001", unit="Polres Blora")
SITI = known("Siti", nrp="88020002", pin=None)
NAMESAKES = (known("Dwi", rank="Bripda"), known("Dwi", rank="Ipda"))
ALL = (BUDI, SITI, *NAMESAKES)


def test_form_says_who_came_and_what_they_saw() -> None:
    assert problems(TYPED) == {}
    assert read(TYPED) == Filled(
        officer=Officer(name="Agus Wibowo", rank="Bripka", nrp="88020009", unit="Polsek Cepu"),
        report=Report(situation=Situation.SAFE, note="Aman", personnel=2, vehicle="R4"),
    )


def test_name_and_situation_are_enough() -> None:
    texts = {**EMPTY, Field.NAME: "Agus", Field.SITUATION: "incident"}
    assert problems(texts) == {}
    assert read(texts) == Filled(officer=Officer(name="Agus"), report=Report(situation=Situation.INCIDENT))


def test_empty_form_says_what_is_missing() -> None:
    assert problems(EMPTY) == {Field.NAME: Problem.MISSING, Field.SITUATION: Problem.MISSING}


@pytest.mark.parametrize(
    ("field", "text", "problem"),
    [
        (Field.NAME, "\u202e\u200f", Problem.MISSING),
        (Field.NAME, "x" * MAX_NAME, None),
        (Field.NAME, "x" * (MAX_NAME + 1), Problem.TOO_LONG),
        (Field.UNIT, "x" * (MAX_NAME + 1), Problem.TOO_LONG),
        (Field.NOTE, "x" * MAX_TEXT, None),
        (Field.NOTE, "x" * 10_000, Problem.TOO_LONG),
        (Field.SITUATION, "fine", Problem.MISSING),
        (Field.PERSONNEL, "1", None),
        (Field.PERSONNEL, "99", None),
        (Field.PERSONNEL, "0", Problem.NO_NUMBER),
        (Field.PERSONNEL, "00", Problem.NO_NUMBER),
        (Field.PERSONNEL, "100", Problem.NO_NUMBER),
        (Field.PERSONNEL, "-1", Problem.NO_NUMBER),
        (Field.PERSONNEL, "dua", Problem.NO_NUMBER),
        (Field.PERSONNEL, "٣", Problem.NO_NUMBER),
        (Field.PERSONNEL, "²", Problem.NO_NUMBER),
    ],
)
def test_what_is_unfit_is_named(field: Field, text: str, problem: Problem | None) -> None:
    assert problems({**TYPED, field: text}).get(field) is problem


@pytest.mark.parametrize(("text", "clean"), [(" a\r\nb ", "a\nb"), ("\r\n", ""), ("a\nb", "a\nb")])
def test_line_break_counts_once_however_it_is_sent(text: str, clean: str) -> None:
    assert cleaned(text) == clean


@given(st.fixed_dictionaries({field: st.text(max_size=40) for field in Field}))
def test_whatever_is_written_is_named_unfit_or_read(texts: dict[Field, str]) -> None:
    texts = {field: cleaned(text) for field, text in texts.items()}
    texts[Field.SITUATION] = "safe"
    if problems(texts):
        return
    filled = read(texts)
    for text in (filled.officer.name, filled.report.note, filled.officer.unit):
        assert "<" not in text
        assert "\n" not in text
    assert filled.officer.name


@pytest.mark.parametrize(
    ("nrp", "is_odd"), [("", False), ("75010001", False), ("7501000", True), ("7501000x", True), ("٣" * 8, True)]
)
def test_number_that_does_not_look_like_one_is_seen(nrp: str, *, is_odd: bool) -> None:
    assert read({**TYPED, Field.NRP: nrp}).is_nrp_odd is is_odd


def test_fingerprint_tells_forms_apart() -> None:
    changed = [{**TYPED, field: "x"} for field in Field]
    swapped = {**TYPED, Field.UNIT: TYPED[Field.VEHICLE], Field.VEHICLE: TYPED[Field.UNIT]}
    prints = [fingerprint(texts) for texts in (TYPED, swapped, *changed)]
    assert len(set(prints)) == len(prints)
    assert fingerprint(dict(TYPED)) == fingerprint(TYPED)


@pytest.mark.parametrize(
    ("officer", "found"),
    [
        (Officer(name="Siapa saja", nrp="75010001"), [BUDI]),
        (Officer(name="budi"), [BUDI]),
        (Officer(name="AIPTU BUDI"), [BUDI]),
        (Officer(name="Budi", rank="Aiptu"), [BUDI]),
        # His number says that he is another one of that name.
        (Officer(name="Budi", nrp="99999999"), []),
        (Officer(name="Siti", nrp="88020002"), []),
        (Officer(name="Agus"), []),
        (Officer(name="Dwi"), list(NAMESAKES)),
        (Officer(name="Ipda Dwi"), [NAMESAKES[1]]),
    ],
)
def test_whose_pin_is_needed(officer: Officer, found: list[KnownOfficer]) -> None:
    assert claimed(officer, ALL) == found


def test_who_is_proved_is_as_the_house_knows_him_and_filled_in_with_what_he_wrote() -> None:
    known_officer = known("Budi", nrp="75010001")
    written = Officer(name="B. Santoso", rank="Aiptu", nrp="75010001", unit="Polsek Cepu")
    assert proved(written, known_officer) == Officer(
        id="Budi", name="Budi", rank="Aiptu", nrp="75010001", unit="Polsek Cepu"
    )
