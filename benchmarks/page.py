"""What the check-in page takes when everybody comes at once, and what Home Assistant's event loop feels of it.

The officers are another process. How often one address may come is lifted: here all of them have the same one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from custom_components.rutan_blora import visit_view
from custom_components.rutan_blora.codes import hash_code
from custom_components.rutan_blora.const import CONF_TOKEN_KEY, VISIT_PATH
from custom_components.rutan_blora.patrol.codes import fixed_code
from homeassistant.config_entries import ConfigSubentryDataWithId

from .core import facility_entry, running_core
from .figures import Figures, Goal, summary, table
from .visitors import PIN, Kind, let_visit, officer

OFFICERS: Final = 50
# Visits of each officer.
ROUNDS: Final = {Kind.PLAIN: 20, Kind.PIN: 2, Kind.PHOTO: 2}
# Seconds that nobody comes, and between two beats.
_IDLE: Final = 5.0
_BEAT: Final = 0.005
_PLACE: Final = "checkpoint_1"
_NO_LIMIT: Final = 1_000_000


def _part(kind: str, part_id: str, title: str, data: dict[str, Any]) -> ConfigSubentryDataWithId:
    return ConfigSubentryDataWithId(
        subentry_id=part_id, subentry_type=kind, title=title, unique_id=f"{kind}_{part_id}", data=data
    )


def _officers() -> list[ConfigSubentryDataWithId]:
    """Return officers with a PIN; comparing one takes a quarter of a second of a core, on purpose."""
    pin, known = hash_code(PIN), [officer(number) for number in range(OFFICERS)]
    return [_part("officer", one["nrp"], one["name"], {"nrp": one["nrp"], "pin": pin}) for one in known]


@asynccontextmanager
async def _open_gate(folder: Path, kind: Kind) -> AsyncIterator[str]:
    """Run a core that serves the page; give the address that the sign of its checkpoint leads to."""
    parts = [_part("checkpoint", _PLACE, "Pos utama", {}), *(_officers() if kind is Kind.PIN else ())]
    async with running_core(folder, {"camera": {}}) as hass:
        with (
            patch.object(visit_view, "PAGES_PER_MINUTE", _NO_LIMIT),
            patch.object(visit_view, "FORMS_PER_MINUTE", _NO_LIMIT),
            patch.object(visit_view, "UNPROVED_PER_HOUR", _NO_LIMIT),
        ):
            entry = facility_entry(others=parts)
            await hass.config_entries.async_add(entry)
            await hass.async_block_till_done()
        await hass.http.start()
        code = fixed_code(entry.data[CONF_TOKEN_KEY], entry.runtime_data.patrol.checkpoints[_PLACE])
        yield f"http://127.0.0.1:{hass.http.server_port}{VISIT_PATH}/{code}"


async def _beat(lags: list[float]) -> None:
    """Note how much too late a heartbeat comes, each time."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _BEAT
        await asyncio.sleep(_BEAT)
        lags.append(loop.time() - due)


async def _visited(folder: Path, kind: Kind) -> Figures:
    async with _open_gate(folder, kind) as address:
        lags: list[float] = []
        heart = asyncio.create_task(_beat(lags))
        await asyncio.sleep(_IDLE)
        idle, lags[:] = list(lags), []
        seen = await let_visit(address, OFFICERS, ROUNDS[kind], kind)
        heart.cancel()
    requests = len(seen["opened"]) + len(seen["sent"])
    return {
        "requests": requests,
        "requests_per_second": round(requests / seen["took"], 1),
        "opened": summary(seen["opened"]),
        "sent": summary(seen["sent"]),
        "lag": summary(lags),
        "idle_lag": summary(idle),
        "page_bytes": seen["size"],
    }


async def measure_page(folder: Path) -> Figures:
    """Return what it takes to open and to send the page, plain, with a PIN and with a photo."""
    return {kind.value: await _visited(folder / kind.value, kind) for kind in Kind}


def page_goals(page: Figures) -> list[Goal]:
    """Return what was wanted of the page."""
    plain = page[Kind.PLAIN]
    return [
        Goal(name="check-in page, all of it", limit=30_000, measured=plain["page_bytes"], unit="bytes"),
        Goal(
            name=f"event loop's lag while {OFFICERS} officers check in, p99",
            limit=50,
            measured=plain["lag"]["p99_ms"],
            unit="ms",
        ),
    ]


def page_table(page: Figures) -> str:
    """Return the table of the page."""
    rows = [
        (
            kind,
            figures["requests_per_second"],
            figures["opened"]["p50_ms"],
            figures["opened"]["p99_ms"],
            figures["sent"]["p50_ms"],
            figures["sent"]["p99_ms"],
            figures["lag"]["p50_ms"],
            figures["lag"]["p99_ms"],
        )
        for kind, figures in page.items()
    ]
    idle = page[Kind.PLAIN]["idle_lag"]
    rows.append(("nobody comes", *"–––––", idle["p50_ms"], idle["p99_ms"]))
    head = ("open p50 ms", "open p99 ms", "send p50 ms", "send p99 ms", "lag p50 ms", "lag p99 ms")
    return table((f"{OFFICERS} officers at once", "requests/s", *head), rows)
