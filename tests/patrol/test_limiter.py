"""How often somebody may come."""

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.patrol.limiter import Limiter


@pytest.mark.parametrize(("now", "wait"), [(0, 60), (10, 50), (59.5, 0.5), (60, 0), (100, 0)])
def test_who_has_come_too_often_waits(now: float, wait: float) -> None:
    limiter = Limiter(2, 60)
    assert [limiter.admit("a", 0), limiter.admit("a", 0)] == [0, 0]
    assert limiter.wait("a", now) == limiter.admit("a", now) == wait


def test_looking_at_the_wait_counts_nothing() -> None:
    limiter = Limiter(1, 60)
    assert [limiter.wait("a", 0) for _ in range(3)] == [0, 0, 0]
    assert limiter.admit("a", 0) == 0


def test_one_does_not_wait_for_another() -> None:
    limiter = Limiter(1, 60)
    assert [limiter.admit(key, 0) for key in "abca"] == [0, 0, 0, 60]


def test_who_has_not_come_for_longest_is_forgotten_first() -> None:
    limiter = Limiter(1, 60, max_keys=2)
    for key in "abc":
        limiter.admit(key, 0)
    assert [limiter.wait(key, 1) for key in "abc"] == [0, 59, 59]


@given(st.lists(st.floats(0, 600), max_size=60), st.integers(1, 5))
def test_nobody_comes_more_often_than_he_may(moments: list[float], times: int) -> None:
    limiter = Limiter(times, 60)
    came = [now for now in sorted(moments) if not limiter.admit("a", now)]
    assert all(later - now >= 59.999 for now, later in zip(came, came[times:], strict=False))
