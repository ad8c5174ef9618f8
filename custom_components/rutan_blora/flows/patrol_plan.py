"""The flow of a patrol plan: which visits are expected when, and who is told if none comes."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME, WEEKDAYS, UnitOfTime
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    DateSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelectorConfig,
    ObjectSelectorField,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)

from ..const import (
    CONF_CHECKPOINTS,
    CONF_GATE,
    CONF_GRACE,
    CONF_OVERRIDES,
    CONF_POLICE_DEVICES,
    CONF_QUIET_FROM,
    CONF_QUIET_UNTIL,
    CONF_WEEKDAYS,
    CONF_WINDOWS,
    DEFAULT_GRACE,
    MINUTE,
    SUBENTRY_CHECKPOINT,
    SUBENTRY_PATROL_PLAN,
    SUBENTRY_POLICE_DEVICE,
)
from ..patrol.body import plan_from_body, plan_to_body
from ..patrol.plan import Override, PatrolPlan, Window, window_error
from .forms import ERROR_EMPTY, TEXT, RowsSelector, SubentryFlow, choice, clean, name_error, whole_number

SECTION_NOTIFY: Final = "notify"
SECTION_OVERRIDES: Final = "overrides"
MAX_WINDOWS: Final = 24
MAX_VISITS: Final = 20
MAX_OVERRIDES: Final = 50
# Minutes.
MAX_GRACE: Final = 240

_START: Final = "start"
_END: Final = "end"
_VISITS: Final = "visits"
_NAME: Final = "name"
_FIRST: Final = "first"
_LAST: Final = "last"
_TIMES: Final = frozenset({_START, _END})

_TIME: Final = TimeSelector()
_VISITS_BOX: Final = NumberSelector(NumberSelectorConfig(min=1, max=MAX_VISITS, mode=NumberSelectorMode.BOX))
_WINDOWS: Final = RowsSelector(
    ObjectSelectorConfig(
        multiple=True,
        translation_key="patrol_window",
        fields={
            _START: ObjectSelectorField(selector=_TIME, required=True),
            _END: ObjectSelectorField(selector=_TIME, required=True),
            _VISITS: ObjectSelectorField(selector=_VISITS_BOX, required=True, default=1),
        },
    )
)
# A row a window, or one without times for days on which nobody is expected.
_OVERRIDES: Final = RowsSelector(
    ObjectSelectorConfig(
        multiple=True,
        translation_key="patrol_override",
        label_field=_NAME,
        description_field=_FIRST,
        fields={
            _NAME: ObjectSelectorField(selector=TEXT, required=True),
            _FIRST: ObjectSelectorField(selector=DateSelector(), required=True),
            _LAST: ObjectSelectorField(selector=DateSelector(), required=True),
            _START: ObjectSelectorField(selector=_TIME),
            _END: ObjectSelectorField(selector=_TIME),
            _VISITS: ObjectSelectorField(selector=_VISITS_BOX, default=1),
        },
    )
)
_WEEKDAYS: Final = SelectSelector(
    SelectSelectorConfig(options=WEEKDAYS, translation_key="weekday", multiple=True, mode=SelectSelectorMode.LIST)
)

type Row = Mapping[str, Any]


class MistakeError(Exception):
    """Rows that cannot be what they should; `error` names the text that says why."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class PatrolPlanFlow(SubentryFlow):
    """Add or change a patrol plan."""

    async def async_step_reconfigure(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the form the plan was made with."""
        return await self.async_step_user()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask when visits are expected, and where."""
        if self.own_id is None and not self._checkpoints:
            return self.async_abort(reason="no_checkpoints")
        if user_input is None:
            return self._async_show(self._shown(), {})
        name = clean(user_input[CONF_NAME])
        data, errors = read(user_input)
        if error := self.title_error(SUBENTRY_PATROL_PLAN, name):
            errors[CONF_NAME] = error
        if errors:
            return self._async_show(user_input, errors)
        return self.async_save(name, data, f"{SUBENTRY_PATROL_PLAN}_{name.casefold()}")

    @callback
    def _async_show(self, values: Mapping[str, Any] | None, errors: dict[str, str]) -> SubentryFlowResult:
        limits = {"max_windows": str(MAX_WINDOWS), "max_visits": str(MAX_VISITS), "max_overrides": str(MAX_OVERRIDES)}
        return self.async_show("user", _schema(self._checkpoints, self._police_devices), values, errors, limits)

    def _shown(self) -> dict[str, Any] | None:
        """Return what the form is filled in with: what is stored, without what is gone."""
        if (stored := self.stored()) is None:
            return None
        try:
            values = write(stored)
        except TypeError, ValueError:
            # What cannot be read is typed anew.
            return {CONF_NAME: stored[CONF_NAME]}
        notify = values[SECTION_NOTIFY]
        notify[CONF_POLICE_DEVICES] = [d for d in notify[CONF_POLICE_DEVICES] if d in self._police_devices]
        checkpoints = [c for c in values[CONF_CHECKPOINTS] if c in self._checkpoints]
        return {**values, CONF_NAME: stored[CONF_NAME], CONF_CHECKPOINTS: checkpoints}

    @property
    def _checkpoints(self) -> dict[str, str]:
        """Return the names of the facility's checkpoints by their id."""
        return {c.subentry_id: c.title for c in self._get_entry().get_subentries_of_type(SUBENTRY_CHECKPOINT)}

    @property
    def _police_devices(self) -> dict[str, str]:
        """Return the names of the facility's police devices by their id, without those of the guards at the gate."""
        devices = self._get_entry().get_subentries_of_type(SUBENTRY_POLICE_DEVICE)
        return {device.subentry_id: device.title for device in devices if not device.data.get(CONF_GATE)}


def _schema(checkpoints: Mapping[str, str], police_devices: Mapping[str, str]) -> vol.Schema:
    """Return the form; `checkpoints` and `police_devices` are those to choose from, by id."""
    notify: dict[vol.Marker, object] = {
        **({vol.Optional(CONF_POLICE_DEVICES): choice(police_devices, multiple=True)} if police_devices else {}),
        vol.Optional(CONF_QUIET_FROM): _TIME,
        vol.Optional(CONF_QUIET_UNTIL): _TIME,
    }
    overrides: dict[vol.Marker, object] = {vol.Optional(CONF_OVERRIDES): _OVERRIDES}
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TEXT,
            vol.Required(CONF_CHECKPOINTS, default=list(checkpoints)): choice(checkpoints, multiple=True),
            vol.Required(CONF_WEEKDAYS, default=WEEKDAYS): _WEEKDAYS,
            vol.Required(CONF_WINDOWS): _WINDOWS,
            vol.Required(CONF_GRACE, default=DEFAULT_GRACE // MINUTE): whole_number(0, MAX_GRACE, UnitOfTime.MINUTES),
            vol.Optional(SECTION_NOTIFY): section(vol.Schema(notify), {"collapsed": True}),
            vol.Optional(SECTION_OVERRIDES): section(vol.Schema(overrides), {"collapsed": True}),
        }
    )


def read(typed: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what is stored of what was typed, and by field what is wrong with it."""
    notify, errors = typed.get(SECTION_NOTIFY, {}), {}
    weekdays = frozenset(WEEKDAYS.index(day) for day in typed[CONF_WEEKDAYS])
    windows: tuple[Window, ...] = ()
    overrides: tuple[Override, ...] = ()
    try:
        windows = _windows(typed[CONF_WINDOWS], weekdays)
    except MistakeError as err:
        errors[CONF_WINDOWS] = err.error
    try:
        overrides = _overrides(typed.get(SECTION_OVERRIDES, {}).get(CONF_OVERRIDES, ()))
    except MistakeError as err:
        errors[SECTION_OVERRIDES] = err.error
    plan = PatrolPlan(
        id="",
        name="",
        weekdays=weekdays,
        windows=windows,
        grace=timedelta(minutes=typed[CONF_GRACE]),
        checkpoints=frozenset(typed[CONF_CHECKPOINTS]),
        overrides=overrides,
    )
    body = {key: value for key, value in plan_to_body(plan).items() if key != CONF_NAME}
    return {**body, **_notify(notify)}, {**errors, **_errors(plan, notify)}


def _notify(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of whom to tell, and of when that may not sound."""
    quiet = {field: _clock(typed[field]).isoformat() for field in (CONF_QUIET_FROM, CONF_QUIET_UNTIL) if field in typed}
    return {CONF_POLICE_DEVICES: list(dict.fromkeys(typed.get(CONF_POLICE_DEVICES, ()))), **quiet}


def _errors(plan: PatrolPlan, notify: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong beside the windows, by field."""
    ends = [notify.get(field) for field in (CONF_QUIET_FROM, CONF_QUIET_UNTIL)]
    # Quiet hours have two ends that differ, or there are none.
    is_quiet_wrong = ends != [None, None] and (None in ends or ends[0] == ends[1])
    found = {
        CONF_CHECKPOINTS: None if plan.checkpoints else "checkpoints_missing",
        CONF_WEEKDAYS: None if plan.weekdays else "weekdays_missing",
        SECTION_NOTIFY: "quiet_incomplete" if is_quiet_wrong else None,
    }
    return {field: error for field, error in found.items() if error is not None}


def _windows(rows: Collection[Row], weekdays: Iterable[int]) -> tuple[Window, ...]:
    """Return the windows that rows say, earliest first; raise MistakeError if they cannot be those of a plan."""
    if len(rows) > MAX_WINDOWS:
        raise MistakeError("windows_too_many")
    windows = tuple(sorted((_window(row) for row in rows), key=lambda window: window.start))
    if error := window_error(windows, weekdays):
        raise MistakeError(error.value)
    return windows


def _window(row: Row) -> Window:
    if not row.keys() >= _TIMES:
        raise MistakeError("window_incomplete")
    visits = row.get(_VISITS, 1)
    if visits != int(visits):
        raise MistakeError("visits_unfit")
    return Window(start=_clock(row[_START]), end=_clock(row[_END]), visits=int(visits))


def _clock(typed: str) -> time:
    """Return a time of day to the minute: plans know no seconds."""
    return cv.time(typed).replace(second=0)


def _overrides(rows: Collection[Row]) -> tuple[Override, ...]:
    """Return the exceptions that rows say, earliest first; rows of the same name and days are the windows of one."""
    if len(rows) > MAX_OVERRIDES:
        raise MistakeError("overrides_too_many")
    together: dict[tuple[str, date, date], list[Row]] = {}
    for row in rows:
        if not row.keys() >= {_NAME, _FIRST, _LAST}:
            raise MistakeError("override_incomplete")
        key = clean(row[_NAME]), date.fromisoformat(row[_FIRST]), date.fromisoformat(row[_LAST])
        together.setdefault(key, []).append(row)
    overrides = sorted((_override(*key, its) for key, its in together.items()), key=lambda override: override.first)
    if any(following.first <= override.last for override, following in pairwise(overrides)):
        raise MistakeError("overrides_overlap")
    return tuple(overrides)


def _override(name: str, first: date, last: date, rows: Collection[Row]) -> Override:
    """Return one exception; raise MistakeError if it cannot be one."""
    if error := name_error(name):
        raise MistakeError("override_incomplete" if error == ERROR_EMPTY else error)
    if last < first:
        raise MistakeError("override_dates")
    timed = [row for row in rows if row.keys() & _TIMES]
    if timed and len(timed) < len(rows):
        # Nobody is expected, or somebody is: both cannot be.
        raise MistakeError("overrides_overlap")
    days = min((last - first).days + 1, len(WEEKDAYS))
    windows = _windows(timed, {(first + timedelta(days=day)).weekday() for day in range(days)}) if timed else ()
    return Override(name=name, first=first, last=last, windows=windows)


def write(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form shows of a plan; raise ValueError if what is stored is none."""
    plan = plan_from_body("", {CONF_OVERRIDES: [], **stored})
    quiet = {field: stored[field] for field in (CONF_QUIET_FROM, CONF_QUIET_UNTIL) if field in stored}
    return {
        CONF_CHECKPOINTS: sorted(plan.checkpoints),
        CONF_WEEKDAYS: [WEEKDAYS[day] for day in sorted(plan.weekdays)],
        CONF_WINDOWS: [_row(window) for window in plan.windows],
        CONF_GRACE: plan.grace // timedelta(minutes=1),
        SECTION_NOTIFY: {CONF_POLICE_DEVICES: list(stored.get(CONF_POLICE_DEVICES, ())), **quiet},
        SECTION_OVERRIDES: {CONF_OVERRIDES: [row for override in plan.overrides for row in _rows(override)]},
    }


def _row(window: Window) -> Row:
    return {_START: window.start.isoformat(), _END: window.end.isoformat(), _VISITS: window.visits}


def _rows(override: Override) -> list[Row]:
    """Return the rows of an exception: one a window, or one without times."""
    days = {_NAME: override.name, _FIRST: override.first.isoformat(), _LAST: override.last.isoformat()}
    return [{**days, **_row(window)} for window in override.windows] or [days]
