"""Who is behind a Home Assistant context, known without waiting."""

from homeassistant.auth import EVENT_USER_ADDED, EVENT_USER_UPDATED
from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import CALLBACK_TYPE, Context, Event, HomeAssistant, callback

from ..actor import Actor, Origin


class People:
    """Home Assistant's users, at hand when a button is pressed."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._users: dict[str, User] = {}

    async def async_load(self, _: Event | None = None) -> None:
        """Learn who there is."""
        self._users = {user.id: user for user in await self._hass.auth.async_get_users()}

    @callback
    def start(self) -> CALLBACK_TYPE:
        """Follow new and renamed users."""
        unsubs = [self._hass.bus.async_listen(kind, self.async_load) for kind in (EVENT_USER_ADDED, EVENT_USER_UPDATED)]

        @callback
        def unsubscribe() -> None:
            for unsub in unsubs:
                unsub()

        return unsubscribe

    @callback
    def actor(self, context: Context | None) -> Actor | None:
        """Return the user who acted, None if it was none."""
        if context is None or context.user_id is None:
            return None
        user = self._users.get(context.user_id)
        return Actor(origin=Origin.USER, id=context.user_id, name=(user.name or "") if user else "")

    @callback
    def name(self, user_id: str | None) -> str:
        """Return what a user is called, nothing if that is not known."""
        user = self._users.get(user_id or "")
        return (user.name or "") if user else ""

    @callback
    def may_control(self, user_id: str | None, entity_id: str) -> bool:
        """Tell whether a user may press a button; Home Assistant itself may."""
        if user_id is None:
            return True
        user = self._users.get(user_id)
        return user is not None and user.permissions.check_entity(entity_id, POLICY_CONTROL)
