"""Measure everything or a part of it, print it as Markdown and write it as JSON."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import json
from pathlib import Path
import platform
import tempfile
from typing import Final

from homeassistant.const import __version__

from .cameras import camera_goals, camera_tables, measure_cameras
from .figures import Figures, Goal, merged, table
from .journal import journal_table, measure_journal
from .page import measure_page, page_goals, page_table
from .patrol import measure_patrol, patrol_goals, patrol_table
from .press import many_goals, many_table, measure_many, measure_press, press_goals, press_table, ratio_table
from .report import measure_report, report_goals, report_table
from .startup import measure_startup, startup_goals, startup_table

RESULTS = Path(__file__).with_name("results.json")
PHONES = 100
DEVICES = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Benchmark:
    """A part of it: how it is measured in a folder, how its figures are shown, and what was wanted of them."""

    measure: Callable[[Path, argparse.Namespace], Awaitable[Figures]]
    tables: Callable[[Figures], list[str]]
    goals: Callable[[Figures], list[Goal]] = lambda _: []


async def _journal(folder: Path, arguments: argparse.Namespace) -> Figures:
    return measure_journal(folder, arguments.records, arguments.trials)


BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "press": Benchmark(
        measure=lambda folder, arguments: measure_press(folder, arguments.trials),
        tables=lambda press: [press_table(press), ratio_table(press)],
        goals=press_goals,
    ),
    "many": Benchmark(
        measure=lambda folder, arguments: measure_many(folder, PHONES, max(1, arguments.trials // 5)),
        tables=lambda many: [many_table(many)],
        goals=many_goals,
    ),
    "journal": Benchmark(measure=_journal, tables=lambda journal: [journal_table(journal)]),
    "report": Benchmark(
        measure=lambda folder, arguments: measure_report(folder, arguments.records),
        tables=lambda report: [report_table(report)],
        goals=report_goals,
    ),
    "page": Benchmark(
        measure=lambda folder, _: measure_page(folder),
        tables=lambda page: [page_table(page)],
        goals=page_goals,
    ),
    "patrol": Benchmark(
        measure=lambda folder, arguments: measure_patrol(folder, arguments.records, max(1, arguments.trials // 2)),
        tables=lambda patrol: [patrol_table(patrol)],
        goals=patrol_goals,
    ),
    "startup": Benchmark(
        measure=lambda folder, _: measure_startup(folder, DEVICES),
        tables=lambda startup: [startup_table(startup)],
        goals=startup_goals,
    ),
    "cameras": Benchmark(
        measure=lambda folder, _: measure_cameras(folder),
        tables=camera_tables,
        goals=camera_goals,
    ),
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    names = list(BENCHMARKS)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"what to measure: {', '.join(names)} (all)")
    parser.add_argument("--trials", type=int, default=500, help="presses of each contender (500)")
    parser.add_argument("--records", type=int, default=1_000_000, help="records of the journal (1,000,000)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    arguments = parser.parse_args()
    if unknown := [part for part in arguments.parts if part not in BENCHMARKS]:
        parser.error(f"no such part: {', '.join(unknown)}")
    arguments.parts = arguments.parts or names
    return arguments


async def _measure(folder: Path, arguments: argparse.Namespace) -> Figures:
    """Measure one after the other; nothing shares the machine with what is measured."""
    measured: Figures = {"home_assistant": __version__, "python": platform.python_version()}
    for part in arguments.parts:
        measured[part] = await BENCHMARKS[part].measure(folder / part, arguments)
    return measured


def main() -> None:
    """Measure, print, write; of what is not measured the figures of before are kept."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        measured = asyncio.run(_measure(Path(folder), arguments))
    goals = {part: BENCHMARKS[part].goals(measured[part]) for part in arguments.parts}
    measured["goals"] = {part: [goal.to_json() for goal in wanted] for part, wanted in goals.items()}
    rows = [goal.row for wanted in goals.values() for goal in wanted]
    tables = [shown for part in arguments.parts for shown in BENCHMARKS[part].tables(measured[part])]
    print("\n\n".join([*tables, table(("goal", "wanted", "measured", "met"), rows)]))
    before = json.loads(arguments.output.read_text(encoding="utf-8")) if arguments.output.exists() else {}
    arguments.output.write_text(json.dumps(merged(before, measured), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
