"""Evidence of incidents, photos of visits, and reports, in Home Assistant's media browser."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, override

from sqlalchemy.exc import SQLAlchemyError

from homeassistant.components.media_player import BrowseError, MediaClass, MediaType
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .alarm.incident import EventType, Outcome, from_body
from .cctv.evidence import (
    RECORD_EVIDENCE,
    Stored,
    find,
    incidents,
    pictures,
    raised_at,
)
from .const import DOMAIN
from .facility import RutanConfigEntry
from .journal.record import Record, stored_time
from .journal.store import Journal
from .patrol.photo import VISITS, find as find_photo, photos
from .pictures import EvidenceError, EvidenceProblem, Place, place_in
from .reporting import report_path
from .reports.export import (
    FOLDER,
    MIMES,
    files as report_files,
    find as find_report,
    parse as parse_report,
    reports,
)

_MIME: Final = "image/jpeg"
# Read alike in every language, and in order.
_TIME: Final = "%Y-%m-%d %H:%M:%S"


async def async_get_media_source(hass: HomeAssistant) -> EvidenceSource:
    """Set up the media source."""
    return EvidenceSource(hass)


class EvidenceSource(MediaSource):
    """The incidents of which there are pictures, and the pictures of each.

    Home Assistant's own view serves the files, to who is logged in; here is said what they are.
    """

    name: str = "Rutan Blora"

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize the media source."""
        super().__init__(DOMAIN)
        self.hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return where a picture or a file of a report is served."""
        place = self._place
        if item.identifier.startswith(f"{FOLDER}/"):
            return await self._resolve_report(item.identifier)
        folder, _, file = item.identifier.partition("/")
        look = partial(find_photo, place.folder) if folder == VISITS else partial(find, place.folder, folder)
        path = await self.hass.async_add_executor_job(look, file) if self._journals else None
        if path is None:
            raise Unresolvable(translation_domain=DOMAIN, translation_key="evidence_missing")
        return PlayMedia(_url(place, folder, file), _MIME, path=path)

    async def _resolve_report(self, identifier: str) -> PlayMedia:
        _, _, path = identifier.partition("/")
        report, _, file = path.partition("/")
        named = parse_report(report)
        entry = next((e for e in self._entries if named is not None and e.unique_id == named.slug), None)
        found = await self.hass.async_add_executor_job(find_report, self._place.folder / FOLDER, report, file)
        if entry is None or found is None:
            raise Unresolvable(translation_domain=DOMAIN, translation_key="report_missing")
        return PlayMedia(report_path(entry, report, file), MIMES[file], path=found)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return the incidents, newest first, or the pictures of one, or the reports."""
        if not (journals := self._journals):
            raise BrowseError(translation_domain=DOMAIN, translation_key="no_facility")
        words = await async_get_translations(self.hass, self.hass.config.language, "selector", {DOMAIN})
        browse = _browser(item.identifier)
        try:
            return await self.hass.async_add_executor_job(
                browse, _View(place=self._place, journals=journals, words=words), item.identifier
            )
        except EvidenceError as err:
            if err.problem is EvidenceProblem.NO_INCIDENT:
                raise BrowseError(translation_domain=DOMAIN, translation_key="evidence_missing") from err
            raise BrowseError(
                translation_domain=DOMAIN,
                translation_key="evidence_unreadable",
                translation_placeholders={"reason": err.problem.value},
            ) from err

    @property
    def _place(self) -> Place:
        return place_in(self.hass.config.media_dirs, self.hass.config.path("media"))

    @property
    def _entries(self) -> list[RutanConfigEntry]:
        return self.hass.config_entries.async_loaded_entries(DOMAIN)

    @property
    def _journals(self) -> list[Journal]:
        """Return the journals of the facilities there are: they know what the pictures are of."""
        return [entry.runtime_data.kept.journal for entry in self._entries]


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    """What is needed to say what there is."""

    place: Place
    journals: Iterable[Journal]
    words: Mapping[str, str]

    def word(self, selector: str, key: str) -> str:
        """Return the word for a kind or a moment in the user's language."""
        return self.words.get(f"component.{DOMAIN}.selector.{selector}.options.{key}", key)

    def records(self, incident: str) -> list[Record]:
        """Return what is on record of an incident, nothing if no journal can say."""
        for journal in self.journals:
            with suppress(SQLAlchemyError):
                if records := journal.of_incident(incident):
                    return records
        return []


def _browser(identifier: str) -> Callable[[_View, str], BrowseMediaSource]:
    """Return how to look through what is asked for."""
    if not identifier:
        return _browse_root
    if identifier == VISITS:
        return _browse_visits
    if identifier.partition("/")[0] == FOLDER:
        return _browse_reports if identifier == FOLDER else _browse_report
    return _browse_incident


def _browse_visits(view: _View, _: str) -> BrowseMediaSource:
    """Return the photos of visits, newest first; in the executor. What each is of stands in its visit's record."""
    children = [_picture(view, VISITS, file, _local(at)) for file, at in photos(view.place.folder)]
    return _folder(VISITS, view.word("folder", VISITS), children, MediaClass.IMAGE)


def _browse_reports(view: _View, _: str) -> BrowseMediaSource:
    """Return all reports; in the executor."""
    children = [_folder(f"{FOLDER}/{named.name}", named.name) for named in reports(view.place.folder / FOLDER)]
    return _folder(FOLDER, view.word("folder", FOLDER), children, MediaClass.DIRECTORY)


def _browse_report(view: _View, identifier: str) -> BrowseMediaSource:
    """Return the files of a report; in the executor. A browser plays none of them: they are not offered for that."""
    name = identifier.removeprefix(f"{FOLDER}/")
    if not (files := report_files(view.place.folder / FOLDER, name)):
        raise BrowseError(translation_domain=DOMAIN, translation_key="report_missing")
    children = [
        BrowseMediaSource(
            domain=DOMAIN,
            identifier=f"{identifier}/{file}",
            media_class=MediaClass.URL,
            media_content_type=MIMES[file],
            title=file,
            can_play=False,
            can_expand=False,
        )
        for file in files
    ]
    return _folder(identifier, name, children, MediaClass.URL)


def _browse_root(view: _View, _: str) -> BrowseMediaSource:
    """Return all incidents, behind them the photos of visits and the reports; in the executor."""
    children = [
        _folder(incident, _incident_title(view, incident, view.records(incident)))
        for incident in incidents(view.place.folder)
    ]
    if photos(view.place.folder):
        children.append(_folder(VISITS, view.word("folder", VISITS)))
    if reports(view.place.folder / FOLDER):
        children.append(_folder(FOLDER, view.word("folder", FOLDER)))
    return _folder(None, EvidenceSource.name, children, MediaClass.DIRECTORY)


def _browse_incident(view: _View, incident: str) -> BrowseMediaSource:
    """Return the pictures of an incident; in the executor."""
    stored = pictures(view.place.folder, incident)
    records = view.records(incident)
    taken = dict(filter(None, map(_taken, records)))
    children = [
        _picture(view, incident, picture.file, _picture_title(view, picture, taken.get(f"{incident}/{picture.file}")))
        for picture in stored
    ]
    return _folder(incident, _incident_title(view, incident, records), children, MediaClass.IMAGE)


def _picture(view: _View, folder: str, file: str, title: str) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=f"{folder}/{file}",
        media_class=MediaClass.IMAGE,
        media_content_type=_MIME,
        title=title,
        can_play=True,
        can_expand=False,
        thumbnail=_url(view.place, folder, file),
    )


def _folder(
    incident: str | None,
    title: str,
    children: list[BrowseMediaSource] | None = None,
    children_class: MediaClass | None = None,
) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=incident,
        media_class=MediaClass.DIRECTORY,
        media_content_type=MediaType.IMAGE,
        title=title,
        can_play=False,
        can_expand=True,
        children=children,
        children_media_class=children_class,
    )


def _url(place: Place, folder: str, file: str) -> str:
    return f"{place.url}/{folder}/{file}"


def _local(at: datetime) -> str:
    return dt_util.as_local(at).strftime(_TIME)


def _incident_title(view: _View, incident: str, records: Iterable[Record]) -> str:
    """Return when an incident was raised and its kind, as far as is known."""
    at = raised_at(incident)
    for record in records:
        if record.kind == EventType.RAISED:
            with suppress(ValueError):
                event = from_body(record.kind, incident, record.time, record.load())
                if event.press is not None:
                    kind = view.word("kind", event.press.kind)
                    drill = f"{view.word('outcome', Outcome.DRILL).upper()}: " if event.drill else ""
                    return f"{_local(event.press.at)} – {drill}{kind}"
    return incident if at is None else _local(at)


def _picture_title(view: _View, picture: Stored, taken: tuple[str, datetime] | None) -> str:
    """Return which camera's picture it is, of which moment, and when it arrived, as far as is known."""
    camera, at = taken or (picture.camera, None)
    moment = view.word("moment", picture.moment)
    return f"{camera} – {moment}" if at is None else f"{camera} – {moment} – {_local(at)}"


def _taken(record: Record) -> tuple[str, tuple[str, datetime]] | None:
    """Return the file, the camera's name and the time of a kept picture, None if the record is of something else."""
    if record.kind != RECORD_EVIDENCE:
        return None
    with suppress(ValueError, KeyError):
        body = record.load()
        return str(body["file"]), (str(body["camera"]), stored_time(body["at"]))
    return None
