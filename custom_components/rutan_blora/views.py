"""Addresses: where an alert told by webhook is answered, a form shows a camera's picture, a report is handed out."""

from collections import deque
from http import HTTPStatus
from typing import Any, Final

from aiohttp.web import FileResponse, Request, Response, StreamResponse
import voluptuous as vol

from homeassistant.components.http import KEY_HASS, HomeAssistantView
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.json import json_loads

from .const import ANSWER_PATH, DOMAIN, MAX_NAME, PREVIEW_PATH, REPORT_PATH
from .facility import Facility
from .flows.camera import PREVIEWS
from .police.alert import Answer, plain
from .reporting import reports_folder
from .reports.export import MIMES, find, parse

# Answers to nothing are let in so often a minute; a right one always is.
WRONG_PER_MINUTE: Final = 30
_MINUTE: Final = 60.0
_MAX_BODY: Final = 4096
_BODY: Final = vol.Schema({vol.Optional("officer", default=""): str}, extra=vol.REMOVE_EXTRA)


class AnswerView(HomeAssistantView):
    """Takes an answer once; the address, which only the receiver knows, is what proves him.

    Only POST: what merely looks at an address, like the preview of a chat, must not answer an alarm.
    """

    url = ANSWER_PATH + "/{answer}/{token}"
    name = f"api:{DOMAIN}:answer"
    requires_auth = False

    def __init__(self) -> None:
        """Initialize the view."""
        self._wrong: deque[float] = deque(maxlen=WRONG_PER_MINUTE)

    async def post(self, request: Request, answer: str, token: str) -> Response:
        """Take in an answer."""
        hass = request.app[KEY_HASS]
        try:
            given, officer = Answer(answer), await _officer(request)
        except ValueError, vol.Invalid:
            return self.json_message("Not an answer", HTTPStatus.BAD_REQUEST)
        for facility in _facilities(hass):
            try:
                is_taken = facility.police.answered_at_url(given, token, officer)
            except LookupError:
                continue
            if is_taken:
                return self.json({"accepted": True})
            return self.json_message("This answer was given already, or the alarm is over", HTTPStatus.GONE)
        return self._refuse(hass)

    @callback
    def _refuse(self, hass: HomeAssistant) -> Response:
        """Answer who knows no alert of ours, or one that is away while its facility reloads."""
        if any(entry.state is not ConfigEntryState.LOADED for entry in _entries(hass)):
            return self.json_message("Try again", HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "2"})
        now = hass.loop.time()
        if len(self._wrong) == WRONG_PER_MINUTE and now - self._wrong[0] < _MINUTE:
            return self.json_message("Too many", HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": "60"})
        self._wrong.append(now)
        return self.json_message("No such alarm", HTTPStatus.NOT_FOUND)


def _entries(hass: HomeAssistant) -> list[Any]:
    return hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)


def _facilities(hass: HomeAssistant) -> list[Facility]:
    return [entry.runtime_data for entry in hass.config_entries.async_loaded_entries(DOMAIN)]


async def _officer(request: Request) -> str:
    """Return who answers, if the body says so; raise ValueError or Invalid if it says anything unfit."""
    body = b""
    async for chunk in request.content.iter_chunked(_MAX_BODY):
        body += chunk
        if len(body) > _MAX_BODY:
            raise ValueError("too long")
    officer: str = _BODY(json_loads(body))["officer"] if body else ""
    return plain(officer, MAX_NAME)


class PreviewView(HomeAssistantView):
    """Shows the picture of a camera that is being set up; the key, known to the form only, is the permission.

    A form cannot send a login with a picture it shows.
    """

    url = PREVIEW_PATH + "/{key}"
    name = f"api:{DOMAIN}:preview"
    requires_auth = False

    async def get(self, request: Request, key: str) -> Response:
        """Return the picture while its form is open."""
        if (jpeg := request.app[KEY_HASS].data.get(PREVIEWS, {}).get(key)) is None:
            return Response(status=HTTPStatus.NOT_FOUND)
        return Response(body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


class ReportView(HomeAssistantView):
    """Hands out the files of reports, to whoever is logged in: as Home Assistant does with its media."""

    url = REPORT_PATH + "/{entry_id}/{report}/{file}"
    name = f"api:{DOMAIN}:report"

    async def get(self, request: Request, entry_id: str, report: str, file: str) -> StreamResponse:
        """Return a file of a facility's report."""
        hass = request.app[KEY_HASS]
        entry = hass.config_entries.async_get_entry(entry_id)
        named = parse(report)
        if entry is None or entry.domain != DOMAIN or named is None or named.slug != entry.unique_id:
            return self._missing()
        if (path := await hass.async_add_executor_job(find, reports_folder(hass), report, file)) is None:
            return self._missing()
        return FileResponse(
            path,
            headers={
                "Content-Type": MIMES[file],
                "Content-Disposition": f'attachment; filename="{report}_{file}"',
                "Cache-Control": "private, no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )

    def _missing(self) -> Response:
        return self.json_message("No such report", HTTPStatus.NOT_FOUND)
