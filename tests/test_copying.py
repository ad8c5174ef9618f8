"""The journal's copy in the house: begun with the option, shown when it is in trouble, and never in anybody's way."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import json
import logging
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.rutan_blora import copying
from custom_components.rutan_blora.const import CONF_JOURNAL_URL
from custom_components.rutan_blora.flows import journal as form_module
from custom_components.rutan_blora.flows.forms import CODE_NOT_CHANGED
from custom_components.rutan_blora.journal import copy, server as server_module
from custom_components.rutan_blora.journal.copy import CopyState
from custom_components.rutan_blora.journal.record import first_broken
from custom_components.rutan_blora.journal.server import Server
from custom_components.rutan_blora.journal.table import Reader
from demo.postgresql import PASSWORD, PostgreSQL
from homeassistant.config_entries import ConfigEntryDisabler, ConfigFlowResult
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir

from .common import ENTRY_ID, FakePhone, House, panic_button, until

pytest_plugins = ("tests.database", "tests.fixtures")

SCHEMA = "journal_rutan_blora"
OPTIONS = {"language": "id", "tier_delay": 30, "repeat_interval": 60, "response_time": 600, "visit_timeout": 120}


@pytest.fixture
def server(
    postgresql: PostgreSQL, socket_enabled: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[PostgreSQL]:
    """Give a server without a copy, and copies that are in a hurry; what was logged must hold no password."""
    for name, seconds in {"POLL": 0.01, "LOOK": 0.05, "FIRST_PAUSE": 0.01, "LAST_PAUSE": 0.05}.items():
        monkeypatch.setattr(copy, name, seconds)
    postgresql.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    caplog.set_level(logging.DEBUG, "custom_components.rutan_blora")
    yield postgresql
    assert PASSWORD not in caplog.text


async def set_up(house: House, url: str | None) -> None:
    """Set a facility up whose journal is copied."""
    house.add(panic_button())
    house.hass.config_entries.async_update_entry(house.entry, options={"language": "id", CONF_JOURNAL_URL: url})
    assert await house.hass.config_entries.async_setup(ENTRY_ID)
    await house.hass.async_block_till_done()


async def change(house: House, url: str) -> None:
    """Change where the copy is kept, as the form does."""
    options = {**house.entry.options, CONF_JOURNAL_URL: url}
    house.hass.config_entries.async_update_entry(house.entry, options=options)
    await house.hass.async_block_till_done()


def copied(server: PostgreSQL) -> list[str]:
    """Return the kinds of what the copy holds; the chain must be intact."""
    records = Reader(Server(server.url(), SCHEMA).engine).read(0, 1000)
    assert first_broken(records) is None
    return [record.kind for record in records]


async def until_same(house: House, server: PostgreSQL) -> None:
    """Wait until the copy has all that is on record."""
    rows = await house.rows()
    assert rows
    kept = house.facility.kept
    await until(lambda: (of := kept.copying._copy) is not None and of.health.seq == kept.journal.seq)


def issue(hass: HomeAssistant, key: str) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue("rutan_blora", f"{key}_{ENTRY_ID}")


def error_shown(hass: HomeAssistant) -> str:
    """Return with what error a copy is shown to be in trouble, nothing if it is not."""
    shown = issue(hass, "journal_copy_failed")
    return (shown.translation_placeholders or {})["error"] if shown is not None else ""


@contextmanager
def no_driver() -> Iterator[None]:
    """Be a house that has no driver and no internet."""
    with (
        patch("homeassistant.requirements.pkg_util.is_installed", lambda name: "psycopg" not in name),
        patch("homeassistant.requirements.pkg_util.install_package", return_value=False),
    ):
        yield


# --- it follows ---


async def test_what_is_on_record_is_copied(house: House, server: PostgreSQL) -> None:
    await set_up(house, server.url())
    await house.press_entity()
    await until_same(house, server)
    assert "raised" in copied(server)
    response = await house.call("verify_journal")
    assert response["intact"] is True
    assert response["copy"] == {"state": "same", "seq": response["records"], "error": None}


async def test_a_reload_does_not_end_the_copy(house: House, server: PostgreSQL) -> None:
    await set_up(house, server.url())
    await house.press_entity()
    await until_same(house, server)
    before = house.facility.kept.copying._copy
    await house.reload()
    assert house.facility.kept.copying._copy is before
    await house.call("close_alarm", outcome="resolved")
    await until_same(house, server)


async def test_another_address_is_followed_and_none_ends_it(house: House, server: PostgreSQL) -> None:
    await set_up(house, server.url(password="wrong"))
    await house.press_entity()
    await change(house, server.url())
    await until_same(house, server)
    ended = house.facility.kept.copying._copy
    assert ended is not None
    hass = house.hass
    hass.config_entries.async_update_entry(house.entry, options={"language": "id"})
    await hass.async_block_till_done()
    await until(lambda: not ended._thread.is_alive())
    assert (await house.call("verify_journal"))["copy"] is None


async def test_the_copy_begins_only_once_home_assistant_has_started(
    hass: HomeAssistant, house: House, server: PostgreSQL
) -> None:
    hass.set_state(CoreState.starting)
    await set_up(house, server.url())
    assert house.facility.kept.copying._copy is None
    assert (await house.call("verify_journal"))["copy"] == {"state": "away", "seq": 0, "error": None}
    hass.set_state(CoreState.running)
    hass.bus.async_fire("homeassistant_started")
    await house.press_entity()
    await until_same(house, server)


@pytest.mark.parametrize("end", ["disable", "remove"])
async def test_the_copy_ends_with_the_facility_and_what_was_copied_stays(
    hass: HomeAssistant, house: House, server: PostgreSQL, end: str
) -> None:
    await set_up(house, server.url())
    await house.press_entity()
    await until_same(house, server)
    ended = house.facility.kept.copying._copy
    assert ended is not None
    if end == "disable":
        await hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    else:
        await hass.config_entries.async_remove(ENTRY_ID)
    await until(lambda: not ended._thread.is_alive())
    assert "raised" in copied(server)


# --- trouble ---


async def test_a_server_that_is_away_for_a_moment_worries_nobody(house: House, server: PostgreSQL) -> None:
    await set_up(house, server.url())
    await house.press_entity()
    await until_same(house, server)
    with server.stopped():
        await until(lambda: house.facility.kept.copying._error is not None)
        assert issue(house.hass, "journal_copy_failed") is None
    await until(lambda: house.facility.kept.copying._error is None)
    assert copying.PATIENCE == 300


async def test_a_server_that_stays_away_is_shown_until_it_is_back(
    house: House, server: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PATIENCE", 0.01)
    await set_up(house, server.url())
    await house.press_entity()
    await until_same(house, server)
    with server.stopped():
        await until(lambda: issue(house.hass, "journal_copy_failed") is not None)
        shown = issue(house.hass, "journal_copy_failed")
        assert shown is not None
        assert shown.translation_key == "journal_copy_failed"
        assert shown.severity is ir.IssueSeverity.WARNING
        assert shown.translation_placeholders is not None
        assert shown.translation_placeholders["site"] == "Rutan Blora"
        await until(lambda: "refused" in error_shown(house.hass))
        # The journal itself is well.
        assert house.state("binary_sensor", "journal") == "off"
        response = await house.call("verify_journal")
        assert response["intact"] is True
        assert response["copy"]["state"] == "away"
        assert "refused" in response["copy"]["error"]
    await until(lambda: issue(house.hass, "journal_copy_failed") is None)


async def test_trouble_goes_with_the_option(house: House, server: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "PATIENCE", 0.01)
    await set_up(house, server.url(password="wr0ng-one"))
    await until(lambda: issue(house.hass, "journal_copy_failed") is not None)
    assert "password authentication failed" in error_shown(house.hass)
    assert "wr0ng-one" not in error_shown(house.hass)
    ended = house.facility.kept.copying._copy
    assert ended is not None
    house.hass.config_entries.async_update_entry(house.entry, options={"language": "id"})
    await house.hass.async_block_till_done()
    assert issue(house.hass, "journal_copy_failed") is None
    await until(lambda: not ended._thread.is_alive())


async def test_a_journal_that_was_lost_is_shown_at_once_and_its_copy_left_alone(
    house: House, server: PostgreSQL
) -> None:
    await set_up(house, server.url())
    await house.press_entity()
    await until_same(house, server)
    before = copied(server)
    await house.switch_off()
    for file in house.journal_path.parent.glob(f"{house.journal_path.name}*"):
        file.unlink()
    await house.set_up_again()
    await until(lambda: issue(house.hass, "journal_copy_differs") is not None)
    shown = issue(house.hass, "journal_copy_differs")
    assert shown is not None
    assert shown.translation_placeholders == {"site": "Rutan Blora", "seq": str(len(before))}
    response = await house.call("verify_journal")
    assert response["first_broken"] is None
    assert response["intact"] is False
    assert response["copy"] == {"state": "differs", "seq": len(before), "error": None}
    assert copied(server) == before


async def test_a_press_is_told_and_recorded_while_the_server_hangs(
    house: House, server: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_up(house, server.url())
    await house.press_entity()
    await until_same(house, server)
    with server.frozen():
        await house.call("close_alarm", outcome="resolved")
        await house.press_entity()
        assert [row.kind for row in await house.rows("raised")] == ["raised", "raised"]
        async with asyncio.timeout(5):
            await house.reload()
            await house.switch_off()
        await house.set_up_again()
    await until_same(house, server)


async def test_home_assistant_stops_while_the_server_hangs(
    hass: HomeAssistant, house: House, server: PostgreSQL
) -> None:
    await set_up(house, server.url())
    await house.press_entity()
    await until_same(house, server)
    with server.frozen():
        async with asyncio.timeout(5):
            await hass.async_stop(force=True)


async def test_a_house_without_the_driver_has_its_alarm_and_gets_the_copy_later(
    house: House, server: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "FETCH_PAUSE", 0.05)
    monkeypatch.setattr(copying, "PATIENCE", 0.01)
    house.hass.config.skip_pip = False
    with no_driver():
        await set_up(house, server.url())
        await house.press_entity()
        assert house.state("sensor", "alarm_state") == "alarm"
        await until(lambda: issue(house.hass, "journal_copy_failed") is not None)
        assert "psycopg" in error_shown(house.hass)
        assert "psycopg" in (await house.call("verify_journal"))["copy"]["error"]
    await until(lambda: issue(house.hass, "journal_copy_failed") is None)
    await until_same(house, server)


async def test_the_last_word_of_a_copy_that_is_not_kept_any_more_counts_for_nothing(
    house: House, server: PostgreSQL
) -> None:
    await set_up(house, server.url())
    house.facility.kept.copying._take("elsewhere", copy.CopyHealth(state=CopyState.DIFFERS, seq=1))
    assert issue(house.hass, "journal_copy_differs") is None


# --- the form ---


async def fill_in(house: House, **typed: object) -> ConfigFlowResult:
    """Fill in the options."""
    form = await house.hass.config_entries.options.async_init(ENTRY_ID)
    result = await house.hass.config_entries.options.async_configure(form["flow_id"], {**OPTIONS, **typed})
    await house.hass.async_block_till_done()
    return result


async def shown_url(house: House) -> object:
    """Return what the form shows of the address."""
    form = await house.hass.config_entries.options.async_init(ENTRY_ID)
    assert form["data_schema"] is not None
    (field,) = (field for field in form["data_schema"].schema if field == CONF_JOURNAL_URL)
    assert PASSWORD not in str(form)
    return (field.description or {}).get("suggested_value")


async def test_an_address_is_tried_saved_never_shown_and_kept_until_it_is_emptied(
    house: House, server: PostgreSQL
) -> None:
    await house.set_up(panic_button())
    assert await shown_url(house) is None
    result = await fill_in(house, journal_url=f" {server.url()} ")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert house.entry.options[CONF_JOURNAL_URL] == server.url()
    assert await shown_url(house) == CODE_NOT_CHANGED
    await house.press_entity()
    await until_same(house, server)
    await fill_in(house, journal_url=CODE_NOT_CHANGED, tier_delay=60)
    assert house.entry.options[CONF_JOURNAL_URL] == server.url()
    assert house.entry.options["tier_delay"] == 60
    ended = house.facility.kept.copying._copy
    assert ended is not None
    await fill_in(house)
    assert CONF_JOURNAL_URL not in house.entry.options
    await until(lambda: not ended._thread.is_alive())


@pytest.mark.parametrize("url", ["no address", "mysql://rutan:s3cret@127.0.0.1/rutan", "postgresql://a:b@c@d/e"])
async def test_an_address_that_is_none_is_told_and_changes_nothing(house: House, server: PostgreSQL, url: str) -> None:
    await house.set_up()
    before = dict(house.entry.options)
    result = await fill_in(house, journal_url=url)
    assert result["errors"] == {CONF_JOURNAL_URL: "journal_url_unfit"}
    assert house.entry.options == before


async def test_what_the_server_says_is_told_without_the_password(house: House, server: PostgreSQL) -> None:
    await house.set_up()
    result = await fill_in(house, journal_url=server.url(password="wr0ng-one"))
    assert result["errors"] == {CONF_JOURNAL_URL: "journal_unreachable"}
    placeholders: Any = result["description_placeholders"]
    assert "password authentication failed" in placeholders["error"]
    assert "wr0ng-one" not in json.dumps(dict(placeholders))


async def test_a_server_that_never_answers_holds_the_form_up_only_so_long(
    house: House, server: PostgreSQL, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "CONNECT_DEADLINE", 2)
    monkeypatch.setattr(form_module, "DEADLINE", 0.1)
    await house.set_up()
    result = await fill_in(house, journal_url=server.url(port=silent_port))
    assert result["errors"] == {CONF_JOURNAL_URL: "journal_unreachable"}
    # The driver gives up by itself.
    await house.hass.async_block_till_done()


async def test_an_address_cannot_be_tried_without_the_driver(house: House, server: PostgreSQL) -> None:
    await house.set_up()
    house.hass.config.skip_pip = False
    with no_driver():
        result = await fill_in(house, journal_url=server.url())
    assert result["errors"] == {CONF_JOURNAL_URL: "requirement_missing"}


# --- the secret ---


async def test_the_address_is_nowhere_but_in_the_options(
    hass: HomeAssistant, house: House, server: PostgreSQL, budi: FakePhone
) -> None:
    await set_up(house, server.url())
    await house.press_entity()
    await until_same(house, server)
    assert PASSWORD not in json.dumps([state.as_dict() for state in hass.states.async_all()], default=str)
    assert PASSWORD not in json.dumps(await house.call("get_journal"))
    assert PASSWORD not in json.dumps(await house.call("verify_journal"))
    assert PASSWORD not in str(vars(house.facility.kept.copying._copy)["health"])


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give an officer's phone."""
    return await house.pair_taken_over("HP Budi")
