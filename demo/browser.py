"""Home Assistant's pages in a real Chromium, in Indonesian, as the owner sees them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import shutil
from typing import Final

from playwright.async_api import Page, ViewportSize, async_playwright

from .api import Api

CHROMIUM: Final = shutil.which("chromium") or shutil.which("google-chrome") or ""

# It may run as root, has no screen, and is to ask nothing of the internet.
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_DEVICE_PAGE: Final = "ha-config-device-page"
# All that a page shows, through the shadow roots that hide it from an ordinary look.
_TEXTS: Final = """() => {
  const texts = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.textContent.trim();
      if (text && !["STYLE", "SCRIPT"].includes(node.parentNode?.nodeName)) texts.push(text);
    }
    if (node.shadowRoot) walk(node.shadowRoot);
    node.childNodes.forEach(walk);
  };
  walk(document.querySelector("%s") ?? document.body);
  return texts;
}"""


@asynccontextmanager
async def open_on_phone(url: str, *, scripts: bool = True, locale: str = "id-ID") -> AsyncIterator[Page]:
    """Give a page in a new Chromium of a phone's size that is logged in nowhere."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        context = await browser.new_context(
            viewport=ViewportSize(width=390, height=844),
            device_scale_factor=2,
            is_mobile=True,
            has_touch=True,
            java_script_enabled=scripts,
            locale=locale,
            timezone_id="Asia/Jakarta",
        )
        try:
            page = await context.new_page()
            await page.goto(url)
            yield page
        finally:
            await browser.close()


@asynccontextmanager
async def open_page(api: Api, *, width: int = 1280, height: int = 900) -> AsyncIterator[Page]:
    """Give a page of a new Chromium that is logged in."""
    login = {
        "hassUrl": api.url,
        "clientId": f"{api.url}/",
        "access_token": api.token,
        "refresh_token": "unused",
        "token_type": "Bearer",
        "expires": 4102444800000,
        "expires_in": 1800,
    }
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        context = await browser.new_context(
            viewport=ViewportSize(width=width, height=height), locale="id-ID", timezone_id="Asia/Jakarta"
        )
        await context.add_init_script(f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(login))})")
        try:
            yield await context.new_page()
        finally:
            await browser.close()


async def show_device(page: Page, api: Api, device_id: str) -> list[str]:
    """Go to a device's page and return every text on it, once they have come to rest."""
    await page.goto(f"{api.url}/config/devices/device/{device_id}")
    await page.wait_for_selector(_DEVICE_PAGE, timeout=40_000)
    await page.wait_for_load_state("networkidle")
    texts: list[str] = []
    while (now := await page.evaluate(_TEXTS % _DEVICE_PAGE)) != texts:
        texts = now
        await page.wait_for_timeout(500)
    return texts
