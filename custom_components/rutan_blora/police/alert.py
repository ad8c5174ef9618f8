"""What a police device is told, in its language. Rules only: no Home Assistant."""

from dataclasses import dataclass
from enum import StrEnum
import hashlib
import hmac
import re
from typing import Final
import unicodedata

# The joiner of emoji is the one character without a shape of its own that is harmless.
_JOINER: Final = "\u200d"
# Android renders HTML in a notification, and takes a backslash and n for a line break. The look-alikes are read the
# same and do nothing on any phone; an ampersand that stands alone is left.
_HARMLESS: Final = {"<": "‹", ">": "›", "&": "＆", "\\": "∖"}
_MARKUP: Final = re.compile(r"[<>]|&(?=[#\w])|\\(?=[nr])")


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

    It is computed, not kept: an answer to an old push is known again after a restart.
    """
    return hmac.new(key.encode(), f"{tag}\n{device_id}".encode(), hashlib.sha256).hexdigest()[:32]


def plain(text: str, limit: int) -> str:
    """Return foreign text fit for a push: one line without markup, control or direction characters, at most `limit`."""
    text = " ".join("".join(char if _is_shown(char) else " " for char in text).split())
    text = _MARKUP.sub(lambda match: _HARMLESS[match[0]], text)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _is_shown(char: str) -> bool:
    """Tell whether a character stands for itself: not a control, a direction, a surrogate or a line break."""
    return char == _JOINER or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
