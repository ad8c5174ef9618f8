"""What pictures need: the video libraries, and what of Home Assistant brings or needs them. A house may not have them.

Home Assistant refuses an integration if a dependency cannot be had, even one it only comes after: none of this stands
in the manifest. It is fetched beside the alarm, and where there are cameras only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
import logging
from typing import Any, Final

from packaging.requirements import Requirement

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.typing import ConfigType
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_setup_component
from homeassistant.util.hass_dict import HassKey

from .const import CONF_LIVE_CODE, DOMAIN, SUBENTRY_CAMERA
from .issues import show_issue
from .optional import async_need

_LOGGER = logging.getLogger(__name__)

ISSUE: Final = "video_missing"
# Seconds for which a start waits: what is there is loaded by then. What has to be fetched comes with a reload.
PATIENCE: Final = 3.0

# Home Assistant's own: live views, whose requirements are the libraries, and camera entities.
_STREAM: Final = "stream"
_INTEGRATIONS: Final = (_STREAM, "camera")
# There is one that was installed for another processor, and does not load.
_LIBRARIES: Final = ("numpy", "turbojpeg", "av")
# What of ours cannot be imported without them.
_OURS: Final = ".cctv.watch"

_CONFIG: Final[HassKey[ConfigType]] = HassKey(f"{DOMAIN}.config")
_FETCHING: Final[HassKey[asyncio.Task[str | None]]] = HassKey(f"{DOMAIN}.video")


@callback
def async_prepare_video(hass: HomeAssistant, config: ConfigType) -> None:
    """Note how Home Assistant's own integrations are configured: they may not be set up yet."""
    hass.data[_CONFIG] = config


@callback
def async_fetch_video(hass: HomeAssistant) -> asyncio.Task[str | None]:
    """Fetch what pictures need, once for all; the task tells what cannot be had, None if all is there.

    It may take minutes where the internet does not answer. What has failed is tried again.
    """
    fetching = hass.data.get(_FETCHING)
    if fetching is None or (fetching.done() and fetching.result() is not None):
        fetching = hass.data[_FETCHING] = hass.async_create_background_task(_fetch(hass), "rutan_blora fetch video")
    return fetching


async def async_have_video(hass: HomeAssistant, entry: ConfigEntry[Any], *, patience: float) -> bool:
    """Tell whether there are pictures for a facility that wants some, waiting so long (s) at most.

    If they come later the entry is reloaded, if they cannot be had a repair says so.
    """
    if not _is_wanted(entry):
        return False
    fetching = async_fetch_video(hass)
    if patience and not fetching.done():
        await asyncio.wait({fetching}, timeout=patience)
    if fetching.done() and fetching.result() is None:
        return True

    @callback
    def fetched(fetching: asyncio.Task[str | None]) -> None:
        if fetching.cancelled():
            return
        if (missing := fetching.result()) is None:
            hass.config_entries.async_schedule_reload(entry.entry_id)
        else:
            show_issue(hass, ISSUE, entry.entry_id, {"site": entry.title, "missing": missing})

    @callback
    def forget() -> None:
        fetching.remove_done_callback(fetched)
        show_issue(hass, ISSUE, entry.entry_id, None)

    fetching.add_done_callback(fetched)
    entry.async_on_unload(forget)
    return False


def _is_wanted(entry: ConfigEntry[Any]) -> bool:
    """Tell whether a facility has something to show: a camera, or a screen with a code."""
    return any(s.subentry_type == SUBENTRY_CAMERA or s.data.get(CONF_LIVE_CODE) for s in entry.subentries.values())


async def _fetch(hass: HomeAssistant) -> str | None:
    """Get one thing after the other; return the first that cannot be had."""
    name = _STREAM
    try:
        stream = await async_get_integration(hass, _STREAM)
        # Where Home Assistant may fetch nothing, it does not ask for versions either.
        requirements = () if hass.config.skip_pip else stream.requirements
        for name, get in _steps(hass, requirements):  # noqa: B007  # the one that could not be had
            await get()
    except Exception as err:  # noqa: BLE001  # what a library raises when it is loaded is its own choice
        _LOGGER.error("Cameras are left out, %s cannot be used: %s", name, err)
        return name
    return None


def _steps(hass: HomeAssistant, requirements: Sequence[str]) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
    """Give what is needed, each with how it is got."""
    for requirement in requirements:
        yield Requirement(requirement).name, partial(async_need, hass, requirement)
    for library in _LIBRARIES:
        yield library, partial(hass.async_add_import_executor_job, import_module, library)
    for domain in _INTEGRATIONS:
        yield domain, partial(_set_up, hass, domain)
    yield _OURS, partial(hass.async_add_import_executor_job, import_module, _OURS, __package__)


async def _set_up(hass: HomeAssistant, domain: str) -> None:
    """Set up an integration of Home Assistant; raise HomeAssistantError if that fails."""
    if not await async_setup_component(hass, domain, hass.data.get(_CONFIG, {})):
        raise HomeAssistantError("it could not be set up")
