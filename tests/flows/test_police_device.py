"""The flow of a police device."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.rutan_blora.police.channels.webhook import signing_key
from homeassistant.config_entries import ConfigSubentry, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import device_registry as dr, entity_registry as er
from tests.flows.browser import add, choose, open_existing, open_menu, send, suggested

PUSH = {"push_url": "http://192.0.2.1/push", "push_token": "token"}
DETAILS = {"officer": "Budi Santoso", "rank": "Aipda", "nrp": "80010001", "unit": "Sat Samapta"}


def phone(hass: HomeAssistant, app_data: dict[str, Any], domain: str = "mobile_app") -> str:
    """Register a phone and return its device id."""
    registration = MockConfigEntry(domain=domain, data={"app_data": app_data})
    registration.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=registration.entry_id, identifiers={(domain, registration.entry_id)}
    )
    return device.id


async def begin(hass: HomeAssistant, entry: MockConfigEntry) -> SubentryFlowResult:
    """Open the form of a new phone."""
    return await choose(hass, await open_menu(hass, entry, "police_device"), "phone")


async def make(hass: HomeAssistant, entry: MockConfigEntry, **fields: Any) -> ConfigSubentry:
    """Make a police device of a phone."""
    return await add(hass, entry, "police_device", "phone", **fields)


async def test_channels(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert (await open_menu(hass, entry, "police_device"))["menu_options"] == [
        "phone",
        "notify",
        "annunciator",
        "mqtt",
        "webhook",
    ]


async def test_phone(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    device_id = phone(hass, PUSH)
    subentry = await make(hass, entry, name=" Piket\nSPKT", device_id=device_id, language="en", officer_details=DETAILS)
    assert subentry.title == "Piket SPKT"
    assert subentry.unique_id == f"police_device_{device_id}"
    assert subentry.data == {"channel": "phone", "device_id": device_id, "tier": 1, "language": "en", **DETAILS}


@pytest.mark.parametrize("language", ["id", "en"])
async def test_language_is_the_facilitys_unless_told_otherwise(
    hass: HomeAssistant, entry: MockConfigEntry, language: str
) -> None:
    hass.config_entries.async_update_entry(entry, options={"language": language})
    subentry = await make(hass, entry, name="Piket", device_id=phone(hass, {"push_websocket_channel": True}))
    assert subentry.data["language"] == language
    assert [subentry.data[key] for key in DETAILS] == ["", "", "", ""]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"name": ""}, {"name": "empty"}),
        ({"name": "x" * 81}, {"name": "too_long"}),
        ({"officer_details": {"unit": "x" * 81}}, {"officer_details": "too_long"}),
        ({"device_id": "nowhere"}, {"device_id": "phone_unknown"}),
        ({"name": "", "device_id": "nowhere"}, {"name": "empty", "device_id": "phone_unknown"}),
    ],
)
async def test_mistakes_are_told_and_can_be_mended(
    hass: HomeAssistant, entry: MockConfigEntry, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    right = {
        "name": "Piket",
        "device_id": phone(hass, PUSH),
        "tier": 2,
        "language": "en",
        "officer_details": DETAILS,
        "advanced": {},
    }
    form = await send(hass, await begin(hass, entry), **right | fields)
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == errors
    assert form["description_placeholders"] == {"max": "80"}
    assert not entry.subentries
    assert suggested(form) == right | fields
    assert (await send(hass, form, **right))["type"] is FlowResultType.CREATE_ENTRY


async def test_device_of_another_integration(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    form = await send(hass, await begin(hass, entry), name="Piket", device_id=phone(hass, PUSH, domain="hue"))
    assert form["errors"] == {"device_id": "phone_unknown"}


@pytest.mark.parametrize("app_data", [{}, {"push_url": "http://192.0.2.1/push"}, {"push_token": "token"}], ids=str)
async def test_phone_without_push(hass: HomeAssistant, entry: MockConfigEntry, app_data: dict[str, str]) -> None:
    form = await send(hass, await begin(hass, entry), name="Piket", device_id=phone(hass, app_data))
    assert form["errors"] == {"device_id": "no_push"}


async def test_one_phone_is_one_police_device(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    device_id = phone(hass, PUSH)
    await make(hass, entry, name="Piket", device_id=device_id)
    result = await send(hass, await begin(hass, entry), name="Kapolsek", device_id=device_id)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert len(entry.subentries) == 1


async def test_reconfigured(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    old, new = phone(hass, PUSH), phone(hass, PUSH)
    subentry = await make(
        hass, entry, name="Piket", device_id=old, language="en", officer_details={**DETAILS, "nrp": ""}
    )
    form = await open_existing(hass, entry, subentry)
    assert form["step_id"] == "phone"
    assert suggested(form) == {
        "name": "Piket",
        "device_id": old,
        "tier": 1,
        "language": "en",
        "officer_details": {**DETAILS, "nrp": ""},
        "advanced": {},
    }
    result = await send(hass, form, name="Kanit", device_id=new, language="id", officer_details=DETAILS)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    changed = entry.subentries[subentry.subentry_id]
    assert changed.title == "Kanit"
    assert changed.unique_id == f"police_device_{new}"
    assert changed.data == {"channel": "phone", "device_id": new, "tier": 1, "language": "id", **DETAILS}


async def test_reconfigured_to_the_phone_of_another(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    mine, other = phone(hass, PUSH), phone(hass, PUSH)
    await make(hass, entry, name="Kanit", device_id=other)
    subentry = await make(hass, entry, name="Piket", device_id=mine)
    form = await open_existing(hass, entry, subentry)
    result = await send(hass, form, name="Piket", device_id=other)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert entry.subentries[subentry.subentry_id].data["device_id"] == mine


async def test_phone_of_the_guards_at_the_gate_is_none_of_the_police(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    device_id = phone(hass, PUSH)
    subentry = await make(hass, entry, name="HP P2U", device_id=device_id, advanced={"gate": True})
    assert subentry.data["gate"] is True
    form = await open_existing(hass, entry, subentry)
    assert suggested(form)["advanced"] == {"gate": True}
    await send(hass, form, name="HP Piket", device_id=device_id, advanced={"gate": False})
    assert "gate" not in entry.subentries[subentry.subentry_id].data


# --- the other channels ---

SECRET = "a secret of sixteen"
ANNUNCIATOR = {"entity_ids": ["siren.post", "light.post"], "duration": 30, "drills": False}
RIGHT: dict[str, dict[str, Any]] = {
    "notify": {"entity_id": "notify.chat"},
    "annunciator": ANNUNCIATOR,
    "mqtt": {"topic": "polres/blora/spkt"},
    "webhook": {"url": "https://polres.example/alarm", "secret": SECRET},
}


@pytest.fixture
def house(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return a facility in a house that has what the channels need."""
    for entity_id in ("notify.chat", "siren.post", "light.post", "tts.voice", "schedule.duty", "sensor.rain"):
        hass.states.async_set(entity_id, "unknown")
    MockConfigEntry(domain="mqtt").add_to_hass(hass)
    return entry


@pytest.mark.parametrize("channel", RIGHT)
async def test_every_channel(hass: HomeAssistant, house: MockConfigEntry, channel: str) -> None:
    subentry = await add(hass, house, "police_device", channel, name="Pos", tier=3, language="en", **RIGHT[channel])
    assert subentry.data == {
        "channel": channel,
        **RIGHT[channel],
        "tier": 3,
        "language": "en",
        **dict.fromkeys(DETAILS, ""),
    }
    assert subentry.unique_id is not None
    assert subentry.unique_id.startswith(f"police_device_{channel}_")
    assert SECRET not in subentry.unique_id


@pytest.mark.parametrize("channel", RIGHT)
async def test_every_channel_can_be_changed(hass: HomeAssistant, house: MockConfigEntry, channel: str) -> None:
    subentry = await add(hass, house, "police_device", channel, name="Pos", **RIGHT[channel])
    form = await open_existing(hass, house, subentry)
    assert form["step_id"] == channel
    shown = suggested(form)
    assert {key: shown[key] for key in RIGHT[channel] if key != "secret"} == {
        key: value for key, value in RIGHT[channel].items() if key != "secret"
    }
    change = {"tier": 2, "advanced": {"duty_entity_id": "schedule.duty"}}
    result = await send(hass, form, name="Pos 2", **RIGHT[channel], **change)
    assert result["reason"] == "reconfigure_successful"
    changed = house.subentries[subentry.subentry_id]
    assert changed.title == "Pos 2"
    assert changed.data == {**subentry.data, "tier": 2, "duty_entity_id": "schedule.duty"}


@pytest.mark.parametrize("channel", RIGHT)
async def test_only_a_phone_can_be_at_the_gate(hass: HomeAssistant, house: MockConfigEntry, channel: str) -> None:
    form = await choose(hass, await open_menu(hass, house, "police_device"), channel)
    with pytest.raises(InvalidData):
        await send(hass, form, name="Pos", **RIGHT[channel], advanced={"gate": True})


@pytest.mark.parametrize("channel", RIGHT)
async def test_nothing_is_told_over_the_same_way_twice(
    hass: HomeAssistant, house: MockConfigEntry, channel: str
) -> None:
    await add(hass, house, "police_device", channel, name="Pos", **RIGHT[channel])
    form = await choose(hass, await open_menu(hass, house, "police_device"), channel)
    result = await send(hass, form, name="Pos lain", **RIGHT[channel])
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize(
    ("channel", "fields", "errors"),
    [
        ("notify", {"entity_id": "notify.gone"}, {"entity_id": "notify_unknown"}),
        ("notify", {"entity_id": "sensor.rain"}, {"entity_id": "notify_unknown"}),
        ("annunciator", {"entity_ids": []}, {"entity_ids": "annunciator_empty"}),
        ("annunciator", {"entity_ids": ["siren.post", "siren.gone"]}, {"entity_ids": "annunciator_unknown"}),
        ("annunciator", {"entity_ids": ["siren.post", "sensor.rain"]}, {"entity_ids": "annunciator_not_allowed"}),
        ("annunciator", {"tts_entity_id": "tts.gone"}, {"tts_entity_id": "tts_unknown"}),
        ("annunciator", {"tts_entity_id": "siren.post"}, {"tts_entity_id": "tts_unknown"}),
        ("mqtt", {"topic": ""}, {"topic": "topic_invalid"}),
        ("mqtt", {"topic": "polres/#"}, {"topic": "topic_invalid"}),
        ("mqtt", {"topic": "polres/+/a"}, {"topic": "topic_invalid"}),
        ("mqtt", {"topic": "$SYS/a"}, {"topic": "topic_invalid"}),
        ("mqtt", {"topic": "polres/"}, {"topic": "topic_invalid"}),
        ("mqtt", {"topic": "a\nb"}, {"topic": "topic_invalid"}),
        ("mqtt", {"topic": "x" * 201}, {"topic": "topic_invalid"}),
        ("webhook", {"url": "polres.example"}, {"url": "url_invalid"}),
        ("webhook", {"url": "ftp://polres.example"}, {"url": "url_invalid"}),
        ("webhook", {"url": "https://"}, {"url": "url_invalid"}),
        ("webhook", {"url": "https://[::1"}, {"url": "url_invalid"}),
        ("webhook", {"url": "https://a:b@polres.example"}, {"url": "url_invalid"}),
        ("webhook", {"url": "http://polres.example/alarm"}, {"url": "url_not_https"}),
        ("webhook", {"url": "http://203.0.113.7/alarm"}, {"url": "url_not_https"}),
        ("webhook", {"secret": "short"}, {"secret": "secret_too_short"}),
        ("webhook", {"secret": ""}, {"secret": "secret_too_short"}),
        ("notify", {"advanced": {"duty_entity_id": "schedule.gone"}}, {"advanced": "duty_unknown"}),
        ("notify", {"advanced": {"duty_entity_id": "sensor.rain"}}, {"advanced": "duty_unknown"}),
        ("notify", {"name": "", "entity_id": "notify.gone"}, {"name": "empty", "entity_id": "notify_unknown"}),
    ],
)
async def test_mistakes_of_every_channel_are_told_and_can_be_mended(
    hass: HomeAssistant, house: MockConfigEntry, channel: str, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    right = {"name": "Pos", **RIGHT[channel]}
    form = await choose(hass, await open_menu(hass, house, "police_device"), channel)
    form = await send(hass, form, **right | fields)
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == errors
    assert not house.subentries
    assert (await send(hass, form, **right))["type"] is FlowResultType.CREATE_ENTRY


async def test_post_needs_mqtt(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    form = await choose(hass, await open_menu(hass, entry, "police_device"), "mqtt")
    form = await send(hass, form, name="Pos", **RIGHT["mqtt"])
    assert form["errors"] == {"base": "mqtt_missing"}


async def test_police_are_not_told_through_themselves(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    own = er.async_get(hass).async_get_or_create("notify", "rutan_blora", "x")
    form = await choose(hass, await open_menu(hass, entry, "police_device"), "notify")
    form = await send(hass, form, name="Pos", entity_id=own.entity_id)
    assert form["errors"] == {"entity_id": "notify_is_own"}


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/a", "http://192.168.1.5/a", "http://pos.local/a"])
async def test_receiver_next_door_needs_no_certificate(hass: HomeAssistant, house: MockConfigEntry, url: str) -> None:
    subentry = await add(hass, house, "police_device", "webhook", name="Pos", url=url, secret=SECRET)
    assert subentry.data["url"] == url


async def test_secret_is_proposed_once_and_never_shown_again(hass: HomeAssistant, house: MockConfigEntry) -> None:
    forms = [await choose(hass, await open_menu(hass, house, "police_device"), "webhook") for _ in range(2)]
    first, second = (suggested(form)["secret"] for form in forms)
    assert first != second
    assert len(signing_key(first)) == 32
    subentry = await add(hass, house, "police_device", "webhook", name="Pos", **RIGHT["webhook"])
    form = await open_existing(hass, house, subentry)
    assert "secret" not in suggested(form)
    result = await send(hass, form, name="Pos", url="https://polres.example/new")
    assert result["reason"] == "reconfigure_successful"
    changed = house.subentries[subentry.subentry_id].data
    assert (changed["url"], changed["secret"]) == ("https://polres.example/new", SECRET)


async def test_entity_is_stored_by_its_id_whatever_the_selector_gives(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    chat = er.async_get(hass).async_get_or_create("notify", "demo", "chat")
    subentry = await add(hass, house, "police_device", "notify", name="Pos", entity_id=chat.id)
    assert subentry.data["entity_id"] == chat.entity_id


async def test_entity_chosen_twice_is_one(hass: HomeAssistant, house: MockConfigEntry) -> None:
    twice = {**ANNUNCIATOR, "entity_ids": ["light.post", "siren.post", "light.post"]}
    subentry = await add(hass, house, "police_device", "annunciator", name="Pos", **twice)
    assert subentry.data["entity_ids"] == ["light.post", "siren.post"]


@pytest.mark.parametrize(("field", "value"), [("tier", 0), ("tier", 10), ("duration", -1), ("duration", 3601)])
async def test_number_out_of_bounds_is_refused(
    hass: HomeAssistant, house: MockConfigEntry, field: str, value: int
) -> None:
    form = await choose(hass, await open_menu(hass, house, "police_device"), "annunciator")
    with pytest.raises(InvalidData):
        await send(hass, form, **{"name": "Pos", **ANNUNCIATOR, field: value})
    assert not house.subentries
