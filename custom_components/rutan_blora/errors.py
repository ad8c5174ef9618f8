"""What a person is told when a command is refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.exceptions import ServiceValidationError

from .actor import RefusedError
from .const import DOMAIN


@contextmanager
def translated() -> Iterator[None]:
    """Turn a refusal into Home Assistant's translated error."""
    try:
        yield
    except RefusedError as err:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=err.refusal.value) from err
