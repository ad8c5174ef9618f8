"""Home Assistant's configuration dialogs, gone through as the UI does: choose in menus, fill in forms."""

from collections.abc import Mapping
from typing import Final

from . import DemoError
from .api import Api, Json

_CONFIG: Final = "/api/config/config_entries/flow"
_SUBENTRY: Final = "/api/config/config_entries/subentries/flow"
_OPTIONS: Final = "/api/config/config_entries/options/flow"
_WALKED: Final = ("menu", "form")


class Dialogs:
    """The dialogs of one Home Assistant; where one leads on to the next, that one is taken."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._led_to: Json | None = None

    async def add_entry(self, domain: str, answers: Mapping[str, object]) -> str:
        """Add an integration and return the id of its entry."""
        first: Json = await self._api.post(_CONFIG, {"handler": domain})
        end = await self._walk(_CONFIG, first, answers)
        entry_id: str = end["result"]["entry_id"]
        return entry_id

    async def add_subentry(self, entry_id: str, kind: str, option: str, answers: Mapping[str, object]) -> None:
        """Add a part to an entry; `option` is chosen in the menu."""
        handler = [entry_id, kind]
        if self._led_to and self._led_to["handler"] == handler:
            first, self._led_to = self._led_to, None
        else:
            first = await self._api.post(_SUBENTRY, {"handler": handler})
        await self._walk(_SUBENTRY, first, answers, option)

    async def change_subentry(self, entry_id: str, kind: str, subentry_id: str, answers: Mapping[str, object]) -> None:
        """Change a part of an entry; what is not given is set to what the form proposes."""
        first: Json = await self._api.post(_SUBENTRY, {"handler": [entry_id, kind], "subentry_id": subentry_id})
        await self._walk(_SUBENTRY, first, answers)

    async def set_options(self, entry_id: str, answers: Mapping[str, object]) -> None:
        """Set options of an entry; those not given are set to what the form proposes."""
        first: Json = await self._api.post(_OPTIONS, {"handler": entry_id})
        await self._walk(_OPTIONS, first, answers)

    async def look_at(self, entry_id: str, kind: str, subentry_id: str) -> Json:
        """Return the form of a part that is there, and leave it as it is."""
        form: Json = await self._api.post(_SUBENTRY, {"handler": [entry_id, kind], "subentry_id": subentry_id})
        await self._api.delete(f"{_SUBENTRY}/{form['flow_id']}")
        return form

    async def _walk(self, path: str, step: Json, answers: Mapping[str, object], option: str = "") -> Json:
        """Go from a step to the end and return that; every answer must be asked for."""
        left = dict(answers)
        while step["type"] in _WALKED:
            if step.get("errors"):
                raise DemoError(f"the form {step['step_id']} of {step['handler']} says {step['errors']}")
            body = {"next_step_id": option} if step["type"] == "menu" else _take(step["data_schema"], left)
            step = await self._api.post(f"{path}/{step['flow_id']}", body)
        if left:
            raise DemoError(f"the dialog {step['handler']} never asked for {left}")
        await self._follow(step)
        return step

    async def _follow(self, end: Json) -> None:
        """Keep the dialog that this one led on to, as the first set-up does from one to the next."""
        if following := end.get("next_flow"):
            self._led_to = await self._api.get(f"{_SUBENTRY}/{following[1]}")
        elif end["type"] != "create_entry" and end.get("reason") != "reconfigure_successful":
            raise DemoError(f"the dialog {end['handler']} ended with {end['type']}: {end.get('reason')}")


def _take(fields: list[Json], answers: dict[str, object]) -> Json:
    """Take out of the answers what a form asks for, in its sections too."""
    given: Json = {}
    for asked in fields:
        name, answer = asked["name"], answers.get(asked["name"])
        if asked.get("type") == "expandable" and isinstance(answer, dict):
            given[name] = _take(asked["schema"], answer)
            if not answer:
                del answers[name]
        elif name in answers:
            given[name] = answers.pop(name)
    return given
