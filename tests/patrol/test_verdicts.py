"""Every edge case of a verdict, and the page that shows them."""

import pytest

from custom_components.rutan_blora.patrol.judgement import compliance

from .verdicts import CASES, PAGE, Case, book_of, judged, page, said_of_visits, said_of_windows


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_gets_its_verdicts(case: Case) -> None:
    book = book_of(case)
    assert said_of_windows(case, book) == case.windows
    assert said_of_visits(case, book) == case.visits
    assert compliance(judged(book)).percent == case.percent


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_page_shows_what_the_tests_judge() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m tests.patrol.verdicts"
