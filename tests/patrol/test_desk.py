"""The patrol desk: visits in; journal, verdicts and listeners out; and on again after a restart."""

from contextlib import closing
from datetime import datetime, timedelta
import sqlite3
import threading
from typing import Any, Final
from unittest.mock import Mock, PropertyMock, patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from sqlalchemy.exc import OperationalError

from custom_components.rutan_blora.actor import RefusedError
from custom_components.rutan_blora.journal.store import Journal
from custom_components.rutan_blora.patrol.book import VISIT_KINDS
from custom_components.rutan_blora.patrol.check_in import CheckIn, Officer, Report
from custom_components.rutan_blora.patrol.desk import LOOK_EVERY, MEMORY, PatrolDesk
from custom_components.rutan_blora.patrol.judgement import Judgement
from custom_components.rutan_blora.patrol.visit import Correction, Visit
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from tests.common import ENTRY_ID, SITE, FakePhone, House, checkpoint, panic_button, patrol_plan, turns, until
from tests.visits import GUARD, SATLANTAS, Clock, check_in, visits

pytest_plugins = ("tests.fixtures",)

PLAN: Final = "patroli_malam"
SAMAPTA: Final = Officer(name="Budi", rank="Aipda", unit="Sat Samapta")
BERLIN: Final = "Europe/Berlin"


@pytest.fixture(autouse=True)
async def clock(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Clock:
    """Give the clock of the house; it is early in the evening."""
    await hass.config.async_set_time_zone("Asia/Jakarta")
    clock = Clock(hass, freezer)
    clock.set("18:00")
    return clock


async def verdicts(house: House) -> list[tuple[str, str]]:
    """Return the verdicts on record: when each window began by the house's clock, and what became of it."""
    found = []
    for row in await house.rows("patrol_verdict"):
        start = datetime.fromisoformat(row.loaded["slot"]["start"]).astimezone(dt_util.get_default_time_zone())
        found.append((f"{start:%d %H:%M}", ",".join(result["verdict"] for result in row.loaded["results"])))
    return found


async def settle(house: House) -> None:
    await house.hass.async_block_till_done(wait_background_tasks=True)


def alter(house: House, sql: str, *arguments: str) -> None:
    """Alter the journal behind its back."""
    with closing(sqlite3.connect(house.journal_path)) as journal:
        journal.execute("DROP TRIGGER IF EXISTS records_no_update")
        journal.execute(sql, arguments)
        journal.commit()


# --- verdicts ---


async def test_verdict_is_recorded_once_when_the_grace_is_over_with_all_it_was_judged_by(
    house: House, clock: Clock
) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    heard: list[Judgement] = []
    stop = house.facility.patrol.listen_judged(heard.append)
    await clock.to("20:30")
    visit = check_in(house, SATLANTAS)
    await clock.to("22:01", "22:14", "22:15")
    assert await verdicts(house) == []
    await clock.to("22:16", "22:30", "24 12:00")
    (row,) = await house.rows("patrol_verdict")
    assert row.subject == PLAN
    assert row.loaded == {
        "slot": {
            "plan_id": PLAN,
            "plan": "Patroli malam",
            "start": "2026-11-23T13:00:00+00:00",
            "end": "2026-11-23T15:00:00+00:00",
            "visits": 1,
            "grace": 900.0,
            "checkpoints": ["pos_utama"],
        },
        "results": [{"verdict": "on_time", "visit_id": visit.id, "at": "2026-11-23T13:30:00+00:00", "missing": []}],
    }
    assert [judgement.slot.start for judgement in heard] == [Clock.at("20:00")]
    stop()
    await clock.to("24 22:16")
    assert len(heard) == 1
    assert await verdicts(house) == [("23 20:00", "on_time"), ("24 20:00", "missed")]


@pytest.mark.parametrize("again", ["reload", "restart"])
async def test_reload_or_restart_inside_a_window_changes_nothing(house: House, clock: Clock, again: str) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:30")
    check_in(house, SATLANTAS)
    await settle(house)
    before, shown = await house.rows(), house.facility.patrol.next_slot()
    for at in ("20:40", "21:50", "22:10"):
        clock.set(at)
        await getattr(house, again)()
        await settle(house)
        assert await house.rows() == before
    assert house.facility.patrol.next_slot() == shown
    await clock.to("22:16")
    await getattr(house, again)()
    await settle(house)
    assert await verdicts(house) == [("23 20:00", "on_time")]
    assert [row.kind for row in await house.rows()] == [
        "patrol_planned",
        "visit_checked_in",
        "patrol_verdict",
    ]


async def test_windows_that_went_by_while_home_assistant_was_off_are_judged_when_it_is_back(
    house: House, clock: Clock
) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:30")
    check_in(house, SATLANTAS)
    await settle(house)
    await house.rows()
    await house.switch_off()
    clock.set("26 08:00")
    await house.set_up_again()
    assert await verdicts(house) == [("23 20:00", "on_time"), ("24 20:00", "missed"), ("25 20:00", "missed")]
    assert house.entity("sensor", "compliance", "Patroli malam").attributes["expected"] == 3


async def test_window_that_has_begun_is_judged_as_it_was_when_the_plan_is_edited(
    hass: HomeAssistant, house: House, clock: Clock
) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:30")
    later = {**patrol_plan()["data"], "windows": [{"start": "21:00:00", "end": "21:30:00", "visits": 2}], "grace": 60}
    hass.config_entries.async_update_subentry(house.entry, house.entry.subentries[PLAN], data=later)
    await settle(house)
    await clock.to("21:32", "22:16")
    assert await verdicts(house) == [("23 21:00", "missed,missed"), ("23 20:00", "missed")]
    await clock.to("24 21:32", "24 22:16")
    assert (await verdicts(house))[2:] == [("24 21:00", "missed,missed")]
    assert [row.loaded["slot"]["grace"] for row in await house.rows("patrol_verdict")] == [60.0, 900.0, 60.0]


async def test_plan_that_is_deleted_in_its_window_is_judged_once_more(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:30")
    await house.remove_part("Patroli malam")
    await clock.to("22:16", "24 22:16")
    assert await verdicts(house) == [("23 20:00", "missed")]
    assert [row.loaded["plan"] is None for row in await house.rows("patrol_planned")] == [False, True]


async def test_late_entry_revises_the_verdict_by_a_record_beside_the_first(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:01", "22:16")
    await clock.to("24 07:00")
    visit = check_in(house, SATLANTAS, at=Clock.at("21:10"))
    await settle(house)
    assert await verdicts(house) == [("23 20:00", "missed"), ("23 20:00", "on_time")]
    assert house.facility.patrol.verdict(visit).value == "on_time"
    (judgement,) = house.facility.patrol.outlook.plan(PLAN).outcomes.all
    assert judgement.results[0].visit_id == visit.id
    # What is not of the time of a window that was judged, judges nothing anew.
    house.facility.patrol.countersign(GUARD, visit.id)
    check_in(house, SAMAPTA, at=Clock.at("21:20"))
    await clock.to("24 08:00")
    await house.rows()
    await house.restart()
    assert len(await verdicts(house)) == 2


async def test_late_entry_is_closed_at_once_it_is_not_still_going_on(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint())
    check_in(house, SATLANTAS, at=Clock.at("20 21:10"))
    await settle(house)
    (visit,) = visits(house)
    assert not visit.is_open
    assert visit.is_late_entry
    assert [row.kind for row in await house.rows()] == ["visit_checked_in", "visit_timed_out"]


async def test_visit_that_is_taken_back_revises_the_verdict(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:30")
    visit = check_in(house, SATLANTAS)
    await clock.to("22:16")
    house.facility.patrol.correct(GUARD, visit.id, Correction(void=True, reason="Orang lain"))
    house.facility.patrol.correct(GUARD, visit.id, Correction(report=Report(note="Salah tag"), reason="Lagi"))
    await settle(house)
    assert await verdicts(house) == [("23 20:00", "on_time"), ("23 20:00", "missed")]
    assert house.facility.patrol.last_check_in("pos_utama") is None


@pytest.mark.parametrize("when", ["19:00", "21:00", "24 08:00"], ids=["before", "in it", "after"])
async def test_excused_window_leaves_the_figures_and_stays_excused(house: House, clock: Clock, when: str) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    for at in ("19:00", "20:01", "21:00", "22:16", "24 08:00"):
        await clock.to(at)
        if at == when:
            slot = house.facility.patrol.excuse(GUARD, PLAN, Clock.at("20:30"), "Pilkada")
            assert slot.start == Clock.at("20:00")
    await house.rows()
    await house.restart()
    shown = house.entity("sensor", "compliance", "Patroli malam")
    assert (shown.state, shown.attributes["excused"], shown.attributes["expected"]) == ("unknown", 1, 0)
    (row,) = await house.rows("patrol_excused")
    assert (row.subject, row.loaded["reason"], row.loaded["actor"]["name"]) == (PLAN, "Pilkada", "Slamet")


async def test_time_at_which_nothing_is_expected_cannot_be_excused(house: House) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    for plan_id, at in ((PLAN, "12:00"), ("gone", "21:00")):
        with pytest.raises(RefusedError, match="no_such_window"):
            house.facility.patrol.excuse(GUARD, plan_id, Clock.at(at), "Pilkada")
    assert await house.rows("patrol_excused") == []


# --- clocks ---


async def test_windows_follow_the_clock_where_it_is_changed(
    hass: HomeAssistant, house: House, freezer: FrozenDateTimeFactory
) -> None:
    """In Berlin the clock is put forward on 28 March 2027 at 02:00, and back on 31 October at 03:00."""
    await hass.config.async_set_time_zone(BERLIN)
    windows = ({"start": "01:30:00", "end": "02:30:00", "visits": 1},)
    for date, hours in (("2027-03-27", 0.5), ("2027-10-30", 2.0)):
        freezer.move_to(f"{date}T12:00:00+00:00")
        await house.set_up(checkpoint(), patrol_plan(windows=windows)) if date == "2027-03-27" else await house.reload()
        slot = house.facility.patrol.next_slot()
        assert slot is not None
        assert (slot.end - slot.start) / timedelta(hours=1) == hours
        assert f"{slot.start.astimezone(dt_util.get_default_time_zone()):%d %H:%M}" in ("28 01:30", "31 01:30")


async def test_clock_that_is_set_back_judges_nothing_twice_and_a_visit_still_counts(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:01", "22:16")
    assert await verdicts(house) == [("23 20:00", "missed")]
    await clock.to("20:30", "20:45")
    check_in(house, SATLANTAS)
    await clock.to("22:01", "22:16", "24 08:00")
    assert await verdicts(house) == [("23 20:00", "missed"), ("23 20:00", "on_time")]


async def test_clock_that_is_set_forward_is_noticed_by_itself(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("19:00")
    clock.set("23:00")
    # Nothing fires but the look that is due anyway.
    delay = house.facility.patrol._timer.when() - house.hass.loop.time()  # type: ignore[union-attr]
    assert delay <= LOOK_EVERY.total_seconds()
    await clock.to("23:10")
    assert await verdicts(house) == [("23 20:00", "missed")]


async def test_time_zone_that_is_set_later_does_not_rewrite_what_was_expected(
    hass: HomeAssistant, house: House, clock: Clock
) -> None:
    await hass.config.async_set_time_zone("UTC")
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("25 12:00")
    await hass.config.async_set_time_zone("Asia/Jakarta")
    await clock.to("25 12:20", "25 20:01", "25 22:16")
    for _ in range(2):
        assert [at for at, _ in await verdicts(house)] == ["24 03:00", "25 03:00", "25 20:00"]
        await house.rows()
        await house.restart()
        await settle(house)
    assert [row.loaded["zone"] for row in await house.rows("patrol_planned")] == ["UTC", "Asia/Jakarta"]


# --- visits ---


async def test_everything_that_happens_to_a_visit_is_recorded_and_told(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), checkpoint("Menara"))
    heard: list[tuple[str, str]] = []
    stop = house.facility.patrol.listen(lambda event, visit: heard.append((event.type.value, visit.id)))
    patrol = house.facility.patrol
    visit = check_in(house, SATLANTAS)
    clock.set("18:10")
    check_in(house, SATLANTAS, place="menara")
    patrol.countersign(GUARD)
    clock.set("18:30")
    assert patrol.check_out(GUARD).departed_at == Clock.at("18:30")
    patrol.correct(GUARD, visit.id, Correction(officer=SAMAPTA, reason="Salah ketik"))
    await settle(house)
    kinds = [
        "visit_checked_in",
        "visit_checked_in",
        "visit_countersigned",
        "visit_checked_out",
        "visit_corrected",
    ]
    assert heard == [(kind, visit.id) for kind in kinds]
    rows = await house.rows(*VISIT_KINDS)
    assert [(row.kind, row.incident) for row in rows] == heard
    assert [row.subject for row in rows] == ["pos_utama", "menara", "guard", "guard", "guard"]
    stop()
    check_in(house, SAMAPTA)
    await settle(house)
    assert len(heard) == len(kinds)


async def test_same_check_in_again_is_no_news_and_a_better_one_is(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(debounce=300))
    first = check_in(house, SATLANTAS)
    clock.set("18:04")
    assert check_in(house, SATLANTAS).id == first.id
    assert len(await house.rows("visit_checked_in")) == 1
    check_in(house, SATLANTAS, report=Report(note="Aman"))
    clock.set("18:10")
    check_in(house, SATLANTAS)
    assert len(await house.rows("visit_checked_in")) == 3
    assert len(visits(house)) == 1


async def test_visit_of_which_nothing_is_heard_is_closed_and_said_so(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), panic_button())
    visit = check_in(house, SATLANTAS)
    await clock.to("19:59")
    assert house.facility.patrol.find_open() is not None
    await clock.to("20:01")
    (visit,) = visits(house)
    assert (visit.timed_out_at, visit.departed_at) == (Clock.at("20:01"), None)
    assert house.facility.patrol.find_open() is None
    (row,) = await house.rows("visit_timed_out")
    assert row.loaded["actor"] == {"origin": "plan", "id": None, "name": ""}
    with pytest.raises(RefusedError, match="no_open_visit"):
        house.facility.patrol.check_out(GUARD)


async def test_time_after_which_a_visit_is_closed_is_an_option(hass: HomeAssistant, house: House, clock: Clock) -> None:
    await house.set_up(checkpoint())
    hass.config_entries.async_update_entry(house.entry, options={"language": "id", "visit_timeout": 600})
    await settle(house)
    check_in(house, SATLANTAS)
    await clock.to("18:09")
    assert house.facility.patrol.find_open() is not None
    await clock.to("18:11")
    assert house.facility.patrol.find_open() is None


async def test_check_out_means_the_latest_to_come_at_a_place_its_latest(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), checkpoint("Menara"))
    patrol = house.facility.patrol
    first = check_in(house, SATLANTAS)
    clock.set("18:10")
    second = check_in(house, SAMAPTA, place="menara")
    assert patrol.check_out_at("pos_utama", GUARD).id == first.id
    clock.set("18:20")
    third = check_in(house, SATLANTAS, place="menara")
    assert third.id not in (first.id, second.id)
    assert patrol.check_out_at("menara", GUARD).id == third.id
    assert patrol.check_out(GUARD).id == second.id
    with pytest.raises(RefusedError, match="no_open_visit"):
        patrol.check_out_at("menara", GUARD)
    with pytest.raises(RefusedError, match="no_open_visit"):
        patrol.check_out(GUARD)


async def test_signature_is_for_the_latest_and_for_no_other_if_it_is_given_twice(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint())
    patrol = house.facility.patrol
    first = check_in(house, SATLANTAS)
    clock.set("18:10")
    second = check_in(house, SAMAPTA)
    assert patrol.countersign(GUARD).id == second.id
    with pytest.raises(RefusedError, match="already_signed"):
        patrol.countersign(GUARD)
    assert patrol.book.visits[first.id].countersigned is None
    # Who names a visit says what he means.
    assert [patrol.countersign(GUARD, first.id).id for _ in range(2)] == [first.id] * 2
    third = check_in(house, Officer(name="Agus", unit="Polsek Cepu"))
    await clock.to("20:11")
    assert patrol.latest is None
    with pytest.raises(RefusedError, match="no_such_visit"):
        patrol.countersign(GUARD)
    # Who names it may still sign.
    assert patrol.countersign(GUARD, third.id).countersigned is not None


async def test_round_under_way_is_the_latest_that_touches_the_plan(house: House, clock: Clock) -> None:
    await house.set_up(
        checkpoint(), checkpoint("Menara"), checkpoint("Dapur"), patrol_plan("Patroli malam", "pos_utama", "menara")
    )
    patrol = house.facility.patrol
    assert patrol.running(PLAN) is None
    first = check_in(house, SATLANTAS)
    clock.set("18:10")
    check_in(house, SAMAPTA, place="dapur")
    running = patrol.running(PLAN)
    assert running is not None
    assert (running[0].id, set(running[1])) == (first.id, {"menara"})


async def test_place_of_a_visit_is_that_of_its_last_check_in_be_it_gone(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(location="Gerbang dalam"), checkpoint("Menara", location="Menara timur"))
    check_in(house, SATLANTAS)
    clock.set("18:10")
    visit = check_in(house, SATLANTAS, place="menara")
    assert house.facility.patrol.location(visit) == "Menara timur"
    await house.remove_part("Menara")
    (visit,) = visits(house)
    assert house.facility.patrol.location(visit) == "Menara"


@pytest.mark.parametrize(
    ("after", "refusal"),
    [(timedelta(minutes=2, seconds=1), "time_in_future"), (timedelta(days=-7, seconds=-1), "time_too_old")],
)
async def test_time_that_cannot_be_is_refused_and_nothing_changes(house: House, after: timedelta, refusal: str) -> None:
    await house.set_up(checkpoint())
    with pytest.raises(RefusedError, match=refusal):
        check_in(house, SATLANTAS, at=dt_util.utcnow() + after)
    assert visits(house) == []
    assert await house.rows() == []


async def test_phone_whose_clock_is_a_little_ahead_comes_now(house: House) -> None:
    await house.set_up(checkpoint())
    assert check_in(house, SATLANTAS, at=dt_util.utcnow() + timedelta(minutes=2)).arrived_at == dt_util.utcnow()


async def test_visit_goes_on_after_a_restart(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), checkpoint("Menara"))
    visit = check_in(house, SATLANTAS)
    await settle(house)
    await house.rows()
    await house.restart()
    clock.set("18:30")
    assert check_in(house, SATLANTAS, place="menara").id == visit.id
    await clock.to("20:29")
    assert house.facility.patrol.find_open(visit.id) is not None
    await clock.to("20:31")
    assert house.facility.patrol.find_open(visit.id) is None


async def test_what_is_over_for_long_is_let_go_and_the_journal_has_it(house: House, clock: Clock) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:30")
    check_in(house, SATLANTAS)
    await clock.to("22:31")
    book = house.facility.patrol.book
    assert (len(book.visits), len(book.judgements)) == (1, 1)
    later = Clock.at("22:31") + MEMORY
    clock._freezer.move_to(later)
    house.facility.patrol._tick()
    assert book.visits == {}
    assert min(judgement.slot.start for judgement in book.judgements.values()) > later - MEMORY - timedelta(days=1)
    assert len(await house.rows("visit_checked_in")) == 1


# --- the journal in trouble ---


def broken(*_: Any, **__: Any) -> list[Any]:
    raise OperationalError("SELECT", None, Exception("database disk image is malformed"))


async def test_visits_are_taken_in_and_the_alarm_works_while_their_records_cannot_be_read(
    hass: HomeAssistant, house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    budi: FakePhone = await house.pair_taken_over("HP Budi")
    await house.set_up(panic_button(), checkpoint(), patrol_plan(police_devices=["hp_budi"]), budi.police_device())
    await house.press_entity()
    await clock.to("20:30")
    check_in(house, SATLANTAS)
    await settle(house)
    await house.rows()
    await house.switch_off()
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "of_kind", broken)
        await house.set_up_again()
    assert house.state("binary_sensor", "journal") == "on"
    assert ir.async_get(hass).async_get_issue("rutan_blora", f"journal_failed_{ENTRY_ID}") is not None
    # The open incident is none the worse for it.
    assert house.state("sensor", "alarm_state") == "alarm"
    check_in(house, SAMAPTA)
    assert len(visits(house)) == 1
    # Who had come to this window nobody knows: it is not called missed.
    await clock.to("22:01", "22:16")
    assert await verdicts(house) == []
    assert not any("Kunjungan" in push.title for push in budi.pushes)
    await clock.to("24 20:01", "24 22:16")
    assert await verdicts(house) == [("24 20:00", "missed")]


async def test_journal_that_reads_visits_slowly_keeps_no_alarm_waiting_and_they_are_taken_up_later(
    hass: HomeAssistant, house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.set_up(panic_button(), checkpoint(), patrol_plan())
    await clock.to("20:30")
    first = check_in(house, SATLANTAS)
    await settle(house)
    await house.press_entity()
    before = await house.rows("patrol_planned", "visit_checked_in", "raised")
    await house.switch_off()
    entered, go_on, of_kind = threading.Event(), threading.Event(), Journal.of_kind

    def slow(journal: Journal, *arguments: Any, **options: Any) -> list[Any]:
        entered.set()
        go_on.wait(10)
        return of_kind(journal, *arguments, **options)

    monkeypatch.setattr(Journal, "of_kind", slow)
    setting_up = hass.async_create_task(hass.config_entries.async_setup(ENTRY_ID))
    await until(entered.is_set)
    clock.set("20:31")
    await until(lambda: house.entry.state is ConfigEntryState.LOADED)
    assert await setting_up
    assert house.state("sensor", "alarm_state") == "alarm"
    assert house.state("binary_sensor", "journal") == "off"
    second = check_in(house, SAMAPTA)
    go_on.set()
    await until(lambda: first.id in house.facility.patrol.book.visits)
    await settle(house)
    assert {visit.id for visit in visits(house)} == {first.id, second.id}
    assert (await house.rows("patrol_planned", "visit_checked_in", "raised"))[: len(before)] == before
    await clock.to("22:16")
    assert await verdicts(house) == [("23 20:00", "on_time")]


async def test_record_that_is_damaged_is_said_and_the_rest_counts(
    hass: HomeAssistant, house: House, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:30")
    check_in(house, SATLANTAS)
    clock.set("20:40")
    check_in(house, SAMAPTA)
    await settle(house)
    await house.rows()
    await house.switch_off()
    alter(house, "UPDATE records SET body = '{}' WHERE kind = 'visit_checked_in' AND body LIKE '%Samapta%'")
    await house.set_up_again()
    assert [visit.unit for visit in visits(house)] == ["Satlantas"]
    assert "Record 3 of the journal cannot be replayed" in caplog.text
    assert house.state("binary_sensor", "journal") == "on"
    issue = ir.async_get(hass).async_get_issue("rutan_blora", f"journal_altered_{ENTRY_ID}")
    assert issue is not None
    assert issue.translation_placeholders == {"site": SITE, "records": "3"}
    caplog.clear()
    await clock.to("22:16")
    assert await verdicts(house) == [("23 20:00", "on_time")]


async def test_record_of_a_visit_that_was_altered_is_shown(hass: HomeAssistant, house: House) -> None:
    await house.set_up(checkpoint())
    for number in range(12):
        check_in(house, Officer(name=f"Petugas {number}", unit=f"Unit {number}"))
    await settle(house)
    await house.rows()
    await house.switch_off()
    alter(house, "UPDATE records SET body = replace(body, 'Petugas', 'Orang')")
    await house.set_up_again()
    issue = ir.async_get(hass).async_get_issue("rutan_blora", f"journal_altered_{ENTRY_ID}")
    assert issue is not None
    assert issue.translation_placeholders == {"site": SITE, "records": "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 …"}
    assert len(visits(house)) == 12


async def test_verdict_that_is_damaged_is_judged_again(
    house: House, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    await clock.to("20:30")
    check_in(house, SATLANTAS)
    await clock.to("22:16")
    await house.rows()
    await house.switch_off()
    alter(house, "UPDATE records SET body = '{' WHERE kind = 'patrol_verdict'")
    await house.set_up_again()
    assert "cannot be replayed" in caplog.text
    caplog.clear()
    rows = await house.rows("patrol_verdict")
    assert [row.loaded["results"][0]["verdict"] for row in rows[1:]] == ["on_time"]


# --- whatever visits do, the alarm works ---


async def test_press_does_nothing_about_visits_however_many_there_are(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    budi: FakePhone = await house.pair_taken_over("HP Budi")
    await house.set_up(panic_button(), checkpoint(), patrol_plan(), budi.police_device())
    many = dict.fromkeys((f"visit {number}" for number in range(3000)), Mock(spec=Visit))
    monkeypatch.setattr(house.facility.patrol.book, "visits", many)
    looked = PropertyMock(side_effect=AssertionError("nothing of visits is looked at"))
    with patch.object(PatrolDesk, "outlook", looked):
        house.facility.buttons.press("gerbang")
        # Nothing was awaited yet.
        assert budi.titles == ["DARURAT: Tombol panik – Pintu Utama"]
        await turns()
        await budi.answer("ACK")
        assert house.state("sensor", "alarm_state") == "acknowledged"
        await house.call("close_alarm", outcome="resolved")
    looked.assert_not_called()


async def test_look_that_fails_is_not_the_last(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    with monkeypatch.context() as patched:
        patched.setattr(PatrolDesk, "_time_out", Mock(side_effect=ValueError("broken")))
        house.hass.loop.set_exception_handler(lambda _, __: None)
        await clock.to("20:01")
    await clock.to("22:16")
    caplog.clear()
    assert await verdicts(house) == [("23 20:00", "missed")]


async def test_desk_that_was_stopped_looks_no_more(house: House) -> None:
    await house.set_up(checkpoint())
    patrol = house.facility.patrol
    await house.reload()
    assert house.facility.patrol is not patrol
    patrol.check_in(_scan(), GUARD)
    assert patrol._timer is None
    patrol._wait(1)
    assert patrol._timer is None
    assert len(visits(house)) == 1


def _scan() -> CheckIn:
    now = dt_util.utcnow()
    return CheckIn(checkpoint_id="pos_utama", checkpoint="Pos utama", at=now, received_at=now)
