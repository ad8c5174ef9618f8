"""What a police device is told, in its language. Rules only: no Home Assistant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
import hashlib
import hmac
import re
from typing import Any, Final
import unicodedata

# The joiner of emoji is the one character without a shape of its own that is harmless.
_JOINER: Final = "\u200d"
# Android renders HTML in a notification, and takes a backslash and n for a line break. The look-alikes are read the
# same and do nothing on any phone; an ampersand that stands alone is left.
_HARMLESS: Final = {"<": "‹", ">": "›", "&": "＆", "\\": "∖"}
_MARKUP: Final = re.compile(r"[<>]|&(?=[#\w])|\\(?=[nr])")


class Answer(StrEnum):
    """What is answered with one tap; the value stands in the phone's action key.

    An officer answers an alarm with the first three; the guard at the gate signs a visit, or raises the alarm of one.
    """

    ACKNOWLEDGE = "ACK"
    GO = "GO"
    HERE = "HERE"
    SIGN = "SIGN"
    RAISE = "RAISE"


class Urgency(StrEnum):
    """How an alert is heard: as an alarm; as news beside one, which sounds no siren; or as everyday work."""

    ALARM = "alarm"
    NEWS = "news"
    ROUTINE = "routine"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One thing to tell, at one revision.

    `tag` names what it is about (an incident's id) over all its revisions. A device that has not been told
    revision `urgent` yet is told loudly, otherwise the update is quiet. `repeat` is after how many seconds a device
    that stays silent is told loudly again, None if it is not. `answered` says that nothing needs to sound any more;
    `ended` takes it off the device and says so quietly. `urgency` says how it is heard; with `urgent` 0 it never is.
    `to` are the police devices it is for, None all but those at the gate. `picture` is the path at Home Assistant of
    what the device may show with it; whoever asks for it must be logged in. `details` says the same to machines.
    """

    tag: str
    revision: int
    urgent: int
    title: str
    text: str
    answers: tuple[tuple[Answer, str], ...] = ()
    answered: bool = False
    ended: bool = False
    drill: bool = False
    test: bool = False
    urgency: Urgency = Urgency.ALARM
    to: frozenset[str] | None = None
    picture: str | None = None
    repeat: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def for_machines(self) -> dict[str, Any]:
        """Return the alert as JSON, without what proves an answer to it."""
        return {
            "tag": self.tag,
            "revision": self.revision,
            "urgent": self.urgent,
            "title": self.title,
            "text": self.text,
            "open": not self.ended,
            "answered": self.answered,
            "drill": self.drill,
            "test": self.test,
            "urgency": self.urgency.value,
            "details": dict(self.details),
        }


def token(key: str, tag: str, device_id: str, urgent: int) -> str:
    """Return the unguessable token of one alert at one device since one urgent revision (112 bits of HMAC-SHA-256).

    It is computed, not kept: an answer to an old push is known again after a restart. The first four hex digits are
    the revision, so that a late answer or receipt tells what it answers.
    """
    digest = hmac.new(key.encode(), f"{tag}\n{device_id}\n{urgent}".encode(), hashlib.sha256).hexdigest()
    return f"{urgent & 0xFFFF:04x}{digest[:28]}"


def urgent_of(presented: str) -> int:
    """Return the urgent revision a token claims to be of, 0 if it is no token; it is worth what the token is."""
    try:
        return int(presented[:4], 16)
    except ValueError:
        return 0


def plain(text: str, limit: int) -> str:
    """Return foreign text fit for a push: one line without markup, control or direction characters, at most `limit`."""
    if not text.isprintable():
        text = "".join(char if _is_shown(char) else " " for char in text)
    text = " ".join(text.split())
    text = _MARKUP.sub(lambda match: _HARMLESS[match[0]], text)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _is_shown(char: str) -> bool:
    """Tell whether a character stands for itself: not a control, a direction, a surrogate or a line break."""
    return char == _JOINER or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
