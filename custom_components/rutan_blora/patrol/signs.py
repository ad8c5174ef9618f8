"""The codes of the checkpoints as people see them: printed on a sign, or on a screen at the gate."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.util import dt as dt_util

from ..const import VISIT_PATH
from ..optional import QR_CODE, async_need
from . import qr
from .checkpoint import Checkpoint
from .codes import fixed_code, live_code, shown_until

# Why there is no code, in both languages.
NO_ADDRESS: Final = (
    "Alamat Home Assistant belum diatur: Pengaturan > Sistem > Jaringan",
    "Home Assistant's address is not set: Settings > System > Network",
)
NO_LIBRARY: Final = (
    f"Paket {QR_CODE} tidak dapat dipasang",
    f"The package {QR_CODE} cannot be installed",
)
LIVE_ONLY: Final = (
    "Di pos ini hanya kode di layar yang berlaku",
    "At this checkpoint only the code on the screen counts",
)


class _NoCodeError(Exception):
    """There is no code to be shown; `lines` say why."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(lines[-1])
        self.lines = lines


class Signs:
    """Draws the codes of a facility; each is drawn once, however many look at it."""

    def __init__(self, hass: HomeAssistant, key: str) -> None:
        self._hass = hass
        self._key = key
        self._drawn: dict[str, tuple[str, bytes]] = {}
        self._drawing = asyncio.Lock()

    async def async_sign(self, checkpoint: Checkpoint) -> bytes:
        """Return the sign to be printed (PNG), or a picture that says why there is none."""
        if checkpoint.live_code:
            return await self._hass.async_add_executor_job(qr.draw_notice, LIVE_ONLY)
        try:
            address = await self._async_address(fixed_code(self._key, checkpoint))
        except _NoCodeError as err:
            return await self._hass.async_add_executor_job(qr.draw_notice, err.lines)
        return await self._async_draw(checkpoint, address, partial(qr.draw_sign, address, checkpoint.name))

    async def async_live(self, checkpoint: Checkpoint) -> bytes:
        """Return what the screen shows now (JPEG), or a picture that says why there is nothing."""
        now = dt_util.utcnow()
        try:
            address = await self._async_address(live_code(self._key, checkpoint.id, now))
        except _NoCodeError as err:
            return await self._hass.async_add_executor_job(partial(qr.draw_notice, err.lines, kind="JPEG"))
        zone = dt_util.get_default_time_zone()
        draw = partial(qr.draw_live, address, checkpoint.name, shown_until(now), zone)
        return await self._async_draw(checkpoint, address, draw)

    async def _async_address(self, code: str) -> str:
        """Return where a code leads to; raise _NoCodeError if it cannot be drawn, or nobody knows."""
        try:
            await async_need(self._hass, QR_CODE)
            return f"{get_url(self._hass, prefer_external=True)}{VISIT_PATH}/{code}"
        except NoURLAvailableError as err:
            raise _NoCodeError(NO_ADDRESS) from err
        except HomeAssistantError as err:
            raise _NoCodeError(NO_LIBRARY) from err

    async def _async_draw(self, checkpoint: Checkpoint, address: str, draw: partial[bytes]) -> bytes:
        """Return the picture of an address, drawn now unless it was before."""
        async with self._drawing:
            drawn = self._drawn.get(checkpoint.id)
            if drawn is None or drawn[0] != address:
                drawn = self._drawn[checkpoint.id] = address, await self._hass.async_add_executor_job(draw)
            return drawn[1]
