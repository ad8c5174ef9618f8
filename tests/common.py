"""A pretended detention house: its facility in Home Assistant, its buttons, and the phones of the police."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from http import HTTPStatus
import json
from pathlib import Path
import sqlite3
import threading
from types import MappingProxyType
from typing import Any, Final
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.rutan_blora import sensor
from custom_components.rutan_blora.const import DOMAIN
from custom_components.rutan_blora.facility import Facility
from custom_components.rutan_blora.journal.record import Draft
from custom_components.rutan_blora.kept import async_let_go
from demo.phone import Push
from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.auth.models import User
from homeassistant.components.mobile_app.const import DATA_PUSH_CHANNEL
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry, ConfigSubentryDataWithId
from homeassistant.core import Context, HomeAssistant, ServiceCall, ServiceResponse, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util, slugify

SITE: Final = "Rutan Blora"
ENTRY_ID: Final = "01RUTANBLORA00000000000000"
TOKEN_KEY: Final = "5ec2e7" * 10
MARK: Final = "test_mark"

# How long a test waits for what must come (seconds); only a failing one waits that long.
PATIENCE: Final = 3.0
_PAUSE: Final = 0.002

type Json = dict[str, Any]
# A patrol plan's window.
EVENING: Final[Json] = {"start": "20:00:00", "end": "22:00:00", "visits": 1}

type Behaviour = Callable[[Push], Awaitable[None]]


def panic_button(
    title: str = "Gerbang",
    *,
    entity_id: str | None = None,
    webhook_id: str | None = None,
    kind: str = "panic",
    location: str = "Pintu Utama",
    **data: Any,
) -> ConfigSubentryDataWithId:
    """Return a panic button; virtual unless it has an entity or a webhook. Its id is the slug of its title."""
    unique_id = f"panic_button_{entity_id or webhook_id or slugify(title)}"
    if entity_id is not None:
        data |= {"source": "entity", "entity_id": entity_id}
    elif webhook_id is not None:
        data |= {"source": "webhook", "webhook_id": webhook_id}
    else:
        data |= {"source": "virtual"}
    return ConfigSubentryDataWithId(
        subentry_id=slugify(title),
        subentry_type="panic_button",
        title=title,
        unique_id=unique_id,
        data={"kind": kind, "location": location, **data},
    )


def police_phone(title: str, device_id: str, *, language: str = "id", **data: Any) -> ConfigSubentryDataWithId:
    """Return a police device reached by phone. Its id is the slug of its title."""
    return ConfigSubentryDataWithId(
        subentry_id=slugify(title),
        subentry_type="police_device",
        title=title,
        unique_id=f"police_device_{device_id}",
        data={"channel": "phone", "device_id": device_id, "language": language, **data},
    )


def police_device(title: str, channel: str, *, language: str = "id", **data: Any) -> ConfigSubentryDataWithId:
    """Return a police device reached by another channel. Its id is the slug of its title."""
    return ConfigSubentryDataWithId(
        subentry_id=slugify(title),
        subentry_type="police_device",
        title=title,
        unique_id=f"police_device_{slugify(title)}",
        data={"channel": channel, "language": language, "tier": 1, **data},
    )


def perimeter_camera(title: str, *, interval: float = 0.01, **data: Any) -> ConfigSubentryDataWithId:
    """Return a perimeter camera whose pictures come from an address nobody asks. Its id is the slug of its title."""
    return ConfigSubentryDataWithId(
        subentry_id=slugify(title),
        subentry_type="camera",
        title=title,
        unique_id=f"camera_{slugify(title)}",
        data={
            "source": "http",
            "still_url": f"http://127.0.0.1:9/{slugify(title)}.jpg",
            "verify_ssl": True,
            "interval": interval,
            "max_age": 30,
            "position": 99,
            **data,
        },
    )


def checkpoint(title: str = "Pos utama", **data: Any) -> ConfigSubentryDataWithId:
    """Return a checkpoint. Its id is the slug of its title."""
    return _visit_part("checkpoint", title, data)


def officer(title: str, **data: Any) -> ConfigSubentryDataWithId:
    """Return an officer that the house knows. His id is the slug of his name."""
    return _visit_part("officer", title, data)


def patrol_plan(
    title: str = "Patroli malam", *checkpoints: str, windows: tuple[Json, ...] = (EVENING,), **data: Any
) -> ConfigSubentryDataWithId:
    """Return a plan for every day at checkpoints by their ids, by default the one above. Its id is its title's slug."""
    places = list(checkpoints or ("pos_utama",))
    plan = {"checkpoints": places, "weekdays": list(range(7)), "windows": list(windows), "grace": 900}
    return _visit_part("patrol_plan", title, {**plan, **data})


def _visit_part(kind: str, title: str, data: Json) -> ConfigSubentryDataWithId:
    return ConfigSubentryDataWithId(
        subentry_id=slugify(title),
        subentry_type=kind,
        title=title,
        unique_id=f"{kind}_{slugify(title)}",
        data=data,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the journal as it stands on the disk."""

    seq: int
    kind: str
    incident: str | None
    subject: str | None
    body: str

    @property
    def loaded(self) -> Json:
        """Return the body."""
        body: Json = json.loads(self.body)
        return body


class FakePhone:
    """An officer's phone, registered with Home Assistant through the real mobile_app.

    It gets its pushes over a real WebSocket once it is connected; `take_over` puts the test in the place of its notify
    action instead, so that what left is known without waiting.
    """

    def __init__(self, house: House, name: str, user: User, device_id: str) -> None:
        self.name = name
        self.user = user
        self.device_id = device_id
        self.webhook_id = ""
        self.id = ""
        # What has left for the phone, in order; filled at once, before anything is sent over a socket.
        self.pushes: list[Push] = []
        self._house = house
        self._inbox: asyncio.Queue[Push] = asyncio.Queue()
        self._pongs: asyncio.Queue[int] = asyncio.Queue()
        self._socket: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._message_id = 0

    @property
    def action(self) -> str:
        """Return the name of the phone's notify action."""
        return f"mobile_app_{slugify(self.name)}"

    @property
    def last(self) -> Push:
        """Return the push that left last."""
        return self.pushes[-1]

    @property
    def titles(self) -> list[str]:
        """Return the titles of all pushes that left."""
        return [push.title or push.message for push in self.pushes]

    def police_device(self, title: str | None = None, **data: Any) -> ConfigSubentryDataWithId:
        """Return the phone as a police device."""
        return police_phone(title or self.name, self.id, **data)

    def take_over(self, behaviour: Behaviour | None = None) -> None:
        """Take the phone's notify action over: keep every push, then behave."""

        async def notify(call: ServiceCall) -> None:
            push = Push({key: value for key, value in call.data.items() if key != "target"})
            self.pushes.append(push)
            if behaviour is not None:
                await behaviour(push)

        self._house.hass.services.async_register("notify", self.action, notify)

    async def connect(self) -> None:
        """Open the app's WebSocket and take pushes over it."""
        hass = self._house.hass
        self._socket = await (await self._house.client()).ws_connect("/api/websocket")
        assert (await self._socket.receive_json())["type"] == "auth_required"
        await self._socket.send_json({"type": "auth", "access_token": await self._house.access_token(self.user)})
        assert (await self._socket.receive_json())["type"] == "auth_ok"
        await self._send("mobile_app/push_notification_channel", webhook_id=self.webhook_id, support_confirm=True)
        assert (await self._socket.receive_json())["success"]
        channel = hass.data["mobile_app"][DATA_PUSH_CHANNEL][self.webhook_id]
        send = channel._send_message

        def leave(data: Json) -> None:
            self.pushes.append(Push({key: value for key, value in data.items() if key != "hass_confirm_id"}))
            send(data)

        channel._send_message = leave
        self._reader = asyncio.create_task(self._read())

    async def disconnect(self) -> None:
        """Close the WebSocket once all pushes are confirmed; Home Assistant waits for those that are not."""
        if self._reader is None:
            return
        for _ in range(2):
            await self._send("ping")
            await until(lambda: not self._pongs.empty())
            self._pongs.get_nowait()
        await self._socket.close()
        await self._reader
        self._reader = None
        await self._house.hass.async_block_till_done()

    async def next_push(self) -> Push:
        """Return the next push that came over the WebSocket."""
        await until(lambda: not self._inbox.empty())
        return self._inbox.get_nowait()

    async def answer(self, answer: str, push: Push | None = None) -> None:
        """Tap one of the buttons (ACK, GO, HERE) as the Android app does."""
        push = push or self.last
        await self.fire(
            "mobile_app_notification_action",
            {**push.flattened(), "action": push.key(answer), "device_id": self.device_id},
        )

    async def confirm(self, push: Push | None = None) -> None:
        """Send the receipt that the Android app sends."""
        push = push or self.last
        await self.fire("mobile_app_notification_received", {**push.flattened(), "device_id": self.device_id})

    async def fire(self, event_type: str, event_data: Json) -> None:
        """Fire an event through the phone's own webhook."""
        await self.send("fire_event", {"event_type": event_type, "event_data": event_data})

    async def send(self, kind: str, data: Json) -> None:
        """Send a message of the app to Home Assistant."""
        client = await self._house.client()
        response = await client.post(f"/api/webhook/{self.webhook_id}", json={"type": kind, "data": data})
        assert response.status in (HTTPStatus.OK, HTTPStatus.CREATED)
        await turns()

    async def _send(self, kind: str, **data: Any) -> None:
        self._message_id += 1
        await self._socket.send_json({"id": self._message_id, "type": kind, **data})

    async def _read(self) -> None:
        """Take pushes in and confirm each, until the connection is closed."""
        async for message in self._socket:
            content = message.json()
            if content["type"] == "pong":
                self._pongs.put_nowait(content["id"])
            elif content["type"] == "event":
                push = content["event"]
                await self._send(
                    "mobile_app/push_notification_confirm",
                    webhook_id=self.webhook_id,
                    confirm_id=push.pop("hass_confirm_id"),
                )
                self._inbox.put_nowait(Push(push))


class House:
    """A detention house in a Home Assistant of its own."""

    def __init__(self, hass: HomeAssistant, folder: Path, connect: ClientSessionGenerator) -> None:
        hass.config.config_dir = str(folder)
        self.hass = hass
        self.journal_path = folder / DOMAIN / f"{slugify(SITE)}.db"
        self.entry: MockConfigEntry = MockConfigEntry()
        self._connect = connect
        self._client: TestClient[Any, Any] | None = None
        self._phones: list[FakePhone] = []
        self._marks = 0

    # --- the parts ---

    @property
    def facility(self) -> Facility:
        """Return the runtime of the facility."""
        facility: Facility = self.entry.runtime_data
        return facility

    async def client(self) -> TestClient[Any, Any]:
        """Return a client of Home Assistant's web server that is not logged in."""
        if self._client is None:
            for component in ("calendar", "camera", "image", "rutan_blora", "stream"):
                assert await async_setup_component(self.hass, component, {})
            # Whatever still sets itself up must have its pages before the server starts.
            await self.hass.async_block_till_done()
            self._client = await self._connect()
        return self._client

    async def access_token(self, user: User) -> str:
        """Log a user in."""
        token = await self.hass.auth.async_create_refresh_token(user, "https://example.com/app")
        return self.hass.auth.async_create_access_token(token)

    async def user(self, name: str) -> User:
        """Return a new user of Home Assistant, who is no administrator."""
        return await self.hass.auth.async_create_user(name, group_ids=[GROUP_ID_USER])

    async def pair(
        self, name: str, *, user: User | None = None, app_data: Json | None = None, manufacturer: str = "Samsung"
    ) -> FakePhone:
        """Register a phone as the companion app does; by default it can be reached over its WebSocket only."""
        assert await async_setup_component(self.hass, "mobile_app", {})
        user = user or await self.user(name)
        phone = FakePhone(self, name, user, f"app-{len(self._phones)}-{slugify(name)}")
        response = await (await self.client()).post(
            "/api/mobile_app/registrations",
            headers={"Authorization": f"Bearer {await self.access_token(user)}"},
            json={
                "app_id": "io.homeassistant.companion",
                "app_name": "Home Assistant",
                "app_version": "2026.10.1",
                "device_name": name,
                "device_id": phone.device_id,
                "manufacturer": manufacturer,
                "model": "A16",
                "os_name": "iOS" if manufacturer == "Apple" else "Android",
                "os_version": "16",
                "supports_encryption": False,
                "app_data": {"push_websocket_channel": True} if app_data is None else app_data,
            },
        )
        assert response.status == HTTPStatus.CREATED
        phone.webhook_id = (await response.json())["webhook_id"]
        await self.hass.async_block_till_done()
        phone.id = self.hass.data["mobile_app"]["devices"][phone.webhook_id].id
        self._phones.append(phone)
        return phone

    async def pair_taken_over(self, name: str, **registration: Any) -> FakePhone:
        """Register a phone and take its notify action over."""
        phone = await self.pair(name, **registration)
        phone.take_over()
        return phone

    def phone_entry(self, phone: FakePhone) -> ConfigEntry:
        """Return the registration of a phone."""
        device = dr.async_get(self.hass).async_get(phone.id)
        assert device is not None
        return self.hass.config_entries.async_get_known_entry(device.config_entry_id)

    async def remove_phone(self, phone: FakePhone) -> None:
        """Delete a phone from Home Assistant."""
        await self.hass.config_entries.async_remove(self.phone_entry(phone).entry_id)
        await self.hass.async_block_till_done()

    async def leave(self) -> None:
        """Switch the phones off."""
        for phone in self._phones:
            await phone.disconnect()

    # --- the facility's life ---

    def add(self, *parts: ConfigSubentryDataWithId, title: str = SITE) -> MockConfigEntry:
        """Add the facility without setting it up."""
        self.entry = MockConfigEntry(
            domain=DOMAIN,
            entry_id=ENTRY_ID,
            title=title,
            unique_id=slugify(SITE),
            data={"site_name": title, "token_key": TOKEN_KEY},
            options={"language": "id"},
            subentries_data=parts,
        )
        self.entry.add_to_hass(self.hass)
        return self.entry

    async def set_up(self, *parts: ConfigSubentryDataWithId, title: str = SITE) -> None:
        """Add the facility and set it up."""
        self.add(*parts, title=title)
        assert await self.hass.config_entries.async_setup(ENTRY_ID)
        await self.hass.async_block_till_done()

    async def add_part(self, part: ConfigSubentryDataWithId) -> None:
        """Add a part, as its dialog does."""
        subentry = ConfigSubentry(
            data=MappingProxyType(part["data"]),
            subentry_id=part["subentry_id"],
            subentry_type=part["subentry_type"],
            title=part["title"],
            unique_id=part["unique_id"],
        )
        self.hass.config_entries.async_add_subentry(self.entry, subentry)
        await self.hass.async_block_till_done()

    async def remove_part(self, title: str) -> None:
        """Remove a part, as the UI does."""
        self.hass.config_entries.async_remove_subentry(self.entry, slugify(title))
        await self.hass.async_block_till_done()

    async def reload(self) -> None:
        """Reload the facility."""
        assert await self.hass.config_entries.async_reload(ENTRY_ID)
        await self.hass.async_block_till_done()

    async def unload(self) -> None:
        """Unload the facility."""
        assert await self.hass.config_entries.async_unload(ENTRY_ID)
        await self.hass.async_block_till_done()

    async def switch_off(self) -> None:
        """Unload the facility and forget all but its journal, as when Home Assistant is off."""
        await self.unload()
        await async_let_go(self.hass, ENTRY_ID)

    async def set_up_again(self) -> None:
        """Set up the facility that was unloaded."""
        assert await self.hass.config_entries.async_setup(ENTRY_ID)
        await self.hass.async_block_till_done()

    async def restart(self) -> None:
        """Let the facility go through a restart of Home Assistant."""
        await self.switch_off()
        await self.set_up_again()

    @asynccontextmanager
    async def reloading(self) -> AsyncIterator[None]:
        """Hold a reload where the facility is away: unloaded, and not set up again until this ends."""
        async with self._held(Facility, "async_open"):
            yield

    @asynccontextmanager
    async def unloading(self) -> AsyncIterator[None]:
        """Hold a reload near its beginning, where the entities are gone, until this ends."""
        async with self._held(Facility, "async_close"):
            yield

    @asynccontextmanager
    async def setting_up(self) -> AsyncIterator[None]:
        """Hold a set-up or reload near its end, where some platforms are there already, until this ends."""
        async with self._held(sensor, "async_setup_entry"):
            yield

    @asynccontextmanager
    async def _held(self, owner: object, name: str) -> AsyncIterator[None]:
        """Set the facility up, or reload it, and hold it at a function until this ends."""
        entered, go_on, original = asyncio.Event(), asyncio.Event(), getattr(owner, name)

        async def held(*args: Any) -> None:
            entered.set()
            await go_on.wait()
            await original(*args)

        with patch.object(owner, name, held):
            again = self.hass.async_create_task(self.hass.config_entries.async_reload(ENTRY_ID))
            await entered.wait()
            try:
                yield
            finally:
                go_on.set()
                await again
        await self.hass.async_block_till_done()

    # --- what people and hardware do ---

    async def call(self, action: str, user: User | None = None, /, **data: Any) -> Json:
        """Call an action of the facility and return its response."""
        response: ServiceResponse = await self.hass.services.async_call(
            DOMAIN,
            action,
            {"config_entry_id": ENTRY_ID, **data},
            blocking=True,
            context=context_of(user),
            return_response=True,
        )
        await turns()
        assert response is not None
        return dict(response)

    async def press_entity(self, key: str = "panic", title: str | None = "Gerbang", user: User | None = None) -> None:
        """Press a button entity."""
        await self.hass.services.async_call(
            "button",
            "press",
            {"entity_id": self.entity_id("button", key, title)},
            blocking=True,
            context=context_of(user),
        )
        await turns()

    # --- what is seen ---

    def entity_id(self, platform: str, key: str, title: str | None = None) -> str:
        """Return the id of an entity, of the facility or of the part with this title."""
        unique_id = f"{ENTRY_ID}_{key}" if title is None else f"{ENTRY_ID}_{slugify(title)}_{key}"
        entity_id = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, unique_id)
        assert entity_id is not None, unique_id
        return entity_id

    def entity(self, platform: str, key: str, title: str | None = None) -> State:
        """Return the state object of an entity."""
        state = self.hass.states.get(self.entity_id(platform, key, title))
        assert state is not None
        return state

    def state(self, platform: str, key: str, title: str | None = None) -> str:
        """Return the state of an entity."""
        return self.entity(platform, key, title).state

    async def rows(self, *kinds: str) -> list[Row]:
        """Return what stands in the journal, of some kinds or of all, once all so far is on the disk."""
        if self.entry.state is ConfigEntryState.LOADED:
            self._marks += 1
            mark = f'{{"mark":{self._marks}}}'
            self.facility.kept.journal.append(Draft(kind=MARK, at=dt_util.utcnow(), body={"mark": self._marks}))

            def is_marked() -> bool:
                with suppress(sqlite3.OperationalError):
                    return any(row.body == mark for row in self._read())
                return False

            await until(is_marked)
        return [row for row in self._read() if row.kind != MARK and (not kinds or row.kind in kinds)]

    def _read(self) -> list[Row]:
        with closing(sqlite3.connect(self.journal_path)) as database:
            rows = database.execute("SELECT seq, kind, incident, subject, body FROM records ORDER BY seq")
            return [Row(*row) for row in rows]


def context_of(user: User | None) -> Context:
    """Return the context of what a user does, or of what nobody does."""
    return Context(user_id=user.id if user else None)


async def turns() -> None:
    """Let listeners hear what has just happened; whatever waits for something else goes on waiting."""
    for _ in range(10):
        await asyncio.sleep(0)


async def until(is_so: Callable[[], bool], *, within: float = PATIENCE) -> None:
    """Wait until something is so that happens in another thread or over a socket; also while time stands still."""
    pause = threading.Event()
    for _ in range(int(within / _PAUSE)):
        if is_so():
            return
        await asyncio.to_thread(pause.wait, _PAUSE)
    raise AssertionError("it never came so far")
