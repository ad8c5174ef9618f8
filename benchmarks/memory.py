"""What cameras take of Home Assistant's memory, in a process that has done nothing before.

python -m benchmarks.memory ADDRESS ...: prints the resident memory with none, with the first and with all of them.
"""

import asyncio
from collections.abc import Sequence
import gc
import json
import os
from pathlib import Path
import sys
import tempfile
from typing import Final

from .core import ROOT, facility_entry, running_core
from .figures import Figures

# Every camera has given several pictures by then, and its scene is being learnt (s).
_SETTLE: Final = 16.0


async def measure_memory(addresses: Sequence[str]) -> Figures:
    """Return what these cameras take (MiB)."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.memory", *addresses), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    out, _ = await process.communicate()
    none, first, every = json.loads(out.splitlines()[-1])
    return {
        "cameras": len(addresses),
        "none_mib": none,
        "first_mib": round(first - none, 2),
        "further_mib": round((every - first) / max(1, len(addresses) - 1), 2),
        "per_camera_mib": round((every - none) / len(addresses), 2),
    }


async def _grow(folder: Path, addresses: Sequence[str]) -> list[float]:
    """Return the resident memory with none, one and all of the cameras."""
    sizes = []
    async with running_core(folder, {"camera": {}}) as hass:
        for cameras in ((), addresses[:1], addresses):
            entry = facility_entry(cameras=cameras)
            await hass.config_entries.async_add(entry)
            await hass.async_block_till_done()
            await asyncio.sleep(_SETTLE if len(cameras) > 1 else _SETTLE / 2)
            gc.collect()
            sizes.append(resident())
            await hass.config_entries.async_remove(entry.entry_id)
    return sizes


def resident() -> float:
    """Return the resident memory of this process (MiB)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(_grow(Path(folder) / "core", sys.argv[1:]))))


if __name__ == "__main__":
    main()
