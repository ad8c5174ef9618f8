"""The address of the check-in page: lets officers without the app in by what they scanned, and nobody too often."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Final

from aiohttp import BodyPartReader
from aiohttp.web import Request, Response, StreamResponse

from homeassistant.components.http import KEY_HASS, HomeAssistantView
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .actor import RefusedError
from .const import DOMAIN, VISIT_PATH, Language
from .facility import Facility, RutanConfigEntry
from .patrol.codes import Scanned, ScanRefusal, Ticket, accept, admit
from .patrol.form import Field, cleaned
from .patrol.limiter import Limiter
from .patrol.page import (
    HEADERS,
    LANGUAGE,
    Blank,
    Word,
    choose_language,
    done_page,
    form_page,
    notice_page,
    offer_page,
    raised_page,
)
from .patrol.photo import PhotoError, PhotoProblem
from .patrol.reception import Claim, FormError, PageRefusal
from .patrol.upload import UploadError, UploadProblem, read_photo, read_texts
from .reloads import async_wait_for_reload

# From one address (a post behind one router, a patrol in one car), and for one checkpoint.
PAGES_PER_MINUTE: Final = 120
WRONG_PER_MINUTE: Final = 30
FORMS_PER_MINUTE: Final = 60
# Of who proves nothing, by a code that may be a photograph: more than any patrol, and far less than a flood.
UNPROVED_PER_HOUR: Final = 30
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
# Photos that may be on their way at a time, and how long another one waits for its turn (seconds).
PHOTOS: Final = 8
PHOTO_TURN: Final = 10.0
# A reload takes a fraction of a second.
RELOAD_WAIT: Final = 3
# What is still taken in, and thrown away, of somebody who sends too much, so that he can read why (bytes, seconds).
_LEFTOVER: Final = 2 * 1024 * 1024
_LEFTOVER_WITHIN: Final = 2.0


class Refusal(StrEnum):
    """Why the view lets somebody not in."""

    FOREIGN_PAGE = "foreign_page"
    TOO_MANY = "too_many"
    RELOADING = "reloading"


class _WaitError(RefusedError):
    """Refused for now; `wait` is after how many seconds it is worth coming again."""

    def __init__(self, refusal: Refusal, wait: float) -> None:
        super().__init__(refusal)
        self.wait = int(wait) + 1


_STATUS: Final[dict[str, HTTPStatus]] = {
    ScanRefusal.UNKNOWN: HTTPStatus.NOT_FOUND,
    ScanRefusal.EXPIRED: HTTPStatus.GONE,
    ScanRefusal.FIXED: HTTPStatus.FORBIDDEN,
    ScanRefusal.TICKET_FORGED: HTTPStatus.FORBIDDEN,
    ScanRefusal.TICKET_FOREIGN: HTTPStatus.FORBIDDEN,
    ScanRefusal.TICKET_EXPIRED: HTTPStatus.GONE,
    ScanRefusal.TICKET_USED: HTTPStatus.CONFLICT,
    PageRefusal.PIN: HTTPStatus.FORBIDDEN,
    PageRefusal.NOT_RAISED: HTTPStatus.CONFLICT,
    Refusal.FOREIGN_PAGE: HTTPStatus.FORBIDDEN,
    Refusal.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
    Refusal.RELOADING: HTTPStatus.SERVICE_UNAVAILABLE,
    UploadProblem.UNREADABLE: HTTPStatus.BAD_REQUEST,
    UploadProblem.FORM_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UploadProblem.PHOTO_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}
# What is wrong with the form's ticket: what was written goes into a new one.
_SPENT: Final = frozenset(ScanRefusal) - {ScanRefusal.TIME}


@dataclass(kw_only=True, slots=True)
class _Sent:
    """What has come of a form so far, as it was written."""

    raw: dict[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> dict[Field, str]:
        return {name: cleaned(self.raw.get(name, "")) for name in Field}

    @property
    def ticket(self) -> str:
        return self.raw.get("ticket", "")

    @property
    def at(self) -> str:
        return self.raw.get("at", "")

    @property
    def pin(self) -> str:
        return self.raw.get("pin", "").strip()

    @property
    def is_alarm(self) -> bool:
        return "alarm" in self.raw


class _Turns:
    """Serves one of many who come at once, then whatever else is due: a press must not wait behind all of them."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        """Wait for one's turn."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            loop.call_soon(self._next)
        await turn

    def _next(self) -> None:
        turn = self._waiting.popleft()
        if not turn.done():
            turn.set_result(None)
        if self._waiting:
            turn.get_loop().call_soon(self._next)


class VisitView(HomeAssistantView):
    """Shows the form to who has just scanned a code, and takes it in.

    The code in the address is the permission; there is neither login nor cookie, and nothing of the house is told.
    """

    url = VISIT_PATH + "/{code}"
    name = f"api:{DOMAIN}:visit"
    requires_auth = False

    def __init__(self) -> None:
        """Initialize the view."""
        self._pages = Limiter(PAGES_PER_MINUTE, _MINUTE)
        self._wrong = Limiter(WRONG_PER_MINUTE, _MINUTE)
        self._forms = Limiter(FORMS_PER_MINUTE, _MINUTE)
        self._unproved = Limiter(UNPROVED_PER_HOUR, _HOUR)
        self._photos = asyncio.Semaphore(PHOTOS)
        self._turns = _Turns()

    async def get(self, request: Request, code: str) -> Response:
        """Show the form; that alone is no visit."""
        await self._turns.wait()
        language = _language(request)
        try:
            self._let_in(request)
            facility, scanned = self._scan(request, code)
            admit(scanned)
        except RefusedError as err:
            return _response(notice_page(_word(err), language), _status(err), _word(err).wait)
        return _response(form_page(Blank(ticket=facility.reception.issue(scanned)), language))

    async def post(self, request: Request, code: str) -> StreamResponse:
        """Take in a form, or raise the alarm of one that was taken in."""
        language, sent = _language(request), _Sent()
        try:
            page = await self._take_in(request, code, sent, language)
        except (FormError, RefusedError, UploadError) as err:
            page = self._refused(request, code, sent, err, language)
            response = _response(page, _status(err), _word(err).wait)
            return await _send_early(request, response) if _is_too_large(err) else response
        return _response(page)

    async def _take_in(self, request: Request, code: str, sent: _Sent, language: Language) -> str:
        """Return the page that confirms what was sent; raise FormError, RefusedError or UploadError."""
        _require_own_page(request)
        await self._turns.wait()
        photo = await read_texts(request, sent.raw)
        zone = dt_util.get_default_time_zone()
        if sent.is_alarm:
            return raised_page(await self._raise(request, code, sent), language, zone)
        self._let_in(request)
        facility, ticket = self._find(request, code, sent)
        if wait := self._forms.admit(ticket.checkpoint_id, facility.hass.loop.time()):
            raise _WaitError(Refusal.TOO_MANY, wait)
        done = facility.reception.again(ticket, sent.texts)
        if done is None:
            # The photo comes last: it is read only of who may send one.
            claim = await self._examine(request, facility, ticket, sent)
            self._let_unproved_in(claim, facility)
            kept, problem = await self._photo(request, facility, photo) if photo is not None else (None, None)
            # All that takes a while: the facility may have been reloaded meanwhile.
            facility, _ = self._find(request, code, sent)
            done = facility.reception.take(claim, kept, problem)
        done = await facility.reception.async_confirm(done)
        return done_page(done, language, zone=zone, ticket=sent.ticket)

    async def _examine(self, request: Request, facility: Facility, ticket: Ticket, sent: _Sent) -> Claim:
        """Return what a form comes to; raise FormError or RefusedError. Whoever guesses PINs is stopped."""
        client = _client(request)
        if sent.pin and (wait := self._wrong.wait(client, _now(request))):
            raise _WaitError(Refusal.TOO_MANY, wait)
        try:
            return await facility.reception.async_examine(ticket, sent.texts, sent.pin, sent.at, client)
        except RefusedError as err:
            if sent.pin and err.refusal is PageRefusal.PIN:
                self._wrong.admit(client, _now(request))
            raise

    async def _raise(self, request: Request, code: str, sent: _Sent) -> datetime:
        """Raise the alarm of a form and return when; however many forms come, and whatever is being reloaded."""
        try:
            facility, ticket = self._find(request, code, sent)
        except _WaitError as err:
            if err.refusal is not Refusal.RELOADING:
                raise
            for entry in _entries(request.app[KEY_HASS]):
                await async_wait_for_reload(entry)
            facility, ticket = self._find(request, code, sent)
        return facility.reception.raise_alarm(ticket)

    async def _photo(
        self, request: Request, facility: Facility, part: BodyPartReader
    ) -> tuple[str | None, PhotoProblem | None]:
        """Keep a photo; return its SHA-256, or why it was not kept: that is no reason not to take in the form."""
        try:
            async with asyncio.timeout(PHOTO_TURN):
                await self._photos.acquire()
        except TimeoutError:
            return None, PhotoProblem.BUSY
        try:
            data = await read_photo(request, part)
            return await facility.album.async_keep(data) if data else None, None
        except PhotoError as err:
            return None, err.problem
        except UploadError as err:
            if err.problem is UploadProblem.PHOTO_TOO_LARGE:
                raise
            return None, PhotoProblem.INCOMPLETE
        finally:
            self._photos.release()

    # --- who may ---

    def _let_in(self, request: Request) -> None:
        """Raise _WaitError for who comes too often."""
        if wait := self._pages.admit(_client(request), _now(request)):
            raise _WaitError(Refusal.TOO_MANY, wait)

    def _let_unproved_in(self, claim: Claim, facility: Facility) -> None:
        """Raise _WaitError for one too many who proves neither who he is nor that he is here."""
        ticket = claim.ticket
        if ticket.is_fresh or claim.filled.officer.id is not None:
            return
        if wait := self._unproved.admit(ticket.checkpoint_id, facility.hass.loop.time()):
            raise _WaitError(Refusal.TOO_MANY, wait)

    def _scan(self, request: Request, code: str) -> tuple[Facility, Scanned]:
        """Return what a code says, and of which facility; raise RefusedError if it says nothing."""
        for entry in request.app[KEY_HASS].config_entries.async_loaded_entries(DOMAIN):
            facility: Facility = entry.runtime_data
            if (scanned := facility.reception.scan(code)) is not None:
                return facility, scanned
        if _is_reloading(request.app[KEY_HASS]):
            raise _WaitError(Refusal.RELOADING, RELOAD_WAIT)
        if wait := self._wrong.admit(_client(request), _now(request)):
            raise _WaitError(Refusal.TOO_MANY, wait)
        raise RefusedError(ScanRefusal.UNKNOWN)

    def _find(self, request: Request, code: str, sent: _Sent) -> tuple[Facility, Ticket]:
        """Return by which ticket a form was sent, and to which facility; raise RefusedError unless it may be."""
        facility, scanned = self._scan(request, code)
        if (ticket := facility.reception.find(sent.ticket)) is None:
            raise RefusedError(ScanRefusal.TICKET_FORGED)
        accept(ticket, scanned, dt_util.utcnow())
        return facility, ticket

    # --- what is said to who may not ---

    def _refused(
        self, request: Request, code: str, sent: _Sent, err: FormError | RefusedError | UploadError, language: Language
    ) -> str:
        """Return the page that says why, with all that was written."""
        word = _word(err)
        if sent.is_alarm:
            return offer_page(word, language, sent.ticket)
        if isinstance(err, FormError):
            blank = Blank(ticket=sent.ticket, texts=sent.texts, at=sent.at, problems=err.found)
            return form_page(blank, language)
        if not any(sent.texts.values()):
            return notice_page(Word(refusal=word.refusal), language)
        ticket, at = sent.ticket, sent.at
        if word.refusal in _SPENT:
            ticket, at = self._new_ticket(request, code), ""
        elif word.refusal == ScanRefusal.TIME:
            at = ""
        return form_page(Blank(ticket=ticket, texts=sent.texts, at=at, word=word), language)

    def _new_ticket(self, request: Request, code: str) -> str:
        """Return a new ticket, nothing if the code has to be scanned once more."""
        try:
            facility, scanned = self._scan(request, code)
            admit(scanned)
        except RefusedError:
            return ""
        return facility.reception.issue(scanned)


def _word(err: FormError | RefusedError | UploadError) -> Word:
    match err:
        case _WaitError():
            return Word(refusal=err.refusal.value, wait=err.wait)
        case RefusedError():
            return Word(refusal=err.refusal.value)
        case UploadError():
            return Word(refusal=err.problem.value)
        case FormError():
            return Word(refusal="")


def _status(err: FormError | RefusedError | UploadError) -> HTTPStatus:
    return _STATUS.get(_word(err).refusal, HTTPStatus.UNPROCESSABLE_ENTITY)


def _is_too_large(err: Exception) -> bool:
    return isinstance(err, UploadError) and err.problem is not UploadProblem.UNREADABLE


def _response(page: str, status: HTTPStatus = HTTPStatus.OK, wait: int = 0) -> Response:
    again = {"Retry-After": str(wait)} if wait else {}
    response = Response(text=page, status=status, content_type="text/html", headers={**HEADERS, **again})
    response.enable_compression()
    return response


async def _send_early(request: Request, response: Response) -> Response:
    """Answer while more is being sent than is read, and hang up: a browser that can still send listens to nothing."""
    response.force_close()
    await response.prepare(request)
    await response.write_eof()
    left = _LEFTOVER
    try:
        async with asyncio.timeout(_LEFTOVER_WITHIN):
            while left > 0 and (data := await request.content.readany()):
                left -= len(data)
    except TimeoutError, OSError:
        pass
    if not request.content.is_eof():
        request.protocol.force_close()
    return response


def _language(request: Request) -> Language:
    return choose_language(request.headers.get("Accept-Language", ""), request.query.get(LANGUAGE))


def _now(request: Request) -> float:
    return request.app[KEY_HASS].loop.time()


def _client(request: Request) -> str:
    """Return whom to count as one: an address, or the network of a house that has many."""
    try:
        address = ip_address(request.remote or "")
    except ValueError:
        return ""
    return address.exploded[:19] if isinstance(address, IPv6Address) else str(address)


@callback
def _entries(hass: HomeAssistant) -> list[RutanConfigEntry]:
    return hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)


@callback
def _is_reloading(hass: HomeAssistant) -> bool:
    return any(entry.state is not ConfigEntryState.LOADED for entry in _entries(hass))


def _require_own_page(request: Request) -> None:
    """Raise RefusedError for a form that stood on somebody else's page.

    A browser tells; an old one, or one over plain HTTP, at most that it will not tell: the ticket must do then.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin", "null")
    if site is not None:
        is_own = site in ("same-origin", "none")
    else:
        is_own = origin == "null" or origin.lower().partition("://")[2] == request.host.lower()
    if not is_own:
        raise RefusedError(Refusal.FOREIGN_PAGE)
