"""An officer's phone before the house: its browser runs no scripts, and sees what is on a page."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any, Final, override

from aiohttp import FormData

from custom_components.rutan_blora.const import VISIT_PATH
from custom_components.rutan_blora.patrol.checkpoint import Checkpoint
from custom_components.rutan_blora.patrol.codes import fixed_code, live_code
from homeassistant.util import dt as dt_util

from .common import TOKEN_KEY, House

# What an officer writes whom the house does not know.
TYPED: Final[Mapping[str, str]] = {
    "name": "Agus Wibowo",
    "rank": "Bripka",
    "nrp": "88020009",
    "unit": "Polsek Cepu",
    "personnel": "2",
    "vehicle": "R4",
    "situation": "safe",
    "note": "Aman dan terkendali",
}


class Page(HTMLParser):
    """A page as a browser sees it: what is on it, and what its form would send."""

    def __init__(self, html: str, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.html = html
        self.status = status
        self.headers = headers or {}
        self.fields: dict[str, str] = {}
        self.buttons: list[str] = []
        self.text = ""
        self.state = ""
        self._area: str | None = None
        self._is_shown = True
        self.feed(html)
        self.text = " ".join(self.text.split())

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, kind = given.get("name", ""), given.get("type", "text")
        self._is_shown = tag not in ("style", "script")
        if tag == "main":
            self.state = given["data-state"]
        elif tag == "button":
            self.buttons.append(name)
        elif tag == "textarea":
            self._area, self.fields[name] = name, ""
        elif tag == "input" and (kind in ("text", "hidden") or "checked" in given):
            self.fields[name] = given.get("value", "")

    @override
    def handle_endtag(self, tag: str) -> None:
        self._area, self._is_shown = None, True

    @override
    def handle_data(self, data: str) -> None:
        if self._area is not None:
            # A browser leaves out a line break at the very beginning.
            self.fields[self._area] += data.removeprefix("\n")
        elif self._is_shown:
            self.text += f" {data}"

    @property
    def typed(self) -> dict[str, str]:
        """Return what stands in the form of what people write."""
        return {name: self.fields.get(name, "") for name in TYPED}

    @property
    def ticket(self) -> str:
        """Return the ticket of the form."""
        return self.fields["ticket"]


class Phone:
    """An officer's phone."""

    def __init__(self, house: House) -> None:
        self._house = house

    def place(self, title: str) -> Checkpoint:
        """Return a checkpoint of the house."""
        places = self._house.facility.patrol.checkpoints.values()
        return next(place for place in places if place.name == title)

    def code(self, title: str = "Pos utama") -> str:
        """Return the code that is printed at a checkpoint."""
        return fixed_code(TOKEN_KEY, self.place(title))

    def live_code(self, title: str = "Layar gerbang") -> str:
        """Return the code that is on the screen of a checkpoint."""
        return live_code(TOKEN_KEY, self.place(title).id, dt_util.utcnow())

    async def scan(self, code: str | None = None, query: str = "", **headers: str) -> Page:
        """Open the page of a code."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("GET", code or self.code(), query=query, headers=sent)

    async def send(
        self,
        texts: Mapping[str, str],
        page: Page | None = None,
        *,
        code: str | None = None,
        photo: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **more: str,
    ) -> Page:
        """Send a form, by default one that was just opened."""
        ticket = (page or await self.scan(code)).ticket
        form = FormData(default_to_multipart=True)
        for name, value in {"ticket": ticket, **texts, **more}.items():
            form.add_field(name, value)
        if photo is not None:
            form.add_field("photo", photo, filename="foto.jpg", content_type="image/jpeg")
        return await self.ask("POST", code or self.code(), form, headers=headers)

    async def ask(
        self, method: str, code: str, body: Any = None, *, query: str = "", headers: Mapping[str, str] | None = None
    ) -> Page:
        """Ask the address of a code, and let what follows come to its end."""
        client = await self._house.client()
        async with client.request(method, f"{VISIT_PATH}/{code}{query}", data=body, headers=headers) as response:
            page = Page(await response.text(), response.status, response.headers)
        await self._house.hass.async_block_till_done()
        return page
