"""A notify entity of Home Assistant: a chat, an SMS modem, a mail box of the police."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, override

from homeassistant.components.notify import (
    ATTR_MESSAGE,
    ATTR_TITLE,
    DOMAIN as NOTIFY_DOMAIN,
    SERVICE_SEND_MESSAGE,
    NotifyEntityFeature,
)
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE, EntityStateAttribute
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from ..alert import Alert
from . import Channel, DeliveryError, Receipt


class NotifyProblem(StrEnum):
    """What is wrong with a notify entity, or why it could not be told."""

    MISSING = "notify_missing"
    UNAVAILABLE = "notify_unavailable"
    REFUSED = "notify_refused"


@callback
def is_missing(hass: HomeAssistant, entity_id: str) -> bool:
    """Tell whether an entity will not come by itself: Home Assistant does not know it, or it is disabled."""
    if hass.states.get(entity_id) is not None:
        return False
    registered = er.async_get(hass).async_get(entity_id)
    return registered is None or registered.disabled


class NotifyEntity(Channel):
    """A notify entity as a police device."""

    def __init__(self, hass: HomeAssistant, entity_id: str) -> None:
        self.watched = (entity_id,)
        self._hass = hass
        self._entity_id = entity_id

    @override
    def problem(self) -> str | None:
        """Return whether the entity has vanished or is disabled."""
        return NotifyProblem.MISSING.value if is_missing(self._hass, self._entity_id) else None

    @override
    def is_reachable(self) -> bool:
        """Tell whether the entity is there and available."""
        state = self._hass.states.get(self._entity_id)
        return state is not None and state.state != STATE_UNAVAILABLE

    @override
    async def send(self, alert: Alert, *, loud: bool, token: str, memo: Mapping[str, Any]) -> Receipt:
        """Send what is urgent, a test and the end; every update would flood a chat, and costs as an SMS."""
        if loud or alert.test or alert.ended:
            await self._send(_message(self._state(), alert))
        return Receipt(memo=memo)

    def _state(self) -> State:
        """Return the entity's state; Home Assistant skips one that is unavailable, and calls that a success."""
        if (state := self._hass.states.get(self._entity_id)) is None:
            raise DeliveryError(NotifyProblem.MISSING.value)
        if state.state == STATE_UNAVAILABLE:
            raise DeliveryError(NotifyProblem.UNAVAILABLE.value)
        return state

    async def _send(self, message: Mapping[str, str]) -> None:
        data = {ATTR_ENTITY_ID: self._entity_id, **message}
        try:
            await self._hass.services.async_call(NOTIFY_DOMAIN, SERVICE_SEND_MESSAGE, data, blocking=True)
        except HomeAssistantError as err:
            raise DeliveryError(NotifyProblem.REFUSED.value) from err


def _message(state: State, alert: Alert) -> dict[str, str]:
    """Return the alert as the entity takes it: one without titles would drop it."""
    if state.attributes.get(EntityStateAttribute.SUPPORTED_FEATURES, 0) & NotifyEntityFeature.TITLE:
        return {ATTR_TITLE: alert.title, ATTR_MESSAGE: alert.text}
    return {ATTR_MESSAGE: f"{alert.title}\n{alert.text}"}
