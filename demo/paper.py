"""A report's letter and its first annex as a picture, opened in Chromium as people open it."""

import asyncio
from io import BytesIO
import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image
from playwright.async_api import Browser, ViewportSize, async_playwright

from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.reports.content import build, period_of
from custom_components.rutan_blora.reports.letter import Letter
from custom_components.rutan_blora.reports.logo import read_logo
from custom_components.rutan_blora.reports.pdf import render

from .browser import CHROMIUM
from .month import FIRST, LAST, MADE_AT, WIB, Log, fill_month

_LOGO: Final = Path(__file__).parents[1] / "custom_components" / "rutan_blora" / "brand" / "icon.png"
# The edges of A4, and what the viewer leaves around a page (pixels).
_SHORT: Final = 794
_LONG: Final = 1123
_EDGE: Final = 6
_GAP: Final = 24
# Seconds the viewer, which tells nobody when it is done, is given.
_DRAWN_WITHIN: Final = 3
# A reader has Helvetica, or what is as wide; here may be none.
_FONTS: Final = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<alias binding="strong"><family>Helvetica</family><prefer>
<family>Helvetica</family><family>Nimbus Sans</family><family>Liberation Sans</family><family>Arimo</family>
<family>DejaVu Sans Condensed</family></prefer></alias></fontconfig>
"""


def letter() -> bytes:
    """Return the report on a month of the demo's house."""
    log = Log()
    fill_month(log)
    content = build(
        log.records,
        site="Rutan Kelas IIB Blora",
        language=Language.ID,
        zone=WIB,
        period=period_of(FIRST, LAST, WIB),
        made_at=MADE_AT,
        head=log.records[-1].hash,
        places={},
    )
    paper = Letter(
        head=(
            "KEMENTERIAN CONTOH REPUBLIK INDONESIA",
            "KANTOR WILAYAH JAWA TENGAH",
            "RUMAH TAHANAN NEGARA KELAS IIB BLORA",
            "Jalan Contoh Nomor 1, Blora, Jawa Tengah",
            "Telepon (0296) 000000, surel rutan@blora.example",
        ),
        logo=read_logo(_LOGO),
        place="Blora",
        rutan=("Kepala Rutan Kelas IIB Blora,", "Nama Kepala Rutan, S.H.", "NIP 00000000 000000 0 000"),
        police=("Kepala Kepolisian Sektor Blora,", "Nama Kapolsek, S.H.", "AKP NRP 00000000"),
    )
    return render(content, paper)


async def draw_report(path: Path) -> None:
    """Draw the letter, and behind it the first page of its annexes."""
    with TemporaryDirectory() as folder:
        report, fonts = _written(Path(folder))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM,
                # The old headless mode has no viewer.
                args=["--no-sandbox", "--headless=new", "--disable-gpu"],
                env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
            )
            try:
                upright = await _page(browser, report, 1, (_SHORT, _LONG))
                across = await _page(browser, report, 2, (_LONG, _SHORT))
            finally:
                await browser.close()
    _join([upright, across]).quantize(32).save(path, optimize=True)


def _written(folder: Path) -> tuple[Path, Path]:
    """Write the report, and which fonts it is shown in."""
    report, fonts = folder / "report.pdf", folder / "fonts.conf"
    report.write_bytes(letter())
    fonts.write_text(_FONTS, encoding="utf-8")
    return report, fonts


async def _page(browser: Browser, report: Path, number: int, size: tuple[int, int]) -> Image.Image:
    """Return a page without what the viewer puts around it: it makes all as large as the widest that fits."""
    width, height = size
    page = await browser.new_page(viewport=ViewportSize(width=_LONG + 2 * _EDGE, height=height + 2 * _EDGE))
    await page.goto(f"{report.as_uri()}#page={number}&toolbar=0&navpanes=0&view=Fit")
    await asyncio.sleep(_DRAWN_WITHIN)
    shown = Image.open(BytesIO(await page.screenshot())).convert("RGB")
    await page.close()
    left = (shown.width - width) // 2
    return shown.crop((left, _EDGE, left + width, _EDGE + height))


def _join(pages: list[Image.Image]) -> Image.Image:
    """Return pages beside each other on a desk."""
    height = max(page.height for page in pages) + 2 * _GAP
    desk = Image.new("RGB", (sum(page.width + _GAP for page in pages) + _GAP, height), "#8a8d91")
    left = _GAP
    for page in pages:
        desk.paste(page, (left, (height - page.height) // 2))
        left += page.width + _GAP
    return desk


if __name__ == "__main__":
    asyncio.run(draw_report(Path(sys.argv[1])))
