"""What the trials of a benchmark come to."""

from typing import Any

import pytest

from benchmarks.figures import Goal, percentile, ratio, summary, table


@pytest.mark.parametrize(
    ("share", "found"),
    [(0.01, 1.0), (0.5, 2.0), (0.75, 3.0), (0.76, None), (1.0, None)],
)
def test_what_never_came_is_longer_than_all_that_did(share: float, found: float | None) -> None:
    assert percentile([3.0, None, 1.0, 2.0], share) == found


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 0.5) is None


def test_summary_is_in_milliseconds_and_counts_what_never_came() -> None:
    assert summary([0.001, 0.002, None]) == {"p50_ms": 2.0, "p99_ms": None, "trials": 3, "never": 1}


@pytest.mark.parametrize(
    ("ours", "theirs", "found"), [(1.0, 4.0, 0.25), (None, 4.0, None), (1.0, None, None), (1.0, 0.0, None)]
)
def test_ratio_needs_both(ours: float | None, theirs: float | None, found: float | None) -> None:
    assert ratio(ours, theirs) == found


@pytest.mark.parametrize(("measured", "met"), [(0.5, True), (0.51, False), (None, False)])
def test_goal_is_met_only_by_what_was_measured(measured: float | None, *, met: bool) -> None:
    goal = Goal(name="first", limit=0.5, measured=measured, unit="x")
    assert goal.is_met is met
    shown: dict[str, Any] = goal.to_json()
    assert shown == {"name": "first", "limit": 0.5, "measured": measured, "unit": "x", "met": met}


def test_table_is_markdown() -> None:
    assert table(("a", "b"), [(1, None), (0.12345, "x")]) == "| a | b |\n| --- | --- |\n| 1 | never |\n| 0.123 | x |"
