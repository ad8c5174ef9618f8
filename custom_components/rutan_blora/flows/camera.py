"""The flow of a perimeter camera: its source is tried and its picture shown before anything is saved."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
import hashlib
import secrets
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import (
    CONF_ENTITY_ID,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
    Platform,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util.hass_dict import HassKey

from ..cctv.address import HTTP, RTSP, parse
from ..cctv.camera import make_source
from ..cctv.picture import SourceError, SourceProblem
from ..cctv.source import probe
from ..const import (
    CONF_INTERVAL,
    CONF_MAX_AGE,
    CONF_MOTION_ENTITY_ID,
    CONF_POSITION,
    CONF_SOURCE,
    CONF_STILL_URL,
    CONF_STREAM_URL,
    DEFAULT_INTERVAL,
    DEFAULT_MAX_AGE,
    DOMAIN,
    PREVIEW_PATH,
    SUBENTRY_CAMERA,
    CameraSource,
)
from ..video import async_fetch_video
from .forms import (
    TEXT,
    SubentryFlow,
    clean,
    entity_error,
    entity_selector,
    name_error,
    resolve_entity_id,
    whole_number,
)

SECTION_ADVANCED: Final = "advanced"
# A camera that is new stands behind those that have a place of their own.
LAST_POSITION: Final = 99

_MOTIONS: Final = (Platform.BINARY_SENSOR.value, "input_boolean")
_PASSWORD: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password"))
_LOGIN: Final[dict[vol.Marker, object]] = {
    vol.Optional(CONF_USERNAME): TextSelector(TextSelectorConfig(autocomplete="off")),
    vol.Optional(CONF_PASSWORD): _PASSWORD,
}
LOGIN_SCHEMA: Final = vol.Schema(_LOGIN)
_ADVANCED: Final[dict[vol.Marker, object]] = {
    vol.Required(CONF_INTERVAL, default=DEFAULT_INTERVAL): whole_number(1, 60, UnitOfTime.SECONDS),
    vol.Required(CONF_MAX_AGE, default=DEFAULT_MAX_AGE): whole_number(10, 600, UnitOfTime.SECONDS),
    vol.Required(CONF_POSITION, default=LAST_POSITION): whole_number(1, LAST_POSITION),
    vol.Optional(CONF_MOTION_ENTITY_ID): entity_selector(_MOTIONS),
}
_HTTP_ADVANCED: Final[dict[vol.Marker, object]] = {
    vol.Optional(CONF_STREAM_URL): TEXT,
    vol.Required(CONF_VERIFY_SSL, default=True): BooleanSelector(),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """What is particular to a source: its fields, those beside them in the section, and which schemes its URLs have."""

    fields: Mapping[vol.Marker, object]
    advanced: Mapping[vol.Marker, object]
    schemes: Mapping[str, tuple[str, ...]]

    def blamed(self, problem: SourceProblem) -> str:
        """Return the field beside which a problem of the source is told: what is probably wrong."""
        if problem is SourceProblem.AUTH and CONF_PASSWORD in self.fields:
            return CONF_PASSWORD
        return next(iter(self.schemes), CONF_ENTITY_ID)

    @property
    def schema(self) -> vol.Schema:
        """Return the schema of the form."""
        return vol.Schema(
            {
                vol.Required(CONF_NAME): TEXT,
                **self.fields,
                vol.Optional(SECTION_ADVANCED): section(vol.Schema(dict(self.advanced)), {"collapsed": True}),
            }
        )


_FORMS: Final[Mapping[CameraSource, _Form]] = {
    CameraSource.ENTITY: _Form(
        fields={vol.Required(CONF_ENTITY_ID): entity_selector((Platform.CAMERA.value,))},
        advanced=_ADVANCED,
        schemes={},
    ),
    CameraSource.RTSP: _Form(
        fields={vol.Required(CONF_STREAM_URL): TEXT, **_LOGIN},
        advanced=_ADVANCED,
        schemes={CONF_STREAM_URL: RTSP},
    ),
    CameraSource.HTTP: _Form(
        fields={vol.Required(CONF_STILL_URL): TEXT, **_LOGIN},
        advanced={**_HTTP_ADVANCED, **_ADVANCED},
        schemes={CONF_STILL_URL: HTTP, CONF_STREAM_URL: (*RTSP, *HTTP)},
    ),
}
# Pictures that forms show, by a key nobody can guess.
PREVIEWS: Final[HassKey[dict[str, bytes]]] = HassKey(f"{DOMAIN}.previews")


class CameraFlow(SubentryFlow):
    """Add or change a perimeter camera."""

    _title: str = ""
    _data: dict[str, Any]
    _preview: str | None = None
    _is_over: bool = False

    async def async_step_user(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where the pictures come from."""
        return self.async_show_menu(step_id="user", menu_options=[source.value for source in CameraSource])

    async def async_step_reconfigure(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the form the camera was made with."""
        return await self._async_step(CameraSource(self._get_reconfigure_subentry().data[CONF_SOURCE]), None)

    async def async_step_entity(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a camera that Home Assistant knows as an entity."""
        return await self._async_step(CameraSource.ENTITY, user_input)

    async def async_step_rtsp(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a camera that streams over RTSP."""
        return await self._async_step(CameraSource.RTSP, user_input)

    async def async_step_http(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a camera that gives stills or MJPEG over HTTP."""
        return await self._async_step(CameraSource.HTTP, user_input)

    async def _async_step(self, source: CameraSource, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        """Show the form of a source; check what was typed, try it, and show its picture."""
        form = _FORMS[source]
        if user_input is None:
            return self.async_show(source.value, form.schema, self._shown(), {})
        self._title = clean(user_input[CONF_NAME])
        self._data = self._stored_data(source, form, user_input)
        if not (errors := _errors(self.hass, form, self._title, self._data)):
            errors = await self._try(form)
        if errors:
            return self.async_show(source.value, form.schema, user_input, errors)
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the picture, then save."""
        if user_input is not None:
            return self.async_save(self._title, self._data, f"{SUBENTRY_CAMERA}_{_key(self._data)}")
        return self.async_show_form(
            step_id="confirm",
            description_placeholders={"name": self._title, "preview": f"{PREVIEW_PATH}/{self._preview}"},
        )

    @callback
    @override
    def async_remove(self) -> None:
        """Forget the picture with the dialog."""
        self._is_over = True
        self._forget()

    def _forget(self) -> None:
        self.hass.data.get(PREVIEWS, {}).pop(self._preview or "", None)

    async def _try(self, form: _Form) -> dict[str, str]:
        """Take one picture of the source and keep it to be shown; return what is wrong if there is none."""
        # Shielded: others wait for it, too.
        if await asyncio.shield(async_fetch_video(self.hass)) is not None:
            return {"base": "video_missing"}
        try:
            picture = await probe(self.hass, make_source(self.hass, self._data))
        except SourceError as err:
            return {form.blamed(err.problem): f"source_{err.problem}"}
        self._forget()
        # A dialog may be closed while the camera is tried.
        if not self._is_over:
            self._preview = secrets.token_urlsafe(32)
            self.hass.data.setdefault(PREVIEWS, {})[self._preview] = picture.jpeg
        return {}

    def _shown(self) -> dict[str, Any] | None:
        """Return what the form is filled in with: what is stored, without the password."""
        if (stored := self.stored(SECTION_ADVANCED)) is None:
            return None
        return {field: value for field, value in stored.items() if field != CONF_PASSWORD}

    def _stored_data(self, source: CameraSource, form: _Form, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is stored of what was typed; a login that was typed into the address is taken out of it."""
        data = {CONF_SOURCE: source.value, **user_input, **user_input.get(SECTION_ADVANCED, {})}
        for field in (CONF_NAME, SECTION_ADVANCED):
            data.pop(field, None)
        for field in (CONF_ENTITY_ID, CONF_MOTION_ENTITY_ID):
            if field in data:
                data[field] = resolve_entity_id(self.hass, data[field])
        for field, schemes in form.schemes.items():
            if field in data:
                data |= _without_login(field, data[field].strip(), schemes)
        if source is not CameraSource.ENTITY:
            data = {**self._kept_password(form, data), **data}
        return {field: value for field, value in data.items() if value != ""}

    def _kept_password(self, form: _Form, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the stored password if none was typed and it still is for the same user of the same camera.

        Nobody reads a password by letting it be sent to a camera of his own.
        """
        stored = self.stored() or {}
        is_same_user = stored.get(CONF_USERNAME) == data.get(CONF_USERNAME)
        if CONF_PASSWORD in stored and is_same_user and _hosts(form, data) <= _hosts(form, stored):
            return {CONF_PASSWORD: stored[CONF_PASSWORD]}
        return {}


def _hosts(form: _Form, data: Mapping[str, Any]) -> set[str | None]:
    """Return the hosts that a camera's data name; what is no address names none that is known."""
    hosts: set[str | None] = set()
    for field in form.schemes.keys() & data.keys():
        with suppress(SourceError):
            hosts.add(parse(data[field], form.schemes[field]).url.host)
    return hosts


def _without_login(field: str, typed: str, schemes: tuple[str, ...]) -> dict[str, str]:
    """Return the address without the login in it, and that beside it; what is no address stays as it is."""
    try:
        address = parse(typed, schemes)
    except SourceError:
        return {field: typed}
    found = {field: str(address.url), CONF_USERNAME: address.username, CONF_PASSWORD: address.password}
    return {key: value for key, value in found.items() if value}


@callback
def _errors(hass: HomeAssistant, form: _Form, name: str, data: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong, by field; the dialog shows no error inside a section, only above it."""
    found: dict[str, str | None] = {CONF_NAME: name_error(name)}
    for field, schemes in form.schemes.items():
        if field in data and not _is_address(data[field], schemes):
            found[field if field in form.fields else SECTION_ADVANCED] = "url_invalid"
    if (entity_id := data.get(CONF_ENTITY_ID)) is not None:
        found[CONF_ENTITY_ID] = _entity_error(hass, entity_id)
    if (motion := data.get(CONF_MOTION_ENTITY_ID)) is not None:
        found[SECTION_ADVANCED] = entity_error(hass, motion, _MOTIONS, "motion_unknown") or found.get(SECTION_ADVANCED)
    return {field: error for field, error in found.items() if error is not None}


def _is_address(typed: str, schemes: tuple[str, ...]) -> bool:
    """Tell whether it is an address of one of the schemes."""
    try:
        parse(typed, schemes)
    except SourceError:
        return False
    return True


@callback
def _entity_error(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return why an entity cannot be a source; our own would look at itself."""
    registered = er.async_get(hass).async_get(entity_id)
    if registered is not None and registered.platform == DOMAIN:
        return "entity_is_own"
    return entity_error(hass, entity_id, (Platform.CAMERA.value,), "entity_unknown")


def _key(data: Mapping[str, Any]) -> str:
    """Return what two cameras cannot share; Home Assistant shows it, so an address is only hinted at."""
    if entity_id := data.get(CONF_ENTITY_ID):
        return str(entity_id)
    address: str = data.get(CONF_STILL_URL) or data[CONF_STREAM_URL]
    return hashlib.sha256(address.encode()).hexdigest()[:16]
