"""Perimeter scenes as a camera sees them, drawn anew for any moment: wall, weather, people, what is done to a camera.

The same camera and moment always give the same picture. No camera number is like another: wall, ground, light, noise,
clock and JPEG quality differ.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, lru_cache
from io import BytesIO
from math import exp, sin
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

type Plane = NDArray[np.float32]
type Size = tuple[int, int]
type Colour = tuple[int, int, int]
# Of wire, of steel and of stone.
type Paints = tuple[Colour, Colour, Colour] | tuple[int, int, int]

HD: Final[Size] = (1280, 720)
# All lengths are px of a picture this wide, whatever size is drawn.
_WIDTH: Final = 1280
_HEIGHT: Final = 720
# How far beyond either edge the world is drawn, for a camera that is turned.
_MARGIN: Final = 320
_PLACES: Final = ("UTARA", "TIMUR", "SELATAN", "BARAT", "POS 1", "POS 2", "DAPUR", "BRANGGANG")


class Fault(StrEnum):
    """What is done to a camera."""

    COVERED_60 = "covered_60"
    COVERED = "covered"
    SPRAYED = "sprayed"
    TURNED_5 = "turned_5"
    TURNED_60 = "turned_60"
    TURNED_300 = "turned_300"
    FROZEN_CLOCK = "frozen_clock"
    FROZEN = "frozen"
    BLACK = "black"
    WHITE = "white"


_STILL: Final = frozenset({Fault.FROZEN, Fault.FROZEN_CLOCK})
_TURNS: Final = {Fault.TURNED_5: 5, Fault.TURNED_60: 60, Fault.TURNED_300: 300}


@dataclass(frozen=True, kw_only=True, slots=True)
class Walker:
    """Somebody who walks by: where his feet are, how tall he looks (px); a cat is low and long."""

    x: float
    y: float
    height: float
    is_cat: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """What there is to see at a moment.

    `light`: 1 is noon, 0 nothing. `night`: the camera's own infrared light. `sun`: where the shadows fall, -1 to 1;
    None under clouds. `rain`: 1 is a cloudburst. `headlight`: where it shines, 0 to 1. `shake`: px of 1280.
    """

    light: float = 1.0
    night: bool = False
    sun: float | None = None
    rain: float = 0.0
    headlight: float | None = None
    walkers: tuple[Walker, ...] = ()
    shake: tuple[int, int] = (0, 0)


# --- what is always there ---


@dataclass(frozen=True, kw_only=True, slots=True)
class _World:
    """A camera's surroundings, wider than its picture: by daylight in colour, and under infrared light."""

    colour: Plane
    infrared: Plane
    posts: tuple[float, ...]
    horizon: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lens:
    """What makes a camera unlike the next: noise (grey levels at noon), softness (px), JPEG quality, clock, tint."""

    noise: float
    softness: float
    quality: int
    clock: str
    tint: tuple[float, float, float]


@cache
def _lens(camera: int) -> _Lens:
    rng = np.random.default_rng(7000 + camera)
    return _Lens(
        noise=float(rng.uniform(1.0, 3.0)),
        softness=float(rng.uniform(0.4, 1.0)),
        quality=int(rng.integers(50, 86)),
        clock=("la", "ra", "ld", "rd")[int(rng.integers(4))],
        tint=(float(rng.uniform(0.95, 1.05)), 1.0, float(rng.uniform(0.93, 1.06))),
    )


def _clouds(rng: np.random.Generator, size: Size, octaves: tuple[int, ...]) -> Plane:
    """Return fractal noise of about -1 to 1; an octave is the number of lumps across the width."""
    width, height = size
    total = np.zeros((height, width), np.float32)
    for octave in octaves:
        lumps = rng.standard_normal((max(2, octave * height // width), octave)).astype(np.float32)
        image = Image.fromarray(lumps).resize(size, Image.Resampling.BICUBIC)
        total += np.asarray(image) / np.float32(1 + octaves.index(octave))
    return total / np.float32(1.5)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wall:
    """A wall seen in perspective: its upper and lower edge left and right (px), what it is made of."""

    top: tuple[float, float]
    bottom: tuple[float, float]
    rows: float
    mortar: float
    jitter: float
    colour: tuple[float, float, float]

    def top_at(self, x: float) -> float:
        """Return how high its upper edge is."""
        return self.top[0] + (self.top[1] - self.top[0]) * x / (_WIDTH + 2 * _MARGIN)

    def bottom_at(self, x: float) -> float:
        """Return how high its lower edge is."""
        return self.bottom[0] + (self.bottom[1] - self.bottom[0]) * x / (_WIDTH + 2 * _MARGIN)


def _wall(rng: np.random.Generator, horizon: float) -> _Wall:
    """Return a wall of bricks, of concrete slabs or of stained plaster, from the side or from the front."""
    near, far = float(rng.uniform(240, 330)), float(rng.uniform(70, 200))
    left_is_near = bool(rng.integers(2))
    heights = (near, far) if left_is_near else (far, near)
    rows, mortar, jitter, colour = (
        (float(rng.uniform(16, 26)), 0.14, 0.16, (158.0, 96.0, 76.0)),
        (float(rng.uniform(3, 6)), 0.03, 0.05, (150.0, 148.0, 142.0)),
        (1.0, 0.0, 0.02, (196.0, 188.0, 168.0)),
    )[int(rng.choice(3, p=(0.5, 0.25, 0.25)))]
    return _Wall(
        top=(horizon - heights[0] * 0.55, horizon - heights[1] * 0.55),
        bottom=(horizon + heights[0] * 0.75, horizon + heights[1] * 0.75),
        rows=rows,
        mortar=mortar,
        jitter=jitter,
        colour=colour,
    )


@lru_cache(maxsize=32)
def _world(camera: int, size: Size) -> _World:
    """Draw the surroundings at twice the size and shrink them, as a lens does."""
    rng = np.random.default_rng(1000 + camera)
    scale = 2 * size[0] / _WIDTH
    width, height = round((_WIDTH + 2 * _MARGIN) * scale), round(_HEIGHT * scale)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / np.float32(scale)
    horizon = float(rng.uniform(210, 330))
    canvas, infrared = _land(rng, x, y, horizon)
    wall = _wall(rng, horizon)
    _build(rng, wall, x, y, canvas, infrared)
    posts = tuple(float(p) for p in rng.uniform(0, _WIDTH + 2 * _MARGIN, int(rng.integers(2, 5))))
    picture = Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))
    grey = Image.fromarray(np.clip(infrared, 0, 255).astype(np.uint8))
    _furnish(rng, wall, posts, picture, grey, scale)
    small = (width // 2, height // 2)
    blur = ImageFilter.GaussianBlur(_lens(camera).softness * scale)
    return _World(
        colour=np.asarray(picture.filter(blur).resize(small, Image.Resampling.BOX), np.float32),
        infrared=np.asarray(grey.filter(blur).resize(small, Image.Resampling.BOX), np.float32),
        posts=posts,
        horizon=horizon,
    )


def _land(rng: np.random.Generator, x: Plane, y: Plane, horizon: float) -> tuple[Plane, Plane]:
    """Return sky, trees and ground, in colour and under infrared light."""
    height, width = x.shape
    size = (width, height)
    sky = np.array([150, 178, 214], np.float32) + (y / horizon)[..., None] * np.array([70, 55, 30], np.float32)
    sky += (18 * _clouds(rng, size, (4, 9, 20)))[..., None]
    grain = _clouds(rng, size, (12, 50, 160, 500))
    ground_colour = np.array(((150, 135, 105), (98, 118, 70), (140, 140, 136))[int(rng.integers(3))], np.float32)
    ground = ground_colour * (1 + float(rng.uniform(0.05, 0.16)) * grain)[..., None]
    is_sky = y < horizon - 12 - float(rng.uniform(10, 50)) * (1 + _clouds(rng, (width, 1), (14, 60, 200)))
    is_ground = y >= horizon
    leaves = np.array([62, 86, 48], np.float32) * (1 + 0.3 * _clouds(rng, size, (80, 300)))[..., None]
    canvas = np.where(is_ground[..., None], ground, np.where(is_sky[..., None], sky, leaves))
    infrared = np.where(is_ground, 118 * (1 + 0.1 * grain), np.where(is_sky, 3, 60 + leaves[..., 1]))
    return canvas.astype(np.float32), infrared.astype(np.float32)


def _build(rng: np.random.Generator, wall: _Wall, x: Plane, y: Plane, canvas: Plane, infrared: Plane) -> None:
    """Build the wall into a landscape."""
    across = x / np.float32(_WIDTH + 2 * _MARGIN)
    top = wall.top[0] + (wall.top[1] - wall.top[0]) * across
    bottom = wall.bottom[0] + (wall.bottom[1] - wall.bottom[0]) * across
    up = (y - top) / (bottom - top)
    along = np.cumsum(1 / (bottom[:1] - top[:1]), axis=1) * (x[0, 1] - x[0, 0]) * wall.rows / 2.4
    row = np.floor(up * wall.rows)
    column = along + 0.5 * (row % 2)
    brick = np.floor(column)
    shade = 1 + wall.jitter * rng.standard_normal(4096)[(row * 131 + brick * 17).astype(np.int64) % 4096]
    shade += 0.06 * _clouds(rng, (x.shape[1], x.shape[0]), (10, 40, 150, 600))
    is_mortar = (up * wall.rows - row < wall.mortar) | (column - brick < wall.mortar / 2)
    shade = np.where(is_mortar, 0.72, shade) if wall.mortar else shade
    inside = (up >= 0) & (up <= 1)
    canvas[inside] = (np.array(wall.colour, np.float32) * shade[..., None].astype(np.float32))[inside]
    infrared[inside] = (128 * (0.45 + 0.55 * shade)).astype(np.float32)[inside]


def _furnish(
    rng: np.random.Generator,
    wall: _Wall,
    posts: tuple[float, ...],
    picture: Image.Image,
    grey: Image.Image,
    scale: float,
) -> None:
    """Draw razor wire on the wall, lamp posts before it and a watch tower behind its far end."""
    whole, step = _WIDTH + 2 * _MARGIN, float(rng.uniform(14, 26))
    tower = float(rng.uniform(300, 1500))
    in_colour: Paints = ((70, 72, 76), (92, 94, 96), (120, 112, 98))
    in_grey: Paints = (150, 120, 95)
    for image, (wire, steel, stone) in ((picture, in_colour), (grey, in_grey)):
        pen = ImageDraw.Draw(image)
        base = wall.top_at(tower)
        pen.rectangle(_scaled(scale, tower - 34, base - 90, tower + 34, base + 4), fill=stone)
        pen.rectangle(_scaled(scale, tower - 26, base - 80, tower + 26, base - 52), fill=steel)
        pen.polygon(_scaled(scale, tower - 46, base - 90, tower, base - 120, tower + 46, base - 90), fill=steel)
        for number in range(int(whole / step)):
            x = number * step
            edge = wall.top_at(x)
            pen.ellipse(_scaled(scale, x - 15, edge - 26, x + 15, edge + 2), outline=wire, width=max(1, round(scale)))
        for x in posts:
            foot = 40 + wall.bottom_at(x)
            pen.rectangle(_scaled(scale, x - 4, foot - 330, x + 4, foot), fill=steel)
            pen.rectangle(_scaled(scale, x - 4, foot - 334, x + 40, foot - 324), fill=stone)


def _scaled(scale: float, *lengths: float) -> list[float]:
    """Return lengths in px of the size that is drawn."""
    return [length * scale for length in lengths]


@lru_cache(maxsize=32)
def _beam(camera: int, size: Size) -> Plane:
    """Return how the camera's own infrared light falls into its picture: a bright middle, corners that drown."""
    rng = np.random.default_rng(5000 + camera)
    y, x = np.mgrid[-1 : 1 : size[1] * 1j, -1 : 1 : size[0] * 1j].astype(np.float32)
    middle = float(rng.uniform(-0.15, 0.15)), float(rng.uniform(0.0, 0.3))
    spot = np.exp(-((x - middle[0]) ** 2) * 1.6 - ((y - middle[1]) ** 2) * 1.1)
    beam: Plane = (0.12 + 1.05 * spot).astype(np.float32)
    return beam


# --- what is there at a moment ---


@lru_cache(maxsize=8)
def _grain(size: Size) -> Plane:
    """Return noise to cut from: white, with a little of it smeared as a camera's noise reduction leaves it."""
    white: Plane = np.random.default_rng(1).standard_normal((size[1] + 64, size[0] + 64)).astype(np.float32)
    smeared = (white + np.roll(white, 1, 0) + np.roll(white, 1, 1) + np.roll(white, (1, 1), (0, 1))) / 2
    mixed: Plane = (0.8 * white + 0.6 * smeared).astype(np.float32)
    return mixed


@lru_cache(maxsize=64)
def _shadows(camera: int, size: Size, sun: float) -> Plane:
    """Return how much daylight reaches the ground when posts and tower throw shadows."""
    world, scale = _world(camera, size), size[0] / _WIDTH
    mask = Image.new("L", (world.infrared.shape[1], world.infrared.shape[0]), 255)
    pen = ImageDraw.Draw(mask)
    for x in world.posts:
        foot, reach = world.horizon + 200, sun * 420
        corners = (x - 8, foot, x + 8, foot, x + 14 + reach, foot + 110, x - 6 + reach, foot + 110)
        pen.polygon(_scaled(scale, *corners), fill=135)
    edge = world.horizon + 90 + 60 * abs(sun)
    pen.polygon(_scaled(scale, 0, edge - 40, 1920, edge, 1920, edge + 130 * abs(sun), 0, edge + 20), fill=150)
    soft = mask.filter(ImageFilter.GaussianBlur(2 * scale))
    return np.asarray(soft, np.float32) / np.float32(255)


def _walk(pen: ImageDraw.ImageDraw, walker: Walker, scale: float, *, at: float, light: float) -> None:
    """Draw a person or a cat in the middle of a step."""
    x, y, tall, stride = walker.x, walker.y, walker.height, sin(at * 7) * walker.height * 0.12
    fur, trousers, shirt, skin = (
        (round(red * light), round(green * light), round(blue * light))
        for red, green, blue in ((60, 52, 45), (40, 42, 60), (96, 66, 40), (150, 110, 86))
    )
    if walker.is_cat:
        for box in (
            (x - tall, y - tall * 0.8, x + tall, y - tall * 0.2),
            (x + tall * 0.7, y - tall, x + tall * 1.4, y),
        ):
            pen.ellipse(_scaled(scale, *box), fill=fur)
        return
    for side in (-stride, stride):
        leg = _scaled(scale, x, y - tall * 0.5, x + side, y)
        pen.line(leg, fill=trousers, width=max(1, round(tall * 0.1 * scale)))
    pen.rectangle(_scaled(scale, x - tall * 0.13, y - tall * 0.85, x + tall * 0.13, y - tall * 0.45), fill=shirt)
    pen.ellipse(_scaled(scale, x - tall * 0.07, y - tall, x + tall * 0.07, y - tall * 0.85), fill=skin)


@lru_cache(maxsize=16)
def _seen(camera: int, light: float, sun: float | None, left: int, top: int, size: Size, *, night: bool) -> Plane:
    """Return what falls into the lens when nobody is there, from a place in the world (px of this size)."""
    world = _world(camera, size)
    rows, columns = np.clip(np.arange(size[1]) + top, 0, size[1] - 1), slice(left, left + size[0])
    if night:
        lit: Plane = (world.infrared[:, columns][rows] * _beam(camera, size))[..., None]
        return lit
    # The exposure makes up for half of the light that is missing.
    seen: Plane = world.colour[:, columns][rows] * (np.array(_lens(camera).tint, np.float32) * np.float32(light**0.5))
    if sun is not None:
        seen *= _shadows(camera, size, sun)[:, columns][rows][..., None]
    return seen


def _scene(camera: int, at: float, view: View, size: Size, turn: int) -> Plane:
    """Return what falls into the lens: surroundings and passers-by, in their light."""
    scale = size[0] / _WIDTH
    left, top = round((_MARGIN + turn + view.shake[0]) * scale), round(view.shake[1] * scale)
    sun = None if view.sun is None else round(view.sun, 2)
    scene = _seen(camera, view.light, sun, left, top, size, night=view.night)
    if not view.walkers:
        return scene
    image = _image(scene).convert("RGB")
    pen = ImageDraw.Draw(image)
    for walker in view.walkers:
        _walk(pen, walker, scale, at=at, light=view.light**0.5)
    return np.asarray(image.convert("L") if view.night else image, np.float32).reshape(scene.shape)


def _image(scene: Plane) -> Image.Image:
    """Return a scene as an image; one plane is grey."""
    return Image.fromarray(np.clip(scene + 0.5, 0, 255).astype(np.uint8).squeeze())


def _weather(scene: Plane, rng: np.random.Generator, view: View, size: Size) -> Plane:
    """Return a scene with what rain and headlights add."""
    if view.headlight is not None:
        y, x = np.mgrid[0 : 1 : size[1] * 1j, 0 : 1 : size[0] * 1j].astype(np.float32)
        beam = np.exp(-((x - view.headlight) ** 2) * 30 - ((y - 0.55) ** 2) * 14)
        glare = np.exp(-((x - view.headlight) ** 2 + (y - 0.5) ** 2) * 900)
        # The exposure gives way to so much light.
        scene = scene * (0.8 + 1.6 * beam)[..., None] + (255 * glare)[..., None]
    if view.rain:
        streaks = Image.new("L", size, 0)
        pen = ImageDraw.Draw(streaks)
        for x, y, length in rng.random((int(500 * view.rain), 3)):
            begin = (x * size[0], y * size[1])
            end = (begin[0] - 3 * length, begin[1] + 0.07 * size[1] * (0.3 + length))
            pen.line([begin, end], fill=70, width=1)
        haze = np.float32(0.3 * view.rain)
        mist = np.float32(scene.mean())
        scene = scene * (1 - haze) + mist * haze + np.asarray(streaks, np.float32)[..., None]
    return scene


def _sprayed(scene: Plane, blur: float, size: Size) -> Plane:
    """Return a scene through a lens with a film on it."""
    blurred = _image(scene).filter(ImageFilter.GaussianBlur(blur * size[0] / _WIDTH))
    return np.asarray(blurred, np.float32).reshape(scene.shape)


def _covered(scene: Plane, camera: int, share: float, *, night: bool) -> Plane:
    """Return a scene with a cloth over the lens, out of focus, up to a share of the width."""
    rng = np.random.default_rng(3000 + camera)
    height, width = scene.shape[:2]
    tone = float(rng.uniform(34, 120))
    colour = np.array([tone]) if night else tone * rng.uniform(0.75, 1.25, 3)
    cloth = colour + 6 * _clouds(rng, (width, height), (2, 4))[..., None]
    x = np.linspace(0, 1, width, dtype=np.float32)
    x = x[::-1] if rng.integers(2) else x
    opaque = np.ones_like(x) if share >= 1 else 1 / (1 + np.exp((x - share) * 60))
    return (cloth * opaque[:, None] + scene * (1 - opaque)[:, None]).astype(np.float32)


def _disturbed(scene: Plane, camera: int, fault: Fault | None, size: Size, *, night: bool) -> Plane:
    """Return what a fault of the camera leaves of a scene."""
    match fault:
        case Fault.COVERED_60:
            return _covered(scene, camera, 0.6, night=night)
        case Fault.COVERED:
            return _covered(scene, camera, 1.0, night=night)
        case Fault.SPRAYED:
            return _sprayed(scene, 9, size)
        case Fault.BLACK:
            return np.full_like(scene, 3)
        case Fault.WHITE:
            return np.full_like(scene, 262)
    return scene


def _noisy(scene: Plane, camera: int, rng: np.random.Generator, view: View, size: Size) -> Plane:
    """Return a scene as the sensor hands it on: noise of light and of a gain that rises when light fades."""
    gain = 2.5 if view.night else min(4.0, 1 / max(0.01, view.light) ** 0.6)
    down, right = (int(v) for v in rng.integers(0, 64, 2))
    grain = _grain(size)[down : down + size[1], right : right + size[0]]
    strength = _lens(camera).noise * gain * np.sqrt(scene[..., -1].clip(4) / 128)
    noisy: Plane = (scene + (grain * strength)[..., None]).astype(np.float32, copy=False)
    if not view.night:
        colour = 0.4 * strength * _grain(size)[right : right + size[1], down : down + size[0]]
        noisy[..., 0] += colour
        noisy[..., 2] -= colour
    return noisy


@cache
def _font(height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(height)


def _caption(image: Image.Image, camera: int, at: float) -> None:
    """Burn the clock and the camera's name into a picture, as cameras do."""
    width, height = image.size
    anchor = _lens(camera).clock
    pen, font, edge = ImageDraw.Draw(image), _font(max(8, round(height / 24))), round(width / 80)
    other = {"l": "r", "r": "l"}[anchor[0]] + {"a": "d", "d": "a"}[anchor[1]]
    clock = datetime.fromtimestamp(at, UTC).strftime("%d-%m-%Y %H:%M:%S")
    for where, text in ((anchor, clock), (other, f"KAM {camera} {_PLACES[camera % len(_PLACES)]}")):
        place = (edge if where[0] == "l" else width - edge, edge if where[1] == "a" else height - edge)
        pen.text(place, text, fill="white", font=font, anchor=where, stroke_width=1, stroke_fill="black")


def render(camera: int, at: float, view: View, *, fault: Fault | None = None, size: Size = HD) -> Image.Image:
    """Return what a camera shows at a moment (Unix time)."""
    seen_at = 0.0 if fault in _STILL else at
    rng = np.random.default_rng((camera, int(seen_at * 1000)))
    scene = _scene(camera, seen_at, view, size, _TURNS.get(fault, 0) if fault else 0)
    scene = _disturbed(_weather(scene, rng, view, size), camera, fault, size, night=view.night)
    scene = _noisy(scene, camera, rng, view, size)
    image = _image(scene).convert("RGB")
    _caption(image, camera, 0.0 if fault is Fault.FROZEN else at)
    return image


def _passer(progress: float, *, far: bool) -> Walker:
    """Return somebody so far (0 to 1) on his way across the picture."""
    x = -100 + progress * (_WIDTH + 200)
    return Walker(x=x, y=430, height=110) if far else Walker(x=x, y=700, height=420)


def picture(camera: int, at: float, *, night: bool = False, fault: str | None = None, size: Size = HD) -> Image.Image:
    """Return an ordinary moment before a camera: now and then somebody walks by."""
    fault = Fault(fault) if fault else None
    seen_at = 0.0 if fault in _STILL else at
    rng = np.random.default_rng((camera, int(seen_at // 60)))
    walkers = (_passer(seen_at % 60 / 30, far=bool(rng.integers(2))),) if rng.random() < 0.5 else ()
    return render(camera, at, View(night=night, walkers=walkers), fault=fault, size=size)


def jpeg(camera: int, image: Image.Image) -> bytes:
    """Return a picture as its camera compresses it."""
    out = BytesIO()
    image.save(out, "JPEG", quality=_lens(camera).quality)
    return out.getvalue()


# --- what happens while somebody watches ---

# Seconds of calm before anything happens, in which a reference can be learnt.
CALM: Final = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """Some minutes before a camera: what there is to see, and the fault between two seconds, if any."""

    name: str
    seconds: float
    view: Callable[[int, float], View]
    fault: Fault | None = None
    begins: float = CALM
    ends: float = 0.0

    def fault_at(self, second: float) -> Fault | None:
        """Return what is wrong at a second."""
        return self.fault if self.begins <= second < self.ends else None

    def frame(self, camera: int, second: float, *, size: Size = HD) -> bytes:
        """Return the JPEG a camera sends at a second."""
        fault = self.fault_at(second)
        view = self.view(camera, self.begins if fault in _STILL else second)
        return jpeg(camera, render(camera, _MORNING + second, view, fault=fault, size=size))


_MORNING: Final = datetime(2026, 3, 2, 1, 0, tzinfo=UTC).timestamp()


def _day(camera: int, second: float) -> View:
    """An overcast day; somebody walks by every two minutes."""
    return View(light=0.9 + 0.1 * sin(second / 40 + camera), walkers=_people(camera, second, every=120))


def _night(camera: int, second: float) -> View:
    return View(night=True, walkers=_people(camera, second, every=300))


def _people(camera: int, second: float, *, every: float) -> tuple[Walker, ...]:
    """Return who is there: a person far off, one near, a cat, in turn."""
    turn, since = divmod(second + 37 * camera, every)
    kind = int(turn + camera) % 3
    if since > (20, 30, 15)[kind]:
        return ()
    progress = since / (20, 30, 15)[kind]
    if kind == 2:
        return (Walker(x=1400 - 1500 * progress, y=560, height=46, is_cat=True),)
    return (_passer(progress, far=kind == 1),)


def _crowd(camera: int, second: float) -> View:
    """A change of the guard: four people near the camera, for a minute and a half."""
    if not CALM <= second < CALM + 90:
        return _day(camera, second)
    places = (200 + 80 * k + 60 * sin(second / 5 + k) + 180 * k for k in range(4))
    return View(walkers=tuple(Walker(x=x, y=690, height=400) for x in places))


def _sunny(camera: int, second: float) -> View:
    """Sun and clouds in turn, every forty seconds, the shadows on their way."""
    return View(sun=-0.6 + second / 1500 if int(second / 40 + camera) % 2 else None)


def _dusk(camera: int, second: float) -> View:
    """Forty minutes in which the light goes; then the camera switches its infrared light on."""
    light = exp(-max(0.0, second - CALM) / 640)
    return View(light=light, walkers=_people(camera, second, every=240)) if light > 0.025 else _night(camera, second)


def _dawn(camera: int, second: float) -> View:
    """The way back."""
    light = 0.03 * exp(max(0.0, second - CALM) / 640)
    return _night(camera, second) if second < CALM + 60 else View(light=min(1.0, light))


def _switched_on(camera: int, second: float) -> View:
    return _day(camera, second) if second < CALM else _night(camera, second)


def _switched_off(camera: int, second: float) -> View:
    return _night(camera, second) if second < CALM else _day(camera, second)


def _rain(camera: int, second: float) -> View:
    return View(light=0.7, rain=min(1.0, max(0.0, (second - CALM) / 60)))


def _rain_at_night(camera: int, second: float) -> View:
    return View(night=True, rain=min(1.0, max(0.0, (second - CALM) / 60)))


def _headlights(camera: int, second: float) -> View:
    """Cars that turn before the camera, two a minute; every fourth waits there."""
    turn, since = divmod(second + 11 * camera, 30)
    if second < CALM or since > 12:
        return View(night=True)
    return View(night=True, headlight=0.5 if int(turn) % 4 == 0 else since / 12)


def _wind(camera: int, second: float) -> View:
    """A pole that sways by some pixels."""
    rng = np.random.default_rng((camera, int(second * 10)))
    across, up = rng.normal(0, 3, 2)
    return View(shake=(round(float(across)), round(float(up) / 2))) if second >= CALM else View()


def _calm_clips() -> tuple[Clip, ...]:
    """Return the clips in which nothing is wrong."""
    return (
        Clip(name="day, people and a cat", seconds=900, view=_day),
        Clip(name="four people near the camera", seconds=330, view=_crowd),
        Clip(name="sun and clouds", seconds=900, view=_sunny),
        Clip(name="dusk, then infrared", seconds=2700, view=_dusk),
        Clip(name="infrared, then dawn", seconds=2700, view=_dawn),
        Clip(name="infrared switched on, first time", seconds=480, view=_switched_on),
        Clip(name="infrared switched off, first time", seconds=480, view=_switched_off),
        Clip(name="rain", seconds=600, view=_rain),
        Clip(name="rain at night", seconds=600, view=_rain_at_night),
        Clip(name="headlights at night", seconds=600, view=_headlights),
        Clip(name="wind", seconds=600, view=_wind),
        Clip(name="night", seconds=900, view=_night),
    )


def _fault_clips() -> tuple[Clip, ...]:
    """Return the clips in which something is done to the camera after a while, and undone, by day and by night."""
    return tuple(
        Clip(name=f"{fault.value}, {name}", seconds=CALM + 210, view=view, fault=fault, ends=CALM + 120)
        for name, view in (("day", _day), ("night", _night))
        for fault in Fault
    )


CLIPS: Final = (*_calm_clips(), *_fault_clips())


def _whole_day(camera: int, second: float) -> View:
    """Six in the evening to six: dusk, infrared, headlights, a shower, dawn, wind, sun and clouds, a shower."""
    hour = second / 3600
    people = _people(camera, second, every=240)
    if hour < 0.75:
        return View(light=exp(-second / 720), walkers=people)
    if hour < 11.25:
        rain = 0.7 if 4 <= hour < 5 else 0.0
        beam = second % 600 / 12 if second % 600 < 12 else None
        return View(night=True, rain=rain, headlight=beam, walkers=people)
    if hour < 12:
        return View(light=0.03 * exp((second - 11.25 * 3600) / 770), walkers=people)
    if 15 <= hour < 16:
        return replace(_wind(camera, second), walkers=people)
    if 20 <= hour < 21:
        return View(light=0.6, rain=0.8, walkers=people)
    is_sunny = sin(second / 200 + camera) + sin(second / 37) > -0.2
    return View(light=0.95, sun=(hour - 18) / 7 if is_sunny else None, walkers=people)


WHOLE_DAY: Final = Clip(name="a whole day", seconds=86_400, view=_whole_day)
