"""Reports of a facility: made, put on record, and handed to whoever is logged in."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
import logging
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from homeassistant.components import persistent_notification
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .actor import Actor
from .const import (
    CONF_LETTERHEAD,
    CONF_LOGO,
    CONF_PLACE,
    CONF_SIGNER_POLICE,
    CONF_SIGNER_RUTAN,
    DOMAIN,
    REPORT_PATH,
)
from .facility import RutanConfigEntry
from .journal.record import Draft
from .optional import PDF, async_need
from .pictures import EvidenceError, EvidenceProblem, place_in
from .reports import phrase
from .reports.content import Period
from .reports.export import FOLDER, Exported, Format, Order, export
from .reports.letter import Letter
from .reports.logo import LogoError, read_logo
from .reports.words import WORDS

_LOGGER = logging.getLogger(__name__)

RECORD_REPORT: Final = "report_made"
# How long an address does without a login.
LINK_LIFETIME: Final = timedelta(hours=24)


def reports_folder(hass: HomeAssistant) -> Path:
    """Return where the reports lie."""
    return place_in(hass.config.media_dirs, hass.config.path("media")).folder / FOLDER


async def async_report(
    hass: HomeAssistant, entry: RutanConfigEntry, actor: Actor, period: Period, formats: Iterable[Format]
) -> dict[str, Any]:
    """Make a report and say where it is; raise HomeAssistantError if it cannot be made."""
    journal, formats = entry.runtime_data.kept.journal, frozenset(formats)
    if Format.PDF in formats:
        await async_need(hass, PDF)
    letter = await hass.async_add_executor_job(_letter, hass, entry.options)
    order = _order(entry, period, formats, letter)
    try:
        made = await hass.async_add_executor_job(export, journal, order, reports_folder(hass))
    except EvidenceError as err:
        is_full = err.problem is EvidenceProblem.DISK_FULL
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="report_disk_full" if is_full else "report_not_written",
            translation_placeholders={"reason": err.problem.value},
        ) from err
    except SQLAlchemyError as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="report_unreadable") from err
    journal.append(_draft(made, order, actor))
    return _hand_over(hass, entry, order, made)


def _letter(hass: HomeAssistant, options: Mapping[str, Any]) -> Letter:
    """Return what the house writes its letters with; a logo that is gone keeps no report from being made."""
    logo: bytes | None = None
    if name := options.get(CONF_LOGO):
        try:
            logo = read_logo(Path(hass.config.path(name)))
        except LogoError as err:
            _LOGGER.warning("The report has no logo: %s (%s)", name, err)
    return Letter(
        head=tuple(options.get(CONF_LETTERHEAD, "").splitlines()),
        logo=logo,
        place=options.get(CONF_PLACE, ""),
        rutan=tuple(options.get(CONF_SIGNER_RUTAN, "").splitlines()),
        police=tuple(options.get(CONF_SIGNER_POLICE, "").splitlines()),
    )


def _order(entry: RutanConfigEntry, period: Period, formats: frozenset[Format], letter: Letter) -> Order:
    facility = entry.runtime_data
    return Order(
        site=facility.name,
        slug=str(entry.unique_id),
        language=facility.language,
        zone=dt_util.get_default_time_zone(),
        period=period,
        made_at=dt_util.utcnow(),
        places={checkpoint.id: checkpoint.name for checkpoint in facility.patrol.checkpoints.values()},
        letter=letter,
        formats=formats,
    )


def _draft(made: Exported, order: Order, actor: Actor) -> Draft:
    """Return the record of a report: its manifest's hash stands for all of its files."""
    return Draft(
        kind=RECORD_REPORT,
        at=order.made_at,
        subject=actor.id,
        body={"report": made.name, "manifest": made.sha256, "actor": actor.to_body()},
    )


@callback
def _hand_over(hass: HomeAssistant, entry: RutanConfigEntry, order: Order, made: Exported) -> dict[str, Any]:
    """Return where the files are; whoever is logged in finds the way to them among the notifications."""
    words = WORDS[order.language]
    files = [
        {
            "name": file.path.name,
            "path": str(file.path),
            "size": file.size,
            "sha256": file.sha256,
            "media_content_id": f"media-source://{DOMAIN}/{FOLDER}/{made.name}/{file.path.name}",
            "url": _link(hass, entry, made.name, file.path.name),
        }
        for file in made.files
    ]
    links = "\n".join(f"- [{file['name']}]({file['url']})" for file in files)
    persistent_notification.async_create(
        hass,
        f"{words.ready.format(hours=LINK_LIFETIME // timedelta(hours=1))}\n\n{links}",
        title=f"{words.title}: {phrase.days(order.period, order.language)}",
        notification_id=f"{DOMAIN}_{made.name}",
    )
    return {
        "report": made.name,
        "files": files,
        "damaged_records": list(made.damaged),
        "altered_records": list(made.altered),
    }


def _link(hass: HomeAssistant, entry: RutanConfigEntry, name: str, file: str) -> str:
    """Return an address of a file that needs no login for a while, wherever it is opened."""
    path = report_path(entry, name, file)
    return async_sign_path(hass, path, LINK_LIFETIME, use_content_user=True)


def report_path(entry: RutanConfigEntry, name: str, file: str) -> str:
    """Return where a file of a report is handed to who is logged in."""
    return f"{REPORT_PATH}/{entry.entry_id}/{name}/{file}"
