"""A web service that takes alerts: what reaches a real server, and what its misbehaviour leads to."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime
import hashlib
import hmac
import json
import logging
from pathlib import Path
import ssl
from typing import Any
from unittest.mock import patch

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.rutan_blora.police.alert import Alert, Answer
from custom_components.rutan_blora.police.channels import DeliveryError, Receipt
from custom_components.rutan_blora.police.channels.webhook import WebhookReceiver
from demo.home_assistant import free_port
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.tls import certificate

TOKEN = "0123456789abcdef" * 2
KEY = b"what the police and we know"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PATH = "/alerts/of-an-address-nobody-guesses"

OPEN = Alert(
    tag="01M8580MJXPPB1ZW2KSAQF6H3N",
    revision=2,
    urgent=1,
    title="DARURAT: Tombol panik – Pintu Utama",
    text="Rutan Blora · Ditekan 23 Nov 10.00.00 WIB\nBelum ada yang menerima.",
    answers=((Answer.ACKNOWLEDGE, "Terima"), (Answer.GO, "Menuju lokasi")),
    drill=True,
    details={"site": "Rutan Blora", "locations": ["Pintu Utama"]},
)

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def accept(request: web.Request) -> web.Response:
    """Take it."""
    return web.Response(status=204)


def answer_with(status: int, **headers: str) -> Handler:
    """Return a handler that answers with a status."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    return handle


class Police:
    """A web service at the police that keeps what it is posted, then does as the test says."""

    def __init__(self) -> None:
        self.handler: Handler = accept
        self.requests: list[tuple[web.Request, bytes]] = []
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._server = TestServer(app)

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        """Open its doors."""
        await self._server.start_server(ssl=context)

    async def stop(self) -> None:
        """Close them."""
        await self._server.close()

    @property
    def url(self) -> str:
        """Return where alerts are posted."""
        return str(self._server.make_url(PATH))

    @property
    def bodies(self) -> list[Any]:
        """Return what was posted."""
        return [json.loads(body) for _, body in self.requests]

    @property
    def ids(self) -> list[str]:
        """Return the ids of what was posted."""
        return [request.headers["webhook-id"] for request, _ in self.requests]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request, await request.read()))
        return await self.handler(request)


@pytest.fixture
async def police(socket_enabled: None) -> AsyncIterator[Police]:
    """Give a web service that listens."""
    police = Police()
    await police.start()
    yield police
    await police.stop()


def receiver(hass: HomeAssistant, url: str, secret: str = SECRET) -> WebhookReceiver:
    """Return the channel; to go cannot be answered by address."""
    return WebhookReceiver(
        hass, url, secret, lambda answer, token: None if answer is Answer.GO else f"https://rutan.test/{token}/{answer}"
    )


async def send(
    channel: WebhookReceiver, alert: Alert = OPEN, *, loud: bool = True, memo: dict[str, Any] | None = None
) -> Receipt:
    """Tell the receiver."""
    return await channel.send(alert, loud=loud, token=TOKEN, memo=memo or {})


async def reason_of(channel: WebhookReceiver) -> str:
    """Return why the receiver cannot be told."""
    with pytest.raises(DeliveryError) as caught:
        await send(channel)
    return caught.value.reason


def signature(request: web.Request, body: bytes, key: bytes) -> str:
    """Return the signature as the receiver works it out."""
    signed = b".".join((request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


# --- what leaves ---


async def test_receiver_gets_exactly_this(hass: HomeAssistant, police: Police) -> None:
    await send(receiver(hass, police.url))
    ((request, _),) = police.requests
    (body,) = police.bodies
    at = datetime.fromisoformat(body.pop("timestamp"))
    assert abs((dt_util.utcnow() - at).total_seconds()) < 60
    assert int(request.headers["webhook-timestamp"]) == int(at.timestamp())
    assert (request.method, request.path, request.content_type) == ("POST", PATH, "application/json")
    assert body == {
        "type": "rutan_blora.alert",
        "data": {
            "tag": OPEN.tag,
            "revision": 2,
            "urgent": 1,
            "loud": True,
            "title": OPEN.title,
            "text": OPEN.text,
            "open": True,
            "answered": False,
            "test": False,
            "urgency": "alarm",
            "drill": True,
            "details": {"site": "Rutan Blora", "locations": ["Pintu Utama"]},
            "answers": [
                {"answer": "ACK", "title": "Terima", "url": f"https://rutan.test/{TOKEN}/ACK"},
                {"answer": "GO", "title": "Menuju lokasi"},
            ],
        },
    }


async def test_test_and_end_say_what_they_are(hass: HomeAssistant, police: Police) -> None:
    channel = receiver(hass, police.url)
    await send(channel, replace(OPEN, test=True))
    await send(channel, replace(OPEN, ended=True, answered=True, answers=()), loud=False)
    test, end = police.bodies
    assert test["type"] == "rutan_blora.test"
    assert end["type"] == "rutan_blora.alert"
    assert (end["data"]["open"], end["data"]["answered"], end["data"]["loud"]) == (False, True, False)
    assert end["data"]["answers"] == []


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        pytest.param(SECRET, KEY, id="of Standard Webhooks"),
        pytest.param("rahasia kita", b"rahasia kita", id="plain"),
        pytest.param("whsec_rahasia kita", b"whsec_rahasia kita", id="plain that begins like one"),
    ],
)
async def test_receiver_can_tell_by_the_signature_who_posted(
    hass: HomeAssistant, police: Police, secret: str, key: bytes
) -> None:
    await send(receiver(hass, police.url, secret))
    ((request, body),) = police.requests
    assert request.headers["webhook-signature"] == signature(request, body, key)
    assert request.headers["webhook-signature"] != signature(request, body + b" ", key)


async def test_retry_keeps_its_id_and_repeat_and_update_have_new_ones(hass: HomeAssistant, police: Police) -> None:
    channel = receiver(hass, police.url)
    police.handler = answer_with(500)
    assert await reason_of(channel) == "webhook_status"
    police.handler = accept
    receipt = await send(channel)
    await send(channel, memo=dict(receipt.memo))
    await send(channel, replace(OPEN, revision=3), memo=dict(receipt.memo))
    failed, retry, repeat, update = police.ids
    assert failed == retry
    assert len({retry, repeat, update}) == 3


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_success_is_the_receivers_word_that_it_has_it(hass: HomeAssistant, police: Police, status: int) -> None:
    police.handler = answer_with(status)
    assert await send(receiver(hass, police.url), memo={"sent": 4}) == Receipt(confirmed=True, memo={"sent": 5})


async def test_reachable_is_what_the_last_alert_has_shown(hass: HomeAssistant, police: Police) -> None:
    channel = receiver(hass, police.url)
    assert channel.is_reachable() is None
    police.handler = answer_with(503)
    await reason_of(channel)
    assert channel.is_reachable() is False
    police.handler = accept
    await send(channel)
    assert channel.is_reachable() is True
    assert channel.problem() is None


# --- what goes wrong ---


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_not_followed(hass: HomeAssistant, police: Police, status: int) -> None:
    police.handler = answer_with(status, Location="/elsewhere")
    assert await reason_of(receiver(hass, police.url)) == "webhook_redirected"
    assert [request.path for request, _ in police.requests] == [PATH]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 503])
async def test_other_status_is_no_success(hass: HomeAssistant, police: Police, status: int) -> None:
    police.handler = answer_with(status)
    assert await reason_of(receiver(hass, police.url)) == "webhook_status"


async def test_server_that_hangs_is_left(hass: HomeAssistant, police: Police) -> None:
    left = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        await left.wait()
        return web.Response()

    police.handler = hang
    channel = receiver(hass, police.url)
    with patch("custom_components.rutan_blora.police.channels.webhook.DEADLINE", 0.1):
        assert await reason_of(channel) == "webhook_unreachable"
    assert channel.is_reachable() is False
    left.set()


async def test_cancelled_try_shows_nothing(hass: HomeAssistant, police: Police) -> None:
    arrived, left = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await left.wait()
        return web.Response()

    police.handler = hang
    channel = receiver(hass, police.url)
    sending = asyncio.create_task(send(channel))
    await arrived.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert channel.is_reachable() is None
    left.set()


async def test_rubbish_without_end_after_the_status_does_not_matter(hass: HomeAssistant, police: Police) -> None:
    cut = asyncio.Event()

    async def babble(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"\xff\x00" * 8192)
        finally:
            cut.set()

    police.handler = babble
    assert (await send(receiver(hass, police.url))).confirmed
    async with asyncio.timeout(5):
        await cut.wait()


@pytest.mark.parametrize(
    "rubbish",
    [
        pytest.param(b"\x00\xff\xfe not HTTP\r\n\r\n", id="no HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", id="endless header"),
        pytest.param(b"", id="nothing"),
    ],
)
async def test_server_that_speaks_no_http_is_no_receiver(
    hass: HomeAssistant, socket_enabled: None, rubbish: bytes
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(rubbish)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        assert await reason_of(receiver(hass, f"http://{host}:{port}{PATH}")) == "webhook_unreachable"


async def test_refused_connection_is_unreachable(hass: HomeAssistant, socket_enabled: None) -> None:
    assert await reason_of(receiver(hass, f"http://127.0.0.1:{free_port()}{PATH}")) == "webhook_unreachable"


@pytest.mark.parametrize("url", ["", "alerts", "http://", "ftp://127.0.0.1/alerts", "http://127.0.0.1:99999/"])
async def test_address_that_is_none_is_unreachable(hass: HomeAssistant, socket_enabled: None, url: str) -> None:
    assert await reason_of(receiver(hass, url)) == "webhook_unreachable"


async def test_certificate_nobody_vouches_for_is_refused(
    hass: HomeAssistant, socket_enabled: None, tmp_path: Path
) -> None:
    # The server complains of a client that hangs up; here it has to.
    hass.loop.set_exception_handler(lambda _loop, _context: None)
    police = Police()
    await police.start(certificate(tmp_path))
    assert police.url.startswith("https://")
    assert await reason_of(receiver(hass, police.url)) == "webhook_tls"
    assert police.requests == []
    await police.stop()


async def test_server_without_tls_at_a_secure_address_is_refused(hass: HomeAssistant, police: Police) -> None:
    assert await reason_of(receiver(hass, police.url.replace("http:", "https:"))) == "webhook_tls"
    assert police.requests == []


async def test_neither_address_nor_secret_nor_token_is_logged(
    hass: HomeAssistant, police: Police, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel = receiver(hass, police.url)
    await send(channel)
    police.handler = answer_with(500)
    await reason_of(channel)
    await reason_of(receiver(hass, f"http://127.0.0.1:{free_port()}{PATH}"))
    # The server's own log is not ours.
    ours = " ".join(record.getMessage() for record in caplog.records if record.name != "aiohttp.access")
    assert ours
    assert not any(secret in ours for secret in (PATH, SECRET, KEY.decode(), TOKEN))
