"""The flow of a patrol plan: what it asks, what it refuses, and that whatever it takes is a plan."""

from datetime import date, time, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.rutan_blora.flows.patrol_plan import read, write
from custom_components.rutan_blora.patrol.body import plan_from_body
from custom_components.rutan_blora.patrol.plan import window_error
from homeassistant.config_entries import SOURCE_USER, ConfigSubentry, SubentryFlowContext
from homeassistant.const import WEEKDAYS
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from tests.flows.browser import make as make_part, open_existing, open_new, send, suggested
from tests.flows.test_checkpoint import put

EVENING = {"start": "20:00:00", "end": "22:00:00", "visits": 1}
NIGHT = {"start": "23:00:00", "end": "04:00:00", "visits": 2}
NYEPI = {"name": "Nyepi", "first": "2027-03-08", "last": "2027-03-08"}
LEBARAN = {"name": "Lebaran", "first": "2027-03-09", "last": "2027-03-12"}


@pytest.fixture
def gate(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return a checkpoint of the house."""
    return put(hass, entry, "checkpoint", "Pos utama", location="Gerbang").subentry_id


async def make(hass: HomeAssistant, entry: MockConfigEntry, gate: str, **fields: Any) -> ConfigSubentry:
    """Make a plan."""
    plan = {"name": "Patroli malam", "checkpoints": [gate], "windows": [EVENING], **fields}
    return await make_part(hass, entry, "patrol_plan", **plan)


async def test_plan_needs_a_checkpoint_first(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "patrol_plan"), context=SubentryFlowContext(source=SOURCE_USER)
    )
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_checkpoints")


async def test_plan_is_every_day_at_all_checkpoints_unless_told_otherwise(
    hass: HomeAssistant, entry: MockConfigEntry, gate: str
) -> None:
    yard = put(hass, entry, "checkpoint", "Halaman").subentry_id
    made = await make_part(hass, entry, "patrol_plan", name=" Patroli\nmalam ", windows=[EVENING])
    assert made.title == "Patroli malam"
    assert made.data == {
        "checkpoints": sorted((gate, yard)),
        "weekdays": [0, 1, 2, 3, 4, 5, 6],
        "windows": [EVENING],
        "grace": 900,
        "overrides": [],
        "police_devices": [],
    }


async def test_plan_with_all_there_is(hass: HomeAssistant, entry: MockConfigEntry, gate: str) -> None:
    phone = put(hass, entry, "police_device", "HP Budi", channel="phone", device_id="x").subentry_id
    made = await make(
        hass,
        entry,
        gate,
        weekdays=["sun", "mon"],
        windows=[NIGHT, {"start": "20:00:30", "end": "22:00"}],
        grace=30,
        notify={"police_devices": [phone], "quiet_from": "22:00:00", "quiet_until": "05:00:00"},
        overrides={"overrides": [{**LEBARAN, **NIGHT}, {**LEBARAN, **EVENING}, {**NYEPI}]},
    )
    assert made.data == {
        "checkpoints": [gate],
        "weekdays": [0, 6],
        "windows": [EVENING, NIGHT],
        "grace": 1800,
        "police_devices": [phone],
        "quiet_from": "22:00:00",
        "quiet_until": "05:00:00",
        "overrides": [{**NYEPI, "windows": []}, {**LEBARAN, "windows": [EVENING, NIGHT]}],
    }


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"name": ""}, {"name": "empty"}),
        ({"name": "lain"}, {"name": "name_taken"}),
        ({"checkpoints": []}, {"checkpoints": "checkpoints_missing"}),
        ({"weekdays": []}, {"weekdays": "weekdays_missing"}),
        ({"windows": []}, {"windows": "windows_missing"}),
        ({"windows": [{"start": "20:00:00"}]}, {"windows": "window_incomplete"}),
        ({"windows": [{"start": "20:00:00", "end": ""}]}, {"windows": "window_incomplete"}),
        ({"windows": [{}]}, {"windows": "window_incomplete"}),
        ({"windows": [{**EVENING, "end": "20:00:59"}]}, {"windows": "window_empty"}),
        ({"windows": [EVENING, {**EVENING, "start": "21:59:00"}]}, {"windows": "windows_overlap"}),
        ({"windows": [NIGHT, {"start": "03:59:00", "end": "05:00:00"}]}, {"windows": "windows_overlap"}),
        ({"windows": [{**EVENING, "visits": 1.5}]}, {"windows": "visits_unfit"}),
        (
            {"windows": [{"start": f"{hour:02}:00", "end": f"{hour:02}:30"} for hour in [*range(24), 0]]},
            {"windows": "windows_too_many"},
        ),
        ({"notify": {"quiet_from": "22:00:00"}}, {"notify": "quiet_incomplete"}),
        ({"notify": {"quiet_until": "22:00:00"}}, {"notify": "quiet_incomplete"}),
        ({"notify": {"quiet_from": "22:00:00", "quiet_until": "22:00:00"}}, {"notify": "quiet_incomplete"}),
        ({"overrides": [{**LEBARAN, "last": "2027-03-08"}]}, {"overrides": "override_dates"}),
        ({"overrides": [{**LEBARAN, "name": " "}]}, {"overrides": "override_incomplete"}),
        ({"overrides": [{"name": "Lebaran", "first": "2027-03-09"}]}, {"overrides": "override_incomplete"}),
        ({"overrides": [{**LEBARAN, "name": "x" * 81}]}, {"overrides": "too_long"}),
        ({"overrides": [{**LEBARAN, "start": "20:00:00"}]}, {"overrides": "window_incomplete"}),
        ({"overrides": [{**LEBARAN, **EVENING, "end": "20:00:00"}]}, {"overrides": "window_empty"}),
        ({"overrides": [{**LEBARAN, **EVENING}, {**LEBARAN, **EVENING}]}, {"overrides": "windows_overlap"}),
        ({"overrides": [{**LEBARAN, **EVENING}, LEBARAN]}, {"overrides": "overrides_overlap"}),
        ({"overrides": [LEBARAN, {**LEBARAN, "name": "Idulfitri"}]}, {"overrides": "overrides_overlap"}),
        ({"overrides": [LEBARAN, {**NYEPI, "last": "2027-03-09"}]}, {"overrides": "overrides_overlap"}),
        (
            {"overrides": [{**NYEPI, "first": f"20{n:02}-01-01", "last": f"20{n:02}-01-01"} for n in range(51)]},
            {"overrides": "overrides_too_many"},
        ),
        (
            {"name": "", "windows": [], "overrides": [{**LEBARAN, "last": "2027-03-08"}]},
            {"name": "empty", "windows": "windows_missing", "overrides": "override_dates"},
        ),
    ],
)
async def test_mistakes_are_told_and_can_be_mended(
    hass: HomeAssistant, entry: MockConfigEntry, gate: str, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    put(hass, entry, "patrol_plan", "Lain")
    right = {"name": "Malam", "checkpoints": [gate], "weekdays": ["mon", "tue"], "windows": [EVENING], "grace": 15}
    if "overrides" in fields:
        fields = {**fields, "overrides": {"overrides": fields["overrides"]}}
    form = await send(hass, await open_new(hass, entry, "patrol_plan"), **right | fields)
    assert (form["type"], form["errors"]) == (FlowResultType.FORM, errors)
    assert len(entry.subentries) == 2
    assert (await send(hass, form, **right))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "fields",
    [
        {"checkpoints": ["elsewhere"]},
        {"weekdays": ["someday"]},
        {"windows": "20-22"},
        {"windows": [1]},
        {"windows": [{**EVENING, "start": "25:00"}]},
        {"windows": [{**EVENING, "visits": 0}]},
        {"windows": [{**EVENING, "visits": 21}]},
        {"windows": [{**EVENING, "colour": "red"}]},
        {"grace": 241},
        {"notify": {"police_devices": ["gate_phone"]}},
        {"overrides": {"overrides": [{**LEBARAN, "first": "soon"}]}},
    ],
)
async def test_what_no_form_sends_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, gate: str, fields: dict[str, Any]
) -> None:
    put(hass, entry, "police_device", "HP P2U", channel="phone", device_id="x", gate=True)
    put(hass, entry, "police_device", "HP Budi", channel="phone", device_id="y")
    form = await open_new(hass, entry, "patrol_plan")
    with pytest.raises(InvalidData):
        await send(hass, form, **{"name": "Malam", "checkpoints": [gate], "windows": [EVENING], **fields})
    assert not list(entry.get_subentries_of_type("patrol_plan"))


async def test_guards_at_the_gate_are_not_told_of_visits_that_do_not_come(
    hass: HomeAssistant, entry: MockConfigEntry, gate: str
) -> None:
    budi = put(hass, entry, "police_device", "HP Budi", channel="phone", device_id="y").subentry_id
    put(hass, entry, "police_device", "HP P2U", channel="phone", device_id="x", gate=True)
    form = await open_new(hass, entry, "patrol_plan")
    assert form["data_schema"] is not None
    chosen = form["data_schema"].schema["notify"].schema.schema["police_devices"]
    assert chosen.config["options"] == [{"value": budi, "label": "HP Budi"}]


async def test_changed_plan_shows_what_is_stored_without_what_is_gone(
    hass: HomeAssistant, entry: MockConfigEntry, gate: str
) -> None:
    yard = put(hass, entry, "checkpoint", "Halaman")
    phone = put(hass, entry, "police_device", "HP Budi", channel="phone", device_id="x")
    made = await make(
        hass,
        entry,
        gate,
        checkpoints=[gate, yard.subentry_id],
        weekdays=["fri"],
        windows=[EVENING, NIGHT],
        notify={"police_devices": [phone.subentry_id], "quiet_from": "22:00:00", "quiet_until": "05:00:00"},
        overrides={"overrides": [{**LEBARAN, **EVENING}, {**LEBARAN, **NIGHT}, NYEPI]},
    )
    for gone in (yard, phone):
        hass.config_entries.async_remove_subentry(entry, gone.subentry_id)
    form = await open_existing(hass, entry, made)
    assert suggested(form) == {
        "name": "Patroli malam",
        "checkpoints": [gate],
        "weekdays": ["fri"],
        "windows": [EVENING, NIGHT],
        "grace": 15,
        "notify": {"quiet_from": "22:00:00", "quiet_until": "05:00:00"},
        "overrides": {"overrides": [NYEPI, {**LEBARAN, **EVENING}, {**LEBARAN, **NIGHT}]},
    }
    result = await send(
        hass, form, name="Malam", checkpoints=[gate], weekdays=["sat"], windows=[NIGHT], grace=0, notify={}
    )
    assert result["reason"] == "reconfigure_successful"
    changed = entry.subentries[made.subentry_id]
    assert changed.title == "Malam"
    assert changed.data == {
        "checkpoints": [gate],
        "weekdays": [5],
        "windows": [NIGHT],
        "grace": 0,
        "overrides": [],
        "police_devices": [],
    }


async def test_plan_that_has_lost_its_last_checkpoint_says_so_in_its_form(
    hass: HomeAssistant, entry: MockConfigEntry, gate: str
) -> None:
    made = await make(hass, entry, gate)
    hass.config_entries.async_remove_subentry(entry, gate)
    form = await open_existing(hass, entry, made)
    form = await send(hass, form, name="Malam", checkpoints=[], windows=[EVENING])
    assert form["errors"] == {"checkpoints": "checkpoints_missing"}


@pytest.mark.parametrize(
    "damage", [{"windows": "at night"}, {"grace": None}, {"overrides": [{}]}, {"police_devices": 5}]
)
async def test_damaged_plan_is_typed_anew(
    hass: HomeAssistant, entry: MockConfigEntry, gate: str, damage: dict[str, Any]
) -> None:
    made = await make(hass, entry, gate)
    hass.config_entries.async_update_subentry(entry, made, data={**made.data, **damage})
    form = await open_existing(hass, entry, made)
    assert suggested(form) == {"name": "Patroli malam", "notify": {}, "overrides": {}}
    result = await send(hass, form, name="Malam", checkpoints=[gate], windows=[EVENING])
    assert result["reason"] == "reconfigure_successful"


# --- whatever is taken is a plan ---

CLOCKS = st.builds(time, hour=st.integers(0, 23), minute=st.integers(0, 59)).map(time.isoformat)
WINDOWS = st.lists(
    st.fixed_dictionaries({"start": CLOCKS, "end": CLOCKS}, optional={"visits": st.integers(1, 20).map(float)}),
    max_size=4,
)


@st.composite
def overrides(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw exceptions as they are typed."""
    rows: list[dict[str, Any]] = []
    for name in draw(st.lists(st.sampled_from(["Lebaran", "Nyepi", "Natal"]), max_size=3)):
        first = draw(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
        last = first + timedelta(days=draw(st.integers(-1, 20)))
        days = {"name": name, "first": first.isoformat(), "last": last.isoformat()}
        rows += [{**days, **window} for window in draw(WINDOWS)] or [days]
    return rows


TYPED = st.fixed_dictionaries(
    {
        "checkpoints": st.lists(st.sampled_from(["a", "b", "c"]), max_size=4),
        "weekdays": st.lists(st.sampled_from(WEEKDAYS), max_size=8),
        "windows": WINDOWS,
        "grace": st.integers(0, 240),
        "notify": st.fixed_dictionaries({}, optional={"quiet_from": CLOCKS, "quiet_until": CLOCKS}),
        "overrides": st.fixed_dictionaries({}, optional={"overrides": overrides()}),
    }
)


@given(typed=TYPED)
def test_whatever_is_taken_is_a_plan_and_shown_as_it_was_typed(typed: dict[str, Any]) -> None:
    data, errors = read(typed)
    if errors:
        return
    plan = plan_from_body("p", {**data, "name": "Malam"})
    assert window_error(plan.windows, plan.weekdays) is None
    assert plan.checkpoints
    assert {WEEKDAYS[day] for day in plan.weekdays} == set(typed["weekdays"])
    assert len(plan.windows) == len(typed["windows"])
    assert sum(max(1, len(o.windows)) for o in plan.overrides) <= len(typed["overrides"].get("overrides", ()))
    again, errors = read(write({**data, "name": "Malam"}))
    assert (again, errors) == (data, {})
