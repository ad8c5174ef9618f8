"""How a police device is reached: one adapter a channel."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.core import CALLBACK_TYPE, callback

from ..alert import Alert, Answer


class DeliveryError(Exception):
    """A device could not be told; `reason` is a word for the record and the sensor."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What is known of an alert that was handed over.

    `confirmed` says that the device itself has shown that it has it. `memo` is what the channel must know when it is
    called again, be it after a restart; it is JSON and goes on record, so it holds no secret.
    """

    confirmed: bool = False
    memo: Mapping[str, Any] = field(default_factory=dict)


# An answer that came over a channel of its own: which, the token, and who the sender says he is.
type ChannelAnswer = Callable[[Answer, str, str], object]


class Channel(ABC):
    """One police device's way to be told."""

    # Entities whose state says whether the device can be told.
    watched: tuple[str, ...] = ()
    # Whether who knows the token may answer at an address of ours.
    answers_at_url = False
    # Whether it is told what is no alarm, too.
    takes_notices = True

    @abstractmethod
    async def send(self, alert: Alert, *, loud: bool, token: str, memo: Mapping[str, Any]) -> Receipt:
        """Hand the alert over, be it new, an update, its end or a test; raise DeliveryError if that failed.

        Nothing may be awaited before the alert leaves. `token` makes the answers to it unguessable; `memo` is that of
        the last receipt.
        """

    def problem(self) -> str | None:
        """Return what a technician must mend, None if nothing is known to be wrong."""
        return None

    def is_reachable(self) -> bool | None:
        """Tell from evidence whether the device could be told now, None if there is none; it is never pinged."""
        return None

    def belongs_to(self, user_id: str | None) -> bool:
        """Tell whether an answer of this Home Assistant user is the device's own."""
        return False

    @callback
    def listen(self, on_answer: ChannelAnswer) -> CALLBACK_TYPE:
        """Hear answers that come over the channel itself; call what is returned to stop."""
        return lambda: None

    @callback
    def leave(self) -> None:
        """Say that nothing more will come: Home Assistant stops, or the device is out of service."""
        return
