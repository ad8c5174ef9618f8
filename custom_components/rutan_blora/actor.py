"""Who did something, and what he is told when it is refused. Rules only: no Home Assistant."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import voluptuous as vol


class Origin(StrEnum):
    """Where a command came from."""

    HARDWARE = "hardware"
    USER = "user"
    OFFICER = "officer"
    SERVICE = "service"
    PLAN = "plan"


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who did it: hardware, a user, an officer (by his device, or on the page), a service, or a plan by itself."""

    origin: Origin
    id: str | None = None
    name: str = ""

    @property
    def key(self) -> tuple[str | None, str]:
        """Return what tells this actor from another: one user may answer for several officers."""
        return self.id, self.name

    def to_body(self) -> dict[str, Any]:
        """Return what the journal keeps of an actor."""
        return {"origin": self.origin.value, "id": self.id, "name": self.name}


class RefusedError(Exception):
    """A command that is not allowed now; the refusal's value names the text a person is told."""

    def __init__(self, refusal: StrEnum) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def actor_from_body(body: Mapping[str, Any]) -> Actor:
    """Return the actor that the journal kept; raise vol.Invalid if it is none."""
    return Actor(**_BODY(body))


_BODY: Final = vol.Schema(
    {"origin": vol.Coerce(Origin), "id": vol.Any(str, None), "name": str}, required=True, extra=vol.REMOVE_EXTRA
)
