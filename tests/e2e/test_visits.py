"""Police visits on real parts: tags scanned with phones, the page in a phone's browser, the gate, a restart."""

import asyncio
from contextlib import aclosing, closing
from http import HTTPStatus
import sqlite3
from time import monotonic
from typing import Final

import pytest

from custom_components.rutan_blora.journal.record import Record, first_broken
from demo.api import Json
from demo.browser import CHROMIUM, open_on_phone
from demo.phone import Phone, Push
from demo.site import DOMAIN, OFFICERS, SITE_NAME, Site
from demo.visits import PIN, PLACES, PLAN, SCREEN, VISITOR
from homeassistant.util import slugify

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

VISITS: Final = True
FIRST, SECOND = PLACES
# Seconds; patience, not promise.
WITHIN: Final = 15.0
CODE_LASTS: Final = 30.0
# What only the house knows: who has but the address must not learn it.
INSIDE: Final = (SITE_NAME, FIRST.name, SECOND.name, PLAN, VISITOR["name"], OFFICERS[0].name)


def guard(site: Site) -> Phone:
    assert site.guard is not None
    return site.guard


async def asked(site: Site) -> Push:
    """Return what the guard is asked to sign."""
    return await guard(site).next_push(WITHIN, lambda push: bool(push.buttons))


def records(site: Site) -> list[Record]:
    """Return the journal as it stands on the disk."""
    path = site.home.folder / DOMAIN / f"{slugify(SITE_NAME)}.db"
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        return [Record(**dict(row)) for row in database.execute("SELECT * FROM records ORDER BY seq")]


def visit_records(site: Site, visit_id: str) -> list[tuple[str, Json]]:
    return [(record.kind, record.load()) for record in records(site) if record.incident == visit_id]


async def kinds_on_record(site: Site, visit_id: str, count: int) -> list[str]:
    """Return what is on record of a visit beside its pushes, once it is so much: the disk comes after the screen."""
    end = monotonic() + WITHIN
    while True:
        kinds = [kind for kind, _ in visit_records(site, visit_id) if kind != "delivery"]
        if len(kinds) >= count or monotonic() > end:
            return kinds
        await asyncio.sleep(0.05)


async def visit_at(site: Site, place: str) -> str:
    """Return the id of the visit that was checked in last at a place."""
    state = site.states.now[site.entity("event", "check_in", place)]
    visit_id: str = state.attributes["visit_id"]
    return visit_id


async def test_scan_of_a_tag_is_a_visit_that_the_gate_signs(site: Site) -> None:
    officer, phone = OFFICERS[0], site.phones[0]
    await phone.scan(FIRST.tag)
    told = await phone.next_push(WITHIN)
    assert f"{officer.rank} {officer.name}" in told.message

    push = await asked(site)
    assert officer.name in push.message
    await guard(site).answer(push.key("SIGN"), push)
    await guard(site).next_push(WITHIN, lambda push: push.clears)

    await phone.scan(SECOND.tag)
    await site.states.until(site.entity("todo", "round", PLAN), "0", within=WITHIN)
    event = site.states.now[site.entity("event", "check_in", SECOND.name)]
    assert (event.attributes["verdict"], event.attributes["evidence"]) == ("on_time", "tag")
    visit_id = await visit_at(site, FIRST.name)
    assert event.attributes["visit_id"] == visit_id
    assert await kinds_on_record(site, visit_id, 3) == [
        "visit_checked_in",
        "visit_countersigned",
        "visit_checked_in",
    ]


async def test_no_phone_of_the_gate_is_told_of_an_alarm(site: Site) -> None:
    guard(site).drop_all()
    await site.press_gate()
    await site.phones[0].next_push(WITHIN, lambda push: bool(push.buttons))
    assert await guard(site).settle() == []


async def test_what_stands_in_the_journal_is_what_a_restart_knows(site: Site) -> None:
    visit_id = await visit_at(site, FIRST.name)
    last = site.states.now[site.entity("sensor", "last_check_in", FIRST.name)].value
    await site.home.stop()
    assert first_broken(records(site)) is None
    await site.restart()
    assert site.states.now[site.entity("sensor", "last_check_in", FIRST.name)].value == last
    # The visit goes on: who is scanned again at once is the same officer on the same visit.
    guard(site).drop_all()
    count = len(visit_records(site, visit_id))
    await site.phones[0].scan(FIRST.tag)
    await site.phones[0].next_push(WITHIN)
    assert len(visit_records(site, visit_id)) == count


async def test_screen_at_the_gate_shows_another_code_each_half_minute(site: Site) -> None:
    path = f"/api/camera_proxy_stream/{site.entity('camera', 'live_code', SCREEN)}"
    urls: list[str] = []
    async with asyncio.timeout(CODE_LASTS + WITHIN), aclosing(site.api.motion(path)) as pictures:
        async for picture in pictures:
            # Each of them leads to the page while it is shown.
            async with site.api.session.get(url := site.read_page_url(picture)) as response:
                assert response.status == HTTPStatus.OK
            if url not in urls:
                urls.append(url)
            if len(urls) == 2:
                break


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
async def test_officer_without_the_app_reports_his_visit_on_the_page(site: Site) -> None:
    guard(site).drop_all()
    url = await site.page_url(FIRST.name)
    async with open_on_phone(url) as page:
        shown = await page.content()
        assert not [text for text in INSIDE if text in shown]

        await page.fill("[name=name]", VISITOR["name"])
        await page.fill("[name=nrp]", VISITOR["nrp"])
        await page.fill("[name=unit]", VISITOR["unit"])
        await page.fill("[name=note]", "Lampu <b>timur</b> mati 💡")
        await page.check("[name=situation][value=remarks]")
        await page.fill("[name=pin]", "0000")
        await page.click("form button")
        await page.wait_for_selector("[role=alert]")
        # What was written is still there.
        assert await page.input_value("[name=note]") == "Lampu <b>timur</b> mati 💡"
        assert await page.input_value("[name=pin]") == ""

        await page.fill("[name=pin]", PIN)
        await page.click("form button")
        await page.get_by_text("Kunjungan tercatat").wait_for()
        shown = await page.content()
        assert not [text for text in (SITE_NAME, FIRST.name, SECOND.name, PLAN) if text in shown]

        # He is known on this phone next time.
        await page.goto(url)
        assert await page.input_value("[name=name]") == VISITOR["name"]
        assert await page.input_value("[name=pin]") == ""

    push = await asked(site)
    assert VISITOR["name"] in push.message
    assert "<b>" not in push.message
    _, body = visit_records(site, str(push.tag).removeprefix("rutan_"))[0]
    assert body["check_in"]["evidence"] == "qr"
    assert body["check_in"]["report"]["note"] == "Lampu ‹b›timur‹/b› mati 💡"
    assert body["check_in"]["officer"]["id"] is not None


async def test_home_assistant_has_nothing_to_say_about_us(site: Site) -> None:
    assert [record.text for record in site.home.problems() if "rutan_blora" in record.text.partition("]")[0]] == []
