"""Simulated companion phones that speak the app's real protocol with Home Assistant."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from time import monotonic
from typing import Final, override

import aiohttp
from aiohttp import web

from . import DemoError
from .api import Api, ApiError, Json, Socket

_APP_ID: Final = "io.home-assistant.demo"
_APP_VERSION: Final = "2026.10.1"
# What the app may change of its registration; Home Assistant logs anything else and answers as if all were well.
_UPDATED: Final = ("app_data", "app_version", "device_name", "manufacturer", "model", "os_version")
_RECONNECT_AFTER: Final = 0.1
_CONNECT_WITHIN: Final = 10.0
_CONFIRM_WITHIN: Final = 1.0


class System(StrEnum):
    """What the phone runs: the two apps report an answer differently."""

    ANDROID = "Android"
    IOS = "iOS"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """How the push service of a phone misbehaves."""

    status: int = HTTPStatus.CREATED
    body: str = "{}"
    content_type: str = "application/json"
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Push:
    """One push as it came in; `at` is when, on the monotonic clock."""

    content: Json
    at: float = field(default_factory=monotonic)

    @property
    def title(self) -> str:
        """Return the title, empty if it has none."""
        return str(self.content.get("title", ""))

    @property
    def message(self) -> str:
        """Return the text, or the command that stands for one."""
        return str(self.content.get("message", ""))

    @property
    def data(self) -> Json:
        """Return what says how it is shown."""
        data: Json = self.content.get("data", {})
        return data

    @property
    def tag(self) -> str | None:
        """Return the tag; a push replaces the shown one of the same tag."""
        return self.data.get("tag")

    @property
    def clears(self) -> bool:
        """Tell whether it takes the notification of its tag away."""
        return self.message == "clear_notification"

    @property
    def buttons(self) -> dict[str, str]:
        """Return the text of each button by its action key."""
        return {button["action"]: button["title"] for button in self.data.get("actions", ())}

    def key(self, answer: str) -> str:
        """Return the action key of an answer (ACK, GO, HERE); raise DemoError if it is not offered."""
        for key in self.buttons:
            if key.startswith(f"RUTAN_{answer}_"):
                return key
        raise DemoError(f"no {answer} button on the push {self.title!r}, only {list(self.buttons)}")

    def flattened(self) -> dict[str, str]:
        """Return it as the Android app echoes it: one level, all text, buttons numbered."""
        flat: dict[str, str] = {key: str(self.content[key]) for key in ("title", "message") if key in self.content}
        for key, value in self.data.items():
            if key != "actions":
                flat[key] = str(value)
        for number, button in enumerate(self.data.get("actions", ()), start=1):
            for key, value in button.items():
                flat[f"action_{number}_{'key' if key == 'action' else key}"] = str(value)
        return flat


class Phone(ABC):
    """A phone with the companion app, logged in as an officer."""

    def __init__(self, api: Api, name: str, device_id: str, system: System) -> None:
        self.name = name
        self.device_id = device_id
        self.system = system
        self.inbox: asyncio.Queue[Push] = asyncio.Queue()
        self.received: list[Push] = []
        self.webhook_id = ""
        self.api = api

    @property
    def notify_action(self) -> str:
        """Return the name of its own notify action."""
        return f"mobile_app_{self.name.lower().replace(' ', '_')}"

    @abstractmethod
    def on(self, webhook_id: str | None = None) -> AbstractAsyncContextManager[None]:
        """Switch it on for a while; it registers anew unless it was registered under this webhook before."""

    async def register(self, webhook_id: str | None) -> None:
        """Register with Home Assistant, or bring the registration up to date."""
        if webhook_id is None:
            answer = await self.api.post("/api/mobile_app/registrations", self._registration())
            self.webhook_id = answer["webhook_id"]
        else:
            self.webhook_id = webhook_id
            registration = self._registration()
            await self._send("update_registration", {key: registration[key] for key in _UPDATED})

    async def answer(self, key: str, shown: Push) -> None:
        """Tap the button with this action key on the shown push."""
        if self.system is System.ANDROID:
            event: Json = {**shown.flattened(), "action": key, "device_id": self.device_id}
        else:
            event = {"action": key, **{k: v for k, v in shown.data.items() if k == "action_data"}}
        await self.fire("mobile_app_notification_action", event)

    async def confirm_received(self, shown: Push) -> None:
        """Send the receipt that only the Android app sends, and only when the push asks for it."""
        if self.system is System.ANDROID and str(shown.data.get("confirmation")).lower() == "true":
            await self.fire("mobile_app_notification_received", {**shown.flattened(), "device_id": self.device_id})

    async def fire(self, event_type: str, data: Json) -> None:
        """Fire an event on Home Assistant's bus as the app does."""
        await self._send("fire_event", {"event_type": event_type, "event_data": data})

    async def scan(self, tag_id: str) -> None:
        """Hold it to a tag."""
        await self._send("scan_tag", {"tag_id": tag_id})

    async def next_push(self, within: float, where: Callable[[Push], bool] = lambda _: True) -> Push:
        """Return the next push that fits, dropping the others; raise DemoError if none comes in time."""
        seen: list[str] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not where(push := await self.inbox.get()):
                    seen.append(push.title or push.message)
                return push
        raise DemoError(f"{self.name} got no such push within {within:g} s, only {seen}")

    async def settle(self, quiet: float = 0.2) -> list[Push]:
        """Return what still comes in until nothing has come for a while."""
        late: list[Push] = []
        with suppress(TimeoutError):
            while True:
                late.append(await asyncio.wait_for(self.inbox.get(), quiet))
        return late

    def drop_all(self) -> None:
        """Forget the pushes that nobody has taken yet."""
        while not self.inbox.empty():
            self.inbox.get_nowait()

    def take(self, content: Json) -> Push:
        """Take a push in."""
        push = Push(content)
        self.received.append(push)
        self.inbox.put_nowait(push)
        return push

    @abstractmethod
    def _app_data(self) -> Json:
        """Return how Home Assistant is to push."""

    def _registration(self) -> Json:
        return {
            "app_id": _APP_ID,
            "app_name": "Home Assistant",
            "app_version": _APP_VERSION,
            "device_name": self.name,
            "device_id": self.device_id,
            "manufacturer": "Apple" if self.system is System.IOS else "Demo",
            "model": "Simulated",
            "os_name": self.system.value,
            # Optional in the schema, but without it the entry of the phone ends in an error.
            "os_version": "26.1" if self.system is System.IOS else "16",
            "supports_encryption": False,
            "app_data": self._app_data(),
        }

    async def _send(self, kind: str, data: Json) -> None:
        """Post to the phone's webhook, which needs no login."""
        url = f"{self.api.url}/api/webhook/{self.webhook_id}"
        async with self.api.session.post(url, json={"type": kind, "data": data}) as response:
            if not response.ok:
                raise ApiError(f"{self.name}: {kind}", response.status, await response.text())


class WebSocketPhone(Phone):
    """A phone in the same network: it holds a connection, confirms each push and reconnects."""

    def __init__(self, api: Api, name: str, device_id: str, system: System = System.ANDROID) -> None:
        super().__init__(api, name, device_id, system)
        self.connected = asyncio.Event()
        self._connection: asyncio.Task[None] | None = None
        self._unconfirmed: asyncio.Queue[str] = asyncio.Queue()

    @override
    @asynccontextmanager
    async def on(self, webhook_id: str | None = None) -> AsyncIterator[None]:
        await self.register(webhook_id)
        await self._connect()
        try:
            yield
        finally:
            await self._disconnect()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Be out of reach for a while."""
        await self._disconnect()
        try:
            yield
        finally:
            await self._connect()

    async def _connect(self) -> None:
        self._connection = asyncio.create_task(self._stay_connected())
        try:
            await asyncio.wait_for(self.connected.wait(), _CONNECT_WITHIN)
        except TimeoutError:
            raise DemoError(f"{self.name} cannot connect") from None

    async def _disconnect(self) -> None:
        """Hang up once everything is confirmed: Home Assistant fails over a push that is not."""
        if self.connected.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._unconfirmed.join(), _CONFIRM_WITHIN)
        if self._connection is not None:
            self._connection.cancel()
            await asyncio.wait({self._connection})
        self.connected.clear()

    @override
    def _app_data(self) -> Json:
        return {"push_websocket_channel": True}

    async def _stay_connected(self) -> None:
        """Connect, and again each time Home Assistant is gone or not far enough yet."""
        while True:
            with suppress(aiohttp.ClientError, ApiError, ConnectionError):
                async with self.api.socket() as socket:
                    await self._listen(socket)
            self.connected.clear()
            await asyncio.sleep(_RECONNECT_AFTER)

    async def _listen(self, socket: Socket) -> None:
        self._unconfirmed = asyncio.Queue()
        channel = "mobile_app/push_notification_channel"
        await socket.command(channel, listener=self._hear, webhook_id=self.webhook_id, support_confirm=True)
        self.connected.set()
        confirming = asyncio.create_task(self._confirm(socket))
        try:
            await socket.until_closed()
        finally:
            confirming.cancel()

    def _hear(self, content: Json) -> None:
        self.take(content)
        self._unconfirmed.put_nowait(content["hass_confirm_id"])

    async def _confirm(self, socket: Socket) -> None:
        """Tell Home Assistant at once: it gives up on the connection after 10 s without."""
        command = "mobile_app/push_notification_confirm"
        while True:
            confirm_id = await self._unconfirmed.get()
            await socket.command(command, webhook_id=self.webhook_id, confirm_id=confirm_id)
            self._unconfirmed.task_done()


class UrlPhone(Phone):
    """A phone reached through a push service, which stands on this machine and can be made to misbehave."""

    def __init__(self, api: Api, name: str, device_id: str, system: System = System.IOS) -> None:
        super().__init__(api, name, device_id, system)
        self._trouble: Trouble | None = None
        self._well = asyncio.Event()
        self._port = 0

    def get_into(self, trouble: Trouble) -> None:
        """Misbehave from now on."""
        self._well.clear()
        self._trouble = trouble

    def recover(self) -> None:
        """Behave well again."""
        self._trouble = None
        self._well.set()

    @override
    @asynccontextmanager
    async def on(self, webhook_id: str | None = None) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/push", self._handle)
        # A push that hangs on purpose must not hold up the end.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self._port = runner.addresses[0][1]
            await self.register(webhook_id)
            yield
        finally:
            await runner.cleanup()

    @override
    def _app_data(self) -> Json:
        return {"push_url": f"http://127.0.0.1:{self._port}/push", "push_token": self.device_id}

    async def _handle(self, request: web.Request) -> web.Response:
        """Answer as the push service does; what it is asked while in trouble is lost."""
        content = await request.json()
        if (trouble := self._trouble) is None:
            self.take(content)
            return web.json_response({"target": "simulated"}, status=HTTPStatus.CREATED)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._well.wait(), trouble.delay)
        return web.Response(status=trouble.status, text=trouble.body, content_type=trouble.content_type)
