"""The demo by hand: pushes are shown as they arrive, letters typed at the terminal stand for what people do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import sys
from typing import Final

from .home_assistant import PASSWORD, USERNAME
from .phone import Phone, Push
from .site import BUTTONS, Site

_LETTERS: Final = "ab"


class Console:
    """The terminal in front of a running site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._phones = dict(zip(_LETTERS, site.phones, strict=True))
        self._shown: dict[str, Push] = {}

    async def run(self) -> None:
        """Show what happens and do what is typed, until cancelled or told to quit."""
        print(self._welcome())
        async with asyncio.TaskGroup() as tasks:
            showing = [tasks.create_task(self._show(*phone)) for phone in self._phones.items()]
            await (self._obey() if sys.stdin.isatty() else asyncio.Event().wait())
            for task in showing:
                task.cancel()

    def _welcome(self) -> str:
        virtual = BUTTONS["virtual"]["name"]
        lines = [
            "",
            f"  Home Assistant  {self._site.home.url}   login {USERNAME} / {PASSWORD}",
            "",
            "  Press           the input button “Tombol gerbang”",
            f"                  or the button “Panik” of “{virtual}”",
            f"                  or  curl -X POST {self._site.webhook_url}",
            "  Answer          here, with the letter of the phone and the number of the button: a1",
            "  Close           c, or the action rutan_blora.close_alarm",
            "  Phones          " + ", ".join(f"{letter} = {phone.name}" for letter, phone in self._phones.items()),
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
                print(f"[{letter}] {phone.name}: the alarm is taken off")
                continue
            print(f"[{letter}] {phone.name}: {push.title}")
            print("".join(f"       {line}\n" for line in push.message.splitlines()), end="")
            if push.buttons:
                self._shown[letter] = push
                print("       " + "   ".join(f"{letter}{n} {text}" for n, text in self._buttons(push)))
            await phone.confirm_received(push)

    async def _obey(self) -> None:
        """Do what is typed."""
        async with _lines() as lines:
            while (line := await lines.readline()) and (typed := line.decode().strip().lower()) != "q":
                if typed == "p":
                    await self._site.press_gate()
                elif typed == "c":
                    await self._site.close_alarm("Ditutup dari terminal")
                elif typed:
                    await self._answer(typed[0], typed[1:])

    async def _answer(self, letter: str, number: str) -> None:
        """Tap a button of the push a phone shows."""
        push = self._shown.get(letter)
        keys = list(push.buttons) if push else []
        if push and number.isdecimal() and 0 < int(number) <= len(keys):
            await self._phones[letter].answer(keys[int(number) - 1], push)
        else:
            print("       p press the gate · c close · q quit · a1 … b3 answer an open alarm")

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
