"""Start the demo: by hand until Ctrl-C, or once through the story."""

import argparse
import asyncio
from pathlib import Path
import signal
import sys
from typing import Final

import aiohttp

from . import DemoError
from .console import Console
from .home_assistant import HomeAssistant
from .site import YARD, Site
from .story import Story

# Beside 8123, where a developer's own Home Assistant may run.
DEFAULT_PORT: Final = 8124


def main() -> int:
    """Run the demo and return its exit code."""
    args = _arguments()
    try:
        asyncio.run(_run(args))
    except (DemoError, aiohttp.ClientError, ConnectionError) as err:
        print(f"demo: FAILED: {err}", file=sys.stderr)
        return 1
    except asyncio.CancelledError, KeyboardInterrupt:
        # Whoever stays until Ctrl-C has come to the end by it; the story has not.
        return 130 if args.once else 0
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Rutan Blora in a real Home Assistant with simulated phones, cameras and visits.",
    )
    parser.add_argument("--once", action="store_true", help="play the story once and end; 0 if every step was seen")
    parser.add_argument("--port", type=int, help=f"port on 127.0.0.1 (default {DEFAULT_PORT}; any free one for --once)")
    parser.add_argument(
        "--config", type=Path, metavar="DIR", help="folder to keep the site in (default a temporary one)"
    )
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    return parser.parse_args()


async def _run(args: argparse.Namespace) -> None:
    """Have Home Assistant up, do what was asked for, and leave nothing running."""
    _end_on_signals()
    home = _home(args)
    print(f"Starting Home Assistant on {home.url} (log {home.log_file})", flush=True)
    try:
        async with aiohttp.ClientSession() as session, Site(home, session, cameras=len(YARD), visits=True) as site:
            await (_once(site) if args.once else Console(site).run())
    except DemoError:
        _print_problems(home)
        raise
    finally:
        home.remove()


def _home(args: argparse.Namespace) -> HomeAssistant:
    port = args.port or (None if args.once else DEFAULT_PORT)
    if args.config:
        return HomeAssistant(args.config.resolve(), port=port)
    return HomeAssistant.temporary(port=port, keep=args.keep)


def _end_on_signals() -> None:
    """End in good order however it is asked for."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - we are in one
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


async def _once(site: Site) -> None:
    story = Story(site)
    await story.play()
    await story.measure()


def _print_problems(home: HomeAssistant) -> None:
    """Print what Home Assistant had to say about the integration."""
    for record in home.problems():
        if "Error" in record.text and "rutan_blora" in record.text:
            print(record.text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
