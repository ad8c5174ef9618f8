"""The story: a press at the gate, the police answer, come, and the alarm is closed; every step seen from outside."""

import asyncio
from statistics import median
from time import monotonic
from typing import Final

from . import DemoError
from .api import State
from .phone import Phone, Push
from .site import DOMAIN, GATE, OFFICERS, Site

# What an officer taps, and the state that must follow.
ANSWERS: Final = (("ACK", "acknowledged"), ("GO", "responding"), ("HERE", "on_scene"))

_WITHIN: Final = 5.0
_ROUNDS: Final = 15


class Story:
    """Plays the story on a site and tells it as it is observed; raises DemoError at the first step that is not."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._first, self._second = site.phones
        self._alarm_state = site.entity("sensor", "alarm_state")
        self._begin = monotonic()
        self._seen: list[tuple[float, str]] = []

    async def play(self) -> None:
        """Play it from the press to the close."""
        try:
            await self._state("normal")
            first, second = await self._press()
            await self._receipt(first)
            for answer, state in ANSWERS:
                first, second = await self._answer(answer, state, first, second)
            await self._close(first)
        finally:
            self._print()

    async def measure(self) -> None:
        """Compare the way of a press with the shortest way there is: the phone's own notify action."""
        bare = [await self._bare_notify() for _ in range(_ROUNDS)]
        presses = [await self._press_and_close() for _ in range(_ROUNDS)]
        print(f"\nTo {self._first.name} over its WebSocket, median of {_ROUNDS} (slowest):")
        print(f"  press at the gate → push   {median(presses):6.2f} ms ({max(presses):.2f} ms)")
        print(f"  bare notify action → push  {median(bare):6.2f} ms ({max(bare):.2f} ms)")

    async def _press(self) -> tuple[Push, Push]:
        """Press at the gate; both phones are told the same alarm."""
        self._site.drop_pushes()
        self._begin = monotonic()
        self._tell("press", f"{GATE} pressed", self._begin)
        await self._site.press_gate()
        first, second = await self._pushes(self._begin)
        if first.tag is None or first.tag != second.tag:
            raise DemoError(f"the pushes are not of one alarm: {first.tag} and {second.tag}")
        await self._state("alarm", self._begin)
        return first, second

    async def _receipt(self, push: Push) -> None:
        """Let the first phone say that it has the push."""
        begin = monotonic()
        await self._first.confirm_received(push)
        delivery = self._site.entity("sensor", "delivery", OFFICERS[0].name)
        seen = await self._site.states.until(delivery, "delivered", within=_WITHIN)
        self._tell("receipt", f"{self._first.name} has it: {delivery} is {seen.value}", begin, seen.at)

    async def _answer(self, answer: str, state: str, first: Push, second: Push) -> tuple[Push, Push]:
        """Let the first officer answer; the state follows and both phones are brought up to date."""
        self._print()
        begin = monotonic()
        key = first.key(answer)
        self._tell("answer", f"{self._first.name} taps “{first.buttons[key]}”", begin)
        await self._first.answer(key, first)
        await self._state(state, begin)
        updates = await self._pushes(begin)
        if {push.tag for push in updates} != {second.tag}:
            raise DemoError(f"the update has another tag than the alarm: {[push.tag for push in updates]}")
        return updates

    async def _close(self, shown: Push) -> None:
        """Close the alarm; it leaves both phones with a quiet word."""
        self._print()
        begin = monotonic()
        self._tell("close", f"{DOMAIN}.close_alarm, outcome resolved", begin)
        await self._site.close_alarm("Situasi terkendali")
        await self._state("normal", begin)
        for phone in self._site.phones:
            cleared = await phone.next_push(_WITHIN, lambda push: push.clears and push.tag == shown.tag)
            self._tell("clear", f"{phone.name}: the alarm is taken off", begin, cleared.at)
            told = await phone.next_push(_WITHIN)
            self._tell("push", f"{phone.name}: {told.title}", begin, told.at)

    async def _pushes(self, begin: float) -> tuple[Push, Push]:
        first, second = await asyncio.gather(self._push(self._first, begin), self._push(self._second, begin))
        return first, second

    async def _push(self, phone: Phone, begin: float) -> Push:
        push = await phone.next_push(_WITHIN)
        self._tell("push", f"{phone.name}: {push.title} | {push.message.splitlines()[-1]}", begin, push.at)
        return push

    async def _state(self, wanted: str, begin: float | None = None) -> State:
        seen = await self._site.states.until(self._alarm_state, wanted, within=_WITHIN)
        if begin is not None:
            self._tell("state", f"{self._alarm_state} is {wanted}", begin, seen.at)
        return seen

    async def _bare_notify(self) -> float:
        """Return the milliseconds a plain notify action takes to the first phone."""
        begin = monotonic()
        await self._site.socket.call(f"notify.{self._first.notify_action}", {"message": "Uji"})
        return (await self._first.next_push(_WITHIN)).at * 1e3 - begin * 1e3

    async def _press_and_close(self) -> float:
        """Return the milliseconds from a press to the push at the first phone, and close the alarm again."""
        begin = monotonic()
        await self._site.press_gate()
        push = await self._first.next_push(_WITHIN)
        await self._site.close_alarm("Pengukuran")
        for phone in self._site.phones:
            await phone.next_push(_WITHIN, lambda it: it.clears and it.tag == push.tag)
            await phone.next_push(_WITHIN)
        return (push.at - begin) * 1e3

    def _tell(self, what: str, text: str, begin: float, at: float | None = None) -> None:
        """Note a line: since the press, what it took since its cause, what was seen."""
        took = f"{(at - begin) * 1e3:.1f} ms" if at is not None else ""
        at = at or begin
        self._seen.append((at, f"{at - self._begin:+8.3f} s {took:>10}  {what:<8} {text}"))

    def _print(self) -> None:
        """Print what was noted, in the order in which it happened."""
        for _, line in sorted(self._seen):
            print(line)
        self._seen.clear()
