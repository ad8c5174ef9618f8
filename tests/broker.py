"""A real MQTT broker on this machine, and the other end of the line: a post at the police."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import json
import os
from pathlib import Path
import shutil
import signal
import socket
from typing import Any, Final

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.rutan_blora.police.channels.mqtt import MqttPost
from demo.home_assistant import free_port
from homeassistant.core import HomeAssistant

from .common import Json, until

HOST: Final = "127.0.0.1"
TOPIC: Final = "polres/blora"
# Debian keeps it where only root looks.
MOSQUITTO: Final = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""
# It is another process, on a machine that may be busy; only a failing test waits that long (seconds).
PATIENCE: Final = 15.0


def require_broker() -> None:
    """Skip the test where there is no Mosquitto; in continuous integration there has to be one."""
    if MOSQUITTO:
        return
    reason = "there is no Mosquitto on this machine"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Broker:
    """A Mosquitto that keeps nothing on the disk; started again it has the same port and has forgotten all."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} {HOST}\nallow_anonymous true\npersistence false\nuser {_user()}\n", encoding="utf-8"
        )
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = await asyncio.create_subprocess_exec(
            *(MOSQUITTO, "-c", str(self._config)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await until(self._listens, within=PATIENCE)

    def _listens(self) -> bool:
        try:
            socket.create_connection((HOST, self.port)).close()
        except OSError:
            return False
        return True

    async def stop(self) -> None:
        """End it."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it hang: its connections stay, but nothing is answered until this ends."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


def _user() -> str:
    """Return as whom it runs: started by root it would otherwise look for an account of its own."""
    return "root" if os.geteuid() == 0 else "nobody"


@dataclass(frozen=True, slots=True)
class Message:
    """What has reached the post."""

    topic: str
    payload: bytes
    retained: bool

    @property
    def json(self) -> Json:
        """Return what it says."""
        said: Json = json.loads(self.payload)
        return said


class Post:
    """A post at the police: a client of its own, which hears all below a topic."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self.messages: list[Message] = []
        self._topic = topic
        self._broker = broker
        self._has_joined = False
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._hear
        self._client.on_subscribe = self._joined

    async def join(self) -> None:
        """Connect and subscribe; what is retained comes after this."""
        await asyncio.to_thread(self._client.connect, HOST, self._broker.port)
        self._client.subscribe(f"{self._topic}/#", qos=1)
        self._client.loop_start()
        await until(lambda: self._has_joined, within=PATIENCE)

    async def leave(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def command(self, payload: bytes | Json, *, retain: bool = False, to: str = "command") -> None:
        """Publish a command and wait until the broker has it."""
        content = payload if isinstance(payload, bytes) else json.dumps(payload)
        sent = self._client.publish(f"{self._topic}/{to}", content, qos=1, retain=retain)
        await asyncio.to_thread(sent.wait_for_publish, PATIENCE)

    def heard(self, name: str) -> list[Message]:
        """Return what came on a topic below the post's."""
        return [message for message in list(self.messages) if message.topic == f"{self._topic}/{name}"]

    async def hears(self, name: str, is_so: Callable[[Message], bool] = lambda _: True) -> Message:
        """Return the newest message on a topic once it is as wanted."""
        await until(lambda: bool(heard := self.heard(name)) and is_so(heard[-1]), within=PATIENCE)
        return self.heard(name)[-1]

    def _hear(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self.messages.append(Message(message.topic, message.payload, message.retain))

    def _joined(self, *_: Any) -> None:
        self._has_joined = True


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set Home Assistant's mqtt up and wait until it is connected."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: bool(MqttPost(hass, TOPIC).is_reachable()), within=PATIENCE)
