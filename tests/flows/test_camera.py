"""The flow of a perimeter camera: tried, shown, and only then saved."""

import asyncio
import sys
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.rutan_blora.cctv.picture import SourceProblem
from custom_components.rutan_blora.flows import camera as camera_module
from custom_components.rutan_blora.flows.camera import PREVIEWS
from homeassistant.config_entries import ConfigSubentry, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from tests.cctv.common import StubSource, jpeg
from tests.cctv.servers import answering, serving
from tests.flows.browser import choose, open_existing, open_menu, placeholder, send, suggested

STILL = "http://127.0.0.1:8080/still.jpg"
STREAM = "rtsp://127.0.0.1:554/second"
DEFAULTS = {"interval": 5, "max_age": 30, "position": 99}


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> StubSource:
    """Put a source in the place of every camera's."""
    source = StubSource()
    monkeypatch.setattr(camera_module, "make_source", lambda *_: source)
    return source


async def begin(hass: HomeAssistant, entry: MockConfigEntry, option: str = "http") -> SubentryFlowResult:
    """Open the form of a new camera."""
    return await choose(hass, await open_menu(hass, entry, "camera"), option)


async def make(
    hass: HomeAssistant, entry: MockConfigEntry, source: StubSource, option: str = "http", **fields: Any
) -> ConfigSubentry:
    """Make a camera: send its form, see its picture, save."""
    source.give(jpeg())
    shown = await send(hass, await begin(hass, entry, option), advanced={}, **fields)
    assert (shown["type"], shown["step_id"]) == (FlowResultType.FORM, "confirm")
    assert (await send(hass, shown))["type"] is FlowResultType.CREATE_ENTRY
    return list(entry.get_subentries_of_type("camera"))[-1]


async def test_sources(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert (await open_menu(hass, entry, "camera"))["menu_options"] == ["entity", "rtsp", "http"]


# --- what is saved ---


async def test_http_camera(hass: HomeAssistant, entry: MockConfigEntry, source: StubSource) -> None:
    made = await make(
        hass, entry, source, name=" Tembok\nutara", still_url=STILL, username="polres", password="rahasia"
    )
    assert made.title == "Tembok utara"
    assert made.data == {
        "source": "http",
        "still_url": STILL,
        "username": "polres",
        "password": "rahasia",
        "verify_ssl": True,
        **DEFAULTS,
    }
    assert "127.0.0.1" not in (made.unique_id or "")


async def test_rtsp_camera(hass: HomeAssistant, entry: MockConfigEntry, source: StubSource) -> None:
    made = await make(hass, entry, source, "rtsp", name="Utara", stream_url=STREAM)
    assert made.data == {"source": "rtsp", "stream_url": STREAM, **DEFAULTS}


async def test_camera_of_home_assistant(hass: HomeAssistant, entry: MockConfigEntry, source: StubSource) -> None:
    hass.states.async_set("camera.north", "idle")
    made = await make(hass, entry, source, "entity", name="Utara", entity_id="camera.north")
    assert made.data == {"source": "entity", "entity_id": "camera.north", **DEFAULTS}
    assert made.unique_id == "camera_camera.north"


@pytest.mark.parametrize(
    ("option", "field", "typed", "stored"),
    [
        ("rtsp", "stream_url", "rtsp://polres:p%40ss%3A%2F%25@127.0.0.1/live", "rtsp://127.0.0.1/live"),
        ("http", "still_url", "https://polres:p%40ss%3A%2F%25@127.0.0.1/a.jpg", "https://127.0.0.1/a.jpg"),
    ],
)
async def test_login_that_is_typed_into_the_address_is_taken_out_of_it(
    hass: HomeAssistant, entry: MockConfigEntry, source: StubSource, option: str, field: str, typed: str, stored: str
) -> None:
    made = await make(hass, entry, source, option, name="Utara", **{field: typed})
    assert made.data[field] == stored
    assert (made.data["username"], made.data["password"]) == ("polres", "p@ss:/%")


# --- what is told ---


@pytest.mark.parametrize(
    ("option", "fields", "errors"),
    [
        ("http", {"name": ""}, {"name": "empty"}),
        ("http", {"name": "x" * 81}, {"name": "too_long"}),
        ("http", {"still_url": "file:///etc/passwd"}, {"still_url": "url_invalid"}),
        ("http", {"still_url": "rtsp://127.0.0.1/live"}, {"still_url": "url_invalid"}),
        ("http", {"still_url": "127.0.0.1/still.jpg"}, {"still_url": "url_invalid"}),
        ("http", {"still_url": "http://"}, {"still_url": "url_invalid"}),
        ("http", {"advanced": {"stream_url": "file:///dev/sda"}}, {"advanced": "url_invalid"}),
        ("http", {"advanced": {"motion_entity_id": "binary_sensor.nowhere"}}, {"advanced": "motion_unknown"}),
        ("rtsp", {"stream_url": "http://127.0.0.1/"}, {"stream_url": "url_invalid"}),
        ("rtsp", {"stream_url": "concat:/etc/passwd"}, {"stream_url": "url_invalid"}),
        ("entity", {"entity_id": "camera.nowhere"}, {"entity_id": "entity_unknown"}),
        ("entity", {"entity_id": "light.lamp"}, {"entity_id": "entity_unknown"}),
    ],
)
async def test_mistakes_are_told_before_anything_is_asked_and_can_be_mended(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    source: StubSource,
    option: str,
    fields: dict[str, Any],
    errors: dict[str, str],
) -> None:
    hass.states.async_set("camera.north", "idle")
    hass.states.async_set("light.lamp", "on")
    address = {"http": {"still_url": STILL}, "rtsp": {"stream_url": STREAM}, "entity": {"entity_id": "camera.north"}}
    right: dict[str, Any] = {"name": "Utara", "advanced": {}, **address[option]}
    form = await send(hass, await begin(hass, entry, option), **right | fields)
    assert (form["type"], form["errors"]) == (FlowResultType.FORM, errors)
    source.give(jpeg())
    shown = await send(hass, form, **right)
    assert (await send(hass, shown))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("problem", list(SourceProblem))
@pytest.mark.parametrize(
    ("option", "address"), [("http", "still_url"), ("rtsp", "stream_url"), ("entity", "entity_id")]
)
async def test_each_problem_of_a_camera_has_its_own_message(
    hass: HomeAssistant, entry: MockConfigEntry, source: StubSource, problem: SourceProblem, option: str, address: str
) -> None:
    hass.states.async_set("camera.north", "idle")
    typed = {"still_url": STILL, "stream_url": STREAM, "entity_id": "camera.north"}[address]
    source.give(problem)
    form = await send(hass, await begin(hass, entry, option), name="Utara", advanced={}, **{address: typed})
    blamed = "password" if problem is SourceProblem.AUTH and option != "entity" else address
    assert form["errors"] == {blamed: f"source_{problem}"}
    assert not entry.subentries


async def test_our_own_camera_is_no_source(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    own = er.async_get(hass).async_get_or_create("camera", "rutan_blora", "wall").entity_id
    form = await send(hass, await begin(hass, entry, "entity"), name="Utara", entity_id=own, advanced={})
    assert form["errors"] == {"entity_id": "entity_is_own"}


async def test_same_camera_twice_is_refused(hass: HomeAssistant, entry: MockConfigEntry, source: StubSource) -> None:
    await make(hass, entry, source, name="Utara", still_url=STILL)
    source.give(jpeg())
    shown = await send(hass, await begin(hass, entry), name="Lain", still_url=STILL, advanced={})
    end = await send(hass, shown)
    assert (end["type"], end["reason"]) == (FlowResultType.ABORT, "already_configured")


@pytest.mark.usefixtures("socket_enabled")
async def test_real_camera_is_asked_and_what_is_none_is_told(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with serving(answering(b"<html>", content_type="text/html")) as where:
        form = await send(hass, await begin(hass, entry), name="Utara", still_url=f"http://{where}/", advanced={})
    assert form["errors"] == {"still_url": "source_not_an_image"}


# --- the picture in the form ---


async def test_picture_is_shown_to_who_has_the_form_and_forgotten_with_it(
    hass: HomeAssistant, entry: MockConfigEntry, source: StubSource, hass_client_no_auth: ClientSessionGenerator
) -> None:
    # Whatever has pages must have them before the server starts.
    for component in ("rutan_blora", "stream", "camera"):
        assert await async_setup_component(hass, component, {})
    client = await hass_client_no_auth()
    source.give(jpeg())
    shown = await send(hass, await begin(hass, entry), name="Utara", still_url=STILL, advanced={})
    path = placeholder(shown, "preview")
    response = await client.get(path)
    assert (response.status, response.content_type, await response.read()) == (200, "image/jpeg", jpeg())
    assert (await client.get(path[:-1])).status == 404
    assert (await send(hass, shown))["type"] is FlowResultType.CREATE_ENTRY
    assert (await client.get(path)).status == 404
    assert hass.data[PREVIEWS] == {}


async def test_camera_that_lacks_a_library_is_not_tried(
    hass: HomeAssistant, entry: MockConfigEntry, source: StubSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.give(jpeg())
    with monkeypatch.context() as blocking:
        blocking.setitem(sys.modules, "av", None)
        shown = await send(hass, await begin(hass, entry), name="Utara", still_url=STILL, advanced={})
    assert shown["errors"] == {"base": "video_missing"}
    assert entry.subentries == {}
    assert (await send(hass, shown, name="Utara", still_url=STILL, advanced={}))["step_id"] == "confirm"


async def test_picture_of_a_dialog_that_is_closed_is_forgotten(
    hass: HomeAssistant, entry: MockConfigEntry, source: StubSource
) -> None:
    source.give(jpeg())
    shown = await send(hass, await begin(hass, entry), name="Utara", still_url=STILL, advanced={})
    hass.config_entries.subentries.async_abort(shown["flow_id"])
    assert hass.data[PREVIEWS] == {}


# --- changing one ---


async def test_changed_camera_keeps_the_password_it_does_not_show(
    hass: HomeAssistant, entry: MockConfigEntry, source: StubSource
) -> None:
    made = await make(hass, entry, source, name="Utara", still_url=STILL, username="polres", password="rahasia")
    form = await open_existing(hass, entry, made)
    assert suggested(form) == {
        "name": "Utara",
        "still_url": STILL,
        "username": "polres",
        "advanced": {"verify_ssl": True, **DEFAULTS},
    }
    source.give(jpeg())
    shown = await send(hass, form, name="Tembok utara", still_url=STILL, username="polres", advanced={"interval": 2})
    assert (await send(hass, shown))["reason"] == "reconfigure_successful"
    (changed,) = entry.subentries.values()
    assert (changed.title, changed.data["password"], changed.data["interval"]) == ("Tembok utara", "rahasia", 2)


async def test_password_of_another_user_is_not_kept(
    hass: HomeAssistant, entry: MockConfigEntry, source: StubSource
) -> None:
    made = await make(hass, entry, source, name="Utara", still_url=STILL, username="polres", password="rahasia")
    source.give(jpeg())
    shown = await send(
        hass, await open_existing(hass, entry, made), name="Utara", still_url=STILL, username="lain", advanced={}
    )
    await send(hass, shown)
    (changed,) = entry.subentries.values()
    assert changed.data["username"] == "lain"
    assert "password" not in changed.data


@pytest.mark.parametrize(
    ("fields", "is_kept"),
    [
        ({"still_url": "http://127.0.0.1:8081/other.jpg", "advanced": {}}, True),
        ({"still_url": "http://127.0.0.2:8080/still.jpg", "advanced": {}}, False),
        ({"still_url": STILL, "advanced": {"stream_url": "rtsp://127.0.0.2/live"}}, False),
    ],
)
async def test_password_is_sent_to_no_other_host(
    hass: HomeAssistant, entry: MockConfigEntry, source: StubSource, fields: dict[str, Any], *, is_kept: bool
) -> None:
    made = await make(hass, entry, source, name="Utara", still_url=STILL, username="polres", password="rahasia")
    source.give(jpeg())
    await send(
        hass,
        await send(hass, await open_existing(hass, entry, made), name="Utara", username="polres", **fields),
    )
    (changed,) = entry.subentries.values()
    assert ("password" in changed.data) is is_kept


async def test_password_is_in_no_log(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    with patch.object(camera_module, "make_source", return_value=StubSource()) as made:
        made.return_value.give(SourceProblem.AUTH)
        await send(
            hass,
            await begin(hass, entry),
            name="U",
            still_url=STILL,
            username="polres",
            password="rahasia",
            advanced={},
        )
    assert "rahasia" not in caplog.text


async def test_dialog_that_is_closed_while_the_camera_is_tried_leaves_no_picture(
    hass: HomeAssistant, entry: MockConfigEntry, source: StubSource
) -> None:
    form = await begin(hass, entry)
    sending = hass.async_create_task(send(hass, form, name="Utara", still_url=STILL, advanced={}))
    await asyncio.sleep(0)
    hass.config_entries.subentries.async_abort(form["flow_id"])
    source.give(jpeg())
    with pytest.raises(UnknownFlow):
        await sending
    assert hass.data.get(PREVIEWS, {}) == {}
