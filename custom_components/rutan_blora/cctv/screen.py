"""What is shown of the cameras: the wall, made once however many look at it, and a card where there is no picture."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import Language
from .desk import CameraDesk
from .overlay import stale
from .picture import Condition, Picture
from .wall import Tile, Wall, order

if TYPE_CHECKING:
    from .watch import Watch

# Whoever asks a little early gets a new wall all the same: his clock is not ours.
WALL_TIME: Final = 0.9


@dataclass(frozen=True, kw_only=True, slots=True)
class Emphasis:
    """What the wall must draw attention to: the alarm in words, and the cameras near it, nearest first."""

    alarm: str | None = None
    drill: bool = False
    near: Sequence[str] = field(default=())


class Screen:
    """The pictures of a facility as people look at them."""

    def __init__(
        self,
        hass: HomeAssistant,
        desk: CameraDesk,
        *,
        title: str,
        language: Language,
        emphasis: Callable[[], Emphasis],
    ) -> None:
        self._hass = hass
        self._desk = desk
        self._title = title
        self._language = language
        self._emphasis = emphasis
        self._wall = Wall(language=language, zone=dt_util.get_default_time_zone())
        self._drawing = asyncio.Lock()
        self._shown: bytes | None = None
        self._shown_at = 0.0
        self._cards: dict[str, tuple[Picture | None, bytes]] = {}

    async def async_wall(self) -> bytes:
        """Return all pictures in one, at most a second old; all cameras give theirs while somebody looks."""
        for watch in self._desk.watches.values():
            watch.feed.look()
        async with self._drawing:
            now = self._hass.loop.time()
            if self._shown is None or now - self._shown_at >= WALL_TIME:
                self._shown_at = now
                tiles = [_tile(watch) for watch in self._desk.watches.values()]
                self._shown = await self._hass.async_add_executor_job(self._compose, tiles, self._emphasis())
            return self._shown

    def _compose(self, tiles: Sequence[Tile], emphasis: Emphasis) -> bytes:
        """Draw the wall; in the executor."""
        return self._wall.compose(
            order(tiles, emphasis.near),
            title=self._title,
            now=dt_util.utcnow(),
            alarm=emphasis.alarm,
            drill=emphasis.drill,
        )

    async def async_card(self, watch: Watch) -> bytes:
        """Return what is shown instead of a camera's picture: since when there is none, over the last one greyed."""
        picture = watch.feed.latest
        card = self._cards.get(watch.camera.id)
        if card is None or card[0] is not picture:
            drawn = await self._hass.async_add_executor_job(self._draw_card, picture)
            card = self._cards[watch.camera.id] = (picture, drawn)
        return card[1]

    def _draw_card(self, picture: Picture | None) -> bytes:
        """Draw the card; in the executor."""
        since = picture.at if picture is not None else None
        zone = dt_util.get_default_time_zone()
        return stale(picture, since, now=dt_util.utcnow(), language=self._language, zone=zone)


def _tile(watch: Watch) -> Tile:
    """Return what there is to show of a camera."""
    return Tile(
        id=watch.camera.id,
        name=watch.camera.name,
        picture=watch.feed.latest,
        condition=watch.condition or Condition.OK,
        age=watch.age,
        is_stale=watch.is_stale,
        position=watch.camera.position,
    )
