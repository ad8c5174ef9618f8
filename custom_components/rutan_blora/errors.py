"""What a person is told when a command is refused or fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .actor import RefusedError
from .const import DOMAIN
from .journal.table import first_line


@contextmanager
def translated() -> Iterator[None]:
    """Turn a refusal into Home Assistant's translated error."""
    try:
        yield
    except RefusedError as err:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=err.refusal.value) from err


@contextmanager
def readable() -> Iterator[None]:
    """Turn what a journal that cannot be read says into Home Assistant's translated error."""
    try:
        yield
    except SQLAlchemyError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="journal_unreadable",
            translation_placeholders={"error": first_line(err)},
        ) from err
