"""Finding the entities by which a camera's own device says that it was tampered with."""

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.rutan_blora.cctv.tamper import find_tamper_entities
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

ONVIF = "aa:bb_tns1:VideoSource/GlobalSceneChange/AnalyticsService_0"


def test_tamper_sensors_of_the_same_device_are_found(hass: HomeAssistant) -> None:
    entry = MockConfigEntry(domain="onvif")
    entry.add_to_hass(hass)
    devices, entities = dr.async_get(hass), er.async_get(hass)
    north, south = (
        devices.async_get_or_create(config_entry_id=entry.entry_id, identifiers={("onvif", name)}).id
        for name in ("north", "south")
    )

    def add(domain: str, name: str, device_id: str | None, unique_id: str = "", device_class: str | None = None) -> str:
        return entities.async_get_or_create(
            domain,
            "onvif",
            unique_id or name,
            suggested_object_id=name,
            device_id=device_id,
            original_device_class=device_class,
        ).entity_id

    camera = add("camera", "north", north)
    scene = add("binary_sensor", "scene", north, ONVIF, "problem")
    tamper = add("binary_sensor", "tamper", north, device_class="tamper")
    add("binary_sensor", "motion", north, device_class="motion")
    add("sensor", "uptime", north)
    add("binary_sensor", "other", south, device_class="tamper")
    assert find_tamper_entities(hass, camera) == (scene, tamper)


def test_camera_without_a_device_has_none(hass: HomeAssistant) -> None:
    assert find_tamper_entities(hass, "camera.unknown") == ()
    camera = er.async_get(hass).async_get_or_create("camera", "generic", "1").entity_id
    assert find_tamper_entities(hass, camera) == ()
