"""Reports of a facility: the action, who gets the files, where they are listed, and what goes on record."""

from datetime import UTC, datetime, timedelta
import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from PIL import Image
import pytest
from sqlalchemy.exc import OperationalError
import voluptuous as vol

from custom_components.rutan_blora import reporting
from custom_components.rutan_blora.const import DOMAIN
from custom_components.rutan_blora.optional import PDF
from custom_components.rutan_blora.patrol.judgement import compliance
from custom_components.rutan_blora.patrol.plan import Verdict
from custom_components.rutan_blora.pictures import EvidenceError, EvidenceProblem
from custom_components.rutan_blora.reporting import LINK_LIFETIME
from custom_components.rutan_blora.reports.content import period_of
from homeassistant.components.media_player import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.components.persistent_notification import DOMAIN as NOTIFICATIONS
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import ENTRY_ID, House, checkpoint, panic_button, patrol_plan
from .reports.paper import pages
from .services.test_visits import BUDI, REPORT, check_in

pytest_plugins = ("tests.fixtures",)
pytestmark = pytest.mark.usefixtures("socket_enabled")

ROOT: Final = f"media-source://{DOMAIN}"
ALL: Final = ["alarms.csv", "expected.csv", "journal.jsonl", "report.pdf", "visits.csv", "manifest.sha256"]
# 20.30 in Blora, within the plan's window.
NOW: Final = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
# Early on 1 December.
NEXT_MONTH: Final = datetime(2026, 11, 30, 18, tzinfo=UTC)
NOVEMBER: Final = "rutan_blora_2026-11-01_2026-11-30"
# Another house's.
PATI: Final = "pati_2026-11-01_2026-11-30"


@pytest.fixture
async def media(hass: HomeAssistant, house: House, tmp_path: Path, freezer: FrozenDateTimeFactory) -> Path:
    """Give the folder of the reports of a house in Blora that had a visit and an alarm in November; it is December."""
    await hass.config.async_set_time_zone("Asia/Jakarta")
    hass.config.media_dirs = {"local": str(tmp_path / "media")}
    assert await async_setup_component(hass, "media_source", {})
    freezer.move_to(NOW - timedelta(hours=2))
    await house.set_up(panic_button(), checkpoint(), patrol_plan())
    freezer.move_to(NOW)
    await check_in(house, **BUDI, **REPORT)
    await house.call("raise_alarm", kind="riot")
    await house.call("close_alarm", outcome="resolved")
    await house.rows()
    freezer.move_to(NEXT_MONTH)
    return tmp_path / "media" / DOMAIN / "reports"


async def content(path: Path) -> bytes:
    return path.read_bytes()  # noqa: ASYNC240  # a test may wait


# --- the action ---


async def test_a_report_is_on_last_month_in_all_formats_and_says_where_it_is(house: House, media: Path) -> None:
    response = await house.call("export_report")
    assert (response["report"], response["damaged_records"], response["altered_records"]) == (NOVEMBER, [], [])
    files = response["files"]
    assert [file["name"] for file in files] == ALL
    for file in files:
        written = await content(Path(file["path"]))
        assert file["path"] == str(media / NOVEMBER / file["name"])
        assert (file["size"], file["sha256"]) == (len(written), hashlib.sha256(written).hexdigest())
        assert file["media_content_id"] == f"{ROOT}/reports/{NOVEMBER}/{file['name']}"
    assert "Aipda Budi Santoso" in (await content(media / NOVEMBER / "visits.csv")).decode()
    assert "Kerusuhan" in (await content(media / NOVEMBER / "alarms.csv")).decode()
    letter, *annexes = pages(await content(media / NOVEMBER / "report.pdf"))
    assert "Periode 1 November 2026 s.d. 30 November 2026" in letter.text
    assert "Sen 23-11-2026 20.30" in annexes[0].text


async def test_days_that_are_not_said_are_those_people_mean(house: House, media: Path) -> None:
    meant = {
        ("2026-11-05", "2026-11-09"): "2026-11-05_2026-11-09",
        ("2026-11-05", None): "2026-11-05_2026-12-01",
        (None, "2026-11-09"): "2026-11-01_2026-11-09",
        ("2026-12-01", "2026-12-31"): "2026-12-01_2026-12-31",
    }
    for (start, end), name in meant.items():
        days = {"start": start} if start else {}
        days |= {"end": end} if end else {}
        assert (await house.call("export_report", formats="csv", **days))["report"] == f"rutan_blora_{name}"


@pytest.mark.parametrize(
    ("formats", "files"),
    [
        ("pdf", ["report.pdf", "manifest.sha256"]),
        (["jsonl", "csv"], ["alarms.csv", "expected.csv", "journal.jsonl", "visits.csv", "manifest.sha256"]),
    ],
)
async def test_only_the_formats_asked_for_are_written(
    house: House, media: Path, formats: Any, files: list[str]
) -> None:
    response = await house.call("export_report", formats=formats)
    assert [file["name"] for file in response["files"]] == files


async def test_days_that_are_no_period_are_refused(house: House, media: Path) -> None:
    for days, key in (
        ({"start": "2026-11-05", "end": "2026-11-04"}, "period_unfit"),
        ({"start": "2027-01-01"}, "period_unfit"),
        ({"end": "9999-12-31"}, "period_unfit"),
        ({"start": "2024-11-05", "end": "2026-11-04"}, "period_too_long"),
    ):
        with pytest.raises(ServiceValidationError) as refused:
            await house.call("export_report", **days)
        assert refused.value.translation_key == key
    assert not await house.hass.async_add_executor_job(media.exists)


async def test_fields_that_cannot_be_are_refused(house: House, media: Path) -> None:
    unfit: list[dict[str, Any]] = [{"formats": []}, {"formats": ["xls"]}, {"start": "soon"}]
    for fields in unfit:
        with pytest.raises(vol.Invalid):
            await house.call("export_report", **fields)


async def test_the_figures_are_those_of_the_desk(house: House, media: Path, freezer: FrozenDateTimeFactory) -> None:
    house.facility.patrol._tick()
    await house.rows()
    since, until = (period_of(day, day, dt_util.get_default_time_zone()) for day in (NOW.date(), NEXT_MONTH.date()))
    judged = house.facility.patrol.book.judged(None, since.since, until.until)
    figures = compliance(judged)
    assert (figures.expected, figures.verdicts[Verdict.ON_TIME]) == (len(judged), 1)
    await house.call("export_report", formats=["csv", "pdf"])
    rows = (await content(media / NOVEMBER / "expected.csv")).decode().splitlines()[1:]
    assert (len(rows), sum("tepat waktu" in row for row in rows)) == (figures.expected, 1)
    letter, *_ = pages(await content(media / NOVEMBER / "report.pdf"))
    assert f"Patroli malam {figures.expected} 1 0 0 {figures.expected - 1} 0 0 12,5 –" in letter.text


async def test_a_report_is_written_on_the_houses_paper(hass: HomeAssistant, house: House, media: Path) -> None:
    Image.new("RGB", (40, 20)).save(hass.config.path("logo.png"))
    paper = {
        "letterhead": "RUTAN\nJalan 1",
        "place": "Blora",
        "signer_rutan": "Karutan\nIbu",
        "signer_police": "Polsek",
    }
    hass.config_entries.async_update_entry(house.entry, options={"language": "en", "logo": "logo.png", **paper})
    await hass.async_block_till_done()
    await house.call("export_report", formats="pdf")
    pdf = await content(media / NOVEMBER / "report.pdf")
    text = pages(pdf)[0].text
    assert all(line in text for line in ("RUTAN Jalan 1", "Blora, 1 December 2026", "Karutan", "Ibu", "Polsek"))
    assert b"/Image" in pdf


async def test_a_logo_that_is_gone_keeps_no_report_from_being_made(
    hass: HomeAssistant, house: House, media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hass.config_entries.async_update_entry(house.entry, options={"language": "id", "logo": "gone.png"})
    await hass.async_block_till_done()
    assert (await house.call("export_report", formats="pdf"))["report"] == NOVEMBER
    assert "gone.png (logo_missing)" in caplog.text


async def test_who_made_a_report_and_what_it_was_is_on_record(house: House, media: Path) -> None:
    karutan = await house.user("Karutan")
    response = await house.call("export_report", karutan, formats="csv")
    (row,) = await house.rows("report_made")
    manifest = response["files"][-1]
    assert (row.subject, row.loaded) == (
        karutan.id,
        {
            "report": NOVEMBER,
            "manifest": manifest["sha256"],
            "actor": {"origin": "user", "id": karutan.id, "name": "Karutan"},
        },
    )


@pytest.mark.parametrize(
    ("error", "key", "reason"),
    [
        (EvidenceError(EvidenceProblem.DISK_FULL), "report_disk_full", "disk_full"),
        (EvidenceError(EvidenceProblem.READ_ONLY), "report_not_written", "read_only"),
        (OperationalError("SELECT", {}, Exception("gone")), "report_unreadable", None),
    ],
)
async def test_a_report_that_cannot_be_made_is_told_and_not_on_record(
    house: House, media: Path, error: Exception, key: str, reason: str | None
) -> None:
    with patch.object(reporting, "export", side_effect=error), pytest.raises(HomeAssistantError) as failed:
        await house.call("export_report")
    assert failed.value.translation_key == key
    assert (failed.value.translation_placeholders or {}).get("reason") == reason
    assert await house.rows("report_made") == []


@pytest.mark.parametrize(("formats", "needed"), [("pdf", [PDF]), ("csv", [])])
async def test_the_pdf_library_is_got_only_for_a_pdf(
    house: House, media: Path, formats: str, needed: list[str]
) -> None:
    with patch.object(reporting, "async_need") as need:
        await house.call("export_report", formats=formats)
    assert [call.args[1] for call in need.await_args_list] == needed


# --- who gets it ---


async def get(client: TestClient[Any, Any], path: str, token: str | None = None) -> tuple[int, bytes, dict[str, str]]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    response = await client.get(path, headers=headers)
    return response.status, await response.read(), dict(response.headers)


async def test_whoever_is_logged_in_gets_the_files_and_nobody_else(house: House, media: Path) -> None:
    client = await house.client()
    token = await house.access_token(await house.user("Petugas"))
    await house.call("export_report", formats="csv")
    path = f"/api/{DOMAIN}/report/{ENTRY_ID}/{NOVEMBER}/visits.csv"
    assert (await get(client, path))[0] == HTTPStatus.UNAUTHORIZED
    status, body, headers = await get(client, path, token)
    assert (status, body) == (HTTPStatus.OK, await content(media / NOVEMBER / "visits.csv"))
    assert headers["Content-Type"] == "text/csv"
    assert headers["Content-Disposition"] == f'attachment; filename="{NOVEMBER}_visits.csv"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in headers["Cache-Control"]


async def test_no_address_leads_anywhere_else(hass: HomeAssistant, house: House, media: Path) -> None:
    client = await house.client()
    token = await house.access_token(await house.user("Petugas"))
    await house.call("export_report", formats="csv")
    await hass.async_add_executor_job(hide, media)
    for path in (
        f"{ENTRY_ID}/{NOVEMBER}/report.pdf",
        f"{ENTRY_ID}/{NOVEMBER}/secret.txt",
        f"{ENTRY_ID}/{NOVEMBER}/..%2Fsecret.txt",
        f"{ENTRY_ID}/..%2F{NOVEMBER}/visits.csv",
        f"{ENTRY_ID}/..%2F..%2F/visits.csv",
        f"{ENTRY_ID}/%2e%2e/visits.csv",
        f"{ENTRY_ID}/{PATI}/visits.csv",
        f"other/{NOVEMBER}/visits.csv",
    ):
        status, body, _ = await get(client, f"/api/{DOMAIN}/report/{path}", token)
        assert status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST), path
        assert b"hidden" not in body


def hide(media: Path) -> None:
    """Put files beside the reports that are none of this house's."""
    (media / PATI).mkdir()
    for file in (
        media / PATI / "visits.csv",
        media / NOVEMBER / "secret.txt",
        media / "secret.txt",
        media / "visits.csv",
    ):
        file.write_text("hidden")


async def test_links_work_without_a_login_for_a_while(
    house: House, media: Path, freezer: FrozenDateTimeFactory
) -> None:
    client = await house.client()
    (*_, file) = (await house.call("export_report", formats="csv"))["files"]
    assert (await get(client, file["url"]))[:2] == (HTTPStatus.OK, await content(Path(file["path"])))
    assert (await get(client, file["url"].replace("manifest.sha256", "visits.csv")))[0] == HTTPStatus.UNAUTHORIZED
    freezer.tick(LINK_LIFETIME + timedelta(seconds=1))
    assert (await get(client, file["url"]))[0] == HTTPStatus.UNAUTHORIZED


async def test_links_are_among_the_notifications(hass: HomeAssistant, house: House, media: Path) -> None:
    response = await house.call("export_report", formats="csv")
    told = hass.data[NOTIFICATIONS][f"{DOMAIN}_{NOVEMBER}"]
    assert told["title"] == "Laporan Kunjungan Patroli: 1 November 2026 s.d. 30 November 2026"
    assert told["message"].startswith("Laporan siap diunduh. Tautan berlaku 24 jam.\n\n- [alarms.csv](/api/")
    assert all(f"[{file['name']}]({file['url']})" in told["message"] for file in response["files"])


# --- the media browser ---


async def browse(hass: HomeAssistant, path: str = "") -> BrowseMediaSource:
    found = await async_browse_media(hass, f"{ROOT}/{path}" if path else ROOT)
    assert isinstance(found, BrowseMediaSource)
    return found


async def test_reports_are_listed_in_the_media_browser(hass: HomeAssistant, house: House, media: Path) -> None:
    assert (await browse(hass)).children == []
    await house.call("export_report", formats="csv")
    (folder,) = (await browse(hass)).children or ()
    assert (folder.title, folder.can_expand, folder.media_content_id) == ("Reports", True, f"{ROOT}/reports")
    (report,) = (await browse(hass, "reports")).children or ()
    assert (report.title, report.media_content_id) == (NOVEMBER, f"{ROOT}/reports/{NOVEMBER}")
    files = (await browse(hass, f"reports/{NOVEMBER}")).children or ()
    assert [file.title for file in files] == ["visits.csv", "expected.csv", "alarms.csv", "manifest.sha256"]
    assert not any(file.can_play or file.can_expand for file in files)


async def test_reports_that_are_not_there_are_told(hass: HomeAssistant, house: House, media: Path) -> None:
    await house.call("export_report", formats="csv")
    for path in ("reports/none", "reports/..", "reports/", f"reports/{NOVEMBER}/visits.csv"):
        with pytest.raises(BrowseError) as missing:
            await browse(hass, path)
        assert missing.value.translation_key == "report_missing"


async def test_a_file_of_a_report_is_resolved_to_where_it_is_handed_out(
    hass: HomeAssistant, house: House, media: Path
) -> None:
    (file, *_) = (await house.call("export_report", formats="pdf"))["files"]
    resolved = await async_resolve_media(hass, file["media_content_id"], None)
    assert resolved.url == f"/api/{DOMAIN}/report/{ENTRY_ID}/{NOVEMBER}/report.pdf"
    assert (resolved.mime_type, resolved.path) == ("application/pdf", media / NOVEMBER / "report.pdf")


async def test_files_that_are_not_there_are_not_resolved(hass: HomeAssistant, house: House, media: Path) -> None:
    await house.call("export_report", formats="csv")
    await hass.async_add_executor_job(hide, media)
    for path in (
        f"reports/{NOVEMBER}/report.pdf",
        f"reports/{NOVEMBER}",
        "reports/",
        f"reports/{PATI}/visits.csv",
        f"reports/../{NOVEMBER}/visits.csv",
    ):
        with pytest.raises(Unresolvable) as missing:
            await async_resolve_media(hass, f"{ROOT}/{path}", None)
        assert missing.value.translation_key == "report_missing"
