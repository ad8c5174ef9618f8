"""The check-in page as it is written down: in both languages, whole, safe whatever was typed."""

from base64 import b64encode
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
import hashlib
import re
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.patrol.check_in import Officer, Report, Situation
from custom_components.rutan_blora.patrol.codes import ScanRefusal
from custom_components.rutan_blora.patrol.form import Field, Filled, Problem, cleaned
from custom_components.rutan_blora.patrol.page import (
    HEADERS,
    Blank,
    Done,
    Word,
    choose_language,
    done_page,
    form_page,
    notice_page,
    offer_page,
    raised_page,
)
from custom_components.rutan_blora.patrol.page_words import WORDS
from custom_components.rutan_blora.patrol.photo import PhotoProblem
from custom_components.rutan_blora.patrol.reception import PageRefusal
from custom_components.rutan_blora.patrol.upload import UploadProblem
from custom_components.rutan_blora.visit_view import Refusal
from tests.visitor import TYPED, Page

WIB = ZoneInfo("Asia/Jakarta")
AT = datetime(2026, 3, 2, 7, 2, 11, tzinfo=UTC)
TICKET = "19caf.0123456789abcdef01234567.fixed.AAAAAAAAAAAAAAAAAAAA"
TEXTS = {Field(name): text for name, text in TYPED.items()}
FILLED = Filled(
    officer=Officer(name="Agus Wibowo", rank="Bripka", nrp="88020009", unit="Polsek Cepu"),
    report=Report(situation=Situation.SAFE, note="Aman", personnel=2, vehicle="R4"),
)
DONE = Done(filled=FILLED, at=AT, received_at=AT, is_signed=False, is_on_record=True, may_raise=False)
HAPPENED = replace(FILLED, report=replace(FILLED.report, situation=Situation.INCIDENT))


def done(shown: Done, language: Language = Language.ID) -> Page:
    return Page(done_page(shown, language, zone=WIB, ticket=TICKET))


def every_page(language: Language) -> list[str]:
    """Return a page of each kind."""
    word = Word(refusal=Refusal.TOO_MANY, wait=7)
    return [
        form_page(Blank(ticket=TICKET), language),
        form_page(Blank(ticket=TICKET, texts=TEXTS, problems=dict.fromkeys(Field, Problem.TOO_LONG)), language),
        form_page(Blank(texts=TEXTS, word=word), language),
        notice_page(word, language),
        offer_page(word, language, TICKET),
        raised_page(AT, language, WIB),
        done_page(replace(DONE, filled=HAPPENED, may_raise=True), language, zone=WIB, ticket=TICKET),
    ]


# --- whole and shut ---


@pytest.mark.parametrize("language", Language)
def test_every_page_is_small_and_needs_nothing_else(language: Language) -> None:
    for html in every_page(language):
        assert len(html.encode()) <= 30_000
        assert not re.search(r"\b(src|srcset|@import|url\()", html)
        assert set(re.findall(r'href="([^"]*)"', html)) <= {"?lang=en", "?lang=id", "#", "data:,"}
        assert " style=" not in html
        assert not re.search(r"\son\w+=", html.split("<script>")[0])


def test_policy_lets_in_the_script_and_the_style_of_the_page_and_nothing_else() -> None:
    (html, *_) = every_page(Language.ID)
    for tag, source in (("script", "script-src"), ("style", "style-src")):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in HEADERS["Content-Security-Policy"].split("; ")


# --- words ---


def test_both_languages_say_the_same() -> None:
    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {key: shape(text) for key, text in value.items()}
        return sorted(re.findall(r"\{\w+\}", str(value)))

    shapes = [{f.name: shape(getattr(words, f.name)) for f in fields(words)} for words in WORDS.values()]
    assert shapes[0] == shapes[1]


def test_every_refusal_and_every_trouble_with_a_photo_has_its_words() -> None:
    words = WORDS[Language.ID]
    refusals = {*ScanRefusal, *PageRefusal, *UploadProblem, *Refusal}
    assert refusals <= words.refusals.keys()
    assert len(set(words.refusals.values())) == len(words.refusals)
    assert set(PhotoProblem) == words.photo_problems.keys()


def test_refusal_without_words_is_told_all_the_same() -> None:
    assert Page(notice_page(Word(refusal="no_such_word"), Language.ID)).text
    assert "TIDAK dibunyikan" in Page(offer_page(Word(refusal="no_such_word"), Language.ID, TICKET)).text


@pytest.mark.parametrize(
    ("accepted", "asked", "language"),
    [
        ("", None, Language.ID),
        ("*", None, Language.ID),
        ("fr, de", None, Language.ID),
        ("en", None, Language.EN),
        ("EN-us", None, Language.EN),
        ("id-ID,id;q=0.9,en-US;q=0.8,en;q=0.7", None, Language.ID),
        ("en;q=0.4, id;q=0.5", None, Language.ID),
        ("in-ID, en;q=0.5", None, Language.ID),
        ("jv, en;q=0.5", None, Language.ID),
        ("en;q=0", None, Language.ID),
        ("en;q=x", None, Language.ID),
        ("en;q=nan", None, Language.ID),
        ("en", "id", Language.ID),
        ("id", "en", Language.EN),
        ("en", "xx", Language.EN),
    ],
)
def test_language_is_the_one_asked_for_or_liked_best(accepted: str, asked: str | None, language: Language) -> None:
    assert choose_language(accepted, asked) is language


@given(st.text(), st.none() | st.text())
def test_any_header_gives_a_language(accepted: str, asked: str | None) -> None:
    assert choose_language(accepted, asked) in Language


# --- the form ---


def test_what_was_written_stands_in_the_form_again() -> None:
    page = Page(form_page(Blank(ticket=TICKET, texts=TEXTS, at="17"), Language.ID))
    assert page.typed == TYPED
    assert (page.ticket, page.fields["at"], page.state) == (TICKET, "17", "form")


@given(st.fixed_dictionaries({field: st.text(max_size=60).map(cleaned) for field in Field}))
def test_any_text_comes_back_as_it_was_and_stays_text(texts: dict[Field, str]) -> None:
    html = form_page(Blank(ticket=TICKET, texts=texts), Language.ID)
    page = Page(html)
    # A parser takes these for what it cannot show.
    odd = re.compile(r"[\x00\r\x80-\x9f]")
    for field in set(Field) - {Field.SITUATION}:
        if not odd.search(texts[field]):
            assert page.fields[field] == texts[field]
    assert html.count("<script") == html.count("</script") == 1
    assert html.count("<input") == form_page(Blank(ticket=TICKET), Language.ID).count("<input")


@pytest.mark.parametrize("field", sorted(set(Field) - {Field.SITUATION}), ids=str)
def test_what_is_wrong_stands_beside_its_field(field: Field) -> None:
    page = Page(form_page(Blank(ticket=TICKET, texts=TEXTS, problems={field: Problem.TOO_LONG}), Language.ID))
    assert f"Terlalu panjang: {len(TEXTS[field])} huruf" in page.text
    assert f'aria-describedby="{field}-error"' in page.html


def test_photo_comes_after_all_that_is_written() -> None:
    names = re.findall(r"<(?:input|textarea)[^>]* name=\"?(\w+)", form_page(Blank(ticket=TICKET), Language.ID))
    assert names[-1] == "photo"
    assert set(TYPED) | {"ticket", "at", "pin"} <= set(names[:-1])


def test_form_without_a_ticket_cannot_be_sent_and_says_to_copy_it() -> None:
    page = Page(form_page(Blank(texts=TEXTS, word=Word(refusal=ScanRefusal.UNKNOWN)), Language.ID))
    assert (page.buttons, page.typed) == ([], TYPED)
    assert "salin bila perlu" in page.text


@pytest.mark.parametrize(
    ("page", "state"),
    [
        (form_page(Blank(ticket=TICKET), Language.ID), "form"),
        (form_page(Blank(ticket=TICKET, word=Word(refusal=Refusal.RELOADING, wait=3)), Language.ID), "wait"),
        (notice_page(Word(refusal=Refusal.RELOADING, wait=3), Language.ID), "wait"),
        (notice_page(Word(refusal=ScanRefusal.UNKNOWN), Language.ID), "notice"),
        (raised_page(AT, Language.ID, WIB), "done"),
    ],
)
def test_script_is_told_what_a_page_is(page: str, state: str) -> None:
    assert Page(page).state == state


def test_page_that_is_worth_waiting_for_asks_again_by_itself() -> None:
    assert "http-equiv=refresh content=3" in notice_page(Word(refusal=Refusal.RELOADING, wait=3), Language.ID)
    assert "refresh" not in notice_page(Word(refusal=ScanRefusal.UNKNOWN), Language.ID)
    # What was written must not be thrown away by it.
    waiting = Blank(ticket=TICKET, texts=TEXTS, word=Word(refusal=Refusal.RELOADING, wait=3))
    assert "refresh" not in form_page(waiting, Language.ID)


# --- the confirmation ---


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.ID, "02-03-2026 pukul 14.02.11 WIB"),
        (Language.EN, "2026-03-02 at 14:02:11 WIB"),
    ],
)
def test_time_is_told_by_the_clock_of_the_house(language: Language, said: str) -> None:
    assert said in done(DONE, language).text


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (DONE, "Menunggu paraf petugas P2U"),
        (DONE, "Tanpa PIN"),
        (replace(DONE, is_signed=True), "Sudah diparaf"),
        (replace(DONE, is_on_record=False), "baru ada di memori"),
        (replace(DONE, received_at=AT + timedelta(hours=1)), "diterima 02-03-2026 pukul 15.02.11 WIB"),
        (replace(DONE, filled=replace(FILLED, officer=Officer(id="x", name="Agus"))), "Dibuktikan dengan PIN"),
        (replace(DONE, filled=replace(FILLED, officer=Officer(name="Agus", nrp="1"))), "NRP biasanya 8 angka"),
        (replace(DONE, filled=replace(FILLED, report=Report(photo="ab"))), "Foto tersimpan"),
        (replace(DONE, photo_problem="not_kept"), "Foto tidak tersimpan: penyimpanan bermasalah"),
        (replace(DONE, filled=HAPPENED), "Laporan ini bukan alarm"),
        (replace(DONE, filled=HAPPENED, may_raise=True), "Bunyikan alarm sekarang"),
        (replace(DONE, filled=HAPPENED, may_raise=True, raised_at=AT), "Alarm dibunyikan 02-03-2026 pukul 14.02.11"),
    ],
)
def test_confirmation_says_what_is_so(shown: Done, said: str) -> None:
    assert said in done(shown).text


def test_confirmation_says_nothing_that_is_not_so() -> None:
    text = done(DONE).text
    for unsaid in ("terlambat", "Foto", "alarm", "Sudah diparaf", "memori", "biasanya", "Dibuktikan"):
        assert unsaid not in text


def test_what_was_recorded_is_listed_and_stays_text() -> None:
    officer = Officer(name="<b>Agus</b>", rank="&amp;", unit='"x"')
    page = done(replace(DONE, filled=replace(FILLED, officer=officer)))
    for said in ("<b>Agus</b>", "&amp;", '"x"', "Jumlah personel 2", "Kendaraan R4", "Situasi Aman"):
        assert said in page.text
    assert "NRP" not in page.text


def test_alarm_is_offered_once_and_again_after_a_wait() -> None:
    assert done(replace(DONE, filled=HAPPENED, may_raise=True)).buttons == ["alarm"]
    assert done(replace(DONE, filled=HAPPENED, may_raise=True, raised_at=AT)).buttons == []
    assert Page(offer_page(Word(refusal=Refusal.RELOADING, wait=3), Language.ID, TICKET)).buttons == ["alarm"]
    assert Page(offer_page(Word(refusal=PageRefusal.NOT_RAISED), Language.ID, TICKET)).buttons == []
