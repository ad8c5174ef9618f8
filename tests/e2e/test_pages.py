"""What people look at: the pages of the devices in a real browser, in Indonesian."""

from collections.abc import Iterator
import json
import re

import pytest

from custom_components.rutan_blora.const import DOMAIN
from demo.browser import CHROMIUM, open_page, show_device
from demo.home_assistant import ROOT
from demo.site import BUTTONS, OFFICERS, YARD, Site

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine"),
]

CAMERAS = 1
RAW_KEY = re.compile(r"\b(component|entity|state|ui)\.[a-z_.]+|\b[a-z]+(_[a-z]+)+\b")


def entity_texts(language: str) -> dict[str, str]:
    """Return the texts of the entities in a language by their path."""

    def walk(node: object, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(node, dict):
            for key, value in node.items():
                yield from walk(value, f"{path}.{key}")
        else:
            yield path, str(node)

    file = ROOT / "custom_components" / DOMAIN / "translations" / f"{language}.json"
    return dict(walk(json.loads(file.read_text(encoding="utf-8"))["entity"], "entity"))


@pytest.mark.parametrize(
    ("subentry", "expected"),
    [
        ("", ("Status alarm", "Diterima", "Kejadian alarm", "Waktu hingga diterima", "Jurnal")),
        (OFFICERS[0].name, ("Pengiriman", "Dijawab petugas", "Jawaban terakhir")),
        (BUTTONS["entity"]["name"], ("Panik", "Gangguan")),
        (YARD[0].name, ("Sinyal", "Gangguan kamera", "Gambar", "Umur gambar", "Pelajari ulang")),
    ],
    ids=["facility", "police device", "panic button", "camera"],
)
async def test_a_page_in_the_middle_of_an_alarm_speaks_indonesian(
    site: Site, subentry: str, expected: tuple[str, ...]
) -> None:
    await site.press_gate()
    push = await site.phones[0].inbox.get()
    await site.phones[0].answer(next(iter(push.buttons)), push)
    await site.states.until(site.entity("sensor", "alarm_state"), "acknowledged", within=10)

    async with open_page(site.api) as page:
        texts = await show_device(page, site.api, await site.device(subentry))

    assert set(expected) <= set(texts)
    assert not [text for text in texts if RAW_KEY.search(text)]
    english, indonesian = entity_texts("en"), entity_texts("id")
    foreign = {text for path, text in english.items() if text != indonesian[path]} - set(indonesian.values())
    assert not foreign & set(texts)
