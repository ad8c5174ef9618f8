"""The address at which another system answers, and the system that was told it."""

from collections.abc import AsyncIterator
import json
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest
from yarl import URL

from custom_components.rutan_blora.views import WRONG_PER_MINUTE
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config

from .common import House, panic_button, police_device, until

pytest_plugins = ("tests.fixtures",)
pytestmark = pytest.mark.usefixtures("socket_enabled")

SECRET = "a secret of sixteen"


class Receiver:
    """A web service at the police."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """Take an alert."""
        self.told.append(json.loads(await request.read()))
        return web.Response(status=204)

    def url_of(self, answer: str, number: int = -1) -> str:
        """Return the path at which an alert is answered."""
        answers = self.told[number]["data"]["answers"]
        return URL(next(offer["url"] for offer in answers if offer["answer"] == answer)).path


@pytest.fixture
async def polres(hass: HomeAssistant) -> AsyncIterator[Receiver]:
    """Give a receiver that listens."""
    await async_process_ha_core_config(hass, {"internal_url": "http://127.0.0.1:8123"})
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/alarm", receiver.take)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/alarm"))
        yield receiver


async def told(house: House, polres: Receiver, count: int) -> None:
    """Wait until the receiver was told so often."""
    await until(lambda: len(polres.told) >= count)
    await house.hass.async_block_till_done(wait_background_tasks=True)


@pytest.fixture
async def open_house(house: House, polres: Receiver) -> House:
    """Give a house with an open alarm that the receiver was told."""
    await house.client()
    await house.set_up(panic_button(), police_device("SPKT", "webhook", url=polres.url, secret=SECRET))
    await house.press_entity()
    await told(house, polres, 1)
    return house


async def call(house: House, path: str, body: bytes | None = None, method: str = "POST") -> int:
    """Call an address and return the status."""
    async with (await house.client()).request(method, path, data=body) as response:
        return response.status


async def answer(house: House, path: str, body: bytes | None = None, method: str = "POST") -> int:
    """Call an address, let it come to its end and return the status."""
    status = await call(house, path, body, method)
    await house.hass.async_block_till_done()
    return status


async def test_webhook_is_told_and_shown_as_received(open_house: House, polres: Receiver) -> None:
    assert polres.told[0]["data"]["loud"]
    assert open_house.state("sensor", "delivery", "SPKT") == "delivered"
    assert open_house.state("binary_sensor", "reachable", "SPKT") == "on"


@pytest.mark.parametrize(("key", "state"), [("ACK", "acknowledged"), ("GO", "responding"), ("HERE", "on_scene")])
async def test_answer_at_its_address_counts(open_house: House, polres: Receiver, key: str, state: str) -> None:
    assert await answer(open_house, polres.url_of(key), b'{"officer": "Aipda <b>Budi</b>"}') == 200
    assert open_house.state("sensor", "alarm_state") == state
    assert open_house.state("sensor", "delivery", "SPKT") == "acknowledged"
    (responder,) = open_house.entity("sensor", "alarm_state").attributes["responders"]
    assert responder["name"] == "Aipda ‹b›Budi‹/b› – SPKT"


async def test_each_answer_is_taken_once(open_house: House, polres: Receiver) -> None:
    assert [await answer(open_house, polres.url_of(key)) for key in ("ACK", "ACK", "GO", "GO")] == [200, 410, 200, 410]
    assert open_house.state("sensor", "alarm_state") == "responding"
    assert len(await open_house.rows("acknowledged")) == 1


async def test_address_of_an_earlier_push_is_over_once_there_is_something_more_urgent(
    open_house: House, polres: Receiver
) -> None:
    await open_house.call("raise_alarm", location="Blok B", kind="fire")
    await told(open_house, polres, 2)
    assert await answer(open_house, polres.url_of("ACK", 0)) == 410
    assert open_house.state("sensor", "alarm_state") == "alarm"
    assert await answer(open_house, polres.url_of("ACK", 1)) == 200


async def test_address_is_over_when_the_alarm_is(open_house: House, polres: Receiver) -> None:
    path = polres.url_of("ACK")
    await open_house.call("close_alarm", outcome="resolved")
    await told(open_house, polres, 2)
    assert polres.told[-1]["data"]["answers"] == []
    assert await answer(open_house, path) == 410


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
async def test_looking_at_an_address_answers_nothing(open_house: House, polres: Receiver, method: str) -> None:
    assert await answer(open_house, polres.url_of("ACK"), method=method) == 405
    assert open_house.state("sensor", "alarm_state") == "alarm"


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b'{"officer": 7}', b"\xff\xfe", b" " * 5000], ids=str)
async def test_unfit_body_answers_nothing(open_house: House, polres: Receiver, body: bytes) -> None:
    assert await answer(open_house, polres.url_of("ACK"), body) == 400
    assert open_house.state("sensor", "alarm_state") == "alarm"


async def test_forged_addresses_are_refused_and_limited_and_the_right_one_still_works(
    open_house: House, polres: Receiver
) -> None:
    path = polres.url_of("ACK")
    forged = f"{path[:-32]}{'0' * 32}"
    statuses = [await answer(open_house, forged) for _ in range(WRONG_PER_MINUTE + 2)]
    assert statuses == [404] * WRONG_PER_MINUTE + [429] * 2
    assert await answer(open_house, path.replace("/ACK/", "/CLOSE/")) == 400
    assert open_house.state("sensor", "alarm_state") == "alarm"
    assert await answer(open_house, path) == 200


async def test_token_of_a_phone_is_no_address(house: House) -> None:
    budi = await house.pair_taken_over("HP Budi")
    await house.set_up(panic_button(), budi.police_device())
    await house.press_entity()
    token = budi.last.key("ACK").removeprefix("RUTAN_ACK_")
    assert await answer(house, f"/api/rutan_blora/answer/ACK/{token}") == 404
    assert house.state("sensor", "alarm_state") == "alarm"


async def test_address_asks_to_come_again_during_a_reload_and_works_after_it(
    open_house: House, polres: Receiver
) -> None:
    path = polres.url_of("ACK")
    async with open_house.reloading():
        assert await call(open_house, path) == 503
    assert await answer(open_house, path) == 200


async def test_without_an_address_of_its_own_the_alarm_is_told_all_the_same(
    hass: HomeAssistant, house: House, polres: Receiver
) -> None:
    await house.client()
    hass.config.internal_url = hass.config.external_url = hass.config.api = None
    await house.set_up(panic_button(), police_device("SPKT", "webhook", url=polres.url, secret=SECRET))
    await house.press_entity()
    await told(house, polres, 1)
    assert polres.told[0]["data"]["answers"][0] == {"answer": "ACK", "title": "Terima"}


async def test_neither_secret_nor_token_is_on_record_or_in_a_log(
    open_house: House, polres: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    path = polres.url_of("ACK")
    await answer(open_house, path)
    token = path.rpartition("/")[2]
    rows = [row.body for row in await open_house.rows("raised", "delivery", "acknowledged")]
    shown = "".join([*rows, *map(str, open_house.hass.states.async_all())])
    ours = "".join(record.getMessage() for record in caplog.records if "rutan_blora" in record.name)
    for secret in (SECRET, token, polres.url):
        assert secret not in shown
        assert secret not in ours
