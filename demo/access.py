"""Asking for a user name and password as cameras do, over HTTP and RTSP alike."""

import base64
from dataclasses import dataclass, field
import hashlib
import re
import secrets
from typing import Final

_REALM: Final = "IP Camera"
_DIGEST_FIELD: Final = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Who is let in, and how they have to say who they are: `basic` or `digest`."""

    username: str
    password: str
    scheme: str = "digest"
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def challenge(self) -> str:
        """Return what a stranger is answered."""
        if self.scheme == "basic":
            return f'Basic realm="{_REALM}"'
        return f'Digest realm="{_REALM}", nonce="{self.nonce}", algorithm=MD5'

    def lets_in(self, method: str, authorization: str) -> bool:
        """Tell whether these credentials of a request are right."""
        scheme, _, said = authorization.partition(" ")
        if scheme.lower() != self.scheme:
            return False
        if self.scheme == "basic":
            return said == base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        fields = {name: quoted or bare for name, quoted, bare in _DIGEST_FIELD.findall(said)}
        secret = _md5(f"{self.username}:{_REALM}:{self.password}")
        request = _md5(f"{method}:{fields.get('uri', '')}")
        return fields.get("response") == _md5(f"{secret}:{self.nonce}:{request}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324  # what cameras speak
