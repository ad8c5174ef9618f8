"""Finding the entities by which a camera's own device says that it was tampered with."""

import re
from typing import Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

# ONVIF's topics of it; Home Assistant's `onvif` has them in the unique ids of its sensors, and calls them problems.
_ONVIF: Final = re.compile(r"GlobalSceneChange|ImageTooBlurry|ImageTooDark|ImageTooBright|TamperDetector")


@callback
def find_tamper_entities(hass: HomeAssistant, entity_id: str) -> tuple[str, ...]:
    """Return the tamper sensors of the device that a camera entity belongs to."""
    registry = er.async_get(hass)
    camera = registry.async_get(entity_id)
    if camera is None or camera.device_id is None:
        return ()
    beside = er.async_entries_for_device(registry, camera.device_id)
    return tuple(sorted(entity.entity_id for entity in beside if _tells_of_tampering(entity)))


def _tells_of_tampering(entity: er.RegistryEntry) -> bool:
    """Tell whether an entity is a tamper sensor by its class, or by what ONVIF calls it."""
    if entity.domain != Platform.BINARY_SENSOR:
        return False
    kind = entity.device_class or entity.original_device_class
    return kind == BinarySensorDeviceClass.TAMPER or _ONVIF.search(entity.unique_id) is not None
