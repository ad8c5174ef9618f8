"""Telling listeners: one that fails never keeps the news from the others, nor stops whoever tells."""

from collections.abc import Callable
import logging

_LOGGER = logging.getLogger(__name__)


class Listeners[**P]:
    """Who wants to hear of something."""

    def __init__(self) -> None:
        self._listeners: list[Callable[P, object]] = []

    def add(self, listener: Callable[P, object]) -> Callable[[], None]:
        """Add a listener; call what is returned to remove it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Tell all of them."""
        for listener in list(self._listeners):
            try:
                listener(*args, **kwargs)
            except Exception:
                _LOGGER.exception("A listener failed")
