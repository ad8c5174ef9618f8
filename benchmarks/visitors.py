"""Officers who check in on the page, all at once, in a process of their own: what they cost is not what is measured.

python -m benchmarks.visitors ADDRESS OFFICERS ROUNDS KIND: prints how long each answer took (s), and how large the
page was.
"""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from io import BytesIO
import json
import re
import sys
from time import perf_counter
from typing import Any, Final

import aiohttp
from PIL import Image

from .core import ROOT

PIN: Final = "2468"
_TICKET: Final = re.compile(r'name="?ticket"? value="([^"]+)"')
# As a phone's browser has made it small.
_PHOTO_SIZE: Final = (1280, 960)


class Kind(StrEnum):
    """What goes with a report."""

    PLAIN = "plain"
    PIN = "pin"
    PHOTO = "photo"


async def let_visit(address: str, officers: int, rounds: int, kind: Kind) -> dict[str, Any]:
    """Let officers open the page and send it, round after round; return what it took them."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.visitors", address, str(officers), str(rounds), kind),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    out, _ = await process.communicate()
    seen: dict[str, Any] = json.loads(out)
    return seen


def officer(number: int) -> Mapping[str, str]:
    """Return what an officer writes of himself; each is of a unit of his own."""
    return {"name": f"Petugas {number}", "nrp": f"{75000000 + number}", "unit": f"Polsek {number}"}


async def _open(session: aiohttp.ClientSession, address: str) -> str:
    async with session.get(address) as response:
        response.raise_for_status()
        return await response.text()


async def _visit(session: aiohttp.ClientSession, address: str, number: int, rounds: int, kind: Kind) -> dict[str, Any]:
    opened, sent, size = [], [], 0
    for turn in range(rounds):
        begin = perf_counter()
        page = await _open(session, address)
        opened.append(perf_counter() - begin)
        size = len(page.encode())
        if (ticket := _TICKET.search(page)) is None:
            raise RuntimeError("a page without a ticket")
        form = _form(ticket[1], number, turn, kind)
        begin = perf_counter()
        async with session.post(address, data=form) as response:
            await response.read()
            response.raise_for_status()
        sent.append(perf_counter() - begin)
    return {"opened": opened, "sent": sent, "size": size}


def _form(ticket: str, number: int, turn: int, kind: Kind) -> aiohttp.FormData:
    texts = {"ticket": ticket, **officer(number), "situation": "safe", "note": f"Aman, putaran {turn}"}
    if kind is Kind.PIN:
        texts["pin"] = PIN
    form = aiohttp.FormData(texts, default_to_multipart=True)
    if kind is Kind.PHOTO:
        form.add_field("photo", _photo(number), filename="foto.jpg", content_type="image/jpeg")
    return form


def _photo(number: int) -> bytes:
    """Return a photo that no other officer has taken."""
    file = BytesIO()
    image = Image.radial_gradient("L").resize(_PHOTO_SIZE).convert("RGB")
    image.paste((number * 5 % 256, 40, 200), (0, 0, 200, 200))
    image.save(file, "JPEG", quality=80)
    return file.getvalue()


async def _main(address: str, officers: int, rounds: int, kind: Kind) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        # No connection is measured: each is there by then.
        await asyncio.gather(*(_open(session, address) for _ in range(officers)))
        begin = perf_counter()
        visits = [_visit(session, address, number, rounds, kind) for number in range(officers)]
        seen = await asyncio.gather(*visits)
        took = perf_counter() - begin
    answers = {key: [time for one in seen for time in one[key]] for key in ("opened", "sent")}
    print(json.dumps({**answers, "took": took, "size": seen[0]["size"]}))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Kind(sys.argv[4])))
