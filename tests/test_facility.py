"""The runtime of a facility: its rooms joined."""

import pytest

from .common import FakePhone, House, panic_button, police_phone

pytest_plugins = ("tests.fixtures",)

EMERGENCY = "DARURAT: Tombol panik – Pintu Utama"


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give an officer's phone whose pushes are known at once."""
    return await house.pair_taken_over("HP Budi")


@pytest.mark.parametrize(
    ("data", "holder"),
    [
        ({}, "HP Budi"),
        ({"officer": "", "rank": "", "nrp": "", "unit": ""}, "HP Budi"),
        ({"officer": "Budi Santoso"}, "Budi Santoso"),
        ({"officer": "Budi Santoso", "rank": "Aipda"}, "Aipda Budi Santoso"),
        (
            {"officer": "Budi Santoso", "rank": "Aipda", "unit": "Sat Samapta", "nrp": "7"},
            "Aipda Budi Santoso – Sat Samapta",
        ),
        ({"unit": "SPKT"}, "HP Budi – SPKT"),
    ],
)
async def test_officer_is_called_by_rank_name_and_unit(house: House, data: dict[str, str], holder: str) -> None:
    await house.set_up(police_phone("HP Budi", "gone", **data))
    assert house.facility.police.devices["hp_budi"].holder == holder


@pytest.mark.parametrize(("language", "title"), [("en", "EMERGENCY"), ("id", "DARURAT"), (None, "DARURAT")])
async def test_each_phone_is_told_in_its_language_or_that_of_the_facility(
    house: House, budi: FakePhone, language: str | None, title: str
) -> None:
    part = budi.police_device()
    await house.set_up(panic_button(), {**part, "data": {**part["data"], "language": language}})
    await house.press_entity()
    assert budi.titles[0].startswith(title)


async def test_facility_is_called_by_its_title_and_its_journal_by_its_first_name(house: House, budi: FakePhone) -> None:
    await house.set_up(panic_button(), budi.police_device(), title="Rutan Kelas IIB Blora")
    await house.press_entity()
    assert "Rutan Kelas IIB Blora · " in budi.last.message
    assert house.journal_path.name == "rutan_blora.db"
    assert house.journal_path.exists()
