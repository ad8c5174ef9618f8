"""A house without the video libraries: its alarm works, its cameras are left out, said so, and come when they can."""

from collections.abc import Callable
from importlib import import_module
import json
from pathlib import Path
import subprocess
import sys
import threading
from typing import Any
from unittest.mock import Mock

import pytest

import custom_components.rutan_blora as entry_module
from custom_components.rutan_blora import video as video_module
from homeassistant.components.stream.const import ATTR_SETTINGS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.loader import IntegrationNotFound
from homeassistant.setup import async_setup_component

from .common import ENTRY_ID, House, checkpoint, panic_button, perimeter_camera, until

pytest_plugins = ("tests.fixtures",)

ROOT = Path(__file__).parents[1]
MOTION = "binary_sensor.motion"
LIBRARIES = ("numpy", "turbojpeg", "av")


def missing(hass: HomeAssistant) -> str | None:
    """Return what the repair says is missing."""
    issue = ir.async_get(hass).async_get_issue("rutan_blora", f"video_missing_{ENTRY_ID}")
    return None if issue is None else (issue.translation_placeholders or {})["missing"]


def entities(hass: HomeAssistant, part: str) -> set[str]:
    """Return the entities that are there of a part, by their domains and keys."""
    ours = er.async_entries_for_config_entry(er.async_get(hass), ENTRY_ID)
    there = [
        entity for entity in ours if (state := hass.states.get(entity.entity_id)) and "restored" not in state.attributes
    ]
    start = f"{ENTRY_ID}_{part}_"
    return {f"{e.domain}.{e.unique_id.removeprefix(start)}" for e in there if e.unique_id.startswith(start)}


# --- in a process where nothing is loaded yet ---


def in_a_process_of_its_own(folder: Path, camera: str, *blocked: str) -> dict[str, Any]:
    """Let a house live where some modules cannot be had, and return what has come of it."""
    (folder / "custom_components").symlink_to(ROOT / "custom_components")
    command = [sys.executable, "-m", "tests.bare_house", str(folder), camera, *blocked]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_facility_without_cameras_loads_nothing_of_video(tmp_path: Path) -> None:
    told = in_a_process_of_its_own(tmp_path, "none")
    assert told == {
        "set_up": True,
        "alarm": "on",
        "signs": ["image.pos_utama_qr_code"],
        "issues": [],
        "loaded": [],
    }


def test_alarm_and_visits_work_where_no_video_library_can_be_loaded(tmp_path: Path) -> None:
    told = in_a_process_of_its_own(tmp_path, "camera", *LIBRARIES)
    assert told == {
        "set_up": True,
        "alarm": "on",
        "signs": ["image.pos_utama_qr_code"],
        "issues": [["video_missing", {"site": "Rutan Blora", "missing": "numpy"}]],
        "loaded": [],
    }


# --- what is missing ---


@pytest.mark.parametrize("library", LIBRARIES)
async def test_facility_whose_cameras_lack_a_library_has_its_alarm_and_says_what_is_missing(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    await house.set_up(panic_button(cameras=["utara"]), perimeter_camera("Utara"))
    assert house.entry.state is ConfigEntryState.LOADED
    assert missing(hass) == library
    assert entities(hass, "utara") == set()
    await house.press_entity()
    assert house.state("sensor", "alarm_state") == "alarm"


async def test_library_that_was_made_for_another_processor_is_missing(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: str, package: str | None = None) -> object:
        if name == "numpy":
            raise RuntimeError("NumPy was built with baseline optimizations")
        return import_module(name, package)

    monkeypatch.setattr(video_module, "import_module", load)
    await house.set_up(panic_button(), perimeter_camera("Utara"))
    assert (house.entry.state, missing(hass)) == (ConfigEntryState.LOADED, "numpy")


async def test_library_that_cannot_be_fetched_is_missing(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    hass.config.skip_pip = False
    monkeypatch.setattr("homeassistant.util.package.is_installed", lambda requirement: "av==" not in requirement)
    monkeypatch.setattr("homeassistant.util.package.install_package", lambda *_, **__: False)
    await house.set_up(panic_button(), perimeter_camera("Utara"))
    assert (house.entry.state, missing(hass)) == (ConfigEntryState.LOADED, "av")


async def test_home_assistant_without_the_integration_has_its_alarm(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_module, "async_get_integration", Mock(side_effect=IntegrationNotFound("stream")))
    await house.set_up(panic_button(), perimeter_camera("Utara"))
    assert (house.entry.state, missing(hass)) == (ConfigEntryState.LOADED, "stream")


@pytest.mark.parametrize("domain", ["stream", "camera"])
async def test_part_of_home_assistant_that_is_not_set_up_is_missing(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch, domain: str
) -> None:
    async def set_up(hass: HomeAssistant, asked: str, config: dict[str, Any]) -> bool:
        return asked != domain and await async_setup_component(hass, asked, config)

    monkeypatch.setattr(video_module, "async_setup_component", set_up)
    await house.set_up(panic_button(), perimeter_camera("Utara"))
    assert (house.entry.state, missing(hass)) == (ConfigEntryState.LOADED, domain)


async def test_facility_without_cameras_needs_no_video(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    await house.set_up(panic_button(), checkpoint())
    assert missing(hass) is None
    assert not {"stream", "camera"} & hass.config.components


# --- what works all the same ---


async def test_guarded_camera_without_pictures_raises_the_alarm(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    hass.states.async_set(MOTION, "off")
    await house.set_up(perimeter_camera("Utara", motion_entity_id=MOTION))
    assert entities(hass, "utara") == {"switch.guard"}
    entity_id = house.entity_id("switch", "guard", "Utara")
    await hass.services.async_call("switch", "turn_on", {"entity_id": entity_id}, blocking=True)
    await house.reload()
    hass.states.async_set(MOTION, "on")
    await hass.async_block_till_done()
    assert house.state("sensor", "alarm_state") == "alarm"


async def test_guarded_camera_without_pictures_is_guarded_after_a_restart(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    hass.states.async_set(MOTION, "off")
    await house.set_up(perimeter_camera("Utara", motion_entity_id=MOTION))
    house.facility.guard.set("utara", is_on=True, by="Slamet")
    await house.restart()
    assert house.facility.guard.is_guarded("utara")


async def test_checkpoint_keeps_its_sign_where_its_screen_is_left_out(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "turbojpeg", None)
    await house.set_up(checkpoint(live_code=True))
    assert missing(hass) == "turbojpeg"
    assert {e for e in entities(hass, "pos_utama") if "code" in e} == {"image.qr_code"}


# --- it comes back ---


async def test_cameras_are_back_after_a_reload_once_the_library_is_there(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as blocking:
        blocking.setitem(sys.modules, "numpy", None)
        await house.set_up(panic_button(), perimeter_camera("Utara"))
        await house.reload()
        await hass.async_block_till_done(wait_background_tasks=False)
        await until(lambda: missing(hass) == "numpy")
    await house.reload()
    await until(lambda: "camera.camera" in entities(hass, "utara"))
    assert missing(hass) is None


@pytest.fixture
async def slow(hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Set a facility up while a library takes for ever; give what ends that."""
    may_load = threading.Event()

    def load(name: str, package: str | None = None) -> object:
        may_load.wait(10)
        return import_module(name, package)

    monkeypatch.setattr(video_module, "import_module", load)
    monkeypatch.setattr(entry_module, "PATIENCE", 0)
    house.add(panic_button(cameras=["utara"]), perimeter_camera("Utara"))
    assert await hass.config_entries.async_setup(ENTRY_ID)
    return may_load.set


async def test_alarm_waits_for_no_library_and_the_cameras_come_when_it_is_there(
    hass: HomeAssistant, house: House, slow: Callable[[], None]
) -> None:
    await house.press_entity()
    assert house.state("sensor", "alarm_state") == "alarm"
    assert entities(hass, "utara") == set()
    slow()
    await until(lambda: "camera.camera" in entities(hass, "utara"))
    assert (house.state("sensor", "alarm_state"), missing(hass)) == ("alarm", None)


async def test_facility_that_is_unloaded_meanwhile_is_left_alone(
    hass: HomeAssistant, house: House, slow: Callable[[], None]
) -> None:
    await house.unload()
    slow()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert house.entry.state is ConfigEntryState.NOT_LOADED


async def test_facility_that_loses_its_last_camera_needs_no_repair(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    await house.set_up(perimeter_camera("Utara"))
    assert missing(hass) == "numpy"
    await house.remove_part("Utara")
    assert missing(hass) is None


async def test_live_view_is_set_up_as_home_assistant_is_configured(hass: HomeAssistant, house: House) -> None:
    house.add(perimeter_camera("Utara"))
    config = {"stream": {"ll_hls": True, "segment_duration": 3, "part_duration": 1}}
    assert await async_setup_component(hass, "rutan_blora", config)
    await hass.async_block_till_done()
    assert hass.data["stream"][ATTR_SETTINGS].part_target_duration == 1
