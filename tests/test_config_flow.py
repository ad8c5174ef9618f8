"""The flows of a facility: making it, changing it, its options, and how the first set-up goes on by itself."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import Mock, patch

import bcrypt
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.rutan_blora import config_flow
from custom_components.rutan_blora.cctv.picture import SourceProblem
from custom_components.rutan_blora.flows.forms import CODE_NOT_CHANGED
from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult, ConfigSubentry, FlowType, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.setup import async_setup_component

from .cctv.common import StubSource, jpeg
from .common import perimeter_camera

DOMAIN = "rutan_blora"
SITE = {"site_name": "Rutan Kelas IIB Blora", "language": "en"}
TIMES = {"tier_delay": 30, "repeat_interval": 60, "response_time": 600}
GATE = {"name": "Main gate", "kind": "panic"}


@pytest.fixture(autouse=True)
def facility_that_loads() -> Iterator[None]:
    """Let the entry load without its rooms."""
    with (
        patch("custom_components.rutan_blora.async_setup_entry", return_value=True),
        patch("custom_components.rutan_blora.async_unload_entry", return_value=True),
    ):
        yield


async def begin(hass: HomeAssistant) -> ConfigFlowResult:
    """Open the form of a new facility."""
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "user"
    assert form["errors"] == {}
    return form


async def make(hass: HomeAssistant, **fields: str) -> ConfigFlowResult:
    """Make a facility."""
    result = await hass.config_entries.flow.async_configure((await begin(hass))["flow_id"], SITE | fields)
    await hass.async_block_till_done()
    return result


def known_facility(hass: HomeAssistant, name: str = "Rutan Blora") -> MockConfigEntry:
    """Return a facility that was made before."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=name,
        unique_id="rutan_blora",
        data={"site_name": name, "token_key": "secret"},
        options={"language": "id"},
    )
    entry.add_to_hass(hass)
    return entry


async def test_facility_is_made(hass: HomeAssistant) -> None:
    result = await make(hass, site_name="  Rutan Kelas\nIIB Blora ")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.title == "Rutan Kelas IIB Blora"
    assert entry.unique_id == "rutan_kelas_iib_blora"
    assert entry.data["site_name"] == "Rutan Kelas IIB Blora"
    assert entry.options == {"language": "en"}


async def test_every_facility_has_its_own_token_key(hass: HomeAssistant) -> None:
    keys = {(await make(hass, site_name=name))["result"].data["token_key"] for name in ("Blora", "Cepu")}
    assert [len(key) for key in keys] == [64, 64]


async def test_language_is_indonesian_unless_told_otherwise(hass: HomeAssistant) -> None:
    form = await begin(hass)
    result = await hass.config_entries.flow.async_configure(form["flow_id"], {"site_name": "Rutan Blora"})
    assert result["result"].options == {"language": "id"}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (" \n", "empty"),
        ("x" * 81, "too_long"),
        ("魚" * 80, "too_long"),
        ("!?", "no_slug"),
        ("Unknown", "no_slug"),
    ],
)
async def test_mistakes_are_told_and_can_be_mended(hass: HomeAssistant, name: str, error: str) -> None:
    form = await make(hass, site_name=name)
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == {"site_name": error}
    assert form["description_placeholders"] == {"max": "80"}
    assert form["data_schema"] is not None
    typed = {str(key): key.description for key in form["data_schema"].schema}
    assert typed == {"site_name": {"suggested_value": name}, "language": {"suggested_value": "en"}}
    result = await hass.config_entries.flow.async_configure(form["flow_id"], SITE)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_same_house_twice(hass: HomeAssistant) -> None:
    known_facility(hass)
    result = await make(hass, site_name="rutan BLORA")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_first_set_up_leads_on_to_panic_button_and_police_device(hass: HomeAssistant) -> None:
    made = await make(hass)
    entry = made["result"]
    subentries = hass.config_entries.subentries
    kind, flow_id = made["next_flow"]
    assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
    assert subentries.async_get(flow_id)["handler"] == (entry.entry_id, "panic_button")

    form = await subentries.async_configure(flow_id, {"next_step_id": "virtual"})
    form = await subentries.async_configure(form["flow_id"], {"name": ""})
    assert form["errors"] == {"name": "empty"}
    result = await subentries.async_configure(form["flow_id"], GATE)
    assert result["reason"] == "panic_button_added"
    (subentry,) = entry.subentries.values()
    assert (subentry.subentry_type, subentry.title) == ("panic_button", "Main gate")
    assert subentry.unique_id == "panic_button_main gate"
    assert subentry.data == {"source": "virtual", "kind": "panic", "location": ""}

    assert following(hass) == [(entry.entry_id, "police_device")]


async def test_later_panic_buttons_lead_nowhere(hass: HomeAssistant) -> None:
    entry = known_facility(hass)
    subentries = hass.config_entries.subentries
    menu = await subentries.async_init((entry.entry_id, "panic_button"), context={"source": SOURCE_USER})
    form = await subentries.async_configure(menu["flow_id"], {"next_step_id": "virtual"})
    result = await subentries.async_configure(form["flow_id"], GATE)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert following(hass) == []


async def test_first_panic_button_leads_nowhere_if_a_police_device_is_there(hass: HomeAssistant) -> None:
    made = await make(hass)
    entry = made["result"]
    with patch.object(
        entry, "get_subentries_of_type", lambda kind: iter([object()] if kind == "police_device" else [])
    ):
        result = await finish_panic_button(hass, made["next_flow"][1])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert following(hass) == []


async def finish_panic_button(hass: HomeAssistant, flow_id: str) -> SubentryFlowResult:
    """Make the first panic button."""
    subentries = hass.config_entries.subentries
    form = await subentries.async_configure(flow_id, {"next_step_id": "virtual"})
    return await subentries.async_configure(form["flow_id"], GATE)


def following(hass: HomeAssistant) -> list[tuple[str, str]]:
    """Return which subentry flows are open."""
    return [flow["handler"] for flow in hass.config_entries.subentries.async_progress()]


async def test_first_set_up_as_the_browser_sees_it(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> None:
    """Its dialog opens a next flow only with the flow's id and the entry in the answer."""
    assert await async_setup_component(hass, "config", {})
    flow_id = (await make(hass))["next_flow"][1]
    client = await hass_client()
    api = "/api/config/config_entries/subentries/flow"
    await client.post(f"{api}/{flow_id}", json={"next_step_id": "virtual"})
    response = await client.post(f"{api}/{flow_id}", json=GATE)
    assert response.status == HTTPStatus.OK
    answer = await response.json()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert (answer["result"]["entry_id"], answer["result"]["domain"]) == (entry.entry_id, DOMAIN)
    assert "data" not in answer["result"]

    kind, flow_id = answer["next_flow"]
    assert kind == "config_subentries_flow"
    menu = await (await client.get(f"{api}/{flow_id}")).json()
    assert menu["handler"] == [entry.entry_id, "police_device"]
    assert menu["menu_options"][0] == "phone"


async def test_renamed(hass: HomeAssistant) -> None:
    entry = known_facility(hass)
    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure"
    form = await hass.config_entries.flow.async_configure(form["flow_id"], {"site_name": ""})
    assert form["errors"] == {"site_name": "empty"}
    result = await hass.config_entries.flow.async_configure(form["flow_id"], {"site_name": " Rutan Cepu "})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    assert entry.title == "Rutan Cepu"
    assert entry.data == {"site_name": "Rutan Cepu", "token_key": "secret"}
    assert entry.unique_id == "rutan_blora"


async def test_renamed_like_another(hass: HomeAssistant) -> None:
    entry = known_facility(hass)
    await make(hass)
    form = await entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(form["flow_id"], {"site_name": SITE["site_name"]})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert entry.title == "Rutan Blora"


async def test_renamed_to_the_same(hass: HomeAssistant) -> None:
    entry = known_facility(hass)
    form = await entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(form["flow_id"], {"site_name": "Rutan Blora"})
    assert result["reason"] == "reconfigure_successful"


async def test_options(hass: HomeAssistant) -> None:
    entry = known_facility(hass)
    hass.config_entries.async_update_entry(entry, options={"language": "id", "other": 1})
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert form["step_id"] == "init"
    assert form["data_schema"] is not None
    language, *times, evidence, retention, timeout, _, _, _ = form["data_schema"].schema
    assert (str(evidence), evidence.default(), str(retention), retention.default()) == (
        "evidence",
        True,
        "retention_days",
        90,
    )
    assert language.description == {"suggested_value": "id"}
    assert {str(time): time.default() for time in times} == TIMES
    assert (str(timeout), timeout.default()) == ("visit_timeout", 120)
    typed = {"language": "en", "tier_delay": 5.0, "repeat_interval": 15.0, "response_time": 60.0}
    result = await hass.config_entries.options.async_configure(form["flow_id"], typed)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {**typed, "evidence": True, "retention_days": 90, "visit_timeout": 7200, "other": 1}
    assert [type(entry.options[time]) for time in TIMES] == [int, int, int]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tier_delay", 4),
        ("tier_delay", 601),
        ("tier_delay", "soon"),
        ("repeat_interval", 14),
        ("repeat_interval", 3601),
        ("response_time", 59),
        ("response_time", 7201),
    ],
)
async def test_time_out_of_bounds_changes_nothing(hass: HomeAssistant, field: str, value: object) -> None:
    entry = known_facility(hass)
    before = entry.options
    form = await hass.config_entries.options.async_init(entry.entry_id)
    with pytest.raises(InvalidData) as refused:
        await hass.config_entries.options.async_configure(form["flow_id"], {"language": "en", **TIMES, field: value})
    assert field in refused.value.schema_errors
    assert entry.options == before


async def test_time_after_which_a_visit_is_over_is_asked_in_minutes_and_kept_in_seconds(hass: HomeAssistant) -> None:
    entry = known_facility(hass)
    await set_options(hass, entry, visit_timeout=45)
    assert entry.options["visit_timeout"] == 2700
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert form["data_schema"] is not None
    (timeout,) = (field for field in form["data_schema"].schema if field == "visit_timeout")
    assert timeout.description == {"suggested_value": 45}


# --- the close code ---


async def set_options(hass: HomeAssistant, entry: MockConfigEntry, **typed: object) -> ConfigFlowResult:
    """Fill in the options."""
    form = await hass.config_entries.options.async_init(entry.entry_id)
    return await hass.config_entries.options.async_configure(form["flow_id"], {"language": "id", **TIMES, **typed})


async def test_close_code_is_stored_hashed_kept_when_left_alone_and_removed_when_emptied(hass: HomeAssistant) -> None:
    entry = known_facility(hass)
    await set_options(hass, entry, close_code=" 4711 ")
    hashed = entry.options["close_code"]
    assert bcrypt.checkpw(b"4711", hashed.encode())
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert form["data_schema"] is not None
    (shown,) = (field for field in form["data_schema"].schema if field == "close_code")
    assert shown.description == {"suggested_value": CODE_NOT_CHANGED}
    await set_options(hass, entry, close_code=CODE_NOT_CHANGED)
    assert entry.options["close_code"] == hashed
    await set_options(hass, entry, close_code="")
    assert "close_code" not in entry.options
    await set_options(hass, entry)
    assert "close_code" not in entry.options


@pytest.mark.parametrize("code", ["123", "x" * 33, "ä" * 20, "12\x0034"])
async def test_code_that_cannot_be_one_is_told_and_changes_nothing(hass: HomeAssistant, code: str) -> None:
    entry = known_facility(hass)
    before = dict(entry.options)
    form = await set_options(hass, entry, close_code=code)
    assert form["errors"] == {"close_code": "code_unfit"}
    assert dict(entry.options) == before


# --- a camera that refuses its login ---


async def test_new_login_is_tried_and_kept_only_if_the_camera_gives_a_picture(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, asked = StubSource(), Mock()

    def make_source(_: HomeAssistant, data: Mapping[str, Any]) -> StubSource:
        asked(dict(data))
        return source

    monkeypatch.setattr(config_flow, "make_source", make_source)
    entry = known_facility(hass)
    camera = add_camera(hass, entry)
    entry.async_start_reauth(hass, data={"camera_id": camera.subentry_id})
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    source.give(SourceProblem.AUTH, jpeg())
    login = {"username": "polres", "password": "baru"}
    form = await hass.config_entries.flow.async_configure(flow["flow_id"], login)
    assert form["errors"] == {"base": "source_auth_failed"}
    assert entry.subentries[camera.subentry_id].data == camera.data
    end = await hass.config_entries.flow.async_configure(flow["flow_id"], login)
    assert end["reason"] == "reauth_successful"
    assert entry.subentries[camera.subentry_id].data == {**camera.data, **login}
    asked.assert_called_with({**camera.data, **login})


async def test_login_of_a_camera_that_was_removed_is_asked_no_more(hass: HomeAssistant) -> None:
    entry = known_facility(hass)
    camera = add_camera(hass, entry)
    entry.async_start_reauth(hass, data={"camera_id": camera.subentry_id})
    await hass.async_block_till_done()
    hass.config_entries.async_remove_subentry(entry, camera.subentry_id)
    (flow,) = hass.config_entries.flow.async_progress()
    end = await hass.config_entries.flow.async_configure(flow["flow_id"], {"username": "polres", "password": "baru"})
    assert end["reason"] == "camera_gone"


def add_camera(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigSubentry:
    """Add a camera to a facility."""
    part = perimeter_camera("Utara", username="polres", password="rahasia")
    camera = ConfigSubentry(
        data=MappingProxyType(part["data"]), subentry_type="camera", title=part["title"], unique_id=part["unique_id"]
    )
    hass.config_entries.async_add_subentry(entry, camera)
    return camera


# --- what reports are written on ---


HEAD = "RUTAN  KELAS IIB BLORA \n\n Jalan Contoh 1"


@pytest.fixture
def www(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Give a folder that Home Assistant may read, with a picture and what is none."""
    hass.config.config_dir = str(tmp_path)
    folder = tmp_path / "www"
    hass.config.allowlist_external_dirs = {str(folder)}
    folder.mkdir()
    Image.new("RGB", (40, 20), "navy").save(folder / "logo.png")
    (folder / "text.png").write_text("no picture")
    return folder


async def test_what_reports_are_written_on_is_kept_beside_the_options_and_shown_again(
    hass: HomeAssistant, www: Path
) -> None:
    entry = known_facility(hass)
    typed = {"letterhead": HEAD, "logo": "www/logo.png", "place": "Blora", "signer_rutan": "Karutan\nNama"}
    await set_options(hass, entry, report=typed)
    kept = {**typed, "letterhead": "RUTAN KELAS IIB BLORA\nJalan Contoh 1"}
    assert {field: entry.options[field] for field in kept} == kept
    assert "report" not in entry.options
    assert "signer_police" not in entry.options
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert form["data_schema"] is not None
    shown = form["data_schema"].schema["report"].schema.schema
    assert {str(field): field.description["suggested_value"] for field in shown if field.description} == kept
    await set_options(hass, entry)
    assert entry.options["letterhead"] == kept["letterhead"]
    await set_options(hass, entry, report={"place": "Blora"})
    assert {field for field in kept if field in entry.options} == {"place"}


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"letterhead": "a\n" * 6}, "lines_unfit"),
        ({"signer_police": "x" * 81}, "lines_unfit"),
        ({"logo": "/etc/passwd"}, "logo_not_allowed"),
        ({"logo": "../logo.png"}, "logo_not_allowed"),
        ({"logo": "www/none.png"}, "logo_missing"),
        ({"logo": "www/text.png"}, "logo_no_picture"),
    ],
)
async def test_what_reports_cannot_be_written_on_is_told_and_changes_nothing(
    hass: HomeAssistant, www: Path, typed: dict[str, str], error: str
) -> None:
    entry = known_facility(hass)
    before = dict(entry.options)
    form = await set_options(hass, entry, report=typed)
    assert form["errors"] == {"report": error}
    assert dict(entry.options) == before
