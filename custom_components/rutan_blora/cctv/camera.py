"""A perimeter camera as it is set up: what it is called, where its pictures come from, and how they are taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.const import CONF_ENTITY_ID, CONF_PASSWORD, CONF_USERNAME, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant

from ..const import CONF_SOURCE, CONF_STILL_URL, CONF_STREAM_URL, CameraSource
from .entity_source import EntitySource
from .http_source import HttpSource
from .rtsp_source import RtspSource
from .source import Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Camera:
    """A perimeter camera; `key` stands for where its pictures come from: what was learnt of another is worth nothing.

    `interval` is the time between two pictures when nobody looks, `max_age` after how many seconds a picture is no
    longer shown as how it is; `position` is its place on the wall, 1 first. `motion_entity_id` says that somebody is
    in its field of view, `tamper_entity_ids` that its own device believes to be tampered with.
    """

    id: str
    key: str
    name: str
    source: Source
    interval: float
    max_age: float
    position: int
    motion_entity_id: str | None = None
    tamper_entity_ids: tuple[str, ...] = ()


def make_source(hass: HomeAssistant, data: Mapping[str, Any]) -> Source:
    """Return the source that a camera's data describe."""
    username, password = data.get(CONF_USERNAME, ""), data.get(CONF_PASSWORD, "")
    match CameraSource(data[CONF_SOURCE]):
        case CameraSource.ENTITY:
            return EntitySource(hass, data[CONF_ENTITY_ID])
        case CameraSource.RTSP:
            return RtspSource(hass, data[CONF_STREAM_URL], username, password)
        case CameraSource.HTTP:
            return HttpSource(
                hass,
                data[CONF_STILL_URL],
                username,
                password,
                verify_ssl=data[CONF_VERIFY_SSL],
                stream_url=data.get(CONF_STREAM_URL),
            )
