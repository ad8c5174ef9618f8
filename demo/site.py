"""The ready site "Rutan Blora": built through the forms of the UI, found again where it already stands."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
import json
from time import monotonic
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp

from . import DemoError, visits
from .api import Api, Json, Socket, States, enter
from .cameras import Cameras
from .flows import Dialogs
from .home_assistant import PASSWORD, HomeAssistant, free_port
from .phone import Phone, UrlPhone, WebSocketPhone
from .qr import read_picture

DOMAIN: Final = "rutan_blora"
SITE_NAME: Final = "Rutan Blora"
GATE: Final = "input_button.tombol_gerbang"

_RELOAD_WITHIN: Final = 10.0
_POLL: Final = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Officer:
    """A police officer: his login at Home Assistant, what the form asks about him, and his phone."""

    username: str
    name: str
    rank: str
    nrp: str
    unit: str
    language: str
    phone: type[WebSocketPhone | UrlPhone]

    @property
    def phone_name(self) -> str:
        """Return what he called his phone."""
        return f"HP {self.name}"


OFFICERS: Final = (
    Officer(
        username="budi",
        name="Budi Santoso",
        rank="Aiptu",
        nrp="75010001",
        unit="Sat Samapta Polres Blora",
        language="id",
        phone=WebSocketPhone,
    ),
    Officer(
        username="siti",
        name="Siti Aminah",
        rank="Bripka",
        nrp="88020002",
        unit="Polsek Blora Kota",
        language="en",
        phone=UrlPhone,
    ),
)

_GUARD: Final = Officer(
    username="jaga", name=visits.GUARD, rank="", nrp="", unit="P2U", language="id", phone=WebSocketPhone
)

# Names of the panic buttons by their source; the one of the gate watches the input_button of configuration.yaml.
BUTTONS: Final[Mapping[str, Json]] = {
    "entity": {
        "name": "Gerbang utama",
        "location": "Gerbang utama (P2U)",
        "kind": "panic",
        "entity_id": GATE,
    },
    "webhook": {"name": "Menara 1", "location": "Menara 1", "kind": "escape"},
    "virtual": {"name": "Ruang komandan jaga", "location": "Ruang komandan jaga", "kind": "riot"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Yard:
    """A perimeter camera: what it shows, and how it is reached; one that is guarded has a motion sensor."""

    name: str
    source: str
    motion: str | None = None


YARD: Final = (
    Yard(name="Tembok utara, gerbang", source="rtsp"),
    Yard(name="Tembok utara, menara 1", source="rtsp", motion="input_boolean.gerakan_utara"),
    Yard(name="Tembok timur", source="still"),
    Yard(name="Tembok timur, menara 2", source="still"),
    Yard(name="Tembok selatan", source="still"),
    Yard(name="Tembok selatan, menara 3", source="still"),
    Yard(name="Tembok barat", source="motion"),
    Yard(name="Tembok barat, menara 4", source="motion"),
)
# Those that show the gate.
_GATE_CAMERAS: Final = (YARD[0].name, YARD[1].name)


class Site:
    """The site on a running Home Assistant, with its police phones switched on."""

    def __init__(
        self, home: HomeAssistant, session: aiohttp.ClientSession, *, cameras: int = 0, visits: bool = False
    ) -> None:
        self.home = home
        self._has_visits = visits
        # Small ones: drawing and encoding them must leave a machine of two cores to Home Assistant.
        self.cameras = Cameras(cameras, size=(640, 360))
        self.phones: tuple[Phone, ...] = ()
        # The phone at the gate, where there are visits.
        self.guard: Phone | None = None
        self.entry_id = ""
        self.webhook_url = ""
        self._session = session
        self._connections = AsyncExitStack()
        self._phones_on = AsyncExitStack()
        self._subentries: dict[str, str] = {}
        self._entities: dict[tuple[str, str], str] = {}
        self.api: Api
        self.socket: Socket
        self.states: States
        self._dialogs: Dialogs

    async def __aenter__(self) -> Self:
        """Start Home Assistant, build what is not there yet, switch the phones on."""
        try:
            await self._start()
            await self._build()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Switch all of it off."""
        await self._phones_on.aclose()
        await self._connections.aclose()
        await self.home.stop()

    async def restart(self) -> None:
        """Start Home Assistant again, after it was stopped or killed."""
        await self._connections.aclose()
        await self._start()
        await self._look_around()

    def entity(self, domain: str, key: str, subentry: str = "") -> str:
        """Return the entity id of a key of the facility, or of one of its subentries by name."""
        owner = f"{self.entry_id}_{self._subentries[subentry]}" if subentry else self.entry_id
        try:
            return self._entities[domain, f"{owner}_{key}"]
        except KeyError:
            raise DemoError(f"there is no {domain} {key!r} of {subentry or 'the facility'}") from None

    async def device(self, subentry: str = "") -> str:
        """Return the device id of the facility, or of one of its subentries by name."""
        identifier = f"{self.entry_id}_{self._subentries[subentry]}" if subentry else self.entry_id
        devices = await self.socket.command("config/device_registry/list")
        found: str = next(device["id"] for device in devices if [DOMAIN, identifier] in device["identifiers"])
        return found

    async def set_options(self, **answers: object) -> None:
        """Set options of the facility, as a technician does."""
        await Dialogs(self.api).set_options(self.entry_id, answers)
        await self._until_there(BUTTONS["entity"]["name"])

    async def set_tier(self, number: int, tier: int) -> None:
        """Move the police device of an officer to another tier, as a technician does."""
        officer = OFFICERS[number]
        answers = {**await self._police_device(officer, self.phones[number]), "tier": tier}
        subentry_id = self._subentries[officer.name]
        await Dialogs(self.api).change_subentry(self.entry_id, "police_device", subentry_id, answers)
        await self._until_there(officer.name)

    async def press_gate(self) -> None:
        """Press the button at the gate."""
        await self.socket.call("input_button.press", entity_id=GATE)

    async def close_alarm(self, reason: str) -> None:
        """Close the open alarm as resolved."""
        data = {"config_entry_id": self.entry_id, "outcome": "resolved", "reason": reason}
        await self.socket.call(f"{DOMAIN}.close_alarm", data)

    async def page_url(self, place: str) -> str:
        """Return the address of the check-in page, as a phone reads it from the sign of a checkpoint."""
        return self.read_page_url(await self.api.picture(f"/api/image_proxy/{self.entity('image', 'qr_code', place)}"))

    def read_page_url(self, sign: bytes) -> str:
        """Return the address that a phone reads from a sign or a screen."""
        # Home Assistant writes the address by which it believes to be found; here only this one leads to it.
        return self.home.url + urlsplit(read_picture(sign)).path

    def drop_pushes(self) -> None:
        """Forget what the phones got and nobody has looked at."""
        for phone in self.phones:
            phone.drop_all()

    async def _start(self) -> None:
        self.api = await self.home.start(self._session)
        self.socket = await self._connections.enter_async_context(self.api.socket())
        self.states = await States.watch(self.socket)

    async def _build(self) -> None:
        """Make what is not there yet: officers, phones, the entry, its panic buttons and police devices."""
        await self._phones()
        await self._switch_cameras_on()
        self._dialogs = Dialogs(self.api)
        self.entry_id = await self._entry()
        await self._look_around()
        for source, answers in BUTTONS.items():
            await self._part("panic_button", source, answers)
        for officer, phone in zip(OFFICERS, self.phones, strict=True):
            await self._part("police_device", "phone", await self._police_device(officer, phone))
        await self._perimeter()
        if self._has_visits:
            await self._visits()
        self.webhook_url = await self._webhook_url()

    async def _switch_cameras_on(self) -> None:
        """Switch the cameras on at the addresses they had, as real ones keep theirs."""
        if not self.cameras.cameras:
            return
        file = self.home.folder / "cameras.json"
        ports = json.loads(file.read_text(encoding="utf-8")) if file.exists() else (free_port(), free_port())
        file.write_text(json.dumps(ports), encoding="utf-8")
        await self._phones_on.enter_async_context(self.cameras.on(*ports))

    async def _perimeter(self) -> None:
        """Have the perimeter cameras, and those at the gate named beside its button."""
        yard = YARD[: len(self.cameras.cameras)]
        if all(place.name in self._subentries for place in yard):
            return
        for number, place in enumerate(yard, start=1):
            option = "rtsp" if place.source == "rtsp" else "http"
            await self._part("camera", option, self._camera(number, place))
        gate = BUTTONS["entity"]
        near = [self._subentries[name] for name in _GATE_CAMERAS if name in self._subentries]
        answers = {**gate, "advanced": {"cameras": near}}
        subentry_id = self._subentries[gate["name"]]
        await self._dialogs.change_subentry(self.entry_id, "panic_button", subentry_id, answers)
        await self._until_there(yard[-1].name)

    async def _visits(self) -> None:
        """Have what visits need: the guard's phone, an officer, the checkpoints, and a plan for now."""
        if self.guard is not None:
            answers = await self._police_device(_GUARD, self.guard)
            await self._part("police_device", "phone", {**answers, "advanced": {"gate": True}})
        await self._part("officer", "", visits.VISITOR)
        for place in visits.PLACES:
            await self._part("checkpoint", "", {"name": place.name, "tag_id": place.tag})
        await self._part("checkpoint", "", {"name": visits.SCREEN, "advanced": {"live_code": True}})
        checkpoints = [self._subentries[place.name] for place in visits.PLACES]
        told = [self._subentries[OFFICERS[0].name]]
        await self._part("patrol_plan", "", visits.plan(checkpoints, told))

    def _camera(self, number: int, place: Yard) -> Json:
        """Return what the form of a camera asks."""
        advanced: Json = {"position": number}
        if place.motion is not None:
            advanced["motion_entity_id"] = place.motion
        address = {
            "rtsp": {"stream_url": self.cameras.rtsp_url(number)},
            "still": {"still_url": self.cameras.still_url(number)},
            "motion": {"still_url": self.cameras.motion_url(number)},
        }
        return {"name": place.name, **address[place.source], "advanced": advanced}

    async def _phones(self) -> None:
        """Switch the phones on; each keeps its registration in the folder, as a real one keeps it in its memory."""
        file = self.home.folder / "phones.json"
        known: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        self.phones = tuple([await self._phone(officer, known.get(officer.username)) for officer in OFFICERS])
        webhooks = {officer.username: phone.webhook_id for officer, phone in zip(OFFICERS, self.phones, strict=True)}
        if self._has_visits:
            self.guard = await self._phone(_GUARD, known.get(_GUARD.username))
            webhooks[_GUARD.username] = self.guard.webhook_id
        file.write_text(json.dumps(webhooks), encoding="utf-8")

    async def _phone(self, officer: Officer, webhook_id: str | None) -> Phone:
        """Return the officer's phone, switched on; its app is logged in as himself."""
        if webhook_id is None:
            await self._user(officer)
        api = await enter(self._session, self.home.url, officer.username, PASSWORD)
        phone = officer.phone(api, officer.phone_name, f"demo-{officer.username}")
        await self._phones_on.enter_async_context(phone.on(webhook_id))
        return phone

    async def _user(self, officer: Officer) -> None:
        """Make the officer a user of Home Assistant who administers nothing."""
        created = await self.socket.command("config/auth/create", name=officer.name, group_ids=["system-users"])
        await self.socket.command(
            "config/auth_provider/homeassistant/create",
            user_id=created["user"]["id"],
            username=officer.username,
            password=PASSWORD,
        )

    async def _entry(self) -> str:
        """Return the id of the facility's entry."""
        for entry in await self.api.get(f"/api/config/config_entries/entry?domain={DOMAIN}"):
            found: str = entry["entry_id"]
            return found
        return await self._dialogs.add_entry(DOMAIN, {"site_name": SITE_NAME, "language": "id"})

    async def _part(self, kind: str, option: str, answers: Json) -> None:
        """Have a subentry of this name, and its entities; officers have none."""
        if answers["name"] not in self._subentries:
            await self._dialogs.add_subentry(self.entry_id, kind, option, answers)
        if kind != "officer":
            await self._until_there(answers["name"])

    async def _police_device(self, officer: Officer, phone: Phone) -> Json:
        """Return what the form of a police device asks."""
        devices = await self.socket.command("config/device_registry/list")
        identifier = ["mobile_app", phone.device_id]
        return {
            "name": officer.name,
            "device_id": next(device["id"] for device in devices if identifier in device["identifiers"]),
            "language": officer.language,
            "officer_details": {
                "officer": officer.name,
                "rank": officer.rank,
                "nrp": officer.nrp,
                "unit": officer.unit,
            },
        }

    async def _webhook_url(self) -> str:
        """Return the address of the webhook button, which the technician reads in its form."""
        subentry_id = self._subentries[BUTTONS["webhook"]["name"]]
        form = await self._dialogs.look_at(self.entry_id, "panic_button", subentry_id)
        # Home Assistant writes the address by which it believes to be found; here only this one leads to it.
        path: str = urlsplit(form["description_placeholders"]["url"]).path
        return self.home.url + path

    async def _look_around(self) -> None:
        """Learn ids of the house: entity ids may change there, unique ids can't."""
        subentries = await self.socket.command("config_entries/subentries/list", entry_id=self.entry_id)
        self._subentries = {subentry["title"]: subentry["subentry_id"] for subentry in subentries}
        self._entities = {
            (entity["entity_id"].partition(".")[0], entity["unique_id"]): entity["entity_id"]
            for entity in await self.socket.command("config/entity_registry/list")
            if entity["platform"] == DOMAIN
        }

    async def _until_there(self, subentry: str) -> None:
        """Wait for the entities of a new subentry, which come with a reload of the entry."""
        end = monotonic() + _RELOAD_WITHIN
        while not (await self._is_loaded() and self._has_entities(subentry)):
            if monotonic() > end:
                raise DemoError(f"{subentry} has no entities after {_RELOAD_WITHIN:g} s")
            await asyncio.sleep(_POLL)
            await self._look_around()

    def _has_entities(self, subentry: str) -> bool:
        prefix = f"{self.entry_id}_{self._subentries.get(subentry)}_"
        return any(unique_id.startswith(prefix) for _, unique_id in self._entities)

    async def _is_loaded(self) -> bool:
        entries = await self.api.get(f"/api/config/config_entries/entry?domain={DOMAIN}")
        return all(entry["state"] == "loaded" for entry in entries)
