"""Who did something, and what he is told when it is refused."""

from enum import StrEnum
import json
from typing import Any, Final

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from custom_components.rutan_blora.actor import Actor, Origin, RefusedError, actor_from_body

BUDI: Final = Actor(origin=Origin.OFFICER, id="phone-1", name="Bripka Budi")


def test_one_who_answers_for_several_officers_is_told_apart_by_their_names() -> None:
    assert BUDI.key != Actor(origin=Origin.OFFICER, id="phone-1", name="Aipda Siti").key
    assert BUDI.key != Actor(origin=Origin.OFFICER, id="phone-2", name="Bripka Budi").key


def test_where_a_command_came_from_makes_nobody_another() -> None:
    assert BUDI.key == Actor(origin=Origin.SERVICE, id="phone-1", name="Bripka Budi").key


def test_the_journal_keeps_an_actor_as_it_always_did() -> None:
    assert BUDI.to_body() == {"origin": "officer", "id": "phone-1", "name": "Bripka Budi"}
    assert Actor(origin=Origin.PLAN).to_body() == {"origin": "plan", "id": None, "name": ""}


@given(st.builds(Actor, origin=st.sampled_from(Origin), id=st.none() | st.text(), name=st.text()))
def test_an_actor_is_read_back(actor: Actor) -> None:
    assert actor_from_body(json.loads(json.dumps(actor.to_body()))) == actor


def test_what_a_later_version_adds_is_passed_over() -> None:
    assert actor_from_body({**BUDI.to_body(), "shift": 3}) == BUDI


@pytest.mark.parametrize("change", [{"origin": "ghost"}, {"origin": None}, {"id": 1}, {"name": None}], ids=str)
def test_a_damaged_actor_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        actor_from_body({**BUDI.to_body(), **change})


@pytest.mark.parametrize("key", BUDI.to_body())
def test_an_actor_of_whom_something_is_missing_is_none(key: str) -> None:
    with pytest.raises(vol.Invalid):
        actor_from_body({k: value for k, value in BUDI.to_body().items() if k != key})


class Reason(StrEnum):
    """A reason, as a room has its own."""

    TOO_LATE = "too_late"


def test_a_refusal_names_the_text_a_person_is_told() -> None:
    error = RefusedError(Reason.TOO_LATE)
    assert (error.refusal, str(error)) == (Reason.TOO_LATE, "too_late")
