"""The demo by hand: pushes are shown as they arrive, letters typed at the terminal stand for what people do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import sys
from typing import Final

import aiohttp

from . import DemoError
from .camera import Fault
from .home_assistant import PASSWORD, USERNAME
from .phone import Phone, Push
from .site import BUTTONS, Site
from .visits import PLACES

_LETTERS: Final = "abg"
_KEYS: Final = "p presses the gate · a1 … g2 tap a button on a phone · c closes the alarm · q ends"
_SCANS: Final = "scan and a number, 1 or 2: phone a scans the tag of a checkpoint"
_FAULTS: Final = (
    " · ".join(fault.value for fault in Fault) + " and a number, 1 to 8: does that to a camera, or undoes it"
)
# Home Assistant's exit code when whoever started it is to start it again.
_RESTART: Final = 100


class Console:
    """The terminal in front of a running site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        phones = site.phones if site.guard is None else (*site.phones, site.guard)
        self._phones = dict(zip(_LETTERS, phones, strict=False))
        self._shown: dict[str, Push] = {}

    async def run(self) -> None:
        """Show what happens and do what is typed, until cancelled or told to quit."""
        print(self._welcome())
        for place in PLACES:
            print(f"  Page of {place.name:<15} {await self._site.page_url(place.name)}")
        print()
        work = [self._mind_home(), *(self._show(*phone) for phone in self._phones.items())]
        if sys.stdin.isatty():
            work.append(self._obey())
        tasks = [asyncio.create_task(task) for task in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()

    async def _mind_home(self) -> None:
        """Start Home Assistant again when somebody restarts it in the UI."""
        while (code := await self._site.home.until_ended()) == _RESTART:
            print("Home Assistant restarts")
            await self._site.restart()
            print("Home Assistant is there again")
        raise DemoError(f"Home Assistant ended with code {code}, see {self._site.home.log_file}")

    def _welcome(self) -> str:
        phones = ", ".join(f"{letter} = {phone.name}" for letter, phone in self._phones.items())
        lines = [
            "",
            f"  Home Assistant  {self._site.home.url}   login {USERNAME} / {PASSWORD}",
            "",
            "  Press           the input button “Tombol gerbang”,",
            f"                  the button “Panik” of “{BUTTONS['virtual']['name']}”,",
            f"                  or: curl -X POST {self._site.webhook_url}",
            f"  Phones          {phones}; what they get is shown here",
            f"  Cameras         {_FAULTS}",
            f"  Visits          {_SCANS}",
            f"  Keys            {_KEYS}" if sys.stdin.isatty() else "  Answer          needs a terminal to type in",
            "  End             Ctrl-C",
            "",
        ]
        return "\n".join(lines)

    async def _show(self, letter: str, phone: Phone) -> None:
        """Show every push of a phone, and send the receipt that the app sends by itself."""
        while True:
            push = await phone.inbox.get()
            if push.clears:
                self._shown.pop(letter, None)
                print(f"[{letter}] {phone.name}: it is taken off")
                continue
            print(f"[{letter}] {phone.name}: {push.title}")
            print("".join(f"       {line}\n" for line in push.message.splitlines()), end="")
            if push.buttons:
                self._shown[letter] = push
                print("       " + "   ".join(f"{letter}{n} {text}" for n, text in self._buttons(push)))
            with suppress(DemoError, aiohttp.ClientError):
                await phone.confirm_received(push)

    async def _obey(self) -> None:
        """Do what is typed."""
        async with _lines() as lines:
            while (line := await lines.readline()) and (typed := line.decode().strip().lower()) != "q":
                try:
                    await self._do(typed)
                except (DemoError, aiohttp.ClientError, ConnectionError) as err:
                    print(f"       {err}")

    async def _do(self, typed: str) -> None:
        if typed == "p":
            await self._site.press_gate()
        elif typed == "c":
            await self._site.close_alarm("Ditutup dari terminal")
        elif (what := typed.split())[0:1] and what[0] in list(Fault):
            self._spoil(Fault(what[0]), what[1:])
        elif what[0:1] == ["scan"]:
            await self._scan(what[1:])
        elif typed:
            await self._answer(typed[0], typed[1:])

    async def _scan(self, which: list[str]) -> None:
        """Hold the first phone to the tag of a checkpoint."""
        number = int(which[0]) if which and which[0].isdecimal() else 0
        if 0 < number <= len(PLACES):
            await self._phones["a"].scan(PLACES[number - 1].tag)
        else:
            print(f"       {_SCANS}")

    def _spoil(self, fault: Fault, which: list[str]) -> None:
        """Do something to a camera, or undo it."""
        number = int(which[0]) if which and which[0].isdecimal() else 0
        if (camera := self._site.cameras.cameras.get(number)) is None:
            print(f"       {_FAULTS}")
            return
        is_on = fault not in camera.faults
        camera.switch(fault, on=is_on)
        print(f"       camera {number}: {fault.value} {'on' if is_on else 'off'}")

    async def _answer(self, letter: str, number: str) -> None:
        """Tap a button of the push a phone shows."""
        push = self._shown.get(letter)
        keys = list(push.buttons) if push else []
        if push and number.isdecimal() and 0 < int(number) <= len(keys):
            await self._phones[letter].answer(keys[int(number) - 1], push)
        else:
            print(f"       {_KEYS}")

    @staticmethod
    def _buttons(push: Push) -> list[tuple[int, str]]:
        return list(enumerate(push.buttons.values(), start=1))


@asynccontextmanager
async def _lines() -> AsyncIterator[asyncio.StreamReader]:
    """Give the terminal's lines without a thread, which could not be ended while it waits for one."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        yield reader
    finally:
        transport.close()
