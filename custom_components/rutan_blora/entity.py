"""Base entities of Rutan Blora."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_state_change_event, async_track_time_interval

from .const import DOMAIN, SUBENTRY_CAMERA
from .facility import Facility, RutanConfigEntry

# A phone that hangs up tells nobody; it is looked at so often.
REACH_INTERVAL: Final = timedelta(seconds=30)
AGE_INTERVAL: Final = timedelta(seconds=30)

# Calls back when what an entity shows may have changed; the string is the subentry it belongs to.
type Listen = Callable[[Facility, str, CALLBACK_TYPE], CALLBACK_TYPE]


def on_alarm(facility: Facility, _: str, update: CALLBACK_TYPE) -> CALLBACK_TYPE:
    """Follow the incident."""
    return facility.alarm.listen(lambda _: update())


def on_journal(facility: Facility, _: str, update: CALLBACK_TYPE) -> CALLBACK_TYPE:
    """Follow the journal's health."""
    return facility.kept.listen(update)


def on_sources(facility: Facility, _: str, update: CALLBACK_TYPE) -> CALLBACK_TYPE:
    """Follow the panic buttons' sources."""
    return facility.buttons.listen(update)


def on_reach(facility: Facility, subject: str, update: CALLBACK_TYPE) -> CALLBACK_TYPE:
    """Follow what tells whether the police, or one device, can be reached; connections come and go without a word."""
    police = facility.police
    watched = police.devices[subject].channel.watched if subject else police.watched

    @callback
    def again(_: object) -> None:
        update()

    return join(
        police.listen(lambda device, _: update() if subject in ("", device.id) else None),
        facility.kept.listen(update),
        async_track_state_change_event(facility.hass, watched, again),
        async_track_time_interval(facility.hass, again, REACH_INTERVAL),
    )


def on_delivery(facility: Facility, subject: str, update: CALLBACK_TYPE) -> CALLBACK_TYPE:
    """Follow what a police device is told: its own deliveries, and the incident's end."""
    return join(
        facility.police.listen(lambda device, _: update() if device.id == subject else None),
        facility.alarm.listen(lambda _: update()),
    )


def on_camera(facility: Facility, subject: str, update: CALLBACK_TYPE) -> CALLBACK_TYPE:
    """Follow what a camera is worth."""
    return facility.cameras.listen(lambda watch: update() if watch.camera.id == subject else None)


def on_age(facility: Facility, subject: str, update: CALLBACK_TYPE) -> CALLBACK_TYPE:
    """Follow how old a camera's picture is: it grows by itself, and its course must not fill the database."""

    @callback
    def again(_: object) -> None:
        update()

    return join(on_camera(facility, subject, update), async_track_time_interval(facility.hass, again, AGE_INTERVAL))


def on_patrol(facility: Facility, _: str, update: CALLBACK_TYPE) -> CALLBACK_TYPE:
    """Follow the visits, and what is expected of them; that comes and goes with time."""
    return facility.patrol.listen_plans(update)


def on_evidence(facility: Facility, _: str, update: CALLBACK_TYPE) -> CALLBACK_TYPE:
    """Follow what is kept of incidents."""
    return facility.collector.listen(update)


def join(*unsubs: CALLBACK_TYPE) -> CALLBACK_TYPE:
    """Return what stops all of them."""

    @callback
    def unsubscribe() -> None:
        for unsub in unsubs:
            unsub()

    return unsubscribe


@dataclass(frozen=True, kw_only=True)
class RutanEntityDescription(EntityDescription):
    """What an entity follows, and which subentries have it; its texts are found under its key.

    A camera without pictures has only what `needs_pictures` not.
    """

    listen_fn: Listen | None = None
    exists_fn: Callable[[ConfigSubentry], bool] = lambda _: True
    needs_pictures: bool = True


def facility_device(entry: RutanConfigEntry) -> DeviceInfo:
    """Return the device of the facility itself."""
    return DeviceInfo(
        identifiers={(DOMAIN, entry.entry_id)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer="Rutan Blora",
        name=entry.title,
    )


def _subentry_device(facility: Facility, entry: RutanConfigEntry, subentry: ConfigSubentry) -> DeviceInfo:
    """Return the device of a part of the facility."""
    return DeviceInfo(
        identifiers={(DOMAIN, f"{entry.entry_id}_{subentry.subentry_id}")},
        manufacturer="Rutan Blora",
        name=subentry.title,
        via_device_id=dr.async_get_device_id_by_identifier(
            facility.hass, (DOMAIN, entry.entry_id), config_entry_id=entry.entry_id
        ),
    )


class RutanEntity(Entity):
    """An entity of the facility, or of one of its subentries.

    It is never unavailable while the entry is loaded: Home Assistant drops calls to such without a word.
    """

    entity_description: RutanEntityDescription
    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self,
        entry: RutanConfigEntry,
        description: RutanEntityDescription,
        subentry: ConfigSubentry | None = None,
    ) -> None:
        """Initialize the entity."""
        self.entity_description = description
        self.facility = entry.runtime_data
        self.subject = subentry.subentry_id if subentry else ""
        self._attr_translation_key = description.key
        if subentry is None:
            self._attr_unique_id = f"{entry.entry_id}_{description.key}"
            self._attr_device_info = facility_device(entry)
        else:
            self._attr_unique_id = f"{entry.entry_id}_{subentry.subentry_id}_{description.key}"
            self._attr_device_info = _subentry_device(self.facility, entry, subentry)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what is shown."""
        if (listen := self.entity_description.listen_fn) is not None:
            self.async_on_remove(listen(self.facility, self.subject, self.async_write_ha_state))


@callback
def async_add[DescriptionT: RutanEntityDescription](
    entry: RutanConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    create: Callable[[RutanConfigEntry, DescriptionT, ConfigSubentry | None], Entity],
    tables: dict[str | None, tuple[DescriptionT, ...]],
) -> None:
    """Add the entities of the tables: None for the facility, a subentry type for each subentry of it."""
    async_add_entities(create(entry, description, None) for description in tables.get(None, ()))
    facility = entry.runtime_data
    for subentry_id, subentry in facility.subentries.items():
        if subentry_id not in entry.subentries:
            continue
        descriptions = [d for d in tables.get(subentry.subentry_type, ()) if d.exists_fn(subentry)]
        if subentry.subentry_type == SUBENTRY_CAMERA and not facility.has_video:
            descriptions = [description for description in descriptions if not description.needs_pictures]
        async_add_entities(
            (create(entry, description, subentry) for description in descriptions), config_subentry_id=subentry_id
        )
