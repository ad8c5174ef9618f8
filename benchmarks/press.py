"""From the press to the police: ours beside what Home Assistant offers itself, in one core and turn by turn."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, Final

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event

from .core import Config, Tail, close_alarm, facility_entry, journal_path, log_to, pair_all, running_core
from .figures import Figures, Goal, ratio, summary, table, timing_row
from .notifiers import Behaviour, Notifiers

# How long a notifier is waited for (seconds): hundreds of times what those take that are told at all.
PATIENCE: Final = 0.1
# The pause before every press (seconds): what the one before has left to other threads, such as log and record, is
# done by then, and no contender pays for the one before it.
SETTLE: Final = 0.01
# Presses before it counts, of each contender.
WARM_UP: Final = 20
# The order of the trials is drawn, but the same in every run.
SEED: Final = 1


class Contender(StrEnum):
    """Who tells the police."""

    OURS = "rutan_blora"
    ALERT = "core alert"
    SEQUENCE = "automation, one after the other"
    PARALLEL = "automation, parallel"
    # No rival: the shortest way there is in Home Assistant, with no record, no retry and no answer.
    FLOOR = "floor: a bare listener"


SCENARIOS: Final[Mapping[str, tuple[Behaviour, ...]]] = {
    "all healthy": (),
    "first raising": (Behaviour.RAISING,),
    "first hanging": (Behaviour.HANGING,),
    "first raising, second hanging": (Behaviour.RAISING, Behaviour.HANGING),
}

_ENTITIES: Final = {
    Contender.OURS: "binary_sensor.gate_ours",
    Contender.ALERT: "binary_sensor.gate_alert",
    Contender.SEQUENCE: "binary_sensor.gate_sequence",
    Contender.PARALLEL: "binary_sensor.gate_parallel",
    Contender.FLOOR: "binary_sensor.gate_floor",
}
_TITLE: Final = "DARURAT: Tombol panik"
_MESSAGE: Final = "Rutan Blora, Pintu Utama. Belum ada yang menerima."
_DATA: Final[dict[str, Any]] = {
    "tag": "gate",
    "actions": [{"action": "ACK", "title": "Terima"}, {"action": "GO", "title": "Menuju lokasi"}],
    "channel": "alarm_stream",
    "ttl": 0,
    "priority": "high",
    "push": {"interruption-level": "critical", "sound": {"name": "default", "critical": 1, "volume": 1.0}},
}

# The samples of a contender in a scenario: of each press, when each notifier was called after it.
type Samples = dict[tuple[str, Contender], list[list[float | None]]]


class Site:
    """A core with a facility and its rivals, all with the same notifiers."""

    def __init__(self, hass: HomeAssistant, notifiers: Notifiers, tail: Tail) -> None:
        self._hass = hass
        self._notifiers = notifiers
        self._tail = tail

    async def press(self, contender: Contender, behaviours: Iterable[Behaviour]) -> list[float | None]:
        """Press a contender's button; return when each notifier was called after it, then put all back."""
        self._notifiers.begin(behaviours)
        await asyncio.sleep(SETTLE)
        started = perf_counter()
        self._hass.states.async_set(_ENTITIES[contender], STATE_ON)
        entered = await self._notifiers.entered(PATIENCE)
        await self._put_back(contender)
        return [None if at is None else at - started for at in entered]

    async def _put_back(self, contender: Contender) -> None:
        self._notifiers.recover()
        self._hass.states.async_set(_ENTITIES[contender], STATE_OFF)
        if contender is Contender.OURS:
            await close_alarm(self._hass)
            await asyncio.to_thread(self._tail.until_quiet)
        await self._hass.async_block_till_done()


def _rivals(actions: Iterable[str]) -> Config:
    """Return the configuration of what Home Assistant offers; plain texts, which are its fastest."""
    push = {"title": _TITLE, "message": _MESSAGE, "data": _DATA}
    calls = [{"action": f"notify.{action}", "data": push} for action in actions]
    alert = {
        "name": "Gate",
        "entity_id": _ENTITIES[Contender.ALERT],
        "repeat": 30,
        "notifiers": list(actions),
        **push,
    }
    return {
        "alert": {"gate": alert},
        "automation": [
            _automation(Contender.SEQUENCE, calls),
            _automation(Contender.PARALLEL, [{"parallel": calls}]),
        ],
    }


def _automation(contender: Contender, actions: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "alias": contender.value,
        "triggers": [{"trigger": "state", "entity_id": _ENTITIES[contender], "to": STATE_ON}],
        "actions": actions,
    }


def _listen_barely(hass: HomeAssistant, actions: Iterable[str]) -> None:
    """Call the notifiers from a listener and do nothing else."""

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) is None or state.state != STATE_ON:
            return
        for action in actions:
            push = {"title": _TITLE, "message": _MESSAGE, "data": _DATA}
            hass.async_create_task(hass.services.async_call("notify", action, push))

    async_track_state_change_event(hass, [_ENTITIES[Contender.FLOOR]], changed)


@asynccontextmanager
async def running_site(
    folder: Path, phones: int, cameras: Sequence[str] = (), *, evidence: bool = True
) -> AsyncIterator[Site]:
    """Run a core with a facility, its rivals and so many notifiers."""
    actions = [f"mobile_app_phone_{number}" for number in range(1, phones + 1)]
    async with running_core(folder, {"notify": {}, "mobile_app": {}, **_rivals(actions)}) as hass:
        log_to(hass, folder / "home-assistant.log")
        for entity_id in _ENTITIES.values():
            hass.states.async_set(entity_id, STATE_OFF)
        paired = await pair_all(hass, phones)
        notifiers = Notifiers(hass, paired.values())
        _listen_barely(hass, actions)
        entry = facility_entry([_ENTITIES[Contender.OURS]], paired, cameras, evidence=evidence)
        await hass.config_entries.async_add(entry)
        await hass.async_block_till_done()
        tail = Tail(journal_path(folder))
        yield Site(hass, notifiers, tail)
        tail.close()


async def _measure(
    folder: Path,
    phones: int,
    trials: int,
    contenders: Iterable[Contender],
    scenarios: Mapping[str, Iterable[Behaviour]],
) -> Samples:
    """Press every contender's button in every scenario once a round, in an order drawn anew each round."""
    async with running_site(folder, phones) as site:
        rounds = [(scenario, contender) for scenario in scenarios for contender in contenders]
        samples: Samples = {turn: [] for turn in rounds}
        draw = Random(SEED)  # noqa: S311  # an order, not a secret
        for number in range(-min(WARM_UP, trials), trials):
            for scenario, contender in draw.sample(rounds, len(rounds)):
                times = await site.press(contender, scenarios[scenario])
                if number >= 0:
                    samples[scenario, contender].append(times)
        return samples


async def measure_press(folder: Path, trials: int) -> Figures:
    """Return when the first and the third of three notifiers are called after a press."""
    samples = await _measure(folder, 3, trials, Contender, SCENARIOS)
    return {
        scenario: {
            contender.value: {
                "first": summary([times[0] for times in samples[scenario, contender]]),
                "third": summary([times[2] for times in samples[scenario, contender]]),
            }
            for contender in Contender
        }
        for scenario in SCENARIOS
    }


async def measure_many(folder: Path, phones: int, trials: int) -> Figures:
    """Return when the first and the last of many phones are called after a press."""
    healthy = {"all healthy": ()}
    samples = await _measure(folder, phones, trials, (Contender.OURS, Contender.ALERT), healthy)
    return {
        "phones": phones,
        **{
            contender.value: {
                "first": summary([times[0] for times in all_times]),
                "last": summary([_last(times) for times in all_times]),
            }
            for (_, contender), all_times in samples.items()
        },
    }


def _last(times: list[float | None]) -> float | None:
    """Return the latest; the order they are told in is nobody's promise."""
    came = [time for time in times if time is not None]
    return max(came) if len(came) == len(times) else None


def press_ratios(press: Figures) -> Figures:
    """Return ours over core `alert` in each scenario, and over a healthy core `alert`."""
    healthy = press["all healthy"][Contender.ALERT]
    return {
        scenario: {
            notifier: {
                figure: {
                    "alert": ratio(told[Contender.OURS][notifier][figure], told[Contender.ALERT][notifier][figure]),
                    "healthy_alert": ratio(told[Contender.OURS][notifier][figure], healthy[notifier][figure]),
                }
                for figure in ("p50_ms", "p99_ms")
            }
            for notifier in ("first", "third")
        }
        for scenario, told in press.items()
    }


def press_goals(press: Figures) -> list[Goal]:
    """Return what was wanted of a press."""
    ratios = press_ratios(press)
    first, third = ratios["all healthy"]["first"], ratios["first raising, second hanging"]["third"]
    return [
        Goal(name="first / core alert, p50", limit=0.5, measured=first["p50_ms"]["alert"], unit="x"),
        Goal(name="first / core alert, p99", limit=0.7, measured=first["p99_ms"]["alert"], unit="x"),
        *(
            Goal(
                name=f"third, one raising and one hanging / healthy core alert, {figure[:3]}",
                limit=0.7,
                measured=third[figure]["healthy_alert"],
                unit="x",
            )
            for figure in ("p50_ms", "p99_ms")
        ),
    ]


def many_goals(many: Figures) -> list[Goal]:
    """Return what was wanted of a press that many phones hear."""
    last = many[Contender.OURS]["last"]["p99_ms"]
    return [Goal(name=f"last of {many['phones']} phones, p99", limit=25.0, measured=last, unit="ms")]


def press_table(press: Figures) -> str:
    """Return the table of presses with three notifiers."""
    rows = [
        (scenario, contender, *timing_row(told["first"]), *timing_row(told["third"]))
        for scenario, contenders in press.items()
        for contender, told in contenders.items()
    ]
    head = ("scenario", "contender", "1st p50 ms", "1st p99 ms", "never", "3rd p50 ms", "3rd p99 ms", "never")
    return table(head, rows)


def ratio_table(press: Figures) -> str:
    """Return the table of ours over core `alert`."""
    rows = [
        (scenario, notifier, *figures["p50_ms"].values(), *figures["p99_ms"].values())
        for scenario, notifiers in press_ratios(press).items()
        for notifier, figures in notifiers.items()
    ]
    head = ("ours / core alert", "notifier", "p50", "p50 (alert healthy)", "p99", "p99 (alert healthy)")
    return table(head, rows)


def many_table(many: Figures) -> str:
    """Return the table of a press that many phones hear."""
    rows = [
        (contender.value, *timing_row(many[contender]["first"]), *timing_row(many[contender]["last"]))
        for contender in (Contender.OURS, Contender.ALERT)
    ]
    head = (f"{many['phones']} phones", "1st p50 ms", "1st p99 ms", "never", "last p50 ms", "last p99 ms", "never")
    return table(head, rows)
