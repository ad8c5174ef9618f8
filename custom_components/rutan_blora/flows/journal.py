"""Where the journal's copy is to be kept: tried before it is saved."""

import asyncio
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ..journal.copy import check
from ..journal.server import AddressError, schema_of
from ..journal.table import first_line
from ..optional import POSTGRESQL, async_need

# Seconds somebody waits before the form for a server that may be slow.
DEADLINE: Final = 20


async def address_error(hass: HomeAssistant, url: str, slug: str) -> tuple[str, str] | None:
    """Return what is wrong with an address and what its server says, None if a copy can be kept there."""
    try:
        await async_need(hass, POSTGRESQL)
        async with asyncio.timeout(DEADLINE):
            await hass.async_add_executor_job(check, url, schema_of(slug))
    except HomeAssistantError, ImportError:
        return "requirement_missing", ""
    except AddressError:
        return "journal_url_unfit", ""
    except (SQLAlchemyError, TimeoutError) as err:
        return "journal_unreachable", first_line(err)
    return None
