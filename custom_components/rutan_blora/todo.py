"""To-do list of Rutan Blora: the checkpoints of a round that is under way."""

from typing import Final, override

from homeassistant.components.todo import TodoItem, TodoItemStatus, TodoListEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_CHECKPOINTS, SUBENTRY_PATROL_PLAN
from .entity import RutanEntity, RutanEntityDescription, async_add, on_patrol
from .facility import RutanConfigEntry

PARALLEL_UPDATES = 0

ROUND: Final = RutanEntityDescription(
    key="round", listen_fn=on_patrol, exists_fn=lambda subentry: len(subentry.data[CONF_CHECKPOINTS]) > 1
)


async def async_setup_entry(
    hass: HomeAssistant, entry: RutanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the to-do lists of plans that name several checkpoints."""
    async_add(entry, async_add_entities, RoundList, {SUBENTRY_PATROL_PLAN: (ROUND,)})


class RoundList(RutanEntity, TodoListEntity):
    """The checkpoints of a plan while officers are on its round; checking in is what ticks one off."""

    @property
    @override
    def todo_items(self) -> list[TodoItem]:
        """Return the checkpoints of the running round."""
        patrol = self.facility.patrol
        if (running := patrol.running(self.subject)) is None:
            return []
        _, left = running
        places = [patrol.checkpoints[place] for place in patrol.plans[self.subject].checkpoints]
        return [
            TodoItem(
                uid=place.id,
                summary=place.name,
                status=TodoItemStatus.NEEDS_ACTION if place.id in left else TodoItemStatus.COMPLETED,
            )
            for place in sorted(places, key=lambda place: place.name)
        ]
