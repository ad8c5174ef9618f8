"""When a camera is asked next, and when it is lost."""

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.cctv.pace import back_off, is_lost, next_turn, phase
from custom_components.rutan_blora.cctv.picture import SourceProblem

TIMEOUT = SourceProblem.TIMEOUT
# One that names the camera takes as long as one may: nine seconds.
DEADLINE = 9


@given(
    since=st.floats(0, 1e7),
    period=st.floats(0.1, 3600),
    share=st.floats(0, 1, exclude_max=True),
    turns=st.integers(1, 9),
)
def test_turns_come_once_a_period(since: float, period: float, share: float, turns: int) -> None:
    first = next_turn(since, period, share)
    assert since <= first <= since + period * 1.001
    assert next_turn(first + period / 2, period, share) == pytest.approx(first + period)


def test_cameras_take_turns() -> None:
    shares = sorted(phase(f"Camera {number}") for number in range(32))
    assert shares[0] < 0.2
    assert shares[-1] > 0.8
    assert len(set(shares)) == 32


def test_camera_is_always_asked_at_its_own_turn() -> None:
    assert phase("Menara 1") == phase("Menara 1") != phase("Menara 2")


def test_first_failure_is_looked_into_soon_and_later_ones_later_and_later() -> None:
    waits = [back_off(failures, 5, TIMEOUT) for failures in range(1, 9)]
    assert waits == [2, 5, 10, 20, 30, 30, 30, 30]


@pytest.mark.parametrize(("interval", "expected"), [(1, [1, 1, 2, 4, 8, 16, 30]), (60, [2, 60, 60])])
def test_camera_that_failed_is_not_asked_more_often_than_one_that_works(interval: float, expected: list[float]) -> None:
    assert [back_off(failures, interval, TIMEOUT) for failures in range(1, len(expected) + 1)] == expected


@given(failures=st.integers(1, 10**9))
def test_wait_has_a_limit(failures: int) -> None:
    assert back_off(failures, 5, TIMEOUT) <= 30


@pytest.mark.parametrize("failures", [1, 5])
def test_camera_that_refuses_the_password_is_left_alone(failures: int) -> None:
    assert back_off(failures, 5, SourceProblem.AUTH) == 60
    assert back_off(failures, 300, SourceProblem.AUTH) == 300


def test_one_failure_is_no_loss() -> None:
    assert not is_lost(1, 5.1, TIMEOUT)


@pytest.mark.parametrize(
    ("failures", "silence", "problem"),
    [(2, 7, TIMEOUT), (1, 10, TIMEOUT), (1, float("inf"), TIMEOUT), (1, 5, SourceProblem.AUTH)],
    ids=["twice", "silent for long", "never heard", "password"],
)
def test_loss_is(failures: int, silence: float, problem: SourceProblem) -> None:
    assert is_lost(failures, silence, problem)


@given(answer=st.floats(0, DEADLINE), interval=st.floats(1, 5))
def test_loss_is_known_within_30_seconds(answer: float, interval: float) -> None:
    """However long a dying camera takes to fail."""
    now, failures = interval, 0
    while True:
        now += answer
        failures += 1
        if is_lost(failures, now, TIMEOUT):
            break
        now += back_off(failures, interval, TIMEOUT)
    assert now <= 30
