"""What reports are written on: the head of a house's letters, its logo, who signs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig

from ..const import CONF_LETTERHEAD, CONF_LOGO, CONF_PLACE, CONF_SIGNER_POLICE, CONF_SIGNER_RUTAN, MAX_NAME
from ..reports.logo import LogoError, read_logo
from .forms import TEXT, clean

MAX_LINES: Final = 5

_LINES: Final = TextSelector(TextSelectorConfig(multiline=True))
_FIELDS: Final = {
    CONF_LETTERHEAD: _LINES,
    CONF_LOGO: TEXT,
    CONF_PLACE: TEXT,
    CONF_SIGNER_RUTAN: _LINES,
    CONF_SIGNER_POLICE: _LINES,
}
FIELDS: Final = tuple(_FIELDS)
REPORT: Final = section(
    vol.Schema({vol.Optional(field): selector for field, selector in _FIELDS.items()}), {"collapsed": True}
)


class ReportFormError(Exception):
    """What was typed does not do; `error` names the text a person is told."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


async def async_read(hass: HomeAssistant, typed: Mapping[str, Any]) -> dict[str, str]:
    """Return what was typed as it is stored, without what was left empty; raise ReportFormError if it does not do."""
    stored = {field: _lines(str(typed.get(field, ""))) for field in FIELDS}
    if logo := stored[CONF_LOGO]:
        await hass.async_add_executor_job(_check_logo, hass, logo)
    return {field: text for field, text in stored.items() if text}


def _lines(text: str) -> str:
    """Return typed lines without empty ones."""
    lines = [line for line in map(clean, text.splitlines()) if line]
    if len(lines) > MAX_LINES or any(len(line) > MAX_NAME for line in lines):
        raise ReportFormError("lines_unfit")
    return "\n".join(lines)


def _check_logo(hass: HomeAssistant, name: str) -> None:
    """See that a file, its path taken from the configuration folder, can be the logo; in the executor."""
    path = hass.config.path(name)
    if not hass.config.is_allowed_path(path):
        raise ReportFormError("logo_not_allowed")
    try:
        read_logo(Path(path))
    except LogoError as err:
        raise ReportFormError(err.problem.value) from err
