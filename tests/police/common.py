"""A police device whose channel does as the test says."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.police.alert import Alert, Answer
from custom_components.rutan_blora.police.channels import Channel, DeliveryError, Receipt
from custom_components.rutan_blora.police.courier import PoliceDevice

type Behaviour = Callable[[], Awaitable[None]]

USER = "user-of-the-phone"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a channel was handed."""

    alert: Alert
    loud: bool
    token: str
    memo: Mapping[str, Any]


class StubChannel(Channel):
    """A channel that keeps what it is handed, then behaves; the last behaviour goes on."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.sent: list[Sent] = []
        self.behaviours = list(behaviours)
        self.receipts: list[Receipt] = []
        self.reachable: bool | None = None
        self.trouble: str | None = None

    @property
    def revisions(self) -> list[int]:
        """Return the revisions handed over."""
        return [sent.alert.revision for sent in self.sent]

    async def send(self, alert: Alert, *, loud: bool, token: str, memo: Mapping[str, Any]) -> Receipt:
        """Keep it and behave."""
        self.sent.append(Sent(alert, loud, token, memo))
        if self.behaviours:
            await (self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0])()
        return self.receipts.pop(0) if self.receipts else Receipt()

    def problem(self) -> str | None:
        """Return what the test says is wrong."""
        return self.trouble

    def is_reachable(self) -> bool | None:
        """Tell what the test says."""
        return self.reachable

    def belongs_to(self, user_id: str | None) -> bool:
        """Tell whether it is the user of the stub."""
        return user_id == USER


async def succeed() -> None:
    """Take it."""


async def hang() -> None:
    """Take for ever."""
    await asyncio.Event().wait()


def fail(error: BaseException) -> Behaviour:
    """Return a behaviour that raises."""

    async def behave() -> None:
        raise error

    return behave


def refuse(reason: str) -> Behaviour:
    """Return a behaviour that fails as a channel should."""
    return fail(DeliveryError(reason))


def wait_for(event: asyncio.Event) -> Behaviour:
    """Return a behaviour that lasts until the event."""

    async def behave() -> None:
        await event.wait()

    return behave


def device(channel: StubChannel, name: str = "budi", language: Language = Language.ID) -> PoliceDevice:
    """Return a police device of that channel."""
    return PoliceDevice(id=name, name=f"HP {name}", holder=f"Aipda {name}", language=language, channel=channel)


def alert(
    revision: int = 1, urgent: int = 1, *, tag: str = "incident", ended: bool = False, repeat: float | None = None
) -> Alert:
    """Return an alert."""
    return Alert(
        tag=tag,
        revision=revision,
        urgent=urgent,
        title=f"title {revision}",
        text="text",
        answers=((Answer.ACKNOWLEDGE, "Terima"),),
        ended=ended,
        repeat=repeat,
    )
