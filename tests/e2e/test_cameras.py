"""Perimeter cameras that are real on the wire: seen, covered, killed, and kept as evidence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
import hashlib
from io import BytesIO
import json
import sqlite3
from typing import Final

from PIL import Image
import pytest
import pytest_asyncio

from demo.api import Json
from demo.camera import Fault
from demo.phone import Push
from demo.site import DOMAIN, SITE_NAME, YARD, Site
from homeassistant.util import slugify

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

# One of each kind, and one more to see that it is left in peace.
CAMERAS: Final = 7
RTSP, GUARDED, STILL, OTHER, MOTION = (YARD[place].name for place in (0, 1, 2, 3, 6))
# Seconds; patience, not promise: a busy machine is slow to draw and to judge.
KNOWN_WITHIN: Final = 60.0
STORED_WITHIN: Final = 45.0
NEWS: Final = "_cctv"


def camera(site: Site, name: str) -> str:
    return site.entity("camera", "camera", name)


async def worth(site: Site, name: str, *wanted: str, within: float = KNOWN_WITHIN) -> None:
    """Wait until a camera is worth one of these."""
    await site.states.until(site.entity("sensor", "picture", name), lambda s: s.value in wanted, within=within)


async def look(site: Site, entity_id: str) -> Image.Image:
    """Return what somebody sees who looks at a camera."""
    image = Image.open(BytesIO(await site.api.picture(f"/api/camera_proxy/{entity_id}")))
    image.load()
    return image


async def news(site: Site) -> Push:
    """Return the next news of cameras that the first phone gets."""
    return await site.phones[0].next_push(KNOWN_WITHIN, lambda push: str(push.tag).endswith(NEWS))


def records(site: Site, kind: str) -> list[Json]:
    """Return what is on record of a kind."""
    path = site.home.folder / DOMAIN / f"{slugify(SITE_NAME)}.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as journal:
        rows = journal.execute("SELECT body FROM records WHERE kind = ? ORDER BY seq", (kind,)).fetchall()
    return [json.loads(body) for (body,) in rows]


async def stored(site: Site, incident: str, count: int) -> list[Json]:
    """Return what is on record of the pictures of an incident, once so many are."""
    for _ in range(2 * int(STORED_WITHIN)):
        kept = [record for record in records(site, "evidence") if record.get("file", "").startswith(incident)]
        if len(kept) >= count:
            return kept
        await asyncio.sleep(0.5)
    raise AssertionError(records(site, "evidence"))


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def mended(site: Site) -> AsyncIterator[None]:
    """Leave the next test cameras that are well."""
    yield
    for one in site.cameras.cameras.values():
        one.faults.clear()


@pytest.mark.parametrize("name", [RTSP, STILL, MOTION])
async def test_camera_of_each_kind_is_seen(site: Site, name: str) -> None:
    await worth(site, name, "ok")
    assert (await look(site, camera(site, name))).size == (640, 360)
    assert site.states.now[site.entity("binary_sensor", "signal", name)].value == "on"


async def test_each_camera_has_one_upstream_however_many_look(site: Site) -> None:
    await worth(site, MOTION, "ok")
    wall = site.entity("camera", "wall")
    for _ in range(3):
        await asyncio.gather(*(look(site, entity_id) for entity_id in (camera(site, MOTION), wall) for _ in range(4)))
        assert site.cameras[7].motion.open <= 1
        assert site.cameras[1].video.open == 1


async def test_wall_shows_all_of_them(site: Site) -> None:
    assert (await look(site, site.entity("camera", "wall"))).size == (1920, 1080)


async def test_alarm_in_which_cameras_are_killed_and_covered_is_told_shown_and_kept(site: Site) -> None:
    for place in YARD[:CAMERAS]:
        await worth(site, place.name, "ok")
    await site.press_gate()
    push = await site.phones[0].next_push(5)
    assert push.data["image"] == f"/api/camera_proxy/{camera(site, RTSP)}"
    raised = await site.states.until(site.entity("sensor", "alarm_state"), "alarm", within=5)
    incident = raised.attributes["incident_id"]

    site.cameras[3].switch(Fault.KILL, on=True)
    told = await news(site)
    assert f"{STILL}: tidak ada sinyal" in told.message
    await worth(site, STILL, "no_signal")
    site.cameras[4].switch(Fault.COVER, on=True)
    told = await news(site)
    assert f"{OTHER}: tertutup" in told.message
    await worth(site, OTHER, "covered")
    await worth(site, MOTION, "ok")

    # By now the first one's picture is old: it is not shown as if it were not.
    await site.states.until(camera(site, STILL), "unavailable", within=60)
    card = await look(site, camera(site, STILL))
    colour = card.convert("RGB").resize((1, 1), box=(0, 0, card.width, card.height // 4)).getpixel((0, 0))
    assert isinstance(colour, tuple)
    assert max(colour) - min(colour) < 12

    await assert_kept(site, await stored(site, incident, 4 * (CAMERAS - 1)), incident)
    for number in (3, 4):
        site.cameras[number].faults.clear()
    await worth(site, STILL, "ok", within=60)
    await site.states.until(camera(site, STILL), "idle", within=5)


async def assert_kept(site: Site, kept: list[Json], incident: str) -> None:
    """Assert that pictures are on the disk as they are on record, and where people look for them."""
    folder = site.home.folder / "media" / DOMAIN
    assert {record["moment"] for record in kept} == {"before", "press", "10s", "30s"}
    for record in kept:
        assert hashlib.sha256((folder / record["file"]).read_bytes()).hexdigest() == record["sha256"]
    shown = await site.socket.command(
        "media_source/browse_media", media_content_id=f"media-source://{DOMAIN}/{incident}"
    )
    assert len(shown["children"]) >= len(kept)
    evidence = site.entity("image", "evidence")
    assert (await site.api.picture(f"/api/image_proxy/{evidence}"))[:2] == b"\xff\xd8"


async def test_who_moves_before_a_guarded_camera_raises_the_alarm(site: Site) -> None:
    await site.socket.call("switch.turn_on", entity_id=site.entity("switch", "guard", GUARDED))
    await site.socket.call("input_boolean.turn_on", entity_id="input_boolean.gerakan_utara")
    state = await site.states.until(site.entity("sensor", "alarm_state"), "alarm", within=5)
    assert (state.attributes["kind"], state.attributes["locations"]) == ("perimeter", [GUARDED])
    await site.socket.call("input_boolean.turn_off", entity_id="input_boolean.gerakan_utara")
    await site.socket.call("switch.turn_off", entity_id=site.entity("switch", "guard", GUARDED))


async def test_home_assistant_has_nothing_to_say_about_us(site: Site) -> None:
    ours = [r.text for r in site.home.problems() if "rutan_blora" in r.text and "custom integration" not in r.text]
    assert ours == []
