"""Visits in the house of the tests: its clock, and what is scanned."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.rutan_blora.actor import Actor, Origin
from custom_components.rutan_blora.patrol.check_in import CheckIn, Evidence, Officer, Report
from custom_components.rutan_blora.patrol.visit import Visit
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .common import House

WIB: Final = ZoneInfo("Asia/Jakarta")
TAG: Final = "0451-pos-utama"
GUARD: Final = Actor(origin=Origin.USER, id="guard", name="Slamet")
SATLANTAS: Final = Officer(name="Siti", rank="Bripka", unit="Satlantas")


class Clock:
    """The clock of the house, in November 2026."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        self._hass = hass
        self._freezer = freezer

    @staticmethod
    def at(text: str) -> datetime:
        """Return the time of "20:30", on the 23rd unless another day stands before it."""
        day, _, clock = text.rpartition(" ")
        return datetime.fromisoformat(f"2026-11-{day or '23'} {clock}").replace(tzinfo=WIB)

    def set(self, text: str) -> None:
        """Set the clock; nobody notices."""
        self._freezer.move_to(self.at(text))

    async def to(self, *times: str) -> None:
        """Let time go on."""
        for text in times:
            self.set(text)
            async_fire_time_changed(self._hass)
            await self._hass.async_block_till_done(wait_background_tasks=True)


def check_in(
    house: House,
    officer: Officer | None = None,
    *,
    place: str = "pos_utama",
    at: datetime | None = None,
    report: Report | None = None,
) -> Visit:
    """Check somebody in, by default nobody who is known."""
    patrol, now = house.facility.patrol, dt_util.utcnow()
    what = CheckIn(
        checkpoint_id=place,
        checkpoint=patrol.checkpoints[place].name,
        at=at or now,
        received_at=now,
        officer=officer or Officer(),
        evidence=Evidence.BUTTON,
        report=report or Report(),
    )
    return patrol.check_in(what, GUARD)


def visits(house: House) -> list[Visit]:
    """Return the visits in the book."""
    return list(house.facility.patrol.book.visits.values())
