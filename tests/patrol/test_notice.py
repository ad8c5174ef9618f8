"""What the police, the guards at the gate and an officer's phone are told of visits."""

from datetime import datetime, time, timedelta
from typing import Final

import pytest

from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.patrol.check_in import Officer, Report, Situation
from custom_components.rutan_blora.patrol.judgement import Judgement, judge
from custom_components.rutan_blora.patrol.notice import (
    Notify,
    compose_due,
    compose_sign,
    compose_taken,
    compose_unknown_tag,
    is_due_tag,
    tag_of,
)
from custom_components.rutan_blora.patrol.plan import Slot
from custom_components.rutan_blora.patrol.visit import Correction, Visit, correct, countersign
from custom_components.rutan_blora.police.alert import Alert, Answer, Urgency

from .common import (
    BUDI,
    DAY,
    GATE,
    GUARD,
    HOUR,
    MINUTE,
    NOBODY,
    NOW,
    SITI,
    TOWER,
    WIB,
    a_scan,
    a_slot,
    a_visit,
    an_arrival,
    fold,
)

SITE: Final = "Rutan <b>Blora</b>"
# From 08.00 to 10.00 in Blora, with half an hour of grace.
SLOT: Final = a_slot(checkpoints=(GATE, TOWER))
NOTIFY: Final = Notify(to=frozenset({"phone-1"}))
NIGHT: Final = Notify(to=frozenset({"phone-1"}), quiet_from=time(22), quiet_until=time(6))


def a_judgement(slot: Slot = SLOT, *places: str) -> Judgement:
    arrivals = [an_arrival("A", slot.start, *places)] if places else []
    return judge([slot], arrivals)[slot.key]


def due(
    after: timedelta,
    *,
    ended: bool = False,
    notify: Notify = NOTIFY,
    judgement: Judgement | None = None,
    language: Language = Language.ID,
) -> Alert:
    """Compose what is told of the slot so long after its start."""
    return compose_due(
        judgement or a_judgement(), language, now=NOW + after, ended=ended, notify=notify, site=SITE, zone=WIB
    )


# --- overdue, missed, no more ---


def test_visit_is_overdue_then_missed_then_no_longer_awaited() -> None:
    alerts = [due(2 * HOUR + MINUTE), due(3 * HOUR), due(3 * HOUR, ended=True)]
    assert [alert.title for alert in alerts] == [
        "Kunjungan patroli belum datang",
        "Kunjungan patroli terlewat",
        "Kunjungan patroli sudah tidak ditunggu",
    ]
    assert [(alert.revision, alert.urgent, alert.ended, alert.answered) for alert in alerts] == [
        (1, 1, False, False),
        (2, 2, False, False),
        (3, 2, True, True),
    ]
    assert {alert.text for alert in alerts} == {"Rutan ‹b›Blora‹/b›\nSambang: 02/03 08.00–10.00"}
    assert {alert.tag for alert in alerts} == {tag_of(SLOT)}


def test_visit_is_missed_only_after_the_grace() -> None:
    assert due(2 * HOUR + 30 * MINUTE).revision == 1
    assert due(2 * HOUR + 30 * MINUTE + timedelta(microseconds=1)).revision == 2


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        (Language.ID, ["Kunjungan patroli belum lengkap", "Kunjungan patroli tidak lengkap"]),
        (Language.EN, ["Patrol visit is not complete yet", "Patrol visit incomplete"]),
    ],
)
def test_visit_that_came_but_left_something_out_is_not_said_to_have_stayed_away(
    language: Language, titles: list[str]
) -> None:
    part = a_judgement(SLOT, GATE)
    assert [due(after, judgement=part, language=language).title for after in (2 * HOUR + MINUTE, 3 * HOUR)] == titles


def test_police_are_told_as_everyday_work_and_only_those_the_plan_names() -> None:
    alert = due(3 * HOUR, language=Language.EN)
    assert (alert.title, alert.text.splitlines()[1]) == ("Patrol visit missed", "Sambang: 02 Mar 08:00–10:00")
    assert (alert.urgency, alert.to, alert.answers, alert.repeat) == (Urgency.ROUTINE, NOTIFY.to, (), None)
    assert alert.details == {
        "site": SITE,
        "plan": "Sambang",
        "start": "2026-03-02T01:00:00+00:00",
        "end": "2026-03-02T03:00:00+00:00",
        "missed": True,
    }


def test_nothing_sounds_in_quiet_hours() -> None:
    assert due(3 * HOUR, notify=NIGHT).urgent == 2
    assert due(15 * HOUR, notify=NIGHT).urgent == 0


@pytest.mark.parametrize(
    ("quiet", "loud_at", "quiet_at"),
    [
        (("22:00", "06:00"), ["21:59:59", "06:00", "12:00"], ["22:00", "23:59", "00:00", "05:59:59"]),
        (("12:00", "13:00"), ["11:59", "13:00", "00:00"], ["12:00", "12:59:59"]),
        (("08:00", "08:00"), ["08:00", "20:00"], []),
        ((None, "06:00"), ["05:00"], []),
        (("22:00", None), ["23:00"], []),
    ],
)
def test_quiet_hours_begin_with_the_first_minute_and_end_before_the_last(
    quiet: tuple[str | None, str | None], loud_at: list[str], quiet_at: list[str]
) -> None:
    start, end = (time.fromisoformat(text) if text else None for text in quiet)
    notify = Notify(quiet_from=start, quiet_until=end)
    assert [at for at in loud_at if notify.is_quiet(time.fromisoformat(at))] == []
    assert [at for at in quiet_at if not notify.is_quiet(time.fromisoformat(at))] == []


def test_news_of_a_slot_are_known_by_their_tag_which_fits_the_journal() -> None:
    tags = {tag_of(slot) for slot in (SLOT, a_slot(NOW + DAY), a_slot(length=3 * HOUR))}
    assert len(tags) == 2
    assert all(is_due_tag(tag) and len(tag) <= 32 for tag in tags)
    assert not is_due_tag("01M849JRY0YM7DKK46CKFATWQK")


# --- the guards at the gate ---


def sign(visit: Visit, *, ended: bool = False, language: Language = Language.ID) -> Alert:
    return compose_sign(visit, language, gate=frozenset({"gate"}), ended=ended, site=SITE, zone=WIB)


def signed(visit: Visit, at: datetime = NOW + MINUTE) -> Visit:
    return fold(visit, countersign(visit, at=at, actor=GUARD))


def test_guards_are_asked_to_sign_and_told_who_is_here() -> None:
    visit = a_visit(a_scan(), a_scan(NOW + MINUTE, SITI, TOWER))
    alert = sign(visit)
    assert alert.title == "Paraf kunjungan patroli"
    assert alert.text == "Rutan ‹b›Blora‹/b›\n08.00 Gate, Tower\nBripka Budi, Aipda Siti – Polsek Blora"
    assert alert.answers == ((Answer.SIGN, "Paraf"),)
    assert (alert.tag, alert.to, alert.urgency) == (visit.id, frozenset({"gate"}), Urgency.ROUTINE)
    assert alert.details == {"site": SITE, "visit_id": "A", "arrived_at": "2026-03-02T01:00:00+00:00"}


def test_guards_may_raise_the_alarm_if_something_happened_also_once_it_is_signed() -> None:
    visit = a_visit(a_scan(report=Report(situation=Situation.INCIDENT, note="Perkelahian\ndi blok B")))
    asked, after = sign(visit), sign(signed(visit))
    assert asked.answers == ((Answer.SIGN, "Paraf"), (Answer.RAISE, "Bunyikan alarm"))
    assert asked.text.splitlines()[-2:] == ["ADA KEJADIAN", "Perkelahian di blok B"]
    assert asked.urgency is Urgency.NEWS
    assert after.answers == ((Answer.RAISE, "Bunyikan alarm"),)
    assert (after.title, after.answered, after.ended) == ("Kunjungan sudah diparaf", True, False)
    assert after.revision > asked.revision
    assert after.urgent == asked.urgent <= asked.revision


def test_situation_that_turns_bad_must_be_heard_again() -> None:
    calm = a_visit(a_scan(report=Report(situation=Situation.SAFE)))
    bad = a_visit(
        a_scan(report=Report(situation=Situation.SAFE)),
        a_scan(NOW + MINUTE, place=TOWER, report=Report(situation=Situation.INCIDENT)),
    )
    assert sign(bad).urgent > sign(calm).revision


@pytest.mark.parametrize(("language", "words"), [(Language.ID, "tidak diparaf"), (Language.EN, "was not signed")])
def test_visit_that_nobody_signed_is_not_said_to_be_signed(language: Language, words: str) -> None:
    visit = a_visit()
    alert = sign(visit, ended=True, language=language)
    assert words in alert.title
    assert (alert.answers, alert.ended, alert.answered) == ((), True, True)
    assert alert.revision > sign(visit).revision


def test_visit_that_is_over_and_goes_on_after_all_is_asked_again() -> None:
    visit = a_visit()
    taken_back = fold(visit, correct(visit, Correction(void=True), at=NOW, actor=GUARD))
    again = fold(taken_back, correct(taken_back, Correction(void=False), at=NOW, actor=GUARD))
    revisions = [sign(visit), sign(taken_back, ended=True), sign(again), sign(signed(again), ended=True)]
    assert [alert.revision for alert in revisions] == sorted({alert.revision for alert in revisions})


# --- the phone that scanned ---


def taken(visit: Visit, *, is_known: bool = True, is_on_record: bool = True, language: Language = Language.ID) -> Alert:
    return compose_taken("scan", visit, language, is_known=is_known, is_on_record=is_on_record, zone=WIB)


def test_phone_is_told_that_its_scan_counts_and_for_whom() -> None:
    alert = taken(a_visit())
    assert (alert.title, alert.text) == ("Kunjungan tercatat", "08.00 Gate\nBripka Budi – Polsek Blora")
    assert (alert.tag, alert.urgency, alert.answers) == ("scan", Urgency.ROUTINE, ())


@pytest.mark.parametrize(("language", "words"), [(Language.ID, "belum terdaftar"), (Language.EN, "not registered")])
def test_phone_that_nobody_knows_is_told_so(language: Language, words: str) -> None:
    alert = taken(a_visit(a_scan(officer=Officer(name="Budi"))), is_known=False, language=language)
    assert words in alert.text.splitlines()[-1]
    assert alert.text.splitlines()[1] == "Budi"


@pytest.mark.parametrize(("language", "words"), [(Language.ID, "belum tercatat"), (Language.EN, "not recorded yet")])
def test_phone_is_not_told_that_it_is_recorded_what_is_not(language: Language, words: str) -> None:
    assert words in taken(a_visit(), is_on_record=False, language=language).title


@pytest.mark.parametrize(
    ("officer", "who"),
    [(NOBODY, "Petugas tidak dikenal"), (Officer(nrp="81234567"), "81234567"), (BUDI, "Bripka Budi")],
)
def test_officer_is_called_by_what_is_known_of_him(officer: Officer, who: str) -> None:
    assert taken(a_visit(a_scan(officer=officer))).text.splitlines()[1].startswith(who)


def test_visit_handed_in_late_is_said_so_with_its_day() -> None:
    lines = taken(a_visit(a_scan(received_at=NOW + DAY))).text.splitlines()
    assert (lines[0], lines[-1]) == ("02/03 08.00 Gate", "Disampaikan terlambat")


def test_names_and_notes_carry_no_markup() -> None:
    officer, report = Officer(name="<b>Budi</b>", unit="A&#66;"), Report(note="<img src=x>")
    text = taken(a_visit(a_scan(officer=officer, report=report))).text
    assert not {"<", ">", "&"} & set(text)


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        (Language.ID, "Kunjungan tidak tercatat", "Tag ini bukan milik pos pemeriksaan mana pun."),
        (Language.EN, "Visit not recorded", "This tag belongs to no checkpoint."),
    ],
)
def test_tag_of_no_checkpoint_is_said_so(language: Language, title: str, text: str) -> None:
    alert = compose_unknown_tag("scan", language)
    assert (alert.title, alert.text) == (title, text)
