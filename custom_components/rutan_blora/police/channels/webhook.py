"""A web service at the police that takes alerts as signed JSON (Standard Webhooks).

The receiver checks `webhook-signature`, the base64 HMAC-SHA-256 of "id.timestamp.body", and drops a `webhook-id` it
knows: a try that is repeated keeps its id, a loud repeat has a new one.
"""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
import hashlib
import hmac
import ssl
from typing import Any, Final, override

import aiohttp

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util

from ..alert import Alert, Answer
from . import Channel, DeliveryError, Receipt

# Just under the courier's deadline: its cancelling would leave no evidence of what became of the request.
DEADLINE: Final = 9.0
_STANDARD: Final = "whsec_"

type AnswerUrl = Callable[[Answer, str], str | None]


class WebhookProblem(StrEnum):
    """Why the receiver could not be told."""

    REDIRECTED = "webhook_redirected"
    STATUS = "webhook_status"
    TLS = "webhook_tls"
    UNREACHABLE = "webhook_unreachable"


class WebhookReceiver(Channel):
    """A web service that takes alerts; `answer_url` gives the address at which one is answered, if there is one."""

    answers_at_url = True

    def __init__(self, hass: HomeAssistant, url: str, secret: str, answer_url: AnswerUrl) -> None:
        self._hass = hass
        self._url = url
        self._key = signing_key(secret)
        self._answer_url = answer_url
        self._has_worked: bool | None = None

    @override
    def is_reachable(self) -> bool | None:
        """Tell whether the last alert got through, None before the first."""
        return self._has_worked

    @override
    async def send(self, alert: Alert, *, loud: bool, token: str, memo: Mapping[str, Any]) -> Receipt:
        """Post the alert; a status of success is the receiver's word that it has it."""
        sent: int = memo.get("sent", 0)
        now = dt_util.utcnow()
        body = json_bytes(self._said(alert, loud=loud, token=token, now=now))
        headers = sign(self._key, f"msg_{alert.tag}_{alert.revision}_{sent}", now, body)
        try:
            _check(await self._post(body, headers))
        except DeliveryError:
            self._has_worked = False
            raise
        self._has_worked = True
        return Receipt(confirmed=True, memo={"sent": sent + 1})

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Return the status the receiver answers with; what it says besides is not read."""
        try:
            response = await async_get_clientsession(self._hass).post(
                self._url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=DEADLINE),
            )
        except (aiohttp.ClientSSLError, ssl.SSLError) as err:
            raise DeliveryError(WebhookProblem.TLS.value) from err
        except (aiohttp.ClientError, OSError, ValueError) as err:
            raise DeliveryError(WebhookProblem.UNREACHABLE.value) from err
        response.close()
        return response.status

    def _said(self, alert: Alert, *, loud: bool, token: str, now: datetime) -> dict[str, Any]:
        """Return what is posted of an alert."""
        return {
            "type": "rutan_blora.test" if alert.test else "rutan_blora.alert",
            "timestamp": now.isoformat(),
            "data": {
                **alert.for_machines(),
                "loud": loud,
                "answers": [self._offer(answer, title, token) for answer, title in alert.answers],
            },
        }

    def _offer(self, answer: Answer, title: str, token: str) -> dict[str, str]:
        """Return an answer that can be given, with the address to give it at if there is one."""
        offer = {"answer": answer.value, "title": title}
        if (url := self._answer_url(answer, token)) is not None:
            offer["url"] = url
        return offer


def _check(status: int) -> None:
    """Raise DeliveryError unless the status is one of success."""
    if 300 <= status < 400:
        raise DeliveryError(WebhookProblem.REDIRECTED.value)
    if not 200 <= status < 300:
        raise DeliveryError(WebhookProblem.STATUS.value)


def signing_key(secret: str) -> bytes:
    """Return the bytes to sign with: those in a secret of Standard Webhooks, any other text as it is."""
    if secret.startswith(_STANDARD):
        try:
            return base64.b64decode(secret.removeprefix(_STANDARD), validate=True)
        except ValueError:
            pass  # a plain secret that happens to begin like one
    return secret.encode()


def sign(key: bytes, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that show who sent a message, when, and that it is whole."""
    timestamp = str(int(at.timestamp()))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
