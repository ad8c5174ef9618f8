"""Repairs of Rutan Blora: each leads to the part it is about."""

from typing import Any

from homeassistant.components.repairs import FlowType, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import SOURCE_RECONFIGURE, SubentryFlowContext
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that mends an issue."""
    return PartFlow()


class PartFlow(RepairsFlow):
    """Open the form of the part that is not well."""

    async def async_step_init(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Say what is wrong."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Lead on to the form; the issue stays until what it is about is mended."""
        issue = self.data or {}
        if user_input is None:
            return self.async_show_form(step_id="confirm", description_placeholders=self._placeholders())
        entry = self.hass.config_entries.async_get_entry(str(issue.get("entry_id")))
        subentry_id = str(issue.get("subentry_id"))
        if entry is None or (subentry := entry.subentries.get(subentry_id)) is None:
            return self.async_abort(reason="part_gone")
        form = await self.hass.config_entries.subentries.async_init(
            (entry.entry_id, subentry.subentry_type),
            context=SubentryFlowContext(source=SOURCE_RECONFIGURE, subentry_id=subentry_id),
        )
        return self.async_abort(reason="mend_part", next_flow=(FlowType.CONFIG_SUBENTRIES_FLOW, form["flow_id"]))

    def _placeholders(self) -> dict[str, str]:
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return dict(issue.translation_placeholders or {}) if issue is not None else {}
