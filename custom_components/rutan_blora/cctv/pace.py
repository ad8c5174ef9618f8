"""When a camera is asked next, and when it is lost: arithmetic in seconds. No Home Assistant, no I/O."""

from math import floor
from typing import Final
from zlib import crc32

from .picture import SourceProblem

# While somebody looks: between two stills, and between two pictures of a stream.
LOOKED_AT: Final = 1.0
STREAMED: Final = 0.5
# How long somebody who looked goes on looking.
LOOK: Final = 10.0

_SOON: Final = 2.0
_SLOWEST: Final = 30.0
# A camera locks out who comes too often with a wrong password.
_LOCKED_OUT: Final = 60.0
# After so many failures in a row, or so long a silence, there is no signal.
_FAILURES: Final = 2
_SILENCE: Final = 10.0
_MAX_DOUBLINGS: Final = 5


def phase(name: str) -> float:
    """Return a share of the interval, 0 ≤ x < 1, that is always this camera's: so not all are asked at once."""
    return crc32(name.encode()) / 2**32


def next_turn(since: float, period: float, share: float) -> float:
    """Return the first moment after `since` that is this camera's."""
    return (floor(since / period - share) + 1 + share) * period


def back_off(failures: int, interval: float, problem: SourceProblem) -> float:
    """Return how long to wait after so many failures in a row: soon at first, later and later then."""
    if problem is SourceProblem.AUTH:
        return max(interval, _LOCKED_OUT)
    if failures < _FAILURES:
        return min(interval, _SOON)
    doubled = interval * 2 ** min(failures - _FAILURES, _MAX_DOUBLINGS)
    return float(min(doubled, max(interval, _SLOWEST)))


def is_lost(failures: int, silence: float, problem: SourceProblem) -> bool:
    """Tell whether there is no signal; one picture that failed to come is no loss yet."""
    return problem is SourceProblem.AUTH or failures >= _FAILURES or silence >= _SILENCE
