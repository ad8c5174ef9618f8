"""The journal's copy on a server as Home Assistant knows it: begun and ended with the option, its trouble shown."""

import asyncio
from datetime import datetime
from functools import partial
import logging
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

from .const import DOMAIN
from .issues import show_issue
from .journal.copy import CopyHealth, CopyState, JournalCopy
from .journal.server import schema_of
from .journal.store import Journal
from .optional import POSTGRESQL, async_need

_LOGGER = logging.getLogger(__name__)

ISSUE_FAILED: Final = "journal_copy_failed"
ISSUE_DIFFERS: Final = "journal_copy_differs"
# Seconds a server may be away until somebody is told, and between two tries to fetch its driver.
PATIENCE: Final = 300
FETCH_PAUSE: Final = 600


class Copying:
    """Keeps a facility's copy while one is wanted; `slug` is what its journal is called."""

    def __init__(self, hass: HomeAssistant, entry_id: str, journal: Journal, slug: str) -> None:
        self._hass = hass
        self._entry_id = entry_id
        self._journal = journal
        self._slug = slug
        self._site = ""
        self._url: str | None = None
        self._copy: JournalCopy | None = None
        self._task: asyncio.Task[None] | None = None
        self._unsub: CALLBACK_TYPE | None = None
        # What keeps it from being kept, and until when that is borne.
        self._error: str | None = None
        self._timer: CALLBACK_TYPE | None = None

    @callback
    def follow(self, url: str | None, site: str) -> None:
        """Keep the copy at an address, or none; a reload with the same changes nothing."""
        self._site = site
        if url == self._url:
            return
        self._let_go()
        self._url = url
        if url is None:
            return

        @callback
        def begin(hass: HomeAssistant) -> None:
            self._task = hass.async_create_background_task(self._start(url), f"{DOMAIN} copy {self._slug}")

        # Nobody waits for it: it must take nothing from a start.
        self._unsub = async_at_started(self._hass, begin)

    async def async_compare(self) -> CopyHealth | None:
        """Return how the copy is now, None if none is wanted."""
        if self._url is None:
            return None
        if self._copy is None:
            return CopyHealth(state=CopyState.AWAY, error=self._error)
        return await self._hass.async_add_executor_job(self._copy.compare)

    async def async_close(self) -> None:
        """Keep no copy any more."""
        copy = self._copy
        self._let_go()
        if copy is not None:
            await self._hass.async_add_executor_job(copy.close)

    @callback
    def _let_go(self) -> None:
        """End what was begun; waits for nothing."""
        if self._unsub is not None:
            self._unsub()
        if self._task is not None:
            self._task.cancel()
        if self._copy is not None:
            self._copy.stop()
        self._url = self._unsub = self._task = self._copy = None
        self._end_missing()
        self._show(ISSUE_DIFFERS, None)

    async def _start(self, url: str) -> None:
        """Fetch the driver, as often as it takes, and follow."""
        while True:
            try:
                await async_need(self._hass, POSTGRESQL)
            except HomeAssistantError as err:
                self._take(url, CopyHealth(state=CopyState.AWAY, error=str(err)))
                await asyncio.sleep(FETCH_PAUSE)
            else:
                break
        self._copy = JournalCopy(self._journal, url, schema_of(self._slug), partial(self._on_health, url))
        self._copy.start()

    def _on_health(self, url: str, health: CopyHealth) -> None:
        """Take in how the copy is; called from its thread."""
        self._hass.loop.call_soon_threadsafe(self._take, url, health)

    @callback
    def _take(self, url: str, health: CopyHealth) -> None:
        if url != self._url:
            # The last word of one that is not kept any more.
            return
        if health.state is CopyState.AWAY:
            self._miss(health.error or "")
            return
        if self._error is not None:
            _LOGGER.info("The server with the copy of the journal of %s is there again", self._site)
        self._end_missing()
        differs = health.state is CopyState.DIFFERS
        if differs:
            _LOGGER.error("The copy of the journal of %s is of another journal; it is left alone", self._site)
        self._show(ISSUE_DIFFERS, {"seq": str(health.seq)} if differs else None)

    @callback
    def _miss(self, error: str) -> None:
        """Note that the copy cannot be kept now; it is shown if that lasts."""
        if self._error is None:
            _LOGGER.warning("The copy of the journal of %s cannot be kept: %s", self._site, error)
            self._timer = async_call_later(self._hass, PATIENCE, self._lose_patience)
        self._error = error
        if self._timer is None:
            self._show(ISSUE_FAILED, {"error": error})

    @callback
    def _lose_patience(self, _: datetime) -> None:
        self._timer = None
        self._show(ISSUE_FAILED, {"error": self._error or ""})

    @callback
    def _end_missing(self) -> None:
        if self._timer is not None:
            self._timer()
        self._timer = self._error = None
        self._show(ISSUE_FAILED, None)

    def _show(self, issue: str, placeholders: dict[str, str] | None) -> None:
        """Raise a repair, or take it back."""
        texts = None if placeholders is None else {"site": self._site, **placeholders}
        show_issue(self._hass, issue, self._entry_id, texts, ir.IssueSeverity.WARNING)
