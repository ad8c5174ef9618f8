"""Codes that people type: the one that closes an alarm."""

import asyncio
from datetime import UTC, datetime, timedelta

import bcrypt
from freezegun.api import FrozenDateTimeFactory
from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.codes import (
    LIMITS,
    LOCK_TIME,
    OPEN_LIMITS,
    WRONG_TRIES,
    WrongTry,
    fits,
    hash_code,
    is_locked,
)
from homeassistant.exceptions import ServiceValidationError

from .common import House, panic_button

pytest_plugins = ("tests.fixtures",)

CODE = "4711"
# Cheaper than the stored one: many are tried here.
HASHED = bcrypt.hashpw(CODE.encode(), bcrypt.gensalt(4)).decode()


@pytest.fixture
async def guarded(house: House) -> House:
    """Give a house with an open alarm that needs the code."""
    await house.set_up(panic_button())
    house.hass.config_entries.async_update_entry(house.entry, options={**house.entry.options, "close_code": HASHED})
    await house.hass.async_block_till_done()
    await house.press_entity()
    return house


async def refusal(house: House, **data: str) -> str | None:
    """Try to close the alarm and return why that was refused."""
    try:
        await house.call("close_alarm", outcome="resolved", **data)
    except ServiceValidationError as err:
        return err.translation_key
    return None


async def results(house: House) -> list[str]:
    """Return what is on record of the tries."""
    return [row.loaded["result"] for row in await house.rows("close_code")]


async def test_right_code_closes(guarded: House) -> None:
    assert await refusal(guarded, code=CODE) is None
    assert guarded.state("sensor", "alarm_state") == "normal"
    assert await results(guarded) == ["right"]


@pytest.mark.parametrize("code", ["0000", "47111", " 4711", "x" * 100, "4711\x00", "\ud800"])
async def test_wrong_code_closes_nothing_and_is_on_record_without_the_code(guarded: House, code: str) -> None:
    assert await refusal(guarded, code=code) == "code_wrong"
    assert guarded.state("sensor", "alarm_state") == "alarm"
    (row,) = await guarded.rows("close_code")
    assert row.loaded["result"] == "wrong"
    assert set(row.loaded) == {"result", "actor"}


async def test_missing_code_is_asked_for_and_no_try(guarded: House) -> None:
    assert [await refusal(guarded) for _ in range(WRONG_TRIES + 1)] == ["code_missing"] * (WRONG_TRIES + 1)
    assert await results(guarded) == []


async def test_five_wrong_tries_lock_even_the_right_code_for_a_while(
    guarded: House, freezer: FrozenDateTimeFactory
) -> None:
    assert {await refusal(guarded, code="0000") for _ in range(WRONG_TRIES)} == {"code_wrong"}
    assert await refusal(guarded, code=CODE) == "code_locked"
    await guarded.reload()
    assert await refusal(guarded, code=CODE) == "code_locked"
    freezer.tick(LOCK_TIME + timedelta(seconds=1))
    assert await refusal(guarded, code=CODE) is None
    assert await results(guarded) == ["wrong"] * WRONG_TRIES + ["locked", "locked", "right"]


async def test_tries_side_by_side_do_not_outrun_the_lock(guarded: House) -> None:
    told = await asyncio.gather(*(refusal(guarded, code="0000") for _ in range(20)))
    assert told.count("code_wrong") == WRONG_TRIES
    assert told.count("code_locked") == 20 - WRONG_TRIES


async def test_without_an_alarm_there_is_nothing_to_try(guarded: House) -> None:
    await refusal(guarded, code=CODE)
    assert await refusal(guarded, code="0000") == "no_open_incident"


async def test_without_a_code_none_is_needed(house: House) -> None:
    await house.set_up(panic_button())
    await house.press_entity()
    assert await refusal(house, code="anything") is None


async def test_damaged_hash_closes_nothing(house: House) -> None:
    await house.set_up(panic_button())
    house.hass.config_entries.async_update_entry(house.entry, options={**house.entry.options, "close_code": "x"})
    await house.hass.async_block_till_done()
    await house.press_entity()
    assert await refusal(house, code="4711") == "code_wrong"


async def test_real_press_ends_a_drill_without_a_code(guarded: House) -> None:
    await refusal(guarded, code=CODE)
    await guarded.press_entity("drill", None)
    await guarded.press_entity()
    assert guarded.entity("sensor", "alarm_state").attributes["drill"] is False


def test_stored_hash_is_bcrypt_and_salted() -> None:
    first, second = hash_code(CODE), hash_code(CODE)
    assert first != second
    assert bcrypt.checkpw(CODE.encode(), first.encode())


@pytest.mark.parametrize(("code", "is_fit"), [("1234", True), ("x" * 32, True), ("123", False), ("x" * 33, False)])
def test_code_has_a_length(code: str, *, is_fit: bool) -> None:
    assert fits(code) is is_fit


# --- who must wait ---

NOW = datetime(2026, 11, 24, 18, tzinfo=UTC)


def wrong(count: int, source: str = "here", minutes: float = 1) -> list[WrongTry]:
    """Return so many wrong tries, made so long ago."""
    return [WrongTry(at=NOW - timedelta(minutes=minutes), source=source)] * count


@pytest.mark.parametrize(
    ("tries", "is_closed", "is_open"),
    [
        pytest.param(wrong(4), False, False, id="four"),
        pytest.param(wrong(5), True, True, id="five"),
        pytest.param(wrong(5, minutes=5), False, False, id="five, five minutes ago"),
        pytest.param(wrong(5, minutes=-1), True, True, id="five before the clock was set back"),
        pytest.param(wrong(5, "there"), False, False, id="five from elsewhere"),
        pytest.param(wrong(99, "there", 59), False, False, id="ninety-nine from elsewhere"),
        pytest.param(wrong(50, "there", 59) + wrong(50, "yonder"), False, True, id="a hundred from anywhere"),
        pytest.param(wrong(100, "there", 60), False, False, id="a hundred, an hour ago"),
    ],
)
def test_who_must_wait(tries: list[WrongTry], *, is_closed: bool, is_open: bool) -> None:
    assert is_locked(tries, "here", NOW, LIMITS) is is_closed
    assert is_locked(tries, "here", NOW, OPEN_LIMITS) is is_open


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 7200)), max_size=300))
def test_guessing_is_bounded_and_no_single_source_locks_out_another(guesses: list[tuple[str, int]]) -> None:
    made: list[WrongTry] = []
    for source, second in sorted(guesses, key=lambda guess: guess[1]):
        at = NOW + timedelta(seconds=second)
        if not is_locked(made, source, at, OPEN_LIMITS):
            made.append(WrongTry(at=at, source=source))
    for last in made:
        near = [one for one in made if timedelta(0) <= last.at - one.at < LOCK_TIME and one.source == last.source]
        assert len(near) <= WRONG_TRIES
    end = NOW + timedelta(seconds=7200)
    for source in "abc":
        alone = [one for one in made if one.source == source]
        assert not is_locked(alone, "elsewhere", end, OPEN_LIMITS)
