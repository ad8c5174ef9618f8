"""The flow of an officer: who calls at the house, by which cards and PIN he is known."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig

from ..codes import hash_code
from ..const import (
    CONF_CARD_IDS,
    CONF_NRP,
    CONF_PIN,
    CONF_RANK,
    CONF_TAG_ID,
    CONF_UNIT,
    SUBENTRY_CHECKPOINT,
    SUBENTRY_OFFICER,
)
from .forms import CODE_NOT_CHANGED, SECRET, TEXT, SubentryFlow, clean, name_error, text_error

MIN_PIN: Final = 4
MAX_PIN: Final = 12
MAX_CARDS: Final = 10

_TEXTS: Final = (CONF_RANK, CONF_NRP, CONF_UNIT)
_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TEXT,
        **{vol.Optional(field): TEXT for field in _TEXTS},
        vol.Optional(CONF_CARD_IDS): TextSelector(TextSelectorConfig(multiple=True)),
        vol.Optional(CONF_PIN): SECRET,
    }
)


class OfficerFlow(SubentryFlow):
    """Add or change an officer."""

    async def async_step_reconfigure(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the form the officer was made with."""
        return await self.async_step_user()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask who it is."""
        if user_input is None:
            return self._async_show(self._shown(), {})
        name, pin = clean(user_input[CONF_NAME]), user_input.get(CONF_PIN, "").strip()
        data = _data(user_input)
        if errors := self._errors(name, pin, data):
            return self._async_show(user_input, errors)
        key = data[CONF_NRP] or name.casefold()
        return self.async_save(name, {**data, **await self._pin(pin)}, f"{SUBENTRY_OFFICER}_{key}")

    @callback
    def _async_show(self, values: dict[str, Any] | None, errors: dict[str, str]) -> SubentryFlowResult:
        limits = {"min_pin": str(MIN_PIN), "max_pin": str(MAX_PIN), "max_cards": str(MAX_CARDS)}
        return self.async_show("user", _SCHEMA, values, errors, limits)

    def _shown(self) -> dict[str, Any] | None:
        """Return what the form is filled in with: what is stored; of a PIN only that there is one."""
        stored = self.stored()
        return {**stored, CONF_PIN: CODE_NOT_CHANGED} if stored and stored.get(CONF_PIN) else stored

    def _errors(self, name: str, pin: str, data: Mapping[str, Any]) -> dict[str, str]:
        """Return what is wrong, by field."""
        found = {CONF_NAME: name_error(name), **{field: text_error(data[field]) for field in _TEXTS}}
        if data[CONF_NRP] in {other.data.get(CONF_NRP) for other in self.others(SUBENTRY_OFFICER)} - {""}:
            found[CONF_NRP] = "nrp_taken"
        found[CONF_CARD_IDS] = self._card_error(data[CONF_CARD_IDS])
        if pin not in ("", CODE_NOT_CHANGED) and not _is_pin(pin):
            found[CONF_PIN] = "pin_unfit"
        return {field: error for field, error in found.items() if error is not None}

    def _card_error(self, cards: list[str]) -> str | None:
        """Return why cards cannot be this officer's, None if they can."""
        if len(cards) > MAX_CARDS:
            return "cards_too_many"
        of_others = {card for other in self.others(SUBENTRY_OFFICER) for card in other.data.get(CONF_CARD_IDS, ())}
        hanging = {other.data.get(CONF_TAG_ID) for other in self.others(SUBENTRY_CHECKPOINT, anywhere=True)}
        if not (of_others | hanging).isdisjoint(cards):
            return "card_taken"
        return next((error for card in cards if (error := text_error(card))), None)

    async def _pin(self, pin: str) -> dict[str, str]:
        """Return the PIN as it is stored: the one there is, a new one, or none."""
        if pin == CODE_NOT_CHANGED:
            return {key: value for key, value in (self.stored() or {}).items() if key == CONF_PIN}
        return {CONF_PIN: await self.hass.async_add_executor_job(hash_code, pin)} if pin else {}


def _data(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of what was typed, the PIN apart; a card that was typed twice is one."""
    cards = (clean(card) for card in user_input.get(CONF_CARD_IDS, ()))
    return {
        **{field: clean(user_input.get(field, "")) for field in _TEXTS},
        CONF_CARD_IDS: [card for card in dict.fromkeys(cards) if card],
    }


def _is_pin(pin: str) -> bool:
    """Tell whether a PIN can be one: digits, which every phone's keyboard has."""
    return pin.isascii() and pin.isdigit() and MIN_PIN <= len(pin) <= MAX_PIN
