"""Repairs about a whole facility: nothing in its forms mends them, so they only say what is the matter."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN


@callback
def show_issue(
    hass: HomeAssistant,
    issue: str,
    entry_id: str,
    placeholders: Mapping[str, str] | None,
    severity: ir.IssueSeverity = ir.IssueSeverity.ERROR,
) -> None:
    """Raise a repair, or take it back if nothing is to be said."""
    issue_id = f"{issue}_{entry_id}"
    if placeholders is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=severity,
        translation_key=issue,
        translation_placeholders=dict(placeholders),
    )
