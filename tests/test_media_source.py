"""The evidence in the media browser: what is listed, what it is called, and who gets which file."""

from datetime import timedelta
from http import HTTPStatus
import os
from pathlib import Path
from typing import Final

import pytest

from custom_components.rutan_blora.cctv.evidence import Kept, Moment, save
from custom_components.rutan_blora.const import DOMAIN
from custom_components.rutan_blora.patrol.photo import keep as keep_photo
from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.media_player import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_at_time

from .cctv.drawing import NOW, picture
from .common import House, panic_button

pytest_plugins = ("tests.fixtures",)
pytestmark = pytest.mark.usefixtures("socket_enabled")

ROOT: Final = f"media-source://{DOMAIN}"
PICTURE: Final = picture()


@pytest.fixture
async def evidence(hass: HomeAssistant, house: House, tmp_path: Path) -> Path:
    """Give the folder of the evidence of a house without a camera, its times as in Blora."""
    await hass.config.async_set_time_zone("Asia/Jakarta")
    hass.config.media_dirs = {"local": str(tmp_path / "media")}
    assert await async_setup_component(hass, "media_source", {})
    await house.set_up(panic_button())
    return tmp_path / "media" / DOMAIN


def keep(folder: Path, incident: str, camera: str = "Menara Timur", moment: Moment = Moment.PRESS) -> Kept:
    return save(folder, PICTURE, incident=incident, camera_id="menara", camera=camera, moment=moment)


async def raised(house: House, folder: Path, *cameras: str, drill: bool = False) -> str:
    """Raise an incident and keep a picture of each camera, on record; return its id."""
    incident: str = (await house.call("raise_alarm", kind="escape", drill=drill))["incident_id"]
    for camera in cameras:
        kept = await house.hass.async_add_executor_job(keep, folder, incident, camera)
        house.facility.kept.journal.append(kept.draft(dt_util.utcnow()))
    await house.rows()
    return incident


async def browse(hass: HomeAssistant, path: str = "") -> BrowseMediaSource:
    found = await async_browse_media(hass, f"{ROOT}/{path}" if path else ROOT)
    assert isinstance(found, BrowseMediaSource)
    return found


async def titles(hass: HomeAssistant, path: str = "") -> list[str]:
    return [child.title for child in (await browse(hass, path)).children or ()]


async def test_a_house_without_evidence_has_an_empty_folder(hass: HomeAssistant, evidence: Path) -> None:
    root = await browse(hass)
    assert (root.title, root.children, root.can_expand, root.can_play) == ("Rutan Blora", [], True, False)
    assert ROOT in [child.media_content_id for child in (await async_browse_media(hass, None)).children or ()]


@pytest.mark.parametrize(
    ("language", "kind", "moment"), [("en", "Escape", "At the press"), ("id", "Pelarian", "Saat ditekan")]
)
async def test_incidents_and_pictures_are_called_by_what_is_on_record(
    hass: HomeAssistant, house: House, evidence: Path, language: str, kind: str, moment: str
) -> None:
    hass.config.language = language
    incident = await raised(house, evidence, "Menara Timur", "Tembok Barat")
    (folder,) = (await browse(hass)).children or ()
    assert house.facility.alarm.incident is not None
    pressed_at = dt_util.as_local(house.facility.alarm.incident.pressed_at)
    assert folder.title == f"{pressed_at:%Y-%m-%d %H:%M:%S} – {kind}"
    assert folder.media_content_id == f"{ROOT}/{incident}"
    assert (await browse(hass, incident)).title == folder.title
    assert await titles(hass, incident) == [
        f"Menara Timur – {moment} – 2026-03-02 14:02:09",
        f"Tembok Barat – {moment} – 2026-03-02 14:02:09",
    ]


async def test_a_drill_says_so(hass: HomeAssistant, house: House, evidence: Path) -> None:
    hass.config.language = "id"
    await raised(house, evidence, "Menara Timur", drill=True)
    (title,) = await titles(hass)
    assert title.endswith(" – LATIHAN: Pelarian")


async def test_what_is_on_no_record_is_listed_all_the_same(hass: HomeAssistant, evidence: Path) -> None:
    """After a journal was lost; newest first, and by what the names say."""
    ids = [ulid_at_time((NOW - timedelta(days=age)).timestamp()) for age in (1, 0)]
    for incident in (*ids, "A"):
        await hass.async_add_executor_job(keep, evidence, incident)
    assert (await titles(hass))[1:] == ["2026-03-02 14:02:11", "2026-03-01 14:02:11"]
    assert (await titles(hass))[0] == "A"
    assert await titles(hass, ids[0]) == ["menara_timur – At the press"]


async def test_a_damaged_record_hides_no_picture(hass: HomeAssistant, house: House, evidence: Path) -> None:
    incident = await raised(house, evidence, "Menara Timur")
    house.facility.kept.journal.append(
        Kept(
            incident=incident,
            camera_id="menara",
            camera="x",
            moment=Moment.PRESS,
            at=NOW.replace(tzinfo=None),
            file=f"{incident}/menara_timur_press.jpg",
            sha256="",
            size=0,
        ).draft(NOW)
    )
    await house.rows()
    assert await titles(hass, incident) == ["Menara Timur – At the press – 2026-03-02 14:02:09"]


async def test_a_journal_that_cannot_be_read_hides_no_picture(
    hass: HomeAssistant, house: House, evidence: Path
) -> None:
    incident = await raised(house, evidence, "Menara Timur")
    house.journal_path.rename(house.journal_path.with_suffix(".away"))
    house.facility.kept.journal._engine.dispose()
    house.journal_path.mkdir()
    assert await titles(hass, incident) == ["menara_timur – At the press"]


async def test_a_picture_is_served_to_who_is_logged_in_and_to_nobody_else(
    hass: HomeAssistant, house: House, evidence: Path
) -> None:
    incident = await raised(house, evidence, "Menara Timur")
    (child,) = (await browse(hass, incident)).children or ()
    played = await async_resolve_media(hass, child.media_content_id, None)
    assert played.mime_type == "image/jpeg"
    assert played.path == evidence / incident / "menara_timur_press.jpg"
    assert child.thumbnail == played.url
    assert (child.can_play, child.can_expand) == (True, False)

    client = await house.client()
    assert (await client.get(played.url)).status == HTTPStatus.UNAUTHORIZED
    signed = await client.get(async_sign_path(hass, played.url, timedelta(minutes=1)))
    assert (signed.status, signed.content_type) == (HTTPStatus.OK, "image/jpeg")
    assert await signed.read() == PICTURE.jpeg
    token = await house.access_token(await house.user("Budi"))
    response = await client.get(played.url, headers={"Authorization": f"Bearer {token}"})
    assert await response.read() == PICTURE.jpeg


@pytest.mark.parametrize(
    "path",
    [
        "../secret_press.jpg",
        "{incident}/../../secret_press.jpg",
        "{incident}/../secret_press.jpg",
        "{incident}/notes.txt",
        "{incident}/none_press.jpg",
        "{incident}",
        "{incident}/",
        "x/menara_timur_press.jpg",
    ],
)
async def test_nothing_else_is_resolved(hass: HomeAssistant, house: House, evidence: Path, path: str) -> None:
    incident = await raised(house, evidence, "Menara Timur")
    for elsewhere in (evidence.parent, evidence):
        (elsewhere / "secret_press.jpg").write_bytes(b"secret")
    (evidence / incident / "notes.txt").write_text("mine")
    with pytest.raises(Unresolvable, match="There is no such evidence"):
        await async_resolve_media(hass, f"{ROOT}/{path.format(incident=incident)}", None)


@pytest.mark.parametrize("path", ["..", "../..", "A/..", "A", "{incident}/menara_timur_press.jpg"])
async def test_nothing_else_is_browsed(hass: HomeAssistant, house: House, evidence: Path, path: str) -> None:
    incident = await raised(house, evidence, "Menara Timur")
    with pytest.raises(BrowseError, match="There is no such evidence"):
        await browse(hass, path.format(incident=incident))


def lead_astray(folder: Path) -> None:
    """Put a link that leads nowhere in the place of the folder."""
    folder.parent.mkdir(parents=True)
    folder.symlink_to(folder)


async def test_a_folder_that_cannot_be_read_is_told(hass: HomeAssistant, evidence: Path) -> None:
    lead_astray(evidence)
    with pytest.raises(BrowseError, match="The evidence cannot be read"):
        await browse(hass, "A")


async def test_house_without_media_folders_has_its_alarm_all_the_same(hass: HomeAssistant, house: House) -> None:
    hass.config.media_dirs = {}
    await house.set_up()
    assert house.state("sensor", "alarm_state") == "normal"


async def test_without_a_facility_nothing_is_shown(hass: HomeAssistant, house: House, evidence: Path) -> None:
    incident = await raised(house, evidence, "Menara Timur")
    await house.unload()
    with pytest.raises(BrowseError, match="No detention house is set up"):
        await browse(hass)
    with pytest.raises(Unresolvable):
        await async_resolve_media(hass, f"{ROOT}/{incident}/menara_timur_press.jpg", None)


async def test_photos_of_visits_are_listed_newest_first_and_served_as_the_evidence_is(
    hass: HomeAssistant, house: House, evidence: Path
) -> None:
    hass.config.language = "id"
    assert await titles(hass) == []
    names = [f"{await hass.async_add_executor_job(keep_photo, evidence, content)}.jpg" for content in (b"old", b"new")]
    os.utime(evidence / "visits" / names[0], (NOW.timestamp(), NOW.timestamp()))
    assert await titles(hass) == ["Foto kunjungan"]
    first, last = (await browse(hass, "visits")).children or ()
    assert [first.media_content_id, last.media_content_id] == [f"{ROOT}/visits/{name}" for name in reversed(names)]
    assert last.title == "2026-03-02 14:02:11"
    played = await async_resolve_media(hass, first.media_content_id, None)
    assert played.path == evidence / "visits" / names[1]
    token = await house.access_token(await house.user("Budi"))
    response = await (await house.client()).get(played.url, headers={"Authorization": f"Bearer {token}"})
    assert await response.read() == b"new"
    with pytest.raises(Unresolvable):
        await async_resolve_media(hass, f"{ROOT}/visits/../{names[0]}", None)
