"""Packages that are asked for only when they are needed: a house without internet must still start its alarm."""

from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from .const import DOMAIN

# QR codes: what Home Assistant draws its own log-in codes with.
QR_CODES: Final = "PyQRCode==1.2.1"
# Reports as PDF.
PDF: Final = "fpdf2==2.8.7"
# The copy of the journal in PostgreSQL.
POSTGRESQL: Final = "psycopg[binary]==3.3.4"


async def async_need(hass: HomeAssistant, requirement: str) -> None:
    """See that a package is there, or get it; raise HomeAssistantError if it cannot be had."""
    try:
        await async_process_requirements(hass, DOMAIN, [requirement], is_built_in=False)
    except RequirementsNotFound as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="requirement_missing",
            translation_placeholders={"requirement": requirement},
        ) from err
