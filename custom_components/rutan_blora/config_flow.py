"""The flows of a facility: making it, changing it, its options; those of its parts are in `flows`."""

from collections.abc import Mapping
import secrets
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
)
from homeassistant.const import CONF_USERNAME, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.selector import BooleanSelector
from homeassistant.util import slugify

from .cctv.camera import make_source
from .cctv.picture import SourceError
from .cctv.source import probe
from .codes import MAX_CODE, MIN_CODE, fits, hash_code
from .const import (
    CONF_CLOSE_CODE,
    CONF_EVIDENCE,
    CONF_JOURNAL_URL,
    CONF_LANGUAGE,
    CONF_REPEAT_INTERVAL,
    CONF_RESPONSE_TIME,
    CONF_RETENTION_DAYS,
    CONF_SITE_NAME,
    CONF_TIER_DELAY,
    CONF_TOKEN_KEY,
    CONF_VISIT_TIMEOUT,
    DEFAULT_REPEAT_INTERVAL,
    DEFAULT_RESPONSE_TIME,
    DEFAULT_RETENTION_DAYS,
    DEFAULT_TIER_DELAY,
    DEFAULT_VISIT_TIMEOUT,
    DOMAIN,
    MAX_NAME,
    MINUTE,
    REAUTH_CAMERA,
    SECTION_REPORT,
    SUBENTRY_CAMERA,
    SUBENTRY_CHECKPOINT,
    SUBENTRY_OFFICER,
    SUBENTRY_PANIC_BUTTON,
    SUBENTRY_PATROL_PLAN,
    SUBENTRY_POLICE_DEVICE,
    Language,
)
from .flows.camera import LOGIN_SCHEMA, CameraFlow
from .flows.checkpoint import CheckpointFlow
from .flows.forms import (
    CODE_NOT_CHANGED,
    ERROR_TOO_LONG,
    FIRST_SETUP,
    LANGUAGE,
    SECRET,
    TEXT,
    clean,
    name_error,
    whole_number,
)
from .flows.journal import address_error
from .flows.officer import OfficerFlow
from .flows.panic_button import PanicButtonFlow
from .flows.patrol_plan import PatrolPlanFlow
from .flows.police_device import PoliceDeviceFlow
from .flows.report import FIELDS as REPORT_FIELDS, MAX_LINES, REPORT, ReportFormError, async_read

# What Home Assistant makes of a name without a letter or digit that it knows.
_NO_SLUG: Final = ("", "unknown")

# What the form never shows again.
_SECRETS: Final = (CONF_CLOSE_CODE, CONF_JOURNAL_URL)

_SITE: Final = {vol.Required(CONF_SITE_NAME): TEXT}
_LANGUAGE: Final = {vol.Required(CONF_LANGUAGE, default=Language.ID.value): LANGUAGE}
_USER_SCHEMA: Final = vol.Schema({**_SITE, **_LANGUAGE})
_RECONFIGURE_SCHEMA: Final = vol.Schema(_SITE)
_OPTIONS_SCHEMA: Final = vol.Schema(
    {
        **_LANGUAGE,
        vol.Required(CONF_TIER_DELAY, default=DEFAULT_TIER_DELAY): whole_number(5, 600, UnitOfTime.SECONDS),
        vol.Required(CONF_REPEAT_INTERVAL, default=DEFAULT_REPEAT_INTERVAL): whole_number(15, 3600, UnitOfTime.SECONDS),
        vol.Required(CONF_RESPONSE_TIME, default=DEFAULT_RESPONSE_TIME): whole_number(60, 7200, UnitOfTime.SECONDS),
        vol.Required(CONF_EVIDENCE, default=True): BooleanSelector(),
        vol.Required(CONF_RETENTION_DAYS, default=DEFAULT_RETENTION_DAYS): whole_number(1, 3650, UnitOfTime.DAYS),
        vol.Required(CONF_VISIT_TIMEOUT, default=DEFAULT_VISIT_TIMEOUT // MINUTE): whole_number(
            5, 1440, UnitOfTime.MINUTES
        ),
        vol.Optional(CONF_CLOSE_CODE): SECRET,
        vol.Optional(CONF_JOURNAL_URL): SECRET,
        vol.Optional(SECTION_REPORT): REPORT,
    }
)


class RutanConfigFlow(ConfigFlow, domain=DOMAIN):
    """Make or change a facility."""

    _camera_id: str

    VERSION = 1
    MINOR_VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flows of a facility's parts."""
        return {
            SUBENTRY_PANIC_BUTTON: PanicButtonFlow,
            SUBENTRY_POLICE_DEVICE: PoliceDeviceFlow,
            SUBENTRY_CAMERA: CameraFlow,
            SUBENTRY_CHECKPOINT: CheckpointFlow,
            SUBENTRY_PATROL_PLAN: PatrolPlanFlow,
            SUBENTRY_OFFICER: OfficerFlow,
        }

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow of the options."""
        return RutanOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which house it is."""
        if user_input is None:
            return self._async_show("user", _USER_SCHEMA, None)
        name = clean(user_input[CONF_SITE_NAME])
        if error := _site_error(name):
            return self._async_show("user", _USER_SCHEMA, user_input, error)
        await self.async_set_unique_id(slugify(name))
        self._abort_if_unique_id_configured()
        return self.async_create_entry(
            title=name,
            data={CONF_SITE_NAME: name, CONF_TOKEN_KEY: secrets.token_hex(32)},
            options={CONF_LANGUAGE: user_input[CONF_LANGUAGE]},
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Lead on to the first panic button, whose flow leads on to the first police device."""
        following = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_PANIC_BUTTON),
            context=SubentryFlowContext(source=SOURCE_USER),
            data=FIRST_SETUP,
        )
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, following["flow_id"])
        return result

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the name of the house.

        The unique id stays: the journal's file is called after it, and a renamed house keeps its record.
        """
        entry = self._get_reconfigure_entry()
        if user_input is None:
            return self._async_show("reconfigure", _RECONFIGURE_SCHEMA, {CONF_SITE_NAME: entry.title})
        name = clean(user_input[CONF_SITE_NAME])
        if error := _site_error(name):
            return self._async_show("reconfigure", _RECONFIGURE_SCHEMA, user_input, error)
        self._async_abort_entries_match({CONF_SITE_NAME: name})
        return self.async_update_and_abort(entry, title=name, data_updates={CONF_SITE_NAME: name})

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for a camera's login: it refuses the one it had."""
        self._camera_id = entry_data[REAUTH_CAMERA]
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Try the login that was typed, and keep it if the camera gives a picture."""
        entry = self._get_reauth_entry()
        if (camera := entry.subentries.get(self._camera_id)) is None:
            return self.async_abort(reason="camera_gone")
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {**camera.data, **user_input}
            try:
                await probe(self.hass, make_source(self.hass, data))
            except SourceError as err:
                errors = {"base": f"source_{err.problem}"}
            else:
                self.hass.config_entries.async_update_subentry(entry, camera, data=data)
                return self.async_abort(reason="reauth_successful")
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(
                LOGIN_SCHEMA, user_input or {CONF_USERNAME: camera.data.get(CONF_USERNAME)}
            ),
            errors=errors,
            description_placeholders={"name": camera.title, "max": str(MAX_NAME)},
        )

    @callback
    def _async_show(
        self, step_id: str, schema: vol.Schema, values: dict[str, Any] | None, error: str | None = None
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors={CONF_SITE_NAME: error} if error else {},
            description_placeholders={"max": str(MAX_NAME)},
        )


class RutanOptionsFlow(OptionsFlow):
    """Change how a facility works."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        shown = dict(self.config_entry.options)
        shown |= dict.fromkeys(shown.keys() & _SECRETS, CODE_NOT_CHANGED)
        shown[SECTION_REPORT] = {field: shown.pop(field) for field in REPORT_FIELDS if field in shown}
        if CONF_VISIT_TIMEOUT in shown:
            shown[CONF_VISIT_TIMEOUT] //= MINUTE
        if user_input is None:
            return self._async_show(shown)
        code, url = (user_input.get(secret, "").strip() for secret in _SECRETS)
        if trouble := await self._secrets_trouble(code, url):
            return self._async_show(user_input, *trouble)
        try:
            report = await async_read(self.hass, user_input.get(SECTION_REPORT, self.config_entry.options))
        except ReportFormError as err:
            # The dialog shows no error inside a section.
            return self._async_show(user_input, {SECTION_REPORT: err.error})
        timeout = user_input[CONF_VISIT_TIMEOUT] * MINUTE
        options = {**self.config_entry.options, **user_input, CONF_VISIT_TIMEOUT: timeout}
        for field in (*_SECRETS, SECTION_REPORT, *REPORT_FIELDS):
            options.pop(field, None)
        kept = {**await self._close_code(code), **self._journal_url(url)}
        return self.async_create_entry(data={**options, **report, **kept})

    async def _secrets_trouble(self, code: str, url: str) -> tuple[dict[str, str], str] | None:
        """Return which secret will not do, and what the server says that is named in one."""
        if code not in ("", CODE_NOT_CHANGED) and not fits(code):
            return {CONF_CLOSE_CODE: "code_unfit"}, ""
        if url in ("", CODE_NOT_CHANGED):
            return None
        trouble = await address_error(self.hass, url, self.config_entry.unique_id or "")
        return ({CONF_JOURNAL_URL: trouble[0]}, trouble[1]) if trouble else None

    async def _close_code(self, code: str) -> dict[str, str]:
        """Return the code as it is stored: the one there is, a new one, or none."""
        if code == CODE_NOT_CHANGED:
            return self._kept(CONF_CLOSE_CODE)
        return {CONF_CLOSE_CODE: await self.hass.async_add_executor_job(hash_code, code)} if code else {}

    def _journal_url(self, url: str) -> dict[str, str]:
        """Return where the journal's copy is kept: as it was, anew, or nowhere."""
        if url == CODE_NOT_CHANGED:
            return self._kept(CONF_JOURNAL_URL)
        return {CONF_JOURNAL_URL: url} if url else {}

    def _kept(self, secret: str) -> dict[str, str]:
        return {key: value for key, value in self.config_entry.options.items() if key == secret}

    @callback
    def _async_show(
        self, values: dict[str, Any], errors: dict[str, str] | None = None, trouble: str = ""
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(_OPTIONS_SCHEMA, values),
            errors=errors,
            description_placeholders={
                "min": str(MIN_CODE),
                "max": str(MAX_CODE),
                "lines": str(MAX_LINES),
                "characters": str(MAX_NAME),
                "error": trouble,
            },
        )


def _site_error(name: str) -> str | None:
    """Return what is wrong with a site's name, None if nothing is; its slug must do as a file name."""
    if error := name_error(name):
        return error
    slug = slugify(name)
    if slug in _NO_SLUG:
        return "no_slug"
    return ERROR_TOO_LONG if len(slug) > MAX_NAME else None
