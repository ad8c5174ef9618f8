"""The parts of a facility: what is stored of one may be damaged, and the alarm works all the same."""

from typing import Any

import pytest

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from .common import (
    ENTRY_ID,
    FakePhone,
    House,
    checkpoint,
    officer,
    panic_button,
    patrol_plan,
    perimeter_camera,
    police_device,
    police_phone,
)

pytest_plugins = ("tests.fixtures",)

# By what is wrong, a part and how it is damaged.
DAMAGES: dict[str, tuple[ConfigSubentryDataWithId, dict[str, Any]]] = {
    "button of no kind": (panic_button("Rusak"), {"kind": "earthquake"}),
    "button whose entity is a list": (panic_button("Rusak"), {"source": "entity", "entity_id": ["switch.gate"]}),
    "button whose test interval is a word": (panic_button("Rusak"), {"test_interval": "weekly"}),
    "button whose cameras are none": (panic_button("Rusak"), {"cameras": 5}),
    "device of no channel": (police_phone("Rusak", "x"), {"channel": "pigeon"}),
    "device of no language": (police_phone("Rusak", "x"), {"language": "xx"}),
    "phone of no device": (police_phone("Rusak", "x"), {"device_id": None, "channel": "notify"}),
    "device whose tier is a word": (police_phone("Rusak", "x"), {"tier": "first"}),
    "webhook with half a secret": (police_device("Rusak", "webhook"), {"url": "https://a.example", "secret": 5}),
    "webhook without an address": (police_device("Rusak", "webhook"), {"secret": "a secret of sixteen"}),
    "annunciator of entities that are none": (police_device("Rusak", "annunciator"), {"entity_ids": 5, "duration": 0}),
    "camera of no source": (perimeter_camera("Rusak"), {"source": "painting"}),
    "camera of no interval": (perimeter_camera("Rusak"), {"interval": None}),
    "checkpoint whose debounce is a word": (checkpoint("Rusak"), {"debounce": "long"}),
    "checkpoint with several tags": (checkpoint("Rusak"), {"tag_id": ["a", "b"]}),
    "officer whose cards are a number": (officer("Rusak"), {"card_ids": 5}),
    "plan without windows": (patrol_plan("Rusak"), {"windows": None}),
    "plan whose window has no end": (patrol_plan("Rusak"), {"windows": [{"start": "20:00:00"}]}),
    "plan whose quiet hours are none": (patrol_plan("Rusak"), {"quiet_from": "late", "quiet_until": "early"}),
    "plan that tells a number": (patrol_plan("Rusak"), {"police_devices": 5}),
    "plan of a ninth day": (patrol_plan("Rusak"), {"weekdays": [8]}),
}


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give an officer's phone whose pushes are known at once."""
    return await house.pair_taken_over("HP Budi")


def damaged(what: str, subentry_id: str = "rusak") -> ConfigSubentryDataWithId:
    """Return a part with its damage."""
    part, data = DAMAGES[what]
    return ConfigSubentryDataWithId(
        subentry_id=subentry_id,
        subentry_type=part["subentry_type"],
        title=part["title"],
        unique_id=subentry_id,
        data={**part["data"], **data},
    )


@pytest.mark.parametrize(
    "damage",
    [
        "button of no kind",
        "device of no channel",
        "camera of no source",
        "checkpoint with several tags",
        "officer whose cards are a number",
        "plan without windows",
    ],
)
async def test_damaged_part_is_left_out_and_said_so_and_the_alarm_works(
    hass: HomeAssistant, house: House, budi: FakePhone, damage: str
) -> None:
    await house.set_up(panic_button(), budi.police_device(), checkpoint(), patrol_plan(), damaged(damage))
    assert house.entry.state is ConfigEntryState.LOADED
    assert not [e for e in er.async_get(hass).entities.values() if e.unique_id.startswith(f"{ENTRY_ID}_rusak_")]
    issue = ir.async_get(hass).async_get_issue("rutan_blora", "part_invalid_rusak")
    assert issue is not None
    assert issue.translation_placeholders == {"name": "Rusak"}
    assert (issue.severity, issue.is_fixable) == (ir.IssueSeverity.ERROR, False)
    assert set(house.facility.patrol.plans) == {"patroli_malam"}
    await house.press_entity()
    assert budi.titles == ["DARURAT: Tombol panik – Pintu Utama"]


async def test_all_that_can_be_damaged_at_once_leaves_an_alarm_by_action(hass: HomeAssistant, house: House) -> None:
    await house.set_up(*(damaged(what, f"part_{number}") for number, what in enumerate(DAMAGES)))
    assert house.facility.subentries == {}
    assert len(ir.async_get(hass).issues) == len(DAMAGES)
    await house.call("raise_alarm")
    assert house.state("binary_sensor", "alarm") == "on"
    await house.unload()
    assert not [issue for issue in ir.async_get(hass).issues.values() if issue.active]


async def test_part_that_is_mended_is_back(hass: HomeAssistant, house: House) -> None:
    await house.set_up(checkpoint(), damaged("plan without windows"))
    (part,) = house.entry.get_subentries_of_type("patrol_plan")
    hass.config_entries.async_update_subentry(house.entry, part, data=patrol_plan()["data"])
    await hass.async_block_till_done()
    assert set(house.facility.patrol.plans) == {"rusak"}
    assert ir.async_get(hass).async_get_issue("rutan_blora", "part_invalid_rusak") is None


async def test_secret_of_a_damaged_part_is_in_no_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    await house.set_up(
        police_device("Pos", "webhook", url="https://a.example", secret=["rahasia sekali"]),
        police_device("Hook", "webhook", url="https://a.example", secret="whsec_rahasia_sekali?"),
        panic_button("Rusak", webhook_id="rahasia sekali", kind="earthquake"),
    )
    assert {s.title for s in house.facility.parts.invalid.values()} >= {"Pos", "Rusak"}
    assert "rahasia" not in caplog.text


async def test_checkpoint_that_is_damaged_leaves_its_plan_the_others(house: House) -> None:
    await house.set_up(
        checkpoint("Pos utama"), checkpoint("Halaman", debounce="long"), patrol_plan("Malam", "pos_utama", "halaman")
    )
    assert house.facility.patrol.plans["malam"].checkpoints == {"pos_utama"}
