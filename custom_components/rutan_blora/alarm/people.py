"""Who is behind a Home Assistant context, known without waiting."""

from homeassistant.auth import EVENT_USER_ADDED, EVENT_USER_UPDATED
from homeassistant.core import CALLBACK_TYPE, Context, Event, HomeAssistant, callback

from .incident import Actor, Origin


class People:
    """The names of Home Assistant's users, at hand when a button is pressed."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._names: dict[str, str] = {}

    async def async_load(self, _: Event | None = None) -> None:
        """Learn the names."""
        users = await self._hass.auth.async_get_users()
        self._names = {user.id: user.name or "" for user in users}

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
        return Actor(origin=Origin.USER, id=context.user_id, name=self._names.get(context.user_id, ""))
