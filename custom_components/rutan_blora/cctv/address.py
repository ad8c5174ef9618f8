"""Addresses of cameras, and the credentials kept out of them. No Home Assistant, no I/O."""

from dataclasses import dataclass, field
from typing import Final

from yarl import URL

from .picture import SourceError, SourceProblem

HTTP: Final = ("http", "https")
RTSP: Final = ("rtsp", "rtsps")


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a camera answers, without who asks; `username` is empty where none is needed."""

    url: URL = field(repr=False)
    username: str = field(repr=False)
    password: str = field(repr=False)

    def with_credentials(self) -> str:
        """Return the URL with user name and password in it, encoded: for a library that takes them nowhere else."""
        if not self.username:
            return str(self.url)
        return str(self.url.with_user(self.username).with_password(self.password))


def parse(url: str, schemes: tuple[str, ...], username: str = "", password: str = "") -> Address:
    """Return the address; a user name of its own counts before one in the URL. Raise SourceError if it is none."""
    try:
        parsed = URL(url)
        host = parsed.host
    except ValueError:
        host = None
    if not host or parsed.scheme not in schemes:
        raise SourceError(SourceProblem.BAD_ADDRESS)
    if not username:
        username, password = parsed.user or "", parsed.password or ""
    return Address(url=parsed.with_user(None).with_fragment(None), username=username, password=password)
