"""The flow of an officer."""

from typing import Any

import bcrypt
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.rutan_blora.flows import officer as officer_module
from custom_components.rutan_blora.flows.forms import CODE_NOT_CHANGED
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.flows.browser import make as make_part, open_existing, open_new, send, suggested
from tests.flows.test_checkpoint import put

BUDI = {"name": "Budi Santoso", "rank": "Aipda", "nrp": "80010001", "unit": "Sat Samapta"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a hash cost little."""
    monkeypatch.setattr(
        officer_module, "hash_code", lambda code: bcrypt.hashpw(code.encode(), bcrypt.gensalt(4)).decode()
    )


async def make(hass: HomeAssistant, entry: MockConfigEntry, **fields: Any) -> ConfigSubentry:
    """Make an officer."""
    return await make_part(hass, entry, "officer", **fields)


async def test_officer_needs_nothing_but_a_name(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    made = await make(hass, entry, name=" Budi\nSantoso ")
    assert made.title == "Budi Santoso"
    assert made.data == {"rank": "", "nrp": "", "unit": "", "card_ids": []}


async def test_officer_with_all_there_is(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    made = await make(hass, entry, **BUDI, card_ids=[" A1 ", "B2", "", "A1"], pin=" 0042 ")
    hashed = made.data["pin"]
    assert bcrypt.checkpw(b"0042", hashed.encode())
    assert made.title == BUDI["name"]
    assert made.data == {
        "rank": "Aipda",
        "nrp": "80010001",
        "unit": "Sat Samapta",
        "card_ids": ["A1", "B2"],
        "pin": hashed,
    }


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"name": ""}, {"name": "empty"}),
        ({"name": "x" * 81}, {"name": "too_long"}),
        ({"rank": "x" * 81, "unit": "x" * 81}, {"rank": "too_long", "unit": "too_long"}),
        ({"nrp": " 70010001 "}, {"nrp": "nrp_taken"}),
        ({"card_ids": ["mine", "his"]}, {"card_ids": "card_taken"}),
        ({"card_ids": ["hanging"]}, {"card_ids": "card_taken"}),
        ({"card_ids": ["x" * 81]}, {"card_ids": "too_long"}),
        ({"card_ids": [str(number) for number in range(11)]}, {"card_ids": "cards_too_many"}),
        ({"pin": "123"}, {"pin": "pin_unfit"}),
        ({"pin": "1234567890123"}, {"pin": "pin_unfit"}),
        ({"pin": "12a4"}, {"pin": "pin_unfit"}),
        ({"pin": "١٢٣٤"}, {"pin": "pin_unfit"}),
        ({"pin": "12 34"}, {"pin": "pin_unfit"}),
    ],
)
async def test_mistakes_are_told_and_can_be_mended(
    hass: HomeAssistant, entry: MockConfigEntry, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    put(hass, entry, "officer", "Siti", nrp="70010001", card_ids=["his"])
    put(hass, entry, "officer", "Cici", nrp="", card_ids=[])
    put(hass, entry, "checkpoint", "Pos", tag_id="hanging")
    form = await send(hass, await open_new(hass, entry, "officer"), **BUDI | fields)
    assert (form["type"], form["errors"]) == (FlowResultType.FORM, errors)
    assert len(entry.subentries) == 3
    assert (await send(hass, form, **BUDI))["type"] is FlowResultType.CREATE_ENTRY


async def test_two_officers_may_share_a_name_if_their_numbers_differ(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await make(hass, entry, **BUDI)
    await make(hass, entry, **BUDI | {"nrp": "80010002"})
    await make(hass, entry, **BUDI | {"nrp": ""})
    result = await send(hass, await open_new(hass, entry, "officer"), **BUDI | {"nrp": ""})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_pin_is_kept_when_left_alone_changed_when_typed_and_removed_when_emptied(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    made = await make(hass, entry, **BUDI, card_ids=["A1"], pin="4711")
    hashed = made.data["pin"]
    form = await open_existing(hass, entry, made)
    assert suggested(form) == {**BUDI, "card_ids": ["A1"], "pin": CODE_NOT_CHANGED}

    async def change(**fields: Any) -> ConfigSubentry:
        result = await send(hass, await open_existing(hass, entry, made), **fields)
        assert result["reason"] == "reconfigure_successful"
        return entry.subentries[made.subentry_id]

    kept = await change(**BUDI | {"rank": "Aiptu"}, card_ids=["A1"], pin=CODE_NOT_CHANGED)
    assert (kept.data["rank"], kept.data["pin"], kept.data["card_ids"]) == ("Aiptu", hashed, ["A1"])
    changed = await change(**BUDI, pin="123456")
    assert bcrypt.checkpw(b"123456", changed.data["pin"].encode())
    assert changed.data["card_ids"] == []
    removed = await change(**BUDI)
    assert "pin" not in removed.data
    assert "pin" not in suggested(await open_existing(hass, entry, made))


async def test_sign_of_an_unchanged_pin_is_none_for_who_has_none(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    made = await make(hass, entry, **BUDI, pin=CODE_NOT_CHANGED)
    assert "pin" not in made.data


async def test_pin_is_in_no_log(hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture) -> None:
    await make(hass, entry, **BUDI, pin="987654")
    assert "987654" not in caplog.text
