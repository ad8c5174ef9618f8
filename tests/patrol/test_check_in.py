"""Who checked in, and whether two are the same."""

from dataclasses import replace

import pytest

from custom_components.rutan_blora.patrol.check_in import Officer

from .common import BUDI, NOBODY, SITI


@pytest.mark.parametrize(
    ("officer", "title", "is_known", "is_anonymous"),
    [
        pytest.param(BUDI, "Bripka Budi", True, False, id="all is said"),
        pytest.param(Officer(name="Budi"), "Budi", True, False, id="a name"),
        pytest.param(Officer(nrp="81234567"), "", True, False, id="a number"),
        pytest.param(Officer(id="phone-1"), "", True, False, id="a phone"),
        pytest.param(Officer(rank="Bripka"), "Bripka", False, True, id="a rank: that is nobody"),
        pytest.param(Officer(unit="Polsek Blora"), "", False, False, id="a unit: nobody, but from somewhere"),
        pytest.param(NOBODY, "", False, True, id="nothing"),
    ],
)
def test_an_officer_is_as_much_as_is_said_of_him(
    officer: Officer, title: str, *, is_known: bool, is_anonymous: bool
) -> None:
    assert (officer.title, officer.is_known, officer.is_anonymous) == (title, is_known, is_anonymous)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        pytest.param(BUDI, BUDI, True, id="himself"),
        pytest.param(BUDI, SITI, False, id="another"),
        pytest.param(BUDI, Officer(id="phone-1", name="Budi Santoso"), True, id="by phone, whatever the name"),
        pytest.param(BUDI, replace(BUDI, id="card-7"), True, id="by number: a phone and a card"),
        pytest.param(BUDI, replace(BUDI, id=None, nrp="1"), False, id="same name, another number"),
        pytest.param(BUDI, Officer(name="Budi", id="phone-2"), False, id="same name, another phone"),
        pytest.param(BUDI, Officer(name="BUDI"), True, id="by name"),
        pytest.param(BUDI, Officer(name="Budi", unit="polsek blora"), True, id="by name and unit"),
        pytest.param(BUDI, Officer(name="Budi", unit="Polsek Cepu"), False, id="same name, another unit"),
        pytest.param(Officer(nrp="1"), Officer(nrp="1"), True, id="by number alone"),
        pytest.param(Officer(nrp="1"), Officer(id="phone-1"), False, id="nothing in common"),
        pytest.param(Officer(nrp="1"), NOBODY, False, id="nobody is no double"),
        pytest.param(NOBODY, NOBODY, False, id="nobody is not even himself"),
        pytest.param(Officer(id=""), Officer(id=""), False, id="no id is no id"),
    ],
)
def test_two_are_the_same_officer_as_far_as_one_can_tell(one: Officer, other: Officer, *, is_same: bool) -> None:
    assert one.is_same(other) is is_same
    assert other.is_same(one) is is_same


@pytest.mark.parametrize(
    ("unit", "is_from"), [("Polsek Blora", True), ("POLSEK BLORA", True), ("Polsek Cepu", False), ("", False)]
)
def test_a_unit_is_the_same_however_it_is_spelt(unit: str, *, is_from: bool) -> None:
    assert BUDI.is_from(unit) is is_from
    assert not NOBODY.is_from(unit)


def test_an_officer_is_filled_in_with_what_another_scan_says() -> None:
    assert Officer(name="BUDI").over(BUDI) == replace(BUDI, name="BUDI")
