"""Measure everything, print it as Markdown and write it as JSON."""

import argparse
import asyncio
import json
from pathlib import Path
import platform
import tempfile

from homeassistant.const import __version__

from .figures import Figures, table
from .journal import journal_table, measure_journal
from .press import many_goals, many_table, measure_many, measure_press, press_goals, press_table, ratio_table
from .startup import measure_startup, startup_goals, startup_table

RESULTS = Path(__file__).with_name("results.json")
PHONES = 100
DEVICES = 50


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    parser.add_argument("--trials", type=int, default=500, help="presses of each contender (500)")
    parser.add_argument("--records", type=int, default=1_000_000, help="records of the journal (1,000,000)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    return parser.parse_args()


async def _measure(folder: Path, trials: int, records: int) -> Figures:
    """Measure one after the other; nothing shares the machine with what is measured."""
    return {
        "home_assistant": __version__,
        "python": platform.python_version(),
        "press": await measure_press(folder / "press", trials),
        "many": await measure_many(folder / "many", PHONES, max(1, trials // 5)),
        "journal": measure_journal(folder / "journal", records, trials),
        "startup": await measure_startup(folder / "startup", DEVICES),
    }


def main() -> None:
    """Measure, print, write."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        measured = asyncio.run(_measure(Path(folder), arguments.trials, arguments.records))
    goals = [*press_goals(measured["press"]), *many_goals(measured["many"]), *startup_goals(measured["startup"])]
    measured["goals"] = [goal.to_json() for goal in goals]
    arguments.output.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    rows = [(goal.name, f"≤ {goal.limit:g} {goal.unit}", goal.measured, goal.is_met) for goal in goals]
    tables = [
        press_table(measured["press"]),
        ratio_table(measured["press"]),
        many_table(measured["many"]),
        journal_table(measured["journal"]),
        startup_table(measured["startup"]),
        table(("goal", "wanted", "measured", "met"), rows),
    ]
    print("\n\n".join(tables))


main()
