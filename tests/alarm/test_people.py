"""Who is behind a Home Assistant context."""

import pytest

from custom_components.rutan_blora.actor import Actor, Origin
from custom_components.rutan_blora.alarm.people import People
from homeassistant.auth.const import GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant


@pytest.fixture
async def slamet(hass: HomeAssistant) -> User:
    """Give a user of Home Assistant."""
    return await hass.auth.async_create_user("Slamet")


async def people_of(hass: HomeAssistant) -> People:
    people = People(hass)
    await people.async_load()
    return people


def by(user: User) -> Context:
    return Context(user_id=user.id)


async def test_user_is_known_by_name(hass: HomeAssistant, slamet: User) -> None:
    people = await people_of(hass)
    assert people.actor(by(slamet)) == Actor(origin=Origin.USER, id=slamet.id, name="Slamet")


async def test_nobody_is_behind_what_no_user_did(hass: HomeAssistant) -> None:
    people = await people_of(hass)
    assert people.actor(None) is None
    assert people.actor(Context()) is None


async def test_user_nobody_knows_is_recorded_by_id(hass: HomeAssistant) -> None:
    people = await people_of(hass)
    assert people.actor(Context(user_id="gone")) == Actor(origin=Origin.USER, id="gone", name="")


async def test_user_without_a_name_is_recorded_by_id(hass: HomeAssistant) -> None:
    nameless = await hass.auth.async_create_user("Slamet")
    nameless.name = None
    people = await people_of(hass)
    assert people.actor(by(nameless)) == Actor(origin=Origin.USER, id=nameless.id, name="")


async def test_new_and_renamed_users_are_followed_until_the_end(hass: HomeAssistant, slamet: User) -> None:
    people = await people_of(hass)
    stop = people.start()
    yanto = await hass.auth.async_create_user("Yanto")
    await hass.auth.async_update_user(slamet, name="Slamet Riyadi")
    await hass.async_block_till_done()
    assert [actor.name for user in (slamet, yanto) if (actor := people.actor(by(user)))] == ["Slamet Riyadi", "Yanto"]
    stop()
    joko = await hass.auth.async_create_user("Joko")
    await hass.async_block_till_done()
    assert people.actor(by(joko)) == Actor(origin=Origin.USER, id=joko.id, name="")


async def test_user_may_press_what_he_may_control(hass: HomeAssistant, slamet: User) -> None:
    visitor = await hass.auth.async_create_user("Tamu", group_ids=[GROUP_ID_READ_ONLY])
    guard = await hass.auth.async_create_user("Yanto", group_ids=[GROUP_ID_USER])
    people = await people_of(hass)
    assert people.may_control(None, "button.gate")
    assert people.may_control(slamet.id, "button.gate")
    assert people.may_control(guard.id, "button.gate")
    assert not people.may_control(visitor.id, "button.gate")
    assert not people.may_control("gone", "button.gate")
