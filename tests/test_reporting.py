"""Reports of a facility: the action, who gets the files, where they are listed, and what goes on record."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from sqlalchemy.exc import OperationalError
import voluptuous as vol

from custom_components.rutan_blora.const import DOMAIN
from custom_components.rutan_blora.patrol.plan import compliance
from custom_components.rutan_blora.pictures import EvidenceError, EvidenceProblem
from custom_components.rutan_blora.reporting import LINK_LIFETIME
from homeassistant.components.media_player import BrowseError
from homeassistant.components.media_source import BrowseMediaSource, Unresolvable, async_browse_media, async_resolve_media
from homeassistant.components.persistent_notification import _async_get_or_create_notifications
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component

from .common import ENTRY_ID, SITE, House, checkpoint, panic_button, patrol_plan
from .reports.paper import pages

pytest_plugins = ("tests.fixtures",)
pytestmark = pytest.mark.usefixtures("socket_enabled")

ROOT: Final = f"media-source://{DOMAIN}"
ALL: Final = ["alarms.csv", "expected.csv", "journal.jsonl", "report.pdf", "visits.csv", "manifest.sha256"]
