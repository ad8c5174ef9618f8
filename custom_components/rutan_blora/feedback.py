"""Showing at the gate that the police have the alarm: a light or switch is on while that is true, and only then."""

import logging

from homeassistant.const import ATTR_ENTITY_ID, SERVICE_TURN_OFF, SERVICE_TURN_ON
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .alarm.buttons import PanicButton
from .facility import Facility, RutanConfigEntry

_LOGGER = logging.getLogger(__name__)


@callback
def async_give_feedback(hass: HomeAssistant, entry: RutanConfigEntry) -> None:
    """Follow the alarm for every panic button with a light or switch, until the entry is unloaded."""
    facility = entry.runtime_data
    for button in facility.buttons.buttons.values():
        if button.feedback_entity_id is not None:
            _Feedback(hass, entry, facility, button, button.feedback_entity_id)


class _Feedback:
    """The light or switch of one panic button."""

    def __init__(
        self, hass: HomeAssistant, entry: RutanConfigEntry, facility: Facility, button: PanicButton, entity_id: str
    ) -> None:
        self._hass = hass
        self._facility = facility
        self._button = button
        self._entity_id = entity_id
        # What is on for another reason is left alone.
        self._shown = False
        entry.async_on_unload(facility.alarm.listen(lambda _: self._show()))
        entry.async_on_unload(facility.police.listen(lambda _, __: self._show()))
        self._show()

    @callback
    def _show(self) -> None:
        """Switch if what is true has changed."""
        if (is_received := self._is_received()) != self._shown:
            self._shown = is_received
            self._hass.async_create_background_task(self._switch(is_on=is_received), "rutan_blora feedback")

    def _is_received(self) -> bool:
        """Tell whether the open alarm was raised here and a police device has shown that it has it."""
        incident = self._facility.alarm.incident
        if incident is None or self._button.location not in incident.locations:
            return False
        received, _ = self._facility.alarm.received
        return received > 0

    async def _switch(self, *, is_on: bool) -> None:
        action = SERVICE_TURN_ON if is_on else SERVICE_TURN_OFF
        try:
            await self._hass.services.async_call(
                HOMEASSISTANT_DOMAIN, action, {ATTR_ENTITY_ID: self._entity_id}, blocking=True
            )
        except HomeAssistantError as err:
            _LOGGER.warning("%s does not show at the gate what became of the alarm: %s", self._entity_id, err)
