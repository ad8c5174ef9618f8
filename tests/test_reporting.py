"""Reports of a facility: the action, who gets the files, where they are listed, and what goes on record."""

from typing import Final

import pytest

from custom_components.rutan_blora.const import DOMAIN

pytest_plugins = ("tests.fixtures",)
pytestmark = pytest.mark.usefixtures("socket_enabled")

ROOT: Final = f"media-source://{DOMAIN}"
ALL: Final = ["alarms.csv", "expected.csv", "journal.jsonl", "report.pdf", "visits.csv", "manifest.sha256"]
