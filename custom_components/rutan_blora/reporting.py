"""Reports of a facility: made, put on record, and handed to whoever is logged in."""

from collections.abc import Iterable
from datetime import timedelta
import logging
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .actor import Actor
from .const import (
    CONF_LETTERHEAD,
    CONF_PLACE,
    CONF_SIGNER_POLICE,
    CONF_SIGNER_RUTAN,
    DOMAIN,
)
from .facility import RutanConfigEntry
from .optional import PDF, async_need
from .pictures import EvidenceError, EvidenceProblem, place_in
from .reports.content import Period
from .reports.export import FOLDER, Format, Order
from .reports.letter import Letter

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
    facility = entry.runtime_data
    formats = frozenset(formats)
    if Format.PDF in formats:
        await async_need(hass, PDF)
    order = _order(hass, entry, period, formats)
    try:
        made = await hass.async_add_executor_job(_export, facility, order, reports_folder(hass), _logo(hass, entry))
    except EvidenceError as err:
        is_full = err.problem is EvidenceProblem.DISK_FULL
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="report_disk_full" if is_full else "report_not_written",
            translation_placeholders={"reason": err.problem.value},
        ) from err
    except SQLAlchemyError as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="journal_unreadable") from err
    facility.kept.journal.append(_draft(made, actor, order))
    return _told(hass, entry, order, made)


def _order(hass: HomeAssistant, entry: RutanConfigEntry, period: Period, formats: frozenset[Format]) -> Order:
    facility, options = entry.runtime_data, entry.options
    return Order(
        site=facility.name,
        slug=str(entry.unique_id),
        language=facility.language,
        zone=dt_util.get_default_time_zone(),
        period=period,
        made_at=dt_util.utcnow(),
        places={checkpoint.id: checkpoint.name for checkpoint in facility.patrol.checkpoints.values()},
        letter=Letter(
            head=tuple(options.get(CONF_LETTERHEAD, "").splitlines()),
            place=options.get(CONF_PLACE, ""),
            rutan=tuple(options.get(CONF_SIGNER_RUTAN, "").splitlines()),
            police=tuple(options.get(CONF_SIGNER_POLICE, "").splitlines()),
        ),
        formats=formats,
    )
