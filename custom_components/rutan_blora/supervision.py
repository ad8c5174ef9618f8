"""Watching what the alarm depends on: sources and phones that are gone become repairs, renamed ones are followed."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
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
    CONF_CHECKPOINTS,
    CONF_DUTY_ENTITY_ID,
    CONF_ENTITY_IDS,
    CONF_FEEDBACK_ENTITY_ID,
    CONF_MOTION_ENTITY_ID,
    CONF_POLICE_DEVICES,
    CONF_TTS_ENTITY_ID,
    CONF_ZONE_ENTITY_ID,
    DOMAIN,
    SUBENTRY_PANIC_BUTTON,
    SUBENTRY_PATROL_PLAN,
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
# A part whose stored data are damaged, and what visits depend on that is gone.
ISSUE_INVALID = "part_invalid"
ISSUE_READER = "checkpoint_reader_missing"
ISSUE_ZONE = "checkpoint_zone_missing"
# What a plan names, by the issue that tells that some of it was deleted.
PLAN_ISSUES = {CONF_CHECKPOINTS: "plan_checkpoint_missing", CONF_POLICE_DEVICES: "plan_police_device_missing"}
ISSUES = (
    ISSUE_SOURCE,
    *BUTTON_FAULTS.values(),
    *DEVICE_PROBLEMS,
    ISSUE_INVALID,
    ISSUE_READER,
    ISSUE_ZONE,
    *PLAN_ISSUES.values(),
)
# Where a part names an entity.
_ENTITY_KEYS = (
    CONF_ENTITY_ID,
    CONF_BATTERY_ENTITY_ID,
    CONF_DUTY_ENTITY_ID,
    CONF_FEEDBACK_ENTITY_ID,
    CONF_MOTION_ENTITY_ID,
    CONF_TTS_ENTITY_ID,
    CONF_ZONE_ENTITY_ID,
)
# Faults come with time, and a broker's integration that restarts is not gone.
CHECK_INTERVAL = timedelta(minutes=1)


@callback
def async_supervise(hass: HomeAssistant, entry: RutanConfigEntry) -> None:
    """Watch a facility until it is unloaded."""
    subjects = (*entry.runtime_data.subentries, *entry.runtime_data.parts.invalid)
    entry.async_on_unload(async_at_started(hass, _Supervision(hass, entry).start))
    entry.async_on_unload(lambda: _forget(hass, subjects))
    _follow_renames(hass, entry)


class _Supervision:
    """Looks at what the alarm and the visits depend on, and shows what is not well."""

    def __init__(self, hass: HomeAssistant, entry: RutanConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._facility = entry.runtime_data

    @callback
    def start(self, _: HomeAssistant) -> None:
        """Look at all, and again whenever something may have changed."""
        hass, unload = self._hass, self._entry.async_on_unload
        self._check_stored()
        self._check_sources()
        self._check_devices()
        unload(self._facility.buttons.listen(self._check_sources))
        unload(async_track_time_interval(hass, self._check_all, CHECK_INTERVAL))
        unload(hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._check_devices))
        # A phone that is renamed in its app gets another notify action, and may take another's.
        for kind in (EVENT_SERVICE_REGISTERED, EVENT_SERVICE_REMOVED):
            unload(hass.bus.async_listen(kind, self._check_police, event_filter=_is_notify))

    @callback
    def _check_all(self, _: datetime) -> None:
        self._facility.buttons.check()
        self._check_devices()

    @callback
    def _check_sources(self) -> None:
        for button in self._facility.buttons.buttons.values():
            texts = {"name": button.name, "entity_id": button.entity_id or ""}
            is_missing = button.entity_id is not None and _is_missing(self._hass, button.entity_id)
            self._show(ISSUE_SOURCE, button.id, texts, exists=is_missing)
            faults = self._facility.buttons.faults(button.id)
            for fault, issue in BUTTON_FAULTS.items():
                is_told = is_missing and fault is Fault.LOST
                self._show(issue, button.id, texts, exists=fault in faults and not is_told)

    @callback
    def _check_devices(self, _: Event[Any] | None = None) -> None:
        self._check_police()
        self._check_checkpoints()

    @callback
    def _check_police(self, _: Event[Any] | None = None) -> None:
        for device in self._facility.police.devices.values():
            problem = device.channel.problem()
            for issue in DEVICE_PROBLEMS:
                self._show(issue, device.id, {"name": device.name}, exists=problem == issue)

    def _check_checkpoints(self) -> None:
        """Look at the readers and zones: without them visits are proved less, or not at all."""
        for place in self._facility.patrol.checkpoints.values():
            reader, zone = place.reader_device_id, place.zone_entity_id
            texts = {"name": place.name, "entity_id": zone or ""}
            is_unread = reader is not None and dr.async_get(self._hass).async_get(reader) is None
            self._show(ISSUE_READER, place.id, texts, exists=is_unread, severity=ir.IssueSeverity.WARNING)
            is_lost = zone is not None and _is_missing(self._hass, zone)
            self._show(ISSUE_ZONE, place.id, texts, exists=is_lost, severity=ir.IssueSeverity.WARNING)

    def _check_stored(self) -> None:
        """Look at what is stored, which changes only with a reload: damaged parts, plans that name what is gone."""
        for subentry in self._facility.parts.invalid.values():
            _show_invalid(self._hass, subentry)
        for plan in (s for s in _parts(self._entry) if s.subentry_type == SUBENTRY_PATROL_PLAN):
            for key, issue in PLAN_ISSUES.items():
                gone = [part for part in plan.data.get(key, ()) if part not in self._entry.subentries]
                texts = {"name": plan.title, "count": str(len(gone))}
                self._show(issue, plan.subentry_id, texts, exists=bool(gone), severity=ir.IssueSeverity.WARNING)

    def _show(
        self,
        issue: str,
        subject: str,
        placeholders: dict[str, str],
        *,
        exists: bool,
        severity: ir.IssueSeverity = ir.IssueSeverity.ERROR,
    ) -> None:
        """Raise an issue about a part, or take it back."""
        issue_id = f"{issue}_{subject}"
        if not exists:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            data={"entry_id": self._entry.entry_id, "subentry_id": subject, "name": placeholders["name"]},
            is_fixable=True,
            severity=severity,
            translation_key=issue,
            translation_placeholders=placeholders,
        )


@callback
def _forget(hass: HomeAssistant, subjects: Collection[str]) -> None:
    """Take back all issues: the next set-up looks anew."""
    for issue in ISSUES:
        for subject in subjects:
            ir.async_delete_issue(hass, DOMAIN, f"{issue}_{subject}")


def _follow_renames(hass: HomeAssistant, entry: RutanConfigEntry) -> None:
    """Follow the entities of all parts when they get another id."""
    named = {entity_id for subentry in _parts(entry) for entity_id in _entity_ids(subentry.data)}

    @callback
    def renamed(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        data: Mapping[str, Any] = event.data
        if (old := data.get("old_entity_id", "")) not in named:
            return
        for subentry in list(_parts(entry)):
            if old in _entity_ids(subentry.data):
                if subentry.data.get(CONF_ENTITY_ID) == old and subentry.subentry_type == SUBENTRY_PANIC_BUTTON:
                    entry.runtime_data.buttons.rename(subentry.subentry_id, old, data["entity_id"])
                _rename(hass, entry, subentry, old, data["entity_id"])

    entry.async_on_unload(async_track_entity_registry_updated_event(hass, named, renamed))


def _parts(entry: RutanConfigEntry) -> Iterator[ConfigSubentry]:
    """Give the parts whose stored data are sound."""
    return (s for s in entry.subentries.values() if s.subentry_id in entry.runtime_data.subentries)


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


def _show_invalid(hass: HomeAssistant, subentry: ConfigSubentry) -> None:
    """Raise the issue of a part that was left out; its form may not open any more, so nothing leads there."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{ISSUE_INVALID}_{subentry.subentry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=ISSUE_INVALID,
        translation_placeholders={"name": subentry.title},
    )
