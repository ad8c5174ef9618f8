"""The check-in page in a real browser on a phone: filled in, sent, kept without a net, remembered, forgotten."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
import re

from PIL import Image
from playwright.async_api import Page, Route, expect
import pytest
import pytest_asyncio

from demo.browser import CHROMIUM, open_on_phone
from demo.site import Site
from demo.visits import PIN, PLACES, VISITOR

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine"),
]

VISITS = True
PLACE = PLACES[0].name
OFFICER = {"name": "Agus Wibowo", "rank": "Bripka", "nrp": "88020009", "unit": "Polsek Cepu"}
DONE = "Kunjungan tercatat"


@pytest_asyncio.fixture(loop_scope="module")
async def phone(site: Site) -> AsyncIterator[Page]:
    """Give the page of the printed code on a phone; nothing may go wrong in it unseen."""
    async with open_on_phone(await site.page_url(PLACE)) as page:
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        yield page
        # What the browser itself says of a net that is away, or of an answer that is no.
        assert [trouble for trouble in troubles if "Failed to load resource" not in trouble] == []


async def fill(page: Page, *, note: str = "Aman", situation: str = "Aman", **texts: str) -> None:
    """Fill the form in."""
    for name, text in {**OFFICER, **texts}.items():
        await page.locator(f"[name={name}]").fill(text)
    await page.get_by_label(situation, exact=True).check()
    await page.locator("[name=note]").fill(note)


async def send(page: Page) -> None:
    await page.get_by_role("button", name="Kirim laporan").click()


async def last_check_in(site: Site) -> str:
    return site.states.now[site.entity("sensor", "last_check_in", PLACE)].value


async def close_and_have_a_net_again(page: Page) -> None:
    await page.goto("about:blank")
    await page.context.set_offline(False)


async def test_form_fits_the_phone_and_is_a_visit(site: Site, phone: Page) -> None:
    width = await phone.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    before = await last_check_in(site)
    await fill(phone)
    await send(phone)
    await expect(phone.get_by_text(DONE)).to_be_visible()
    await expect(phone.get_by_text("Menunggu paraf petugas P2U")).to_be_visible()
    sensor = site.entity("sensor", "last_check_in", PLACE)
    await site.states.until(sensor, lambda state: state.value != before, within=5)


async def test_officer_is_remembered_on_the_phone_until_he_wants_to_be_forgotten(site: Site, phone: Page) -> None:
    await fill(phone, note="Rahasia")
    await send(phone)
    await expect(phone.get_by_text(DONE)).to_be_visible()
    await phone.get_by_text("Formulir baru").click()
    await expect(phone.locator("[name=name]")).to_have_value(OFFICER["name"])
    await expect(phone.locator("[name=unit]")).to_have_value(OFFICER["unit"])
    await expect(phone.locator("[name=note]")).to_have_value("")
    await phone.get_by_text("Lupakan saya").click()
    await expect(phone.locator("[name=name]")).to_have_value("")
    await phone.reload()
    await expect(phone.locator("[name=name]")).to_have_value("")
    assert await phone.evaluate("Object.keys(localStorage).length") == 0


async def test_report_without_a_net_is_kept_and_sent_once_it_is_back(site: Site, phone: Page) -> None:
    before = await last_check_in(site)
    await fill(phone, note="Tanpa jaringan")
    await phone.context.set_offline(True)
    await send(phone)
    await expect(phone.get_by_text("Belum terkirim: tidak ada jaringan")).to_be_visible()
    assert await last_check_in(site) == before
    await phone.context.set_offline(False)
    await expect(phone.get_by_text(DONE)).to_be_visible(timeout=20_000)
    assert await phone.evaluate("localStorage.getItem('rutan_blora.kept')") is None


async def test_report_that_was_kept_outlives_the_page(site: Site, phone: Page) -> None:
    await fill(phone, note="Ditutup dulu")
    await phone.context.set_offline(True)
    await send(phone)
    await expect(phone.get_by_text("Belum terkirim: tidak ada jaringan")).to_be_visible()
    await close_and_have_a_net_again(phone)
    await phone.goto(await site.page_url(PLACES[1].name))
    await expect(phone.get_by_text(DONE)).to_be_visible(timeout=20_000)
    await expect(phone.get_by_text("Ditutup dulu")).to_be_visible()


async def test_pin_is_never_stored_and_asked_for_again(site: Site, phone: Page) -> None:
    await fill(phone, name=VISITOR["name"], nrp=VISITOR["nrp"], pin=PIN)
    await phone.context.set_offline(True)
    await send(phone)
    await expect(phone.get_by_text("Belum terkirim: tidak ada jaringan")).to_be_visible()
    assert PIN not in await phone.evaluate("JSON.stringify(localStorage)")
    await close_and_have_a_net_again(phone)
    await phone.goto(await site.page_url(PLACE))
    await expect(phone.get_by_text("Isi PIN, lalu kirim")).to_be_visible()
    await expect(phone.locator("[name=name]")).to_have_value(VISITOR["name"])
    await phone.locator("[name=pin]").fill(PIN)
    await send(phone)
    await expect(phone.get_by_text("Dibuktikan dengan PIN")).to_be_visible()


async def test_what_was_written_outlives_a_wrong_pin_and_a_page_that_was_closed(site: Site, phone: Page) -> None:
    await fill(phone, name=VISITOR["name"], nrp=VISITOR["nrp"], pin="0000", note="Pagar diperiksa")
    await send(phone)
    await expect(phone.get_by_text("PIN tidak cocok")).to_be_visible()
    await expect(phone.locator("[name=note]")).to_have_value("Pagar diperiksa")
    await expect(phone.locator("[name=pin]")).to_have_value("")
    await phone.reload()
    await expect(phone.locator("[name=note]")).to_have_value("Pagar diperiksa")


async def test_photo_is_made_small_on_the_phone_and_stays_with_a_form_that_was_refused(
    site: Site, phone: Page, tmp_path: Path
) -> None:
    photo = tmp_path / "foto.png"
    # Noise does not get smaller by itself: as it is it would be refused.
    Image.effect_noise((4000, 3000), 80).save(photo)
    assert photo.stat().st_size > 8 * 1024 * 1024
    await fill(phone, name=VISITOR["name"], nrp=VISITOR["nrp"], pin="0000")
    await phone.locator("[name=photo]").set_input_files(photo)
    await expect(phone.locator(".photo")).to_have_text(re.compile(r"^\d+ kB$"))
    await send(phone)
    await expect(phone.get_by_text("Foto tadi masih ikut")).to_be_visible()
    await phone.locator("[name=pin]").fill(PIN)
    await send(phone)
    await expect(phone.get_by_text("tersimpan", exact=True)).to_be_visible()
    (kept,) = (site.home.folder / "media" / "rutan_blora" / "visits").glob("*.jpg")
    with Image.open(BytesIO(kept.read_bytes())) as image:
        assert image.size == (1280, 960)


async def test_alarm_is_raised_from_the_page_by_who_is_proved(site: Site, phone: Page) -> None:
    await fill(phone, name=VISITOR["name"], nrp=VISITOR["nrp"], pin=PIN, situation="Ada kejadian", note="Berkelahi")
    await send(phone)
    await phone.get_by_role("button", name="Bunyikan alarm sekarang").click()
    await expect(phone.get_by_text(re.compile("Alarm dibunyikan"))).to_be_visible()
    await site.states.until(site.entity("sensor", "alarm_state"), "alarm", within=5)


async def test_page_works_without_scripts_and_in_english(site: Site) -> None:
    async with open_on_phone(await site.page_url(PLACE), scripts=False, locale="en-GB") as page:
        await page.locator("[name=name]").fill("Dwi Lestari")
        await page.get_by_label("Safe, with remarks").check()
        await page.locator("[name=pin]").fill("1234")
        await page.get_by_role("button", name="Send report").click()
        await expect(page.get_by_text("Name, NRP and PIN do not match")).to_be_visible()
        await expect(page.locator("[name=name]")).to_have_value("Dwi Lestari")
        await page.get_by_role("button", name="Send report").click()
        await expect(page.get_by_text("Visit recorded")).to_be_visible()


async def test_large_photo_is_refused_in_words_even_without_scripts(site: Site, tmp_path: Path) -> None:
    photo = tmp_path / "foto.jpg"
    photo.write_bytes(b"\xff\xd8" + b"x" * 50 * 1024 * 1024)
    async with open_on_phone(await site.page_url(PLACE), scripts=False) as page:
        await fill(page)
        await page.locator("[name=photo]").set_input_files(photo)
        await send(page)
        await expect(page.get_by_text("Foto lebih besar dari 8 MB")).to_be_visible()
        await expect(page.locator("[name=name]")).to_have_value(OFFICER["name"])


async def test_what_takes_longer_than_a_reload_is_said_and_a_reload_is_waited_for(site: Site, phone: Page) -> None:
    html = await phone.content()

    async def answer(route: Route, wait: str) -> None:
        waiting = html.replace('data-state="form"', 'data-state="wait"').replace("<main ", "<main id=waiting ")
        await route.fulfill(status=503, body=waiting, content_type="text/html", headers={"Retry-After": wait})

    async def answer_soon(route: Route) -> None:
        await answer(route, "3")

    async def answer_late(route: Route) -> None:
        await answer(route, "600")

    await fill(phone)
    await phone.route("**/visit/**", answer_late)
    await send(phone)
    await expect(phone.locator("#waiting")).to_be_visible()
    await fill(phone)
    await phone.unroute("**/visit/**")
    await phone.route("**/visit/**", answer_soon)
    await send(phone)
    await expect(phone.get_by_text("sistem belum siap")).to_be_visible()
    await phone.unroute("**/visit/**")
    await phone.get_by_role("button", name="Kirim sekarang").click()
    await expect(phone.get_by_text(DONE)).to_be_visible()
