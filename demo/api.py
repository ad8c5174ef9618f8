"""Home Assistant's public interface over HTTP and WebSocket, as one user has it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic
from typing import Any, Final, Self

import aiohttp

from custom_components.rutan_blora.cctv.multipart import Parts

from . import DemoError

type Json = dict[str, Any]
type Listener = Callable[[Json], None]

# How often to look again where Home Assistant offers nothing to wait on.
_POLL: Final = 0.05
_ANSWER_WITHIN: Final = 30.0


class ApiError(DemoError):
    """Home Assistant refused; `code` is the HTTP status or the WebSocket error code."""

    def __init__(self, what: str, code: int | str, answer: object) -> None:
        super().__init__(f"{what}: {code} {answer}")
        self.code = code


class Api:
    """What one user can ask for."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self.session = session
        self.url = url
        self.token = token

    async def get(self, path: str) -> Any:
        """Return the JSON at a path."""
        return await self._request("GET", path)

    async def picture(self, path: str) -> bytes:
        """Return the picture at a path."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.get(self.url + path, headers=headers) as response:
            response.raise_for_status()
            return await response.read()

    async def motion(self, path: str) -> AsyncGenerator[bytes]:
        """Give the pictures of a motion JPEG stream at a path as they come."""
        headers = {"Authorization": f"Bearer {self.token}"}
        parts = Parts("frameboundary")
        async with self.session.get(self.url + path, headers=headers) as response:
            response.raise_for_status()
            async for chunk in response.content.iter_any():
                for picture in parts.feed(chunk):
                    yield picture

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Post JSON and return the JSON that comes back, None if nothing does."""
        return await self._request("POST", path, body)

    async def delete(self, path: str) -> None:
        """Delete what is at a path."""
        await self._request("DELETE", path)

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[Socket]:
        """Give a WebSocket of this user."""
        socket = await Socket.open(self.session, self.url, self.token)
        try:
            yield socket
        finally:
            await socket.close()

    async def until_running(self) -> None:
        """Wait until Home Assistant has started: it answers long before it is armed."""
        while True:
            with suppress(aiohttp.ClientError, ApiError):
                if (await self.get("/api/config"))["state"] == "RUNNING":
                    return
            await asyncio.sleep(_POLL)

    async def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.request(method, self.url + path, json=body, headers=headers) as response:
            return await _checked(response, f"{method} {path}")


class Socket:
    """An open WebSocket: commands out, their results and the events of subscriptions back."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._ws = ws
        self._last_id = 0
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._listeners: dict[int, Listener] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, session: aiohttp.ClientSession, url: str, token: str) -> Self:
        """Connect and authenticate."""
        ws = await session.ws_connect(f"{url.replace('http', 'ws', 1)}/api/websocket", max_msg_size=0)
        await ws.receive_json()
        await ws.send_json({"type": "auth", "access_token": token})
        if (answer := await ws.receive_json())["type"] != "auth_ok":
            await ws.close()
            raise ApiError("WebSocket login", answer["type"], answer.get("message"))
        return cls(ws)

    async def command(self, kind: str, /, *, listener: Listener | None = None, **fields: Any) -> Any:
        """Send a command and return its result; the listener gets the events that follow from it."""
        self._last_id += 1
        number, answer = self._last_id, asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        if listener is not None:
            self._listeners[number] = listener
        try:
            await self._ws.send_json({"id": number, "type": kind, **fields})
            result: Json = await asyncio.wait_for(answer, _ANSWER_WITHIN)
        finally:
            del self._waiting[number]
        if not result["success"]:
            raise ApiError(kind, result["error"]["code"], result["error"]["message"])
        return result["result"]

    async def call(self, action: str, data: Json | None = None, *, response: bool = False, **target: str) -> Any:
        """Perform an action (`domain.name`) and return its response if one is wanted."""
        domain, _, service = action.partition(".")
        fields: Json = {"domain": domain, "service": service, "service_data": data or {}, "target": target}
        result = await self.command("call_service", **fields, return_response=response)
        return result["response"] if response else None

    async def until_closed(self) -> None:
        """Wait until the other end is gone."""
        await asyncio.wait({self._reader})

    async def close(self) -> None:
        """Hang up."""
        await self._ws.close()
        await self.until_closed()

    async def _read(self) -> None:
        async for message in self._ws:
            content = message.json()
            for one in content if isinstance(content, list) else [content]:
                self._take(one)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError("Home Assistant hung up"))

    def _take(self, message: Json) -> None:
        number = message["id"]
        if message["type"] == "event":
            self._listeners[number](message["event"])
        elif (answer := self._waiting.get(number)) is not None and not answer.done():
            answer.set_result(message)


@dataclass(frozen=True, slots=True)
class State:
    """A state as it was seen; `at` is when, on the monotonic clock."""

    entity_id: str
    value: str
    attributes: Json
    at: float = field(default_factory=monotonic)


class States:
    """The states of all entities, kept current by Home Assistant; `changes` holds every one seen since."""

    def __init__(self) -> None:
        self.now: dict[str, State] = {}
        self.changes: list[State] = []
        self._changed = asyncio.Event()

    @classmethod
    async def watch(cls, socket: Socket) -> Self:
        """Return the states from now on, as long as the socket is open."""
        self = cls()
        await socket.command("subscribe_events", listener=self._take, event_type="state_changed")
        for state in await socket.command("get_states"):
            self.now.setdefault(state["entity_id"], _state(state))
        return self

    async def until(self, entity_id: str, wanted: str | Callable[[State], bool], *, within: float) -> State:
        """Wait until the entity has the wanted state and return it; raise DemoError if it has not in time."""
        matches = wanted if callable(wanted) else lambda state: state.value == wanted
        end = monotonic() + within
        while (state := self.now.get(entity_id)) is None or not matches(state):
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), end - monotonic())
            except TimeoutError:
                what = "as wanted" if callable(wanted) else wanted
                raise DemoError(f"{entity_id} is not {what} after {within:g} s but {state}") from None
        return state

    def _take(self, event: Json) -> None:
        entity_id, new = event["data"]["entity_id"], event["data"]["new_state"]
        if new is None:
            self.now.pop(entity_id, None)
        else:
            self.now[entity_id] = _state(new)
            self.changes.append(self.now[entity_id])
        self._changed.set()


def _state(state: Json) -> State:
    return State(state["entity_id"], state["state"], state["attributes"])


async def enter(
    session: aiohttp.ClientSession, url: str, username: str, password: str, *, onboarded: bool = True
) -> Api:
    """Log in, or make the owner of a new Home Assistant; return lasting access."""
    work = _log_in if onboarded else _onboard
    code = await _once_it_answers(lambda: work(session, url, username, password))
    body = {"client_id": f"{url}/", "grant_type": "authorization_code", "code": code}
    async with session.post(f"{url}/auth/token", data=body) as response:
        token = (await _checked(response, "POST /auth/token"))["access_token"]
    # The token of a login lasts half an hour; a demo may stand for a day.
    async with Api(session, url, token).socket() as socket:
        lasting = await socket.command("auth/long_lived_access_token", client_name=f"demo {code}", lifespan=365)
    return Api(session, url, lasting)


async def _once_it_answers[T](work: Callable[[], Any]) -> Any:
    """Return what the work gives once Home Assistant is far enough to be asked."""
    while True:
        try:
            return await work()
        except aiohttp.ClientConnectionError:
            pass
        except ApiError as err:
            if err.code != HTTPStatus.NOT_FOUND:
                raise
        await asyncio.sleep(_POLL)


async def _onboard(session: aiohttp.ClientSession, url: str, username: str, password: str) -> str:
    """Make the owner and return his authorization code."""
    body = {
        "client_id": f"{url}/",
        "name": "Operator jaga",
        "username": username,
        "password": password,
        "language": "id",
    }
    async with session.post(f"{url}/api/onboarding/users", json=body) as response:
        code: str = (await _checked(response, "onboarding"))["auth_code"]
    return code


async def _log_in(session: aiohttp.ClientSession, url: str, username: str, password: str) -> str:
    """Go through the login form and return an authorization code."""
    body = {"client_id": f"{url}/", "handler": ["homeassistant", None], "redirect_uri": f"{url}/"}
    async with session.post(f"{url}/auth/login_flow", json=body) as response:
        flow = await _checked(response, "login")
    credentials = {"client_id": f"{url}/", "username": username, "password": password}
    async with session.post(f"{url}/auth/login_flow/{flow['flow_id']}", json=credentials) as response:
        answer = await _checked(response, "login")
    if "result" not in answer:
        raise ApiError(f"login as {username}", HTTPStatus.UNAUTHORIZED, answer.get("errors"))
    code: str = answer["result"]
    return code


async def _checked(response: aiohttp.ClientResponse, what: str) -> Any:
    """Return the JSON of a response; raise ApiError if it says no."""
    if not response.ok:
        raise ApiError(what, response.status, await response.text())
    return await response.json() if response.content_type == "application/json" else None
