"""What the forms of all flows share: fields, the checks of what was typed, and how a subentry is saved."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback, split_entity_id
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)

from ..const import MAX_NAME, Language

# Given to a subentry flow that the making of the entry has started: it leads on to the next one.
FIRST_SETUP: Final = {"first_setup": True}

ERROR_EMPTY: Final = "empty"
ERROR_TOO_LONG: Final = "too_long"

TEXT: Final = TextSelector()
LANGUAGE: Final = SelectSelector(
    SelectSelectorConfig(options=[language.value for language in Language], translation_key="language")
)


def whole_number(lowest: int, highest: int, unit: str | None = None) -> vol.All[int]:
    """Return a box for a whole number; what is none or out of bounds is refused before a flow sees it."""
    config = NumberSelectorConfig(min=lowest, max=highest, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return vol.All(NumberSelector(config), vol.Coerce(int))


def clean(text: str) -> str:
    """Return typed text as one line: whatever cannot be printed is a blank, and blanks don't pile up."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def name_error(name: str) -> str | None:
    """Return what is wrong with a cleaned name that must be given, None if nothing is."""
    return text_error(name) if name else ERROR_EMPTY


def text_error(text: str) -> str | None:
    """Return what is wrong with a cleaned text that may be left out, None if nothing is."""
    return ERROR_TOO_LONG if len(text) > MAX_NAME else None


@callback
def resolve_entity_id(hass: HomeAssistant, chosen: str) -> str:
    """Return the entity id of what an entity selector gave, which may be its id in the registry."""
    return er.async_resolve_entity_id(er.async_get(hass), chosen) or chosen


@callback
def is_known(hass: HomeAssistant, entity_id: str) -> bool:
    """Tell whether Home Assistant has the entity, be it only registered."""
    return hass.states.get(entity_id) is not None or er.async_get(hass).async_get(entity_id) is not None


def entity_selector(domains: Iterable[str], *, multiple: bool = False) -> EntitySelector:
    """Return a selector of entities; its filter binds only the browser."""
    kinds = EntityWithDeviceFilterSelectorConfig(domain=list(domains))
    return EntitySelector(EntitySelectorConfig(filter=[kinds], multiple=multiple))


@callback
def entity_error(hass: HomeAssistant, entity_id: str, domains: Iterable[str], error: str) -> str | None:
    """Return the error unless Home Assistant has the entity and it is of one of the domains."""
    fits = is_known(hass, entity_id) and split_entity_id(entity_id)[0] in domains
    return None if fits else error


class SubentryFlow(ConfigSubentryFlow):
    """A flow whose forms have a name, which becomes the title, and sections of rarely used fields."""

    def stored(self, *sections: str) -> dict[str, Any] | None:
        """Return what the form of an existing subentry is filled in with, None for a new one."""
        if self.source != SOURCE_RECONFIGURE:
            return None
        subentry = self._get_reconfigure_subentry()
        return {CONF_NAME: subentry.title, **subentry.data, **dict.fromkeys(sections, subentry.data)}

    @callback
    def async_show(
        self,
        step_id: str,
        schema: vol.Schema,
        values: Mapping[str, Any] | None,
        errors: dict[str, str],
        placeholders: Mapping[str, str] | None = None,
    ) -> SubentryFlowResult:
        """Show a form filled in with what is stored or was typed."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={"max": str(MAX_NAME), **(placeholders or {})},
        )

    @callback
    def async_save(self, title: str, data: dict[str, Any], unique_id: str) -> SubentryFlowResult:
        """Make the subentry, or change the one that is reconfigured; abort if another one is the same."""
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._get_entry(),
                self._get_reconfigure_subentry(),
                title=title,
                data=data,
                unique_id=unique_id,
            )
        return self.async_create_entry(title=title, data=data, unique_id=unique_id)
