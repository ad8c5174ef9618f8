"""How often somebody may come. Rules only: no Home Assistant, no clock, no I/O. Times are seconds of any clock."""

from collections import OrderedDict, deque
from typing import Final

# Who has not come for longest is forgotten first: the memory is bounded, whoever comes.
MAX_KEYS: Final = 2000


class Limiter:
    """Lets each come so often within so many seconds."""

    def __init__(self, times: int, seconds: float, max_keys: int = MAX_KEYS) -> None:
        self._times = times
        self._seconds = seconds
        self._max_keys = max_keys
        self._came: OrderedDict[str, deque[float]] = OrderedDict()

    def admit(self, key: str, now: float) -> float:
        """Return 0 and count it if this one may come now, else after how many seconds he may."""
        if wait := self.wait(key, now):
            return wait
        self._came.setdefault(key, deque(maxlen=self._times)).append(now)
        self._came.move_to_end(key)
        if len(self._came) > self._max_keys:
            self._came.popitem(last=False)
        return 0

    def wait(self, key: str, now: float) -> float:
        """Return after how many seconds this one may come, 0 if he may now."""
        came = self._came.get(key)
        if came is None or len(came) < self._times:
            return 0
        return max(0, came[0] + self._seconds - now)
