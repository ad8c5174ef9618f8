"""The actions on the record: read, and checked as a whole."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
import json
import sqlite3
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
import voluptuous as vol

from custom_components.rutan_blora.journal.record import Draft
from custom_components.rutan_blora.journal.store import Journal
from homeassistant.auth.const import GROUP_ID_ADMIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..common import ENTRY_ID, House, panic_button

pytest_plugins = ("tests.fixtures",)

type Json = dict[str, Any]


@pytest.fixture
async def facility(house: House) -> House:
    """Give a house whose facility is set up, with an incident on record."""
    await house.set_up(panic_button())
    await house.press_entity()
    await house.call("close_alarm", outcome="false_alarm", reason="Salah tekan")
    return house


async def write(house: House, *drafts: Draft) -> None:
    """Append records and wait until they are on the disk."""
    for draft in drafts:
        house.facility.kept.journal.append(draft)
    await house.rows()


@contextmanager
def behind_its_back(house: House) -> Iterator[sqlite3.Connection]:
    """Alter the journal as somebody does who has the file."""
    with closing(sqlite3.connect(house.journal_path, isolation_level=None)) as database:
        database.execute("DROP TRIGGER IF EXISTS records_no_update")
        database.execute("DROP TRIGGER IF EXISTS records_no_delete")
        yield database


def altered(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue("rutan_blora", f"journal_altered_{ENTRY_ID}")


# --- reading ---


async def test_records_are_returned_with_what_they_say(facility: House) -> None:
    await facility.rows()
    response = await facility.call("get_journal")
    assert response["more"] is False
    raised = next(record for record in response["records"] if record["kind"] == "raised")
    assert raised["intact"] is True
    assert raised["seq"] == 1
    assert len(raised["hash"]) == 64
    assert "Pintu Utama" in json.dumps(raised["body"])
    closed = next(record for record in response["records"] if record["kind"] == "closed")
    assert "Salah tekan" in json.dumps(closed["body"])
    assert closed["incident"] == raised["incident"]
    # As the frontend gets it.
    assert json.loads(json.dumps(response)) == response


def a_note(minute: int, kind: str = "note", incident: str | None = None) -> Draft:
    at = datetime(2026, 3, 2, 8, minute, tzinfo=dt_util.get_time_zone("Asia/Jakarta"))
    return Draft(kind=kind, at=at, body={"minute": minute}, incident=incident)


@pytest.mark.parametrize(
    ("asked", "minutes", "more"),
    [
        ({}, [3, 1, 2, 4], False),
        ({"limit": 2}, [2, 4], True),
        ({"limit": 4}, [3, 1, 2, 4], False),
        ({"kinds": ["arrived"]}, [1, 4], False),
        ({"kinds": ["arrived", "left"]}, [1, 2, 4], False),
        ({"kinds": "left"}, [2], False),
        ({"incident": "A"}, [1, 2], False),
        ({"incident": "B", "kinds": ["left"]}, [], False),
        ({"start": "2026-03-02 08:02:00"}, [3, 2, 4], False),
        ({"start": "2026-03-02T01:02:00+00:00", "end": "2026-03-02T08:04:00+07:00"}, [3, 2], False),
    ],
)
async def test_records_are_chosen(
    hass: HomeAssistant, house: House, asked: Json, minutes: list[int], *, more: bool
) -> None:
    await hass.config.async_set_time_zone("Asia/Jakarta")
    await house.set_up()
    await write(house, a_note(3), a_note(1, "arrived", "A"), a_note(2, "left", "A"), a_note(4, "arrived", "B"))
    asked = {"kinds": ["note", "arrived", "left"], **asked}
    response = await house.call("get_journal", **asked)
    assert [record["body"]["minute"] for record in response["records"]] == minutes
    assert response["more"] is more


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("body", "'{'", {"body": None, "text": "{"}),
        ("body", "'[1]'", {"body": None, "text": "[1]"}),
        ("body", "x'fb00'", {"body": None, "text": repr(b"\xfb\x00")}),
        ("body", "CAST(x'fb' || body AS TEXT)", {"body": None, "text": '\ufffd{"minute":1}'}),
        ("body", """'{"minute":9}'""", {"body": {"minute": 9}}),
        ("kind", "x'fb'", {"body": {"minute": 1}, "kind": repr(b"\xfb")}),
    ],
)
async def test_a_damaged_record_is_shown_as_damaged(house: House, column: str, value: str, shown: Json) -> None:
    await house.set_up()
    await write(house, a_note(1))
    with behind_its_back(house) as database:
        database.execute(f"UPDATE records SET {column} = {value} WHERE kind = 'note'")  # noqa: S608
    response = await house.call("get_journal")
    record = next(record for record in response["records"] if not record["intact"])
    assert record == {**record, **shown}
    assert ("text" in record) is ("text" in shown)


async def test_a_text_that_no_answer_can_hold_is_shown_as_it_is_stored(house: House) -> None:
    """A half of a character: what was stored is intact all the same."""
    await house.set_up()
    await write(house, Draft(kind="note", at=dt_util.utcnow(), body={"message": "\ud800"}))
    (record,) = (await house.call("get_journal", kinds=["note"]))["records"]
    assert record["intact"] is True
    assert (record["body"], record["text"]) == (None, '{"message":"\\ud800"}')


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"limit": 1001},
        {"limit": "many"},
        {"start": "yesterday"},
        {"end": "9999-12-31T23:59:59-12:00"},
        {"kinds": ["x"] * 101},
        {"unknown": 1},
    ],
)
async def test_what_cannot_be_asked_is_refused(facility: House, wrong: Json) -> None:
    with pytest.raises(vol.Invalid):
        await facility.call("get_journal", **wrong)


# --- checking ---


async def test_an_intact_journal_is_found_so(hass: HomeAssistant, facility: House) -> None:
    rows = await facility.rows()
    response = await facility.call("verify_journal")
    records = (await facility.call("get_journal", limit=1000))["records"]
    assert len(records) >= len(rows)
    assert response == {
        "intact": True,
        "records": len(records),
        "first_broken": None,
        "head": records[-1]["hash"],
        "at": records[-1]["at"],
        "head_found": None,
        "copy": None,
    }
    assert altered(hass) is None


async def test_an_empty_journal_has_nothing_broken(house: House) -> None:
    await house.set_up()
    with behind_its_back(house) as database:
        database.execute("DELETE FROM records")
    response = await house.call("verify_journal")
    assert (response["intact"], response["records"], response["head"], response["at"]) == (True, 0, None, None)


async def test_an_altered_journal_is_found_and_shown_until_it_is_mended(hass: HomeAssistant, facility: House) -> None:
    await facility.rows()
    with behind_its_back(facility) as database:
        ((body,),) = database.execute("SELECT body FROM records WHERE seq = 2")
        database.execute("UPDATE records SET body = '{}' WHERE seq = 2")
    response = await facility.call("verify_journal")
    assert response["intact"] is False
    assert response["first_broken"] == 2
    issue = altered(hass)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["records"] == "2"
    assert facility.state("binary_sensor", "journal") == "on"
    with behind_its_back(facility) as database:
        database.execute("UPDATE records SET body = ? WHERE seq = 2", (body,))
    assert (await facility.call("verify_journal"))["intact"] is True
    assert altered(hass) is None
    assert facility.state("binary_sensor", "journal") == "off"


async def test_a_cut_tail_is_found_only_against_a_head_that_was_kept(hass: HomeAssistant, facility: House) -> None:
    await facility.rows()
    before = await facility.call("verify_journal")
    kept = {"head": f" {before['head'].upper()} ", "seq": before["records"]}
    assert (await facility.call("verify_journal", **kept))["head_found"] is True
    with behind_its_back(facility) as database:
        database.execute("DELETE FROM records WHERE seq = ?", (before["records"],))
    assert (await facility.call("verify_journal"))["intact"] is True
    response = await facility.call("verify_journal", **kept)
    assert (response["intact"], response["head_found"], response["first_broken"]) == (False, False, None)
    # A head that was mistyped is no proof.
    assert altered(hass) is None


async def test_a_head_may_be_of_before(facility: House) -> None:
    await facility.rows()
    before = await facility.call("verify_journal")
    await write(facility, a_note(1))
    assert (await facility.call("verify_journal", head=before["head"]))["head_found"] is True
    wrong = await facility.call("verify_journal", head=before["head"], seq=before["records"] - 1)
    assert wrong["head_found"] is False


@pytest.mark.parametrize("wrong", [{"head": "abc"}, {"head": "g" * 64}, {"head": "0" * 64, "seq": -1}])
async def test_a_head_that_is_none_is_refused(facility: House, wrong: Json) -> None:
    with pytest.raises(vol.Invalid):
        await facility.call("verify_journal", **wrong)


async def test_a_number_without_its_head_is_refused(facility: House) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await facility.call("verify_journal", seq=1)
    assert refused.value.translation_key == "head_missing"


# --- who may, and what fails ---


@pytest.mark.parametrize("action", ["get_journal", "verify_journal"])
async def test_only_administrators_may(hass: HomeAssistant, facility: House, action: str) -> None:
    # First of all: the first user owns the house.
    admin = await hass.auth.async_create_user("Admin", group_ids=[GROUP_ID_ADMIN])
    with pytest.raises(Unauthorized):
        await facility.call(action, await facility.user("Petugas"))
    assert "records" in await facility.call(action, admin)
    # Automations have no user.
    assert "records" in await facility.call(action)


@pytest.mark.parametrize("action", ["get_journal", "verify_journal"])
async def test_a_journal_that_cannot_be_read_is_told(
    facility: House, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    def malformed(*_: Any, **__: Any) -> Any:
        raise OperationalError("SELECT", None, Exception("database disk image is malformed"))

    monkeypatch.setattr(Journal, "_read", malformed)
    with pytest.raises(HomeAssistantError) as failed:
        await facility.call(action)
    assert failed.value.translation_key == "journal_unreadable"
    assert failed.value.translation_placeholders == {
        "error": "(builtins.Exception) database disk image is malformed",
    }


@pytest.mark.parametrize("action", ["get_journal", "verify_journal"])
async def test_a_facility_there_is_not_is_told(hass: HomeAssistant, facility: House, action: str) -> None:
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            "rutan_blora", action, {"config_entry_id": "none"}, blocking=True, return_response=True
        )


async def test_a_journal_is_checked_while_it_is_written(facility: House) -> None:
    for minute in range(50):
        facility.facility.kept.journal.append(a_note(minute))
    response = await facility.call("verify_journal")
    assert response["intact"] is True
    await facility.rows()
    assert (await facility.call("verify_journal"))["records"] > 50
