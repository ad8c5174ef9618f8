"""Lights and switches at the gates that say that the police have the alarm; they must not say so when it is over."""

from collections.abc import Iterable
import logging

from homeassistant.const import ATTR_ENTITY_ID, SERVICE_TURN_OFF, SERVICE_TURN_ON, STATE_OFF, STATE_UNAVAILABLE
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

_LOGGER = logging.getLogger(__name__)


class Lamps:
    """The lamps of a facility; what is on for another reason is left alone."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        # Those that we have switched on.
        self._lit: set[str] = set()

    @callback
    def show(self, entity_id: str, *, is_on: bool) -> None:
        """Switch a lamp if what is true has changed; one that is away is to be shown again when it is back.

        Home Assistant skips an entity that is unavailable, and calls that a success.
        """
        state = self._hass.states.get(entity_id)
        if is_on == (entity_id in self._lit) or state is None or state.state == STATE_UNAVAILABLE:
            return
        (self._lit.add if is_on else self._lit.discard)(entity_id)
        self._hass.async_create_background_task(self._switch(entity_id, is_on=is_on), "rutan_blora feedback")

    @callback
    def keep(self, entity_ids: Iterable[str] = ()) -> None:
        """Switch off all others: they would still say so at the next alarm.

        One that somebody else has switched off is not ours any more.
        """
        self._lit = {entity_id for entity_id in self._lit if not self._hass.states.is_state(entity_id, STATE_OFF)}
        for entity_id in self._lit.difference(entity_ids):
            self.show(entity_id, is_on=False)

    async def _switch(self, entity_id: str, *, is_on: bool) -> None:
        action = SERVICE_TURN_ON if is_on else SERVICE_TURN_OFF
        try:
            await self._hass.services.async_call(
                HOMEASSISTANT_DOMAIN, action, {ATTR_ENTITY_ID: entity_id}, blocking=True
            )
        except HomeAssistantError as err:
            _LOGGER.warning("%s does not show at the gate what became of the alarm: %s", entity_id, err)
