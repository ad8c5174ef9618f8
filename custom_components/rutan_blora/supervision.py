"""Watching what the alarm depends on: sources and phones that are gone become repairs, renamed ones are followed."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import ATTR_DOMAIN, CONF_ENTITY_ID, EVENT_SERVICE_REGISTERED, EVENT_SERVICE_REMOVED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import async_track_entity_registry_updated_event, async_track_time_interval
from homeassistant.helpers.start import async_at_started

from .alarm.fault import Fault
from .const import (
    CONF_BATTERY_ENTITY_ID,
    CONF_CHANNEL,
    CONF_DUTY_ENTITY_ID,
    CONF_ENTITY_IDS,
    CONF_FEEDBACK_ENTITY_ID,
    CONF_MOTION_ENTITY_ID,
    CONF_TTS_ENTITY_ID,
    DOMAIN,
    SUBENTRY_PANIC_BUTTON,
    SUBENTRY_POLICE_DEVICE,
    ChannelType,
)
from .facility import RutanConfigEntry
from .flows.channels import FORMS

ISSUE_SOURCE = "source_missing"
# The problems a police device's channel can report; each is an issue of the same name.
DEVICE_PROBLEMS = ("phone_missing", "phone_same_name", "notify_missing", "annunciator_missing", "mqtt_missing")
# The faults of a panic button, by the issue that tells of each.
BUTTON_FAULTS = {
    Fault.LOST: "button_lost",
    Fault.SILENT: "button_silent",
    Fault.BATTERY_LOW: "button_battery_low",
    Fault.TEST_OVERDUE: "button_test_overdue",
}
# Where a part names an entity.
_ENTITY_KEYS = (
    CONF_ENTITY_ID,
    CONF_BATTERY_ENTITY_ID,
    CONF_DUTY_ENTITY_ID,
    CONF_FEEDBACK_ENTITY_ID,
    CONF_MOTION_ENTITY_ID,
    CONF_TTS_ENTITY_ID,
)
# Faults come with time, and a broker's integration that restarts is not gone.
CHECK_INTERVAL = timedelta(minutes=1)


@callback
def async_supervise(hass: HomeAssistant, entry: RutanConfigEntry) -> None:
    """Watch a facility until it is unloaded."""
    facility = entry.runtime_data
    show = partial(_show, hass, entry)

    @callback
    def check_all(_: datetime) -> None:
        facility.buttons.check()
        check_devices()

    @callback
    def check_sources() -> None:
        for button in facility.buttons.buttons.values():
            texts = {"name": button.name, "entity_id": button.entity_id or ""}
            is_missing = button.entity_id is not None and _is_missing(hass, button.entity_id)
            show(ISSUE_SOURCE, button.id, texts, exists=is_missing)
            faults = facility.buttons.faults(button.id)
            for fault, issue in BUTTON_FAULTS.items():
                show(issue, button.id, texts, exists=fault in faults and not (is_missing and fault is Fault.LOST))

    @callback
    def check_devices(_: Event[Any] | None = None) -> None:
        for device in facility.police.devices.values():
            problem = device.channel.problem()
            for issue in DEVICE_PROBLEMS:
                show(issue, device.id, {"name": device.name}, exists=problem == issue)

    @callback
    def started(_: HomeAssistant) -> None:
        check_sources()
        check_devices()
        entry.async_on_unload(facility.buttons.listen(check_sources))
        entry.async_on_unload(async_track_time_interval(hass, check_all, CHECK_INTERVAL))
        entry.async_on_unload(hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, check_devices))
        # A phone that is renamed in its app gets another notify action, and may take another's.
        for kind in (EVENT_SERVICE_REGISTERED, EVENT_SERVICE_REMOVED):
            entry.async_on_unload(hass.bus.async_listen(kind, check_devices, event_filter=_is_notify))

    entry.async_on_unload(async_at_started(hass, started))
    entry.async_on_unload(lambda: _forget(hass, (*facility.buttons.buttons, *facility.police.devices)))
    _follow_renames(hass, entry)


@callback
def _forget(hass: HomeAssistant, subjects: Iterable[str]) -> None:
    """Take back all issues: the next set-up looks anew."""
    for issue in (ISSUE_SOURCE, *BUTTON_FAULTS.values(), *DEVICE_PROBLEMS):
        for subject in subjects:
            ir.async_delete_issue(hass, DOMAIN, f"{issue}_{subject}")


def _follow_renames(hass: HomeAssistant, entry: RutanConfigEntry) -> None:
    """Follow the entities of all parts when they get another id."""
    named = {entity_id for subentry in entry.subentries.values() for entity_id in _entity_ids(subentry.data)}

    @callback
    def renamed(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        data: Mapping[str, Any] = event.data
        if (old := data.get("old_entity_id", "")) not in named:
            return
        for subentry in list(entry.subentries.values()):
            if old in _entity_ids(subentry.data):
                if subentry.data.get(CONF_ENTITY_ID) == old and subentry.subentry_type == SUBENTRY_PANIC_BUTTON:
                    entry.runtime_data.buttons.rename(subentry.subentry_id, old, data["entity_id"])
                _rename(hass, entry, subentry, old, data["entity_id"])

    entry.async_on_unload(async_track_entity_registry_updated_event(hass, named, renamed))


def _entity_ids(data: Mapping[str, Any]) -> set[str]:
    """Return the entities a part names."""
    single = {data[key] for key in _ENTITY_KEYS if data.get(key)}
    return single.union(data.get(CONF_ENTITY_IDS, ()))


@callback
def _rename(hass: HomeAssistant, entry: RutanConfigEntry, subentry: ConfigSubentry, old: str, new: str) -> None:
    """Store the new id wherever a part names the old one."""
    changed = {key: new if value == old and key in _ENTITY_KEYS else value for key, value in subentry.data.items()}
    if CONF_ENTITY_IDS in changed:
        changed[CONF_ENTITY_IDS] = [new if entity_id == old else entity_id for entity_id in changed[CONF_ENTITY_IDS]]
    key: str | None = changed.get(CONF_ENTITY_ID)
    if subentry.subentry_type == SUBENTRY_POLICE_DEVICE:
        key = FORMS[ChannelType(changed[CONF_CHANNEL])].key(changed)
    unique_id = f"{subentry.subentry_type}_{key}" if key and _names_itself(subentry, old) else subentry.unique_id
    try:
        hass.config_entries.async_update_subentry(entry, subentry, data=changed, unique_id=unique_id)
    except AbortFlow:
        # Another part had this entity before; both use it until a technician mends one.
        hass.config_entries.async_update_subentry(entry, subentry, data=changed)


def _names_itself(subentry: ConfigSubentry, entity_id: str) -> bool:
    """Tell whether an entity makes a part the one it is, not only stands beside it."""
    return entity_id in (subentry.data.get(CONF_ENTITY_ID), *subentry.data.get(CONF_ENTITY_IDS, ()))


@callback
def _is_notify(data: Mapping[str, Any]) -> bool:
    """Tell whether it is about a notify action."""
    return bool(data[ATTR_DOMAIN] == NOTIFY_DOMAIN)


def _is_missing(hass: HomeAssistant, entity_id: str) -> bool:
    """Tell whether an entity is neither there nor expected."""
    return hass.states.get(entity_id) is None and er.async_get(hass).async_get(entity_id) is None


def _show(
    hass: HomeAssistant,
    entry: RutanConfigEntry,
    issue: str,
    subject: str,
    placeholders: dict[str, str],
    *,
    exists: bool,
) -> None:
    """Raise an issue about a subentry, or take it back."""
    issue_id = f"{issue}_{subject}"
    if not exists:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id, "subentry_id": subject, "name": placeholders["name"]},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=issue,
        translation_placeholders=placeholders,
    )
