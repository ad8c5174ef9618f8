"""What the police are told of cameras that are lost during an incident."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.cctv.notice import (
    MAX_NAMED,
    RECORD_NOTICE,
    WELL_FOR,
    Loss,
    Notice,
    compose,
    end,
    recorded,
    to_body,
    update,
)
from custom_components.rutan_blora.cctv.picture import Condition
from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.journal.record import GENESIS, Draft, Record, seal
from custom_components.rutan_blora.police.alert import Urgency

NOW: Final = datetime(2026, 11, 24, 7, 2, 11, tzinfo=UTC)
WIB: Final = timezone(timedelta(hours=7), "WIB")
NORTH: Final = Loss(id="north", name="Tembok utara", condition=Condition.COVERED, since=NOW)
SOUTH: Final = Loss(id="south", name="Tembok selatan", condition=Condition.NO_SIGNAL, since=NOW)
CALM: Final = Notice(incident_id="01ABC", drill=False)


def test_camera_that_is_lost_must_be_heard_and_one_that_is_back_for_a_minute_is_told_quietly() -> None:
    seen, notice = [], CALM
    for now, lost in (
        (0, [NORTH]),
        (9, [NORTH]),
        (9, [NORTH, SOUTH]),
        (20, [SOUTH]),
        (80, [SOUTH]),
        (90, []),
        (150, []),
    ):
        notice = update(notice, lost, now)
        seen.append((notice.revision, notice.urgent, {loss.id for loss in notice.losses}))
    assert seen == [
        (1, 1, {"north"}),
        (1, 1, {"north"}),
        (2, 2, {"north", "south"}),
        (2, 2, {"north", "south"}),
        (3, 2, {"south"}),
        (3, 2, {"south"}),
        (4, 2, set()),
    ]


def test_camera_that_comes_and_goes_rings_once_until_it_was_well_for_a_minute() -> None:
    notice = CALM
    for now in range(0, 600, 3):
        notice = update(notice, [NORTH] if now % 6 == 0 else [], now)
    assert (notice.revision, notice.urgent) == (1, 1)
    notice = update(notice, [], 600 + WELL_FOR)
    assert (notice.revision, notice.urgent, notice.losses) == (2, 1, ())
    assert update(notice, [NORTH], 700).urgent == 3


def test_camera_that_was_lost_at_the_press_is_no_news_until_it_is_lost_again() -> None:
    notice = update(Notice(incident_id="01ABC", drill=False, before=frozenset({"north"})), [NORTH], 0)
    assert (notice.revision, notice.losses) == (0, ())
    notice = update(notice, [], 1)
    assert (notice.revision, notice.before) == (0, frozenset())
    assert update(notice, [NORTH], 2).urgent == 1


def test_camera_that_is_found_lost_again_after_a_reload_is_no_news() -> None:
    notice = update(CALM, [NORTH], 0)
    assert update(notice, [replace(NORTH, since=NOW + timedelta(seconds=9))], 1) == notice


@given(st.lists(st.sets(st.sampled_from("abcdef"))), st.floats(0, 2 * WELL_FOR))
def test_whatever_happens_every_loss_since_the_press_is_told(looks: list[set[str]], pause: float) -> None:
    notice = CALM
    for number, look in enumerate(looks):
        lost = [Loss(id=name, name=name, condition=Condition.FROZEN, since=NOW) for name in sorted(look)]
        changed = update(notice, lost, number * pause)
        assert set(lost) <= set(changed.losses)
        assert {loss.id for loss in changed.losses} == look | changed.well.keys()
        assert (changed.revision > notice.revision) == (set(changed.losses) != set(notice.losses))
        assert (changed.urgent > notice.urgent) == bool(look - {loss.id for loss in notice.losses})
        assert 0 <= changed.urgent <= changed.revision
        notice = changed


@pytest.mark.parametrize(
    ("language", "title", "lines"),
    [
        (
            Language.ID,
            "Indikasi gangguan kamera",
            ["Rutan Blora", "Tembok utara: tertutup (14.02.11)", "Tembok selatan: tidak ada sinyal (14.02.11)"],
        ),
        (
            Language.EN,
            "Indication of camera trouble",
            ["Rutan Blora", "Tembok utara: covered (14:02:11)", "Tembok selatan: no signal (14:02:11)"],
        ),
    ],
)
def test_police_read_which_camera_what_is_the_matter_and_since_when(
    language: Language, title: str, lines: list[str]
) -> None:
    alert = compose(update(CALM, [NORTH, SOUTH], 0), language, site="Rutan Blora", zone=WIB)
    assert (alert.title, alert.text.splitlines()) == (title, lines)
    assert (alert.urgency is Urgency.NEWS, alert.answers, alert.ended, alert.tag) == (True, (), False, "01ABC_cctv")
    assert alert.details["cameras"][0] == {"name": "Tembok utara", "picture": "covered", "since": NOW.isoformat()}


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("condition", [*(condition for condition in Condition if condition is not Condition.OK), None])
def test_every_loss_has_a_word(language: Language, condition: Condition | None) -> None:
    loss = Loss(id="north", name="Utara", condition=condition, since=NOW)
    assert compose(update(CALM, [loss], 0), language, site="Rutan", zone=WIB).text.splitlines()[1].startswith("Utara: ")


def test_cameras_that_are_back_are_said_to_be() -> None:
    notice = update(update(update(CALM, [NORTH], 0), [], 1), [], 1 + WELL_FOR)
    assert compose(notice, Language.ID, site="Rutan Blora", zone=WIB).title == "Kamera kembali normal"


def test_drill_says_so_first() -> None:
    notice = update(Notice(incident_id="01ABC", drill=True), [NORTH], 0)
    alert = compose(notice, Language.ID, site="Rutan Blora", zone=WIB)
    assert alert.title == "LATIHAN: Indikasi gangguan kamera"
    assert alert.drill


def test_end_is_quiet_and_takes_the_news_off() -> None:
    notice = end(update(CALM, [NORTH], 0))
    alert = compose(notice, Language.ID, site="Rutan Blora", zone=WIB)
    assert (alert.ended, alert.answered, alert.revision, alert.urgent) == (True, True, 2, 1)


RECORDED: Final = replace(update(CALM, [NORTH, replace(SOUTH, condition=None)], 0), before=frozenset({"east"}))


def record(body: object, kind: str = RECORD_NOTICE) -> Record:
    return seal(Draft(kind=kind, at=NOW, body=body), seq=1, prev=GENESIS)  # type: ignore[arg-type]


def test_what_was_told_is_known_from_the_record() -> None:
    assert recorded("01ABC", [record(to_body(CALM)), record(to_body(RECORDED))]) == RECORDED
    assert recorded("01ABC", [record({}, "delivery")]) is None
    assert (CALM.has_news, RECORDED.has_news) == (False, True)


@pytest.mark.parametrize(
    "damage",
    [
        {"losses": [{"id": "x"}]},
        {"losses": [{**to_body(RECORDED)["losses"][0], "since": "noon"}]},
        {"losses": [{**to_body(RECORDED)["losses"][0], "condition": "stolen"}]},
        {"before": "east"},
        {"revision": -1},
        {"more": 1},
    ],
)
def test_damaged_record_is_left_out(damage: dict[str, object]) -> None:
    assert recorded("01ABC", [record(to_body(RECORDED)), record({**to_body(CALM), **damage})]) == RECORDED
    assert recorded("01ABC", [replace(record(to_body(CALM)), body="{")]) is None


def test_push_names_what_can_be_read_and_counts_the_rest() -> None:
    lost = [Loss(id=str(n), name=f"Kamera {n}", condition=Condition.NO_SIGNAL, since=NOW) for n in range(MAX_NAMED + 3)]
    lines = compose(update(CALM, lost, 0), Language.ID, site="Rutan", zone=WIB).text.splitlines()
    assert len(lines) == MAX_NAMED + 2
    assert lines[-1] == "dan 3 kamera lain"


def test_name_cannot_forge_a_line() -> None:
    loss = Loss(id="x", name="Utara\nSelesai: tertangani<b>", condition=Condition.COVERED, since=NOW)
    text = compose(update(CALM, [loss], 0), Language.ID, site="Rutan", zone=WIB).text
    assert len(text.splitlines()) == 2
    assert "<" not in text
