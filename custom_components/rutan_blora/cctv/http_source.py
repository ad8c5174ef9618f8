"""A camera that gives its pictures over HTTP: a still for each request, or motion JPEG for as long as it is asked."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing, contextmanager
from typing import Final, override

import aiohttp
from aiohttp import hdrs

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .address import HTTP, RTSP, Address, parse
from .multipart import Parts
from .picture import SourceError, SourceProblem
from .source import DEADLINE, Source
from .verify import MAX_BYTES

_CONNECT_WITHIN: Final = 5.0
_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_WITHIN)
_MOTION: Final = "multipart/x-mixed-replace"


class HttpSource(Source):
    """A camera at an http or https URL; `stream_url` is where Home Assistant's live view finds it, if anywhere."""

    def __init__(
        self,
        hass: HomeAssistant,
        url: str,
        username: str = "",
        password: str = "",
        *,
        verify_ssl: bool = True,
        stream_url: str | None = None,
    ) -> None:
        self._hass = hass
        self._url = url
        self._username = username
        self._password = password
        self._verify_ssl = verify_ssl
        self._stream_url = stream_url
        self._is_motion = False
        # Answers a camera's digest challenge; basic credentials, readable by all, go only to one that asks for them.
        self._digest: aiohttp.DigestAuthMiddleware | None = None
        self._is_basic = False

    @override
    async def grab(self) -> bytes:
        with _explained():
            async with asyncio.timeout(DEADLINE):
                with closing(await self._connect()) as response:
                    return await (_Motion(response).next() if self._is_motion else _whole(response))

    @override
    def stream(self) -> AsyncGenerator[bytes] | None:
        return self._follow() if self._is_motion else None

    @property
    @override
    def has_live_view(self) -> bool:
        return self._stream_url is not None

    @override
    async def live_url(self) -> str | None:
        if self._stream_url is None:
            return None
        return parse(self._stream_url, (*HTTP, *RTSP), self._username, self._password).with_credentials()

    async def _follow(self) -> AsyncGenerator[bytes]:
        """Give the pictures as they come, each within the deadline."""
        with _explained():
            async with asyncio.timeout(DEADLINE):
                response = await self._connect()
        with closing(response):
            motion = _Motion(response)
            while self._is_motion:
                with _explained():
                    async with asyncio.timeout(DEADLINE):
                        picture = await motion.next()
                yield picture

    async def _connect(self) -> aiohttp.ClientResponse:
        """Return the answer of a camera that lets us in."""
        address = parse(self._url, HTTP, self._username, self._password)
        response = await self._ask(address)
        if response.status == 401 and address.username and self._wants_basic(response):
            response.close()
            response = await self._ask(address)
        try:
            _judge(response.status)
        except SourceError:
            response.close()
            raise
        self._is_motion = response.content_type == _MOTION
        return response

    async def _ask(self, address: Address) -> aiohttp.ClientResponse:
        """Return the first answer; a redirect is one, it is not followed."""
        if ":" in address.username:
            # HTTP cannot say such a name.
            raise SourceError(SourceProblem.AUTH)
        if address.username and self._digest is None:
            self._digest = aiohttp.DigestAuthMiddleware(address.username, address.password)
        headers = {hdrs.ACCEPT_ENCODING: "identity"}
        if self._is_basic:
            headers[hdrs.AUTHORIZATION] = aiohttp.encode_basic_auth(address.username, address.password, "utf-8")
        return await async_get_clientsession(self._hass, self._verify_ssl).get(
            address.url,
            headers=headers,
            allow_redirects=False,
            timeout=_TIMEOUT,
            middlewares=(self._digest,) if self._digest and not self._is_basic else (),
        )

    def _wants_basic(self, response: aiohttp.ClientResponse) -> bool:
        """Note how the camera wants the credentials; tell whether to try again with basic ones."""
        challenges = response.headers.getall(hdrs.WWW_AUTHENTICATE, ())
        was_basic = self._is_basic
        self._is_basic = not was_basic and any(challenge.lower().startswith("basic") for challenge in challenges)
        return self._is_basic


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """Return the body; one that is too large is not read to its end."""
    if (response.content_length or 0) > MAX_BYTES:
        raise SourceError(SourceProblem.TOO_LARGE)
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BYTES:
            raise SourceError(SourceProblem.TOO_LARGE)
    return bytes(body)


class _Motion:
    """A motion JPEG stream being read."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._content = response.content
        self._parts = Parts(response.headers[hdrs.CONTENT_TYPE].partition("boundary=")[2].partition(";")[0])
        self._has_given = False

    async def next(self) -> bytes:
        """Return the newest picture as soon as one is complete."""
        while chunk := await self._content.readany():
            if pictures := self._parts.feed(chunk):
                self._has_given = True
                return pictures[-1]
        raise SourceError(SourceProblem.UNREACHABLE if self._has_given else SourceProblem.NO_VIDEO)


def _judge(status: int) -> None:
    """Raise SourceError unless the status is one of success."""
    if status in (401, 403, 407):
        raise SourceError(SourceProblem.AUTH)
    if 300 <= status < 400:
        raise SourceError(SourceProblem.REDIRECTED)
    if not 200 <= status < 300:
        raise SourceError(SourceProblem.REFUSED)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what goes wrong into a SourceError; what is thrown away with the cause are addresses."""
    try:
        yield
    except SourceError:
        raise
    except TimeoutError:
        problem = SourceProblem.TIMEOUT
    except aiohttp.ClientSSLError:
        problem = SourceProblem.TLS
    except aiohttp.ClientError, OSError, ValueError:
        problem = SourceProblem.UNREACHABLE
    else:
        return
    raise SourceError(problem) from None
