"""Rutan Blora: the gate panic button, perimeter cameras and police patrol check-ins of a detention house."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .entity import facility_device
from .facility import Facility, RutanConfigEntry
from .feedback import async_give_feedback
from .kept import KEPT, async_retire
from .perimeter import async_watch_perimeter
from .rounds import async_watch_patrol
from .services import async_setup_services
from .supervision import async_supervise
from .video import PATIENCE, async_have_video, async_prepare_video
from .views import AnswerView, PreviewView, ReportView
from .visit_view import VisitView

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TODO,
]
# Home Assistant's own part of them needs the video libraries.
PLATFORMS_OF_VIDEO = [Platform.CAMERA]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions and the addresses."""
    async_prepare_video(hass, config)
    async_setup_services(hass)
    hass.http.register_view(AnswerView())
    hass.http.register_view(PreviewView())
    hass.http.register_view(VisitView())
    hass.http.register_view(ReportView())
    return True


async def async_setup_entry(hass: HomeAssistant, entry: RutanConfigEntry) -> bool:
    """Set up a facility."""
    # First of all: a subentry may be added while the set-up is under way.
    entry.async_on_unload(entry.add_update_listener(_async_reload))
    # Not in a reload: a press that comes meanwhile waits.
    patience = 0.0 if entry.entry_id in hass.data.get(KEPT, {}) else PATIENCE
    has_video = await async_have_video(hass, entry, patience=patience)
    facility = entry.runtime_data = Facility(hass, entry, has_video=has_video)
    await facility.async_open()
    dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **facility_device(entry))
    await hass.config_entries.async_forward_entry_setups(entry, _platforms(facility))
    facility.start()
    async_supervise(hass, entry)
    async_give_feedback(hass, entry)
    async_watch_perimeter(hass, entry)
    async_watch_patrol(hass, entry)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: RutanConfigEntry) -> bool:
    """Unload a facility; its open incident goes on at the next set-up."""
    entry.runtime_data.hold()
    unloaded = await hass.config_entries.async_unload_platforms(entry, _platforms(entry.runtime_data))
    await entry.runtime_data.async_close()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: RutanConfigEntry) -> None:
    """Stop hearing a facility's buttons. The journal stays: it is the record."""
    await async_retire(hass, entry.entry_id)


def _platforms(facility: Facility) -> list[Platform]:
    return PLATFORMS + PLATFORMS_OF_VIDEO if facility.has_video else PLATFORMS


async def _async_reload(hass: HomeAssistant, entry: RutanConfigEntry) -> None:
    """Take up a change of the entry or its subentries."""
    hass.config_entries.async_schedule_reload(entry.entry_id)
