"""What a technician does in the browser with a subentry flow."""

from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigSubentry,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section


async def open_menu(hass: HomeAssistant, entry: ConfigEntry, subentry_type: str) -> SubentryFlowResult:
    """Start to add a subentry."""
    menu = await hass.config_entries.subentries.async_init(
        (entry.entry_id, subentry_type), context=SubentryFlowContext(source=SOURCE_USER)
    )
    assert menu["type"] is FlowResultType.MENU
    return menu


async def open_new(hass: HomeAssistant, entry: ConfigEntry, subentry_type: str) -> SubentryFlowResult:
    """Start to add a subentry of a type that has one form."""
    form = await hass.config_entries.subentries.async_init(
        (entry.entry_id, subentry_type), context=SubentryFlowContext(source=SOURCE_USER)
    )
    assert form["type"] is FlowResultType.FORM
    return form


async def choose(hass: HomeAssistant, menu: SubentryFlowResult, option: str) -> SubentryFlowResult:
    """Choose from the menu."""
    form = await hass.config_entries.subentries.async_configure(menu["flow_id"], {"next_step_id": option})
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == option
    return form


async def open_existing(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> SubentryFlowResult:
    """Start to change a subentry."""
    form = await hass.config_entries.subentries.async_init(
        (entry.entry_id, subentry.subentry_type),
        context=SubentryFlowContext(source=SOURCE_RECONFIGURE, subentry_id=subentry.subentry_id),
    )
    assert form["type"] is FlowResultType.FORM
    return form


async def send(hass: HomeAssistant, form: SubentryFlowResult, **fields: Any) -> SubentryFlowResult:
    """Send the form."""
    return await hass.config_entries.subentries.async_configure(form["flow_id"], fields)


async def add(
    hass: HomeAssistant, entry: ConfigEntry, subentry_type: str, option: str, **fields: Any
) -> ConfigSubentry:
    """Add a subentry."""
    form = await choose(hass, await open_menu(hass, entry, subentry_type), option)
    assert (await send(hass, form, **fields))["type"] is FlowResultType.CREATE_ENTRY
    return list(entry.get_subentries_of_type(subentry_type))[-1]


async def make(hass: HomeAssistant, entry: ConfigEntry, subentry_type: str, **fields: Any) -> ConfigSubentry:
    """Add a subentry of a type that has one form."""
    result = await send(hass, await open_new(hass, entry, subentry_type), **fields)
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    return list(entry.get_subentries_of_type(subentry_type))[-1]


def suggested(form: SubentryFlowResult) -> dict[str, Any]:
    """Return what a form is filled in with, sections nested."""
    schema = form["data_schema"]
    assert schema is not None
    return _suggested(schema.schema)


def placeholder(form: SubentryFlowResult, key: str) -> str:
    """Return what the form's text is filled in with."""
    placeholders = form["description_placeholders"]
    assert placeholders is not None
    return placeholders[key]


def _suggested(fields: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in fields.items():
        if isinstance(value, section):
            found[str(key)] = _suggested(value.schema.schema)
        elif key.description:
            found[str(key)] = key.description["suggested_value"]
    return found
