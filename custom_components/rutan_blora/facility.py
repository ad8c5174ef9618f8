"""A facility: the runtime of one config entry, and how its rooms are joined."""

from collections.abc import Mapping
from dataclasses import dataclass
import logging
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import (
    CONF_DEVICE_ID,
    CONF_ENTITY_ID,
    CONF_WEBHOOK_ID,
    EVENT_HOMEASSISTANT_FINAL_WRITE,
)
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .alarm.buttons import RECORD_READING, Known, PanicButton, PanicButtons
from .alarm.desk import AlarmDesk
from .alarm.incident import EventType, Kind
from .alarm.intake import INTAKES, Intake
from .alarm.people import People
from .const import (
    CONF_KIND,
    CONF_LANGUAGE,
    CONF_LOCAL_ONLY,
    CONF_LOCATION,
    CONF_OFFICER,
    CONF_RANK,
    CONF_SOURCE,
    CONF_TOKEN_KEY,
    CONF_UNIT,
    DOMAIN,
    SUBENTRY_PANIC_BUTTON,
    SUBENTRY_POLICE_DEVICE,
    Language,
    Source,
)
from .journal.record import Record
from .journal.store import Journal
from .listeners import Listeners
from .police.channels.phone import Phone
from .police.courier import PoliceDevice
from .police.dispatcher import Dispatcher

_LOGGER = logging.getLogger(__name__)

type RutanConfigEntry = ConfigEntry[Facility]

ISSUE_JOURNAL: Final = "journal_failed"


@dataclass(frozen=True, slots=True)
class _Memory:
    """What the journal knew when it was opened."""

    incident: list[Record]
    known: Known


class Facility:
    """The rooms of a facility: journal, police, alarm."""

    def __init__(self, hass: HomeAssistant, entry: RutanConfigEntry) -> None:
        self.hass = hass
        self.name = entry.title
        self.journal_error: str | None = None
        # As they were when the rooms were built: one added since comes with the reload that follows.
        self.subentries: Mapping[str, ConfigSubentry] = dict(entry.subentries)
        self._entry = entry
        self._listeners: Listeners[[]] = Listeners()
        self.people = People(hass)
        self.journal = Journal(_journal_path(hass, entry), self._on_journal_health)
        devices = [_police_device(hass, entry, s) for s in self._subentries_of(SUBENTRY_POLICE_DEVICE)]
        self.police = Dispatcher(hass, self.journal, devices, entry.data[CONF_TOKEN_KEY])
        self.alarm = AlarmDesk(hass, self.journal, self.police, site=entry.title)
        intakes = hass.data.setdefault(INTAKES, {})
        if (intake := intakes.get(entry.entry_id)) is None:
            intake = intakes[entry.entry_id] = Intake(hass, self.people)
        self._intake = intake
        buttons = [_panic_button(s) for s in self._subentries_of(SUBENTRY_PANIC_BUTTON)]
        self.buttons = PanicButtons(hass, self.journal, self.alarm, self.people, buttons, intake.known)

    def _subentries_of(self, kind: str) -> list[ConfigSubentry]:
        return [subentry for subentry in self.subentries.values() if subentry.subentry_type == kind]

    async def async_open(self) -> None:
        """Open the journal and take up what was open; whatever the journal does, the alarm will work."""
        await self.people.async_load()
        self._entry.async_on_unload(self.people.start())
        memory = await self.hass.async_add_executor_job(self._open_journal)
        self.alarm.restore(memory.incident)
        # What was seen since outdoes what was written.
        self._intake.known.update({**memory.known, **self._intake.known})
        self._entry.async_on_unload(
            self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_final_write)
        )

    @callback
    def start(self) -> None:
        """Go on telling what was open and hear the buttons; the entities are there by now."""
        self.alarm.resume()
        self._intake.open(self.buttons, self.police)

    @callback
    def hold(self) -> None:
        """Let what comes from now on wait for the next set-up, unless there is to be none."""
        if self._entry.disabled_by is None:
            self._intake.hold()
        else:
            self._intake.close()
            self.hass.data[INTAKES].pop(self._entry.entry_id, None)

    async def async_close(self) -> None:
        """Stop."""
        self.police.stop()
        await self.hass.async_add_executor_job(self.journal.close)

    @callback
    def listen(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when the journal's health changes."""
        return self._listeners.add(listener)

    async def _async_final_write(self, _: Event) -> None:
        await self.hass.async_add_executor_job(self.journal.close)

    def _open_journal(self) -> _Memory:
        """Open the journal and read what was open; in the executor."""
        known: Known = {}
        try:
            self.journal.open()
            incident = self.journal.last_incident(EventType.RAISED)
            records = self.journal.of_incident(incident) if incident else []
            for button_id in self.buttons.buttons:
                if (last := self.journal.last_of_subject(button_id, RECORD_READING)) is not None:
                    known[button_id] = _reading(last)
        except SQLAlchemyError, OSError:
            return _Memory([], known)
        if altered := [record.seq for record in records if not record.is_intact]:
            self._on_journal_health(f"altered records: {altered}")
        return _Memory(records, known)

    def _on_journal_health(self, error: str | None) -> None:
        """Show the journal's health; called from any thread."""
        self.hass.loop.call_soon_threadsafe(self._show_journal_health, error)

    @callback
    def _show_journal_health(self, error: str | None) -> None:
        self.journal_error = error
        issue_id = f"{ISSUE_JOURNAL}_{self._entry.entry_id}"
        if error is None:
            _LOGGER.info("The journal of %s is written again", self.name)
            ir.async_delete_issue(self.hass, DOMAIN, issue_id)
        else:
            _LOGGER.error("The journal of %s cannot be written: %s", self.name, error)
            ir.async_create_issue(
                self.hass,
                DOMAIN,
                issue_id,
                is_fixable=False,
                severity=ir.IssueSeverity.ERROR,
                translation_key=ISSUE_JOURNAL,
                translation_placeholders={"site": self.name, "error": error},
            )
        self._listeners.tell()


def _reading(record: Record) -> dict[str, str]:
    """Return what a record says of a source, nothing if it is damaged."""
    try:
        return {entity_id: str(reading) for entity_id, reading in record.load().items()}
    except ValueError as err:
        _LOGGER.error("Record %d of the journal is no reading: %s", record.seq, err)
        return {}


def _journal_path(hass: HomeAssistant, entry: RutanConfigEntry) -> Path:
    return Path(hass.config.path(DOMAIN, f"{entry.unique_id}.db"))


def _panic_button(subentry: ConfigSubentry) -> PanicButton:
    data = subentry.data
    return PanicButton(
        id=subentry.subentry_id,
        name=subentry.title,
        location=data.get(CONF_LOCATION) or subentry.title,
        kind=Kind(data[CONF_KIND]),
        source=Source(data[CONF_SOURCE]),
        entity_id=data.get(CONF_ENTITY_ID),
        webhook_id=data.get(CONF_WEBHOOK_ID),
        local_only=data.get(CONF_LOCAL_ONLY, True),
    )


def _police_device(hass: HomeAssistant, entry: RutanConfigEntry, subentry: ConfigSubentry) -> PoliceDevice:
    data = subentry.data
    officer = " ".join(filter(None, (data.get(CONF_RANK), data.get(CONF_OFFICER)))) or subentry.title
    unit = data.get(CONF_UNIT)
    return PoliceDevice(
        id=subentry.subentry_id,
        name=subentry.title,
        holder=f"{officer} – {unit}" if unit else officer,
        language=Language(data.get(CONF_LANGUAGE) or entry.options[CONF_LANGUAGE]),
        channel=Phone(hass, data[CONF_DEVICE_ID]),
    )
