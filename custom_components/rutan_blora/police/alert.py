"""What a police device is told, in its language. Rules only: no Home Assistant."""

from dataclasses import dataclass
from enum import StrEnum
import hashlib
import hmac
import re
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\s]+")
# Android renders HTML in a notification; the look-alikes are read the same and do nothing on any phone.
_HARMLESS: Final = str.maketrans({"<": "‹", ">": "›"})


class Answer(StrEnum):
    """What an officer can answer with one tap; the value stands in the phone's action key."""

    ACKNOWLEDGE = "ACK"
    GO = "GO"
    HERE = "HERE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One thing to tell, at one revision.

    `tag` names what it is about (an incident's id) over all its revisions. A device that has not been told
    revision `urgent` yet is told loudly, otherwise the update is quiet. `ended` takes it off the device and says
    so quietly.
    """

    tag: str
    revision: int
    urgent: int
    title: str
    text: str
    answers: tuple[tuple[Answer, str], ...] = ()
    ended: bool = False


def token(key: str, tag: str, device_id: str) -> str:
    """Return the unguessable token of one alert at one device (HMAC-SHA-256, 128 bits in hex).

    It is computed, not stored: an answer to an old push is known again after a restart, and no file holds it.
    """
    return hmac.new(key.encode(), f"{tag}\n{device_id}".encode(), hashlib.sha256).hexdigest()[:32]


def plain(text: str, limit: int) -> str:
    """Return foreign text fit for a push: one line, no markup, no control or direction characters, at most `limit`."""
    text = _CONTROL.sub(" ", text).strip().translate(_HARMLESS)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
