"""A camera's one upstream, however many look; it tells how old its picture is, and when there is none."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from datetime import datetime
import logging
from math import inf
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DEFAULT_INTERVAL, DOMAIN
from ..listeners import Listeners
from .pace import LOOK, LOOKED_AT, STREAMED, back_off, is_lost, next_turn, phase
from .picture import Picture, SourceError, SourceProblem
from .source import Source
from .verify import check, glance

_LOGGER = logging.getLogger(__name__)

# Pictures of all cameras checked at a time: more would take the processor, and their memory, from everybody else.
_CHECKS: Final = 2
_CHECKING: Final[HassKey[asyncio.Semaphore]] = HassKey(f"{DOMAIN}.checking")


class Feed:
    """The pictures of a camera: one every `interval` seconds, as many as are sensible while somebody looks."""

    def __init__(self, hass: HomeAssistant, source: Source, name: str, interval: float = DEFAULT_INTERVAL) -> None:
        self.source = source
        self.name = name
        # The last picture, whatever became of the camera since.
        self.latest: Picture | None = None
        # When the camera last gave a picture, be it the same again.
        self.heard_at: datetime | None = None
        # Why there is no signal; None while pictures come, and until it is known.
        self.problem: SourceProblem | None = None
        # How often the camera came back after a problem.
        self.connection = 0

        self._hass = hass
        self._interval = interval
        self._phase = phase(name)
        self._listeners = Listeners[[]](hass)
        self._checking = hass.data.setdefault(_CHECKING, asyncio.Semaphore(_CHECKS))
        self._task: asyncio.Task[None] | None = None
        # What the source gave last, to know it again.
        self._given = b""
        # On the loop's clock: when a picture was last decoded. Others like it are only glanced at, for an interval.
        self._checked_at = -inf
        self._failures = 0
        self._failure = SourceProblem.UNREACHABLE
        # On the loop's clock: the last picture, and until when somebody looks.
        self._heard = -inf
        self._looked_at_until = -inf
        # Somebody waits for a picture, even of a camera that is left alone for a while.
        self._is_asked = False
        self._wake = asyncio.Event()
        self._arrived = asyncio.Event()

    @property
    def is_known(self) -> bool:
        """Tell whether the camera has ever answered or failed."""
        return self.heard_at is not None or self.problem is not None

    @property
    def is_looked_at(self) -> bool:
        """Tell whether somebody looks."""
        return self._hass.loop.time() < self._looked_at_until

    def start(self) -> None:
        """Begin to ask for pictures."""
        self._task = self._hass.async_create_background_task(self._run(), f"{DOMAIN} feed {self.name}")

    async def stop(self) -> None:
        """Let go of the camera."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call a listener after each picture, be it the same again, and each change of problem."""
        return self._listeners.add(listener)

    @callback
    def look(self) -> None:
        """Note that somebody looks, and goes on looking for a while."""
        was_looked_at = self.is_looked_at
        self._looked_at_until = self._hass.loop.time() + LOOK
        if not was_looked_at:
            self._wake.set()

    async def fresh(self, after: datetime, within: float) -> Picture | None:
        """Return a picture that arrived after that moment, None if there is none within so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.latest is None or self.latest.at <= after:
                    self._is_asked = True
                    self._wake.set()
                    await self._arrived.wait()
                return self.latest
        return None

    async def other(self, than: Picture | None, within: float) -> None:
        """Wait until there is another latest picture than that one, no longer than so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.latest is than:
                    await self._arrived.wait()

    async def _run(self) -> None:
        """Ask for pictures until this is stopped."""
        try:
            # Not all cameras at once, and not after a minute where that is the interval.
            await self._rest(self._hass.loop.time(), min(self._interval, DEFAULT_INTERVAL))
            while True:
                await self._take_turn()
        finally:
            await self.source.close()

    async def _take_turn(self) -> None:
        """Take what the camera gives now, and rest."""
        since = self._hass.loop.time()
        self._is_asked = False
        try:
            await self._receive()
        except SourceError as err:
            self._fail(err.problem)
        except Exception as err:  # noqa: BLE001  # a camera nobody asks any more would look alive
            # Its text may hold an address.
            _LOGGER.error("The camera %s failed unexpectedly: %s", self.name, type(err).__name__)
            self._fail(SourceProblem.UNREACHABLE)
        await self._rest(since, self._interval)

    async def _receive(self) -> None:
        """Take one picture; while somebody looks, those of a stream as they come."""
        stream = self.source.stream() if self.is_looked_at else None
        if stream is None:
            await self._take(await self.source.grab())
            return
        due = -inf
        async with aclosing(stream):
            async for data in stream:
                if not self.is_looked_at:
                    return
                if (now := self._hass.loop.time()) >= due:
                    due = now + STREAMED
                    await self._take(data)

    async def _take(self, data: bytes) -> None:
        """Make what arrived the latest picture, if it is one and not the same again."""
        at = dt_util.utcnow()
        if data != self._given:
            self.latest = self._glanced(data, at) or await self._checked(data, at)
            self._given = data
        elif self.latest is not None and self.latest.small is None:
            # The same again, of which only the frame is known: it may be all that comes.
            self.latest = await self._checked(data, self.latest.at)
        self.heard_at = at
        self._heard = self._hass.loop.time()
        self._failures = 0
        if self.problem is not None:
            self.problem = None
            self.connection += 1
        self._arrived.set()
        self._arrived.clear()
        self._listeners.tell()

    def _glanced(self, data: bytes, at: datetime) -> Picture | None:
        """Return what arrived as a picture like one that was checked less than an interval ago."""
        is_fresh = self._hass.loop.time() - self._checked_at < self._interval
        return glance(data, at, self.latest) if is_fresh and self.latest is not None else None

    async def _checked(self, data: bytes, at: datetime) -> Picture:
        """Return what arrived as a picture that was decoded."""
        async with self._checking:
            picture = await self._hass.async_add_executor_job(check, data, at)
        self._checked_at = self._hass.loop.time()
        return picture

    def _fail(self, problem: SourceProblem) -> None:
        """Note that no picture came; tell if that is news."""
        self._failures += 1
        self._failure = problem
        self._checked_at = -inf
        silence = self._hass.loop.time() - self._heard
        if problem is not self.problem and is_lost(self._failures, silence, problem):
            self.problem = problem
            self._listeners.tell()

    async def _rest(self, since: float, period: float) -> None:
        """Wait for the camera's next turn; whoever begins to look, or waits for a picture, makes it come earlier."""
        while (left := self._due(since, period) - self._hass.loop.time()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._wake.wait()
            self._wake.clear()

    def _due(self, since: float, period: float) -> float:
        """Return when the camera's next turn is."""
        if self._is_asked:
            return since + LOOKED_AT
        if self._failures:
            return since + back_off(self._failures, self._interval, self._failure)
        return next_turn(since, LOOKED_AT if self.is_looked_at else period, self._phase)
