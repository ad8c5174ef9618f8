"""How a police device is reached: one adapter a channel."""

from typing import Protocol

from ..alert import Alert


class DeliveryError(Exception):
    """A device could not be told; `reason` is a word for the record and the sensor."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Channel(Protocol):
    """One police device's way to be told."""

    async def send(self, alert: Alert, *, loud: bool, token: str) -> None:
        """Hand the alert over; raise DeliveryError if that failed.

        Nothing may be awaited before the alert leaves. `token` makes the answers to it unguessable.
        """

    def problem(self) -> str | None:
        """Return what a technician must mend, None if nothing is known to be wrong."""

    def belongs_to(self, user_id: str | None) -> bool:
        """Tell whether an answer of this Home Assistant user is the device's own."""
