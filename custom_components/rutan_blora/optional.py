"""What Rutan Blora needs only for what not every house wants.

None of it stands in the manifest: a house without internet must still start its alarm.
"""

from typing import Final

from packaging.requirements import Requirement

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.requirements import (
    RequirementsNotFound,
    async_clear_install_history,
    async_process_requirements,
)
from homeassistant.util.package import is_installed

from .const import DOMAIN

# The journal's copy on a PostgreSQL server; binary: Home Assistant's image has no libpq.
POSTGRESQL: Final = "psycopg[binary]==3.3.9"
# QR codes of checkpoints; Home Assistant's own homekit brings the same, at the same version.
QR_CODE: Final = "PyQRCode==1.2.1"
# Reports as PDF; pure Python beside Pillow, which Home Assistant ships.
PDF: Final = "fpdf2==2.8.9"


async def async_need(hass: HomeAssistant, requirement: str) -> None:
    """Fetch what is required unless it is there; raise HomeAssistantError if it cannot be had.

    A fetch may take minutes where the internet does not answer.
    """
    if not await _fetch(hass, requirement):
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="requirement_missing",
            translation_placeholders={"requirement": Requirement(requirement).name},
        )


async def _fetch(hass: HomeAssistant, requirement: str) -> bool:
    """Tell whether what is required is there, now at the latest."""
    if hass.config.skip_pip:
        return await hass.async_add_executor_job(is_installed, requirement)
    try:
        await async_process_requirements(hass, DOMAIN, [requirement], is_built_in=False)
    except RequirementsNotFound:
        # Home Assistant would not try again before its restart; the internet may be back sooner.
        async_clear_install_history(hass)
        return False
    return True
