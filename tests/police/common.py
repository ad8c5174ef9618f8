"""A police device whose channel does as the test says."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.police.alert import Alert, Answer
from custom_components.rutan_blora.police.channels import DeliveryError
from custom_components.rutan_blora.police.courier import PoliceDevice

type Behaviour = Callable[[], Awaitable[None]]

USER = "user-of-the-phone"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a channel was handed."""

    alert: Alert
    loud: bool
    token: str


class StubChannel:
    """A channel that keeps what it is handed, then behaves; the last behaviour goes on."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.sent: list[Sent] = []
        self.behaviours = list(behaviours)

    @property
    def revisions(self) -> list[int]:
        """Return the revisions handed over."""
        return [sent.alert.revision for sent in self.sent]

    async def send(self, alert: Alert, *, loud: bool, token: str) -> None:
        """Keep it and behave."""
        self.sent.append(Sent(alert, loud, token))
        if self.behaviours:
            await (self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0])()

    def problem(self) -> str | None:
        """Return that nothing is wrong."""
        return None

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


def alert(revision: int = 1, urgent: int = 1, *, tag: str = "incident", ended: bool = False) -> Alert:
    """Return an alert."""
    return Alert(
        tag=tag,
        revision=revision,
        urgent=urgent,
        title=f"title {revision}",
        text="text",
        answers=((Answer.ACKNOWLEDGE, "Terima"),),
        ended=ended,
    )
