"""The README's pictures, drawn from the site in the middle of an alarm."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
import sys
from typing import Final

import aiohttp
from PIL import Image, ImageDraw, ImageFont
from playwright.async_api import Page

from .browser import open_on_phone, open_page, show_device
from .camera import Fault
from .home_assistant import HomeAssistant
from .paper import draw_report
from .site import OFFICERS, YARD, Site
from .visits import PIN, PLACES, PLAN

# Seconds for all of it, the first start of a machine included.
_WITHIN: Final = 420
# The plan of the film (seconds): as short as the form allows.
_TIER_DELAY: Final = 5
_REPEAT_INTERVAL: Final = 15
# What of the page is a frame of the film, how large it is shown, and the line above it (pixels).
_CROP: Final = (600, 130, 1280, 900)
_FRAME: Final = (510, 578)
_LINE: Final = 40
# How large the wall is shown (pixels), and how long its cameras are given for a new picture (seconds).
_WALL: Final = (1120, 630)
_PICTURE_WITHIN: Final = 3


async def draw(folder: Path) -> None:
    """Draw a report; raise an alarm, let the first phone answer, take the pages; film one that escalates; the wall."""
    await draw_report(folder / "report.png")
    home = HomeAssistant.temporary()
    try:
        async with (
            asyncio.timeout(_WITHIN),
            aiohttp.ClientSession() as session,
            Site(home, session, cameras=len(YARD), visits=True) as site,
        ):
            await site.press_gate()
            push = await site.phones[0].inbox.get()
            await site.phones[0].answer(next(iter(push.buttons)), push)
            await _until(site, "acknowledged")
            async with open_page(site.api) as page:
                for name, subentry in (("facility", ""), ("police_device", OFFICERS[0].name)):
                    await show_device(page, site.api, await site.device(subentry))
                    await page.screenshot(path=folder / f"{name}.png")
            await site.close_alarm("Latihan gambar")
            await _film(site, folder / "escalation.png")
            await _walls(site, folder)
            await _visits(site, folder)
    finally:
        home.remove()


async def _film(site: Site, path: Path) -> None:
    """Film an alarm that nobody answers until all were told again."""
    await site.set_tier(1, 2)
    await site.set_options(language="id", tier_delay=_TIER_DELAY, repeat_interval=_REPEAT_INTERVAL)
    site.drop_pushes()
    width, height = _FRAME
    async with open_page(site.api) as page:
        frames = [(caption, await _frame(page, site)) async for caption in _scenes(site)]
    strip = Image.new("RGB", (width * len(frames), height + _LINE), "white")
    pen, font = ImageDraw.Draw(strip), ImageFont.load_default(22)
    for number, (caption, frame) in enumerate(frames):
        strip.paste(frame, (width * number, _LINE))
        pen.text((width * number + 16, 9), f"{number + 1}  {caption}", fill="black", font=font)
    strip.save(path, optimize=True)


async def _scenes(site: Site) -> AsyncIterator[str]:
    """Play the alarm; stop where there is something to see."""
    await site.press_gate()
    push = await site.phones[0].next_push(5)
    yield "Pressed: the first tier is told"
    await site.phones[1].next_push(2 * _TIER_DELAY)
    yield "No answer: the second tier, too"
    event = site.entity("event", "alarm")
    await site.states.until(
        event, lambda state: state.attributes.get("event_type") == "unanswered", within=4 * _TIER_DELAY
    )
    yield "Still no answer: all are told again"
    await site.phones[1].settle()
    await site.phones[0].answer(push.key("GO"), push)
    await _until(site, "responding")
    yield "An officer is on his way"
    await site.close_alarm("Situasi terkendali")
    await _until(site, "normal")
    yield "Closed, and on record"


async def _walls(site: Site, folder: Path) -> None:
    """Take the wall while all is calm, in an alarm, and with one camera dead and one covered; and that one's page."""
    frames = [await _wall(site, "Calm")]
    site.drop_pushes()
    await site.press_gate()
    await _until(site, "alarm")
    await asyncio.sleep(_PICTURE_WITHIN)
    frames.append(await _wall(site, "A press at the gate: its cameras first, framed red"))
    dead, covered = YARD[2].name, YARD[1].name
    site.cameras[3].switch(Fault.KILL, on=True)
    site.cameras[2].switch(Fault.COVER, on=True)
    await site.states.until(site.entity("camera", "camera", dead), "unavailable", within=60)
    worth = site.entity("sensor", "picture", covered)
    await site.states.until(worth, lambda state: state.value in ("dark", "covered"), within=60)
    frames.append(await _wall(site, "One camera killed, one covered"))
    strip = Image.new("RGB", (frames[0].width, sum(frame.height for frame in frames)), "white")
    for number, frame in enumerate(frames):
        strip.paste(frame, (0, number * frame.height))
    # A palette: photographs need no more, and the file is a third.
    strip.quantize(192).save(folder / "wall.png", optimize=True)
    async with open_page(site.api) as page:
        await show_device(page, site.api, await site.device(covered))
        await page.screenshot(path=folder / "camera.png")


async def _visits(site: Site, folder: Path) -> None:
    """Let an officer come by, the guard sign; take the checkpoint's page and the calendar."""
    assert site.guard is not None  # noqa: S101  # the site has visits
    await site.phones[0].scan(PLACES[0].tag)
    asked = await site.guard.next_push(5, lambda push: bool(push.buttons))
    await site.guard.answer(asked.key("SIGN"), asked)
    await site.phones[0].scan(PLACES[1].tag)
    await site.states.until(site.entity("todo", "round", PLAN), "0", within=10)
    async with open_page(site.api) as page:
        await show_device(page, site.api, await site.device(PLACES[0].name))
        await page.screenshot(path=folder / "checkpoint.png")
        await page.goto(f"{site.api.url}/calendar")
        await page.get_by_text(PLAN).first.wait_for()
        # It fades while the page behind it is there already.
        await page.locator("#ha-launch-screen").wait_for(state="detached")
        await page.screenshot(path=folder / "calendar.png")
    await _visit_page(await site.page_url(PLACES[0].name), folder)


async def _visit_page(url: str, folder: Path) -> None:
    """Report a visit on a phone: the form, what a wrong PIN is told, the confirmation."""
    async with open_on_phone(url) as page:
        await page.screenshot(path=folder / "visit-form.png")
        for field, text in {
            "name": "Andi Wijaya",
            "nrp": "80030003",
            "unit": "Polsek Blora Kota",
            "pin": "1111",
        }.items():
            await page.fill(f"[name={field}]", text)
        await page.check("[name=situation][value=remarks]")
        await page.fill("[name=note]", "Lampu sisi timur mati, sudah disampaikan ke karupam.")
        await page.click("form button")
        await page.wait_for_selector("[role=alert]")
        await page.screenshot(path=folder / "visit-error.png")
        await page.fill("[name=pin]", PIN)
        await page.click("form button")
        await page.get_by_text("Kunjungan tercatat").wait_for()
        await page.screenshot(path=folder / "visit-done.png")


async def _wall(site: Site, caption: str) -> Image.Image:
    """Return the wall as it is now, below a line that says what is to be seen."""
    path = f"/api/camera_proxy/{site.entity('camera', 'wall')}"
    await site.api.picture(path)
    await asyncio.sleep(_PICTURE_WITHIN)
    shown = Image.open(BytesIO(await site.api.picture(path))).convert("RGB").resize(_WALL, Image.Resampling.LANCZOS)
    frame = Image.new("RGB", (shown.width, shown.height + _LINE), "white")
    frame.paste(shown, (0, _LINE))
    ImageDraw.Draw(frame).text((16, 9), caption, fill="black", font=ImageFont.load_default(22))
    return frame


async def _frame(page: Page, site: Site) -> Image.Image:
    await show_device(page, site.api, await site.device())
    shown = Image.open(BytesIO(await page.screenshot())).convert("RGB")
    return shown.crop(_CROP).resize(_FRAME, Image.Resampling.LANCZOS)


async def _until(site: Site, wanted: str) -> None:
    await site.states.until(site.entity("sensor", "alarm_state"), wanted, within=10)


if __name__ == "__main__":
    asyncio.run(draw(Path(sys.argv[1])))
