"""Become Home Assistant, and end with whoever started it: a demo or a test that is killed leaves nothing running."""

import ctypes
import os
import signal
import sys
from typing import Final

# Linux only (prctl(2)); elsewhere a killed parent leaves it running.
_PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Replace this process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.execv(sys.executable, [sys.executable, "-m", "homeassistant", *sys.argv[1:]])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
