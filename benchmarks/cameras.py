"""What cameras cost Home Assistant: beside core's own cameras, when nobody looks, on the wall, and at a press.

Cameras and viewers are another process: its processor time is nobody's. The share of a core is that of the whole
process of Home Assistant, all threads.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import os
from pathlib import Path
from time import perf_counter, process_time, thread_time
from types import MappingProxyType
from typing import Any, Final

from custom_components.rutan_blora.cctv.health import Health, judge
from custom_components.rutan_blora.cctv.picture import Picture
from custom_components.rutan_blora.cctv.sample import measure
from custom_components.rutan_blora.cctv.verify import check
from custom_components.rutan_blora.cctv.wall import Tile, Wall
from custom_components.rutan_blora.const import Language
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .core import facility_entry, running_core
from .figures import Figures, Goal, ratio, summary, table
from .memory import measure_memory
from .press import Contender as Presser, running_site
from .yard import Yard, running_yard, scene

FEW: Final = 8
MANY: Final = 32
VIEWERS: Final = (0, 1, 4, 8)
# Seconds before it counts, and seconds that count: when people look, when nobody does, of a heartbeat.
SETTLE: Final = 2.5
LOOKING: Final = 5.0
IDLE: Final = 20.0
BEATING: Final = 12.0
BEAT: Final = 0.01
# Presses of each kind in a block, and blocks: none and many cameras take turns.
PRESSES: Final = 75
BLOCKS: Final = 2
_BEGIN: Final = datetime(2026, 3, 2, 1, tzinfo=UTC)


class Contender(StrEnum):
    """Whose cameras are looked at."""

    OURS_MOTION = "rutan_blora, motion JPEG"
    MJPEG = "core mjpeg"
    OURS_STILL = "rutan_blora, stills"
    GENERIC = "core generic, stills"


# --- what stands there ---


def _core_camera(domain: str, number: int, options: dict[str, Any], version: int) -> ConfigEntry[Any]:
    """Return a camera of one of core's integrations."""
    return ConfigEntry(
        data={},
        discovery_keys=MappingProxyType({}),
        domain=domain,
        entry_id=f"{domain}_{number}",
        minor_version=1,
        options=options,
        source="user",
        subentries_data=(),
        title=f"{domain} {number}",
        unique_id=None,
        version=version,
    )


def _mjpeg(number: int, address: str) -> ConfigEntry[Any]:
    options = {"authentication": "basic", "username": "", "password": "", "mjpeg_url": address, "verify_ssl": True}
    return _core_camera("mjpeg", number, options, 1)


def _generic(number: int, address: str) -> ConfigEntry[Any]:
    """Return a camera with the form's own defaults: two pictures a second, which is ours, too."""
    advanced = {"framerate": 2.0, "verify_ssl": True, "limit_refetch_to_url_change": False}
    options = {"still_image_url": address, "content_type": "image/jpeg", "authentication": "basic"}
    return _core_camera("generic", number, {**options, "advanced": advanced}, 2)


def _entries(contender: Contender, yard: Yard) -> list[ConfigEntry[Any]]:
    """Return what has to be set up to have few cameras."""
    match contender:
        case Contender.OURS_MOTION:
            return [facility_entry(cameras=yard.motion[:FEW])]
        case Contender.OURS_STILL:
            return [facility_entry(cameras=yard.still[:FEW])]
        case Contender.MJPEG:
            return [_mjpeg(number, address) for number, address in enumerate(yard.motion[:FEW], 1)]
        case Contender.GENERIC:
            return [_generic(number, address) for number, address in enumerate(yard.still[:FEW], 1)]


@asynccontextmanager
async def _serving(folder: Path, entries: Sequence[ConfigEntry[Any]]) -> AsyncIterator[HomeAssistant]:
    """Run a core with these entries that serves people who look."""
    async with running_core(folder, {"camera": {}}) as hass:
        for entry in entries:
            await hass.config_entries.async_add(entry)
        await hass.async_block_till_done()
        await hass.http.start()
        await asyncio.sleep(SETTLE)
        yield hass


async def _streams(hass: HomeAssistant, *, walls: bool = False) -> list[str]:
    """Return where the streams of all cameras are, or that of the wall, once they can be looked at."""
    registry = er.async_get(hass)
    entity_ids = [
        entity_id
        for entity_id, entity in registry.entities.items()
        if entity.domain == "camera" and (entity.translation_key == "wall") is walls
    ]
    async with asyncio.timeout(30):
        return [await _stream(hass, entity_id) for entity_id in entity_ids]


async def _stream(hass: HomeAssistant, entity_id: str) -> str:
    # That one may be looked at before it has a state is nobody's event.
    while (state := hass.states.get(entity_id)) is None or "access_token" not in state.attributes:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    token = state.attributes["access_token"]
    return f"http://127.0.0.1:{hass.http.server_port}/api/camera_proxy_stream/{entity_id}?token={token}"


# --- what is measured ---


async def _busy(seconds: float) -> float:
    """Return how much of a core this process takes for a while (%)."""
    begin, busy = perf_counter(), process_time()
    await asyncio.sleep(seconds)
    return round(100 * (process_time() - busy) / (perf_counter() - begin), 2)


async def _looked_at(yard: Yard, streams: Sequence[str], seconds: float) -> Figures:
    """Return what it takes that somebody looks at each of these streams, and what he gets."""
    await yard.look(streams)
    await asyncio.sleep(SETTLE)
    before, begin = await yard.count(), perf_counter()
    share = await _busy(seconds)
    after, took = await yard.count(), perf_counter() - begin
    await yard.leave()
    if after["viewers"] != len(streams):
        raise RuntimeError(f"{after['viewers']} of {len(streams)} viewers see something")
    return {
        "cpu_percent": share,
        "open": max(before["open"], after["open"]),
        "requests_per_second": round((after["requests"] - before["requests"]) / took, 1),
        "pictures_per_second": round((after["pictures"] - before["pictures"]) / took / max(1, len(streams)), 2),
        "mb_per_second": round((after["bytes"] - before["bytes"]) / took / 1e6, 1),
    }


async def measure_sharing(folder: Path, yard: Yard, *, seconds: float = LOOKING) -> Figures:
    """Return what few cameras cost as more and more people look at them."""
    figures: Figures = {}
    for contender in Contender:
        async with _serving(folder / contender.name, _entries(contender, yard)) as hass:
            streams = await _streams(hass)
            figures[contender.value] = {
                str(viewers): await _looked_at(yard, streams * viewers, seconds) for viewers in VIEWERS
            }
    return figures


async def _lags(seconds: float) -> list[float]:
    """Return how much too late a heartbeat came, each time."""
    loop = asyncio.get_running_loop()
    lags, due, end = [], loop.time(), loop.time() + seconds
    while due < end:
        due = max(due, loop.time()) + BEAT
        await asyncio.sleep(due - loop.time())
        lags.append(loop.time() - due)
    return lags


async def measure_idle(folder: Path, yard: Yard, *, seconds: float = IDLE) -> Figures:
    """Return what cameras cost that nobody looks at."""
    kinds: dict[str, Sequence[str]] = {
        "none": (),
        f"{MANY} stills": yard.still,
        f"{FEW} motion JPEG": yard.motion[:FEW],
        f"{FEW} RTSP": yard.rtsp[:FEW],
    }
    figures: Figures = {}
    async with running_core(folder, {"camera": {}}) as hass:
        for kind, addresses in kinds.items():
            entry = facility_entry(cameras=addresses)
            await hass.config_entries.async_add(entry)
            await hass.async_block_till_done()
            await asyncio.sleep(2 * SETTLE)
            figures[kind] = {"cpu_percent": await _busy(seconds if addresses == yard.still else seconds / 2)}
            if addresses in ((), yard.still):
                figures[kind]["lag"] = summary(await _lags(BEATING * seconds / IDLE))
            await hass.config_entries.async_remove(entry.entry_id)
    for kind in kinds:
        figures[kind]["cameras_percent"] = round(figures[kind]["cpu_percent"] - figures["none"]["cpu_percent"], 2)
    return figures


async def measure_wall(folder: Path, yard: Yard, *, seconds: float = 2 * LOOKING) -> Figures:
    """Return what somebody who looks at the wall costs, and what drawing it does."""
    kinds = {f"{FEW} stills": yard.still[:FEW], f"{FEW} motion JPEG": yard.motion[:FEW], f"{MANY} stills": yard.still}
    figures: Figures = {}
    for number, (kind, addresses) in enumerate(kinds.items()):
        async with _serving(folder / str(number), [facility_entry(cameras=addresses)]) as hass:
            streams = await _streams(hass, walls=True)
            await asyncio.sleep(2 * SETTLE)
            idle = await _busy(seconds)
            looked_at = await _looked_at(yard, streams, seconds)
        figures[kind] = {
            **looked_at,
            "wall_percent": round(looked_at["cpu_percent"] - idle, 2),
            "drawing": summary(_drawing(len(addresses))),
        }
    return figures


def _drawing(cameras: int, rounds: int = 20) -> list[float]:
    """Return the processor time of drawing a wall of which every picture is another than the one before."""
    wall, times = Wall(Language.ID, UTC), []
    for turn in range(-2, rounds):
        now = _BEGIN + timedelta(seconds=turn)
        tiles = [_tile(camera, turn, now) for camera in range(1, cameras + 1)]
        busy = thread_time()
        wall.compose(tiles, title="Rutan Blora", now=now)
        if turn >= 0:
            times.append(thread_time() - busy)
    return times


def _tile(camera: int, turn: int, at: datetime) -> Tile:
    pictures = scene(1 + camera % 2)
    picture = Picture(jpeg=pictures[turn % len(pictures)], at=at, width=1280, height=720)
    return Tile(id=str(camera), name=f"Tembok {camera}", picture=picture, age=0.0, position=camera)


def measure_picture(rounds: int = 30) -> Figures:
    """Return the processor time of a 720p picture: whether it is one, and what it is worth."""
    checking, judging = [], []
    for number in (1, 2):
        health = Health()
        for turn in range(rounds * len(scene(number))):
            picture, at = scene(number)[turn % len(scene(number))], _BEGIN + timedelta(seconds=5 * turn)
            begin = thread_time()
            small = check(picture, at).small
            between = thread_time()
            assert small is not None  # noqa: S101  # it was decoded
            health = judge(health, measure(small), at)
            judging.append(thread_time() - between)
            checking.append(between - begin)
    size = sum(map(len, (*scene(1), *scene(2)))) / 2 / len(scene(1))
    return {"kilobytes": round(size / 1000), "check": summary(checking), "health": summary(judging)}


async def measure_presses(folder: Path, yard: Yard, *, presses: int = PRESSES) -> Figures:
    """Return when the police are told after a press, with no camera and with many."""
    kinds: dict[str, tuple[Sequence[str], bool]] = {
        "none": ((), False),
        f"{MANY} stills": (yard.still, False),
        f"{MANY} stills, evidence of the presses before being taken": (yard.still, True),
    }
    times: dict[str, list[float | None]] = {kind: [] for kind in kinds}
    for block in range(BLOCKS):
        for number, (kind, (addresses, evidence)) in enumerate(kinds.items()):
            trials = presses // 3 if evidence else presses
            times[kind] += await _presses(folder / f"{block}_{number}", addresses, trials, evidence=evidence)
    return {kind: summary(came) for kind, came in times.items()}


async def _presses(folder: Path, addresses: Sequence[str], trials: int, *, evidence: bool) -> list[float | None]:
    """Return when the first of three phones is told after each press."""
    async with running_site(folder, 3, addresses, evidence=evidence) as site:
        await asyncio.sleep(2 * SETTLE)
        for _ in range(trials // 10):
            await site.press(Presser.OURS, ())
        return [(await site.press(Presser.OURS, ()))[0] for _ in range(trials)]


async def measure_cameras(folder: Path) -> Figures:
    """Measure everything about cameras, one after the other."""
    load = [os.getloadavg()[0]]
    async with running_yard(MANY) as yard:
        figures = {
            "memory": await measure_memory(yard.still),
            "sharing": await measure_sharing(folder / "sharing", yard),
            "idle": await measure_idle(folder / "idle", yard),
            "wall": await measure_wall(folder / "wall", yard),
            "press": await measure_presses(folder / "press", yard),
        }
    load.append(os.getloadavg()[0])
    return {**figures, "picture": measure_picture(), "load": load}


# --- what is shown ---


def camera_goals(figures: Figures) -> list[Goal]:
    """Return what was wanted of cameras."""
    most = str(VIEWERS[-1])
    ours, mjpeg = figures["sharing"][Contender.OURS_MOTION][most], figures["sharing"][Contender.MJPEG][most]
    looked_at = f"{FEW} cameras, {most} viewers each"
    many = f"{MANY} stills"
    none, running = figures["press"]["none"], figures["press"][many]
    return [
        Goal(name=f"{looked_at}: upstreams", limit=FEW, measured=ours["open"], unit=""),
        Goal(
            name=f"{looked_at}: CPU / core mjpeg",
            limit=0.3,
            measured=ratio(ours["cpu_percent"], mjpeg["cpu_percent"]),
            unit="x",
        ),
        Goal(
            name="health of a 720p picture, CPU p50",
            limit=1.4,
            measured=figures["picture"]["health"]["p50_ms"],
            unit="ms",
        ),
        Goal(
            name=f"{MANY} still cameras nobody looks at, CPU",
            limit=2.0,
            measured=figures["idle"][many]["cameras_percent"],
            unit="% of a core",
        ),
        Goal(
            name=f"wall of {FEW} at 1 fps, CPU",
            limit=4.0,
            measured=figures["wall"][f"{FEW} stills"]["wall_percent"],
            unit="% of a core",
        ),
        Goal(
            name=f"heartbeat with {MANY} cameras, p99 of its lag",
            limit=15.0,
            measured=figures["idle"][many]["lag"]["p99_ms"],
            unit="ms",
        ),
        *(
            Goal(
                name=f"press to first push, {MANY} cameras / none, {figure[:3]}",
                limit=1.2,
                measured=ratio(running[figure], none[figure]),
                unit="x",
            )
            for figure in ("p50_ms", "p99_ms")
        ),
    ]


def camera_tables(figures: Figures) -> list[str]:
    """Return all tables of cameras."""
    return [
        _sharing_table(figures["sharing"]),
        _picture_table(figures["picture"]),
        _idle_table(figures["idle"]),
        _wall_table(figures["wall"]),
        _press_table(figures["press"]),
        _memory_table(figures["memory"]),
        "Load of the machine before and after: {:.2f}, {:.2f}".format(*figures["load"]),
    ]


def _sharing_table(sharing: Figures) -> str:
    rows = [
        (
            contender,
            viewers,
            seen["open"],
            seen["requests_per_second"],
            seen["cpu_percent"],
            seen["pictures_per_second"],
            seen["mb_per_second"],
        )
        for contender, looked_at in sharing.items()
        for viewers, seen in looked_at.items()
    ]
    head = (f"{FEW} cameras of", "viewers each", "upstreams", "requests/s", "CPU %", "pictures/s each", "MB/s to them")
    return table(head, rows)


def _picture_table(picture: Figures) -> str:
    rows = [(part, picture[part]["p50_ms"], picture[part]["p99_ms"]) for part in ("check", "health")]
    return table((f"a 720p picture of {picture['kilobytes']} kB, CPU", "p50 ms", "p99 ms"), rows)


def _idle_table(idle: Figures) -> str:
    rows = [
        (
            kind,
            figures["cpu_percent"],
            figures["cameras_percent"],
            *((figures["lag"]["p50_ms"], figures["lag"]["p99_ms"]) if "lag" in figures else ("–", "–")),
        )
        for kind, figures in idle.items()
    ]
    return table(("nobody looks at", "CPU %", "of it cameras", "heartbeat lag p50 ms", "p99 ms"), rows)


def _wall_table(wall: Figures) -> str:
    rows = [
        (kind, seen["cpu_percent"], seen["wall_percent"], seen["pictures_per_second"], seen["drawing"]["p50_ms"])
        for kind, seen in wall.items()
    ]
    return table(
        ("somebody looks at the wall of", "CPU %", "of it looking", "walls/s", "drawing one, CPU p50 ms"), rows
    )


def _press_table(press: Figures) -> str:
    rows = [(kind, came["p50_ms"], came["p99_ms"], came["trials"], came["never"]) for kind, came in press.items()]
    return table(("press to first push, cameras", "p50 ms", "p99 ms", "presses", "never"), rows)


def _memory_table(memory: Figures) -> str:
    row = [memory[key] for key in ("none_mib", "first_mib", "further_mib", "per_camera_mib")]
    head = ("memory, MiB", "no camera", "the first adds", "each further adds", f"a camera of {memory['cameras']}")
    return table(head, [("resident", *row)])
