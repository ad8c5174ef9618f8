"""The README's pictures, drawn from the site in the middle of an alarm."""

import asyncio
from pathlib import Path
import sys
from typing import Final

import aiohttp

from .browser import open_page, show_device
from .home_assistant import HomeAssistant
from .site import OFFICERS, Site

# Seconds for all of it, the first start of a machine included.
_WITHIN: Final = 300


async def draw(folder: Path) -> None:
    """Raise an alarm, let the first phone answer, and take the pages as they are then."""
    home = HomeAssistant.temporary()
    try:
        async with asyncio.timeout(_WITHIN), aiohttp.ClientSession() as session, Site(home, session) as site:
            await site.press_gate()
            push = await site.phones[0].inbox.get()
            await site.phones[0].answer(next(iter(push.buttons)), push)
            await site.states.until(site.entity("sensor", "alarm_state"), "acknowledged", within=10)
            async with open_page(site.api) as page:
                for name, subentry in (("facility", ""), ("police_device", OFFICERS[0].name)):
                    await show_device(page, site.api, await site.device(subentry))
                    await page.screenshot(path=folder / f"{name}.png")
    finally:
        home.remove()


if __name__ == "__main__":
    asyncio.run(draw(Path(sys.argv[1])))
