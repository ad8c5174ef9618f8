"""What the forms of all flows share: fields, the checks of what was typed, and how a subentry is saved."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
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
    ObjectSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..const import DOMAIN, MAX_NAME, Language

# Given to a subentry flow that the making of the entry has started: it leads on to the next one.
FIRST_SETUP: Final = {"first_setup": True}

ERROR_EMPTY: Final = "empty"
ERROR_TOO_LONG: Final = "too_long"
ERROR_NAME_TAKEN: Final = "name_taken"

# Stands for the code that is set, which nobody can read any more.
CODE_NOT_CHANGED: Final = "__code_not_changed__"

TEXT: Final = TextSelector()
SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password"))
LANGUAGE: Final = SelectSelector(
    SelectSelectorConfig(options=[language.value for language in Language], translation_key="language")
)


def whole_number(lowest: int, highest: int, unit: str | None = None) -> vol.All[int]:
    """Return a box for a whole number; what is none or out of bounds is refused before a flow sees it."""
    config = NumberSelectorConfig(min=lowest, max=highest, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return vol.All(NumberSelector(config), vol.Coerce(int))


def choice(options: Mapping[str, str], *, multiple: bool = False, custom: bool = False) -> SelectSelector:
    """Return a list to choose from, by value what each is called; a `custom` one takes what is typed, too."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=value, label=label) for value, label in options.items()],
            multiple=multiple,
            custom_value=custom,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


class RowsSelector(ObjectSelector):
    """Rows with the same fields, each typed in a dialog of its own.

    The dialog binds nobody to fill in what is required: what was left empty is left out, and it is for the flow to
    say so.
    """

    @override
    def __call__(self, data: Any) -> Any:
        """Return the rows."""
        fields = {vol.Optional(key): field["selector"] for key, field in self.config["fields"].items()}
        rows: list[dict[str, Any]] = vol.Schema([dict])(data)
        return vol.Schema([fields])(
            [{key: value for key, value in row.items() if value not in (None, "")} for row in rows]
        )


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

    @property
    def own_id(self) -> str | None:
        """Return the id of the subentry that is changed, None for a new one."""
        return self._get_reconfigure_subentry().subentry_id if self.source == SOURCE_RECONFIGURE else None

    def others(self, kind: str, *, anywhere: bool = False) -> Iterator[ConfigSubentry]:
        """Give the other subentries of a type: those of the facility, or of all there are."""
        entries = self.hass.config_entries.async_entries(DOMAIN) if anywhere else [self._get_entry()]
        found = (subentry for entry in entries for subentry in entry.get_subentries_of_type(kind))
        return (subentry for subentry in found if subentry.subentry_id != self.own_id)

    def title_error(self, kind: str, name: str) -> str | None:
        """Return what is wrong with a cleaned name that no other subentry of the type may have, None if nothing is."""
        if error := name_error(name):
            return error
        names = {subentry.title.casefold() for subentry in self.others(kind)}
        return ERROR_NAME_TAKEN if name.casefold() in names else None

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
