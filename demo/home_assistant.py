"""A real Home Assistant process on a configuration folder of its own."""

import asyncio
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
import json
import os
from pathlib import Path
import re
import shutil
import signal
import socket
import sys
import tempfile
from typing import Any, Final, Self

import aiohttp

from . import DemoError
from .api import Api, enter

ROOT: Final = Path(__file__).parents[1]
HOST: Final = "127.0.0.1"
USERNAME: Final = "demo"
PASSWORD: Final = "demo"

# The first start of a machine installs what Home Assistant wants; later ones take seconds.
_START_WITHIN: Final = 180.0
_STOP_WITHIN: Final = 20.0
_LAUNCHER: Final = Path(__file__).with_name("launch.py")
_MARK: Final = ".rutan-blora-demo"
# The line of the configuration that names the folder's media.
_MEDIA: Final = "local: media"
_RECORD: Final = re.compile(r"^\d{4}-\d\d-\d\d [\d:.]+ (?P<level>[A-Z]+) \(.*?\) \[(?P<logger>.+?)\] ")


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRecord:
    """One record of Home Assistant's log with all its lines; level STDERR for what no logger wrote."""

    level: str
    logger: str
    text: str

    @property
    def is_problem(self) -> bool:
        """Tell whether somebody should look at it."""
        return self.level not in ("DEBUG", "INFO")


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def require_free(port: int) -> None:
    """Raise DemoError if somebody listens on the port."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as err:
        reason = os.strerror(err.errno or 0)
        raise DemoError(f"Port {port} of {HOST} cannot be used ({reason}): take another one.") from err


class HomeAssistant:
    """A configuration folder and the Home Assistant that runs on it; it can be killed and started again."""

    def __init__(self, folder: Path, *, port: int | None = None, throw_away: bool = False) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.throw_away = throw_away
        self.url = f"http://{HOST}:{self.port}"
        self._process: asyncio.subprocess.Process | None = None
        self._api: Api | None = None

    @classmethod
    def temporary(cls, *, port: int | None = None, keep: bool = False) -> Self:
        """Return one on a new folder, which goes with it unless kept."""
        return cls(Path(tempfile.mkdtemp(prefix="rutan-blora-")), port=port, throw_away=not keep)

    @property
    def log_file(self) -> Path:
        """Return where all starts on this folder have written what they had to say."""
        return self.folder / "console.log"

    @property
    def is_running(self) -> bool:
        """Tell whether the process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self, session: aiohttp.ClientSession) -> Api:
        """Start on the folder; return the owner's access once Home Assistant says it is running."""
        require_free(self.port)
        onboarded = self._prepare()
        with self.log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, str(_LAUNCHER), "--log-no-color", "-c", str(self.folder)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(os.environ),
                start_new_session=True,
            )
        return await self._while_alive(self._come_in(session, onboarded=onboarded))

    async def stop(self) -> None:
        """End it as its owner would, with force if it takes too long."""
        if (process := self._process) is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _STOP_WITHIN)
        finally:
            await self.kill()

    async def kill(self) -> None:
        """End it and all it started at once, as a power cut would (kill -9)."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def until_ended(self) -> int:
        """Wait until the process is gone and return its exit code."""
        assert self._process is not None  # noqa: S101 - start made it
        return await self._process.wait()

    def remove(self) -> None:
        """Delete the folder if it was made for this run."""
        if self.throw_away:
            shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> list[LogRecord]:
        """Return what Home Assistant wrote, all starts on this folder, oldest first."""
        text = self.log_file.read_text(encoding="utf-8", errors="replace") if self.log_file.exists() else ""
        return list(_records(text.splitlines()))

    def problems(self) -> list[LogRecord]:
        """Return the records of level WARNING and above."""
        return [record for record in self.log() if record.is_problem]

    async def _come_in(self, session: aiohttp.ClientSession, *, onboarded: bool) -> Api:
        """Return the owner's access, the one of the last start if there was one."""
        if self._api is None:
            self._api = await enter(session, self.url, USERNAME, PASSWORD, onboarded=onboarded)
        await self._api.until_running()
        return self._api

    async def _while_alive[T](self, work: Awaitable[T]) -> T:
        """Return what the work gives; raise DemoError with the end of the log if it ends before."""
        task = asyncio.ensure_future(work)
        end = asyncio.ensure_future(self.until_ended())
        try:
            await asyncio.wait({task, end}, timeout=_START_WITHIN, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            task.cancel()
            end.cancel()
        what = f"ended with code {end.result()}" if end.done() and not end.cancelled() else "did not come up"
        raise DemoError(f"Home Assistant {what}. The end of {self.log_file}:\n{self._log_end()}")

    def _log_end(self) -> str:
        return "\n".join(self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])

    def _prepare(self) -> bool:
        """Make the folder ready to start on; tell whether an owner was made before."""
        self._claim()
        storage = self.folder / ".storage"
        storage.mkdir(exist_ok=True)
        _link(self.folder / "custom_components" / "rutan_blora", ROOT / "custom_components" / "rutan_blora")
        _write(storage / "http", http_settings(self.port))
        if not (file := storage / "onboarding").exists():
            _write(file, _onboarding())
        return "user" in json.loads(file.read_text(encoding="utf-8"))["data"]["done"]

    def _claim(self) -> None:
        """Take the folder for the demo; leave anybody else's Home Assistant alone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if (self.folder / _MARK).exists():
            return
        if any(self.folder.iterdir()):
            raise DemoError(f"{self.folder} is neither empty nor a folder of this demo: choose another one.")
        # Where Home Assistant believes to be in a container its media would lie outside of the folder.
        media = self.folder / "media"
        media.mkdir(exist_ok=True)
        configuration = Path(__file__).with_name("configuration.yaml").read_text(encoding="utf-8")
        file = self.folder / "configuration.yaml"
        file.write_text(configuration.replace(_MEDIA, f"local: {media}"), encoding="utf-8")
        (self.folder / _MARK).touch()


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return the child's environment: with byte code kept in a cache a start takes 2 s instead of 7 s."""
    cache = Path(ours.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    env = {key: value for key, value in ours.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return env | {"PYTHONPYCACHEPREFIX": str(cache / "rutan-blora" / "pycache")}


def _link(link: Path, target: Path) -> None:
    """Let Home Assistant run the integration as it stands in the project."""
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target, target_is_directory=True)


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")


def http_settings(port: int) -> dict[str, Any]:
    """Return confirmed HTTP settings: those of YAML are only tried, and undone after 5 minutes."""
    stable = {
        "server_host": [HOST],
        "server_port": port,
        "cors_allowed_origins": ["https://cast.home-assistant.io"],
        "ip_ban_enabled": True,
        "login_attempts_threshold": -1,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": "2026-01-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
    data = {"stable": stable, "pending": None, "yaml_migration_done": True}
    return {"version": 2, "minor_version": 2, "key": "http", "data": data}


def _onboarding() -> dict[str, Any]:
    """Return stored onboarding of which only the owner is left to make: other steps ask the internet."""
    data = {"done": ["core_config", "analytics", "integration"]}
    return {"version": 4, "minor_version": 1, "key": "onboarding", "data": data}


def _records(lines: list[str]) -> Iterator[LogRecord]:
    """Put lines together to records."""
    level, logger, text = "INFO", "", list[str]()
    for line in lines:
        if match := _RECORD.match(line):
            if text:
                yield LogRecord(level=level, logger=logger, text="\n".join(text))
            level, logger, text = match["level"], match["logger"], [line]
        elif not text:
            yield LogRecord(level="STDERR", logger="", text=line)
        else:
            text.append(line)
    if text:
        yield LogRecord(level=level, logger=logger, text="\n".join(text))
