"""A camera's picture, what it shows, and why there is none. Words only: no Home Assistant, no I/O."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from PIL import Image

# The size (px) at which pictures are measured. A 720p JPEG is decoded to it by its decoder itself, which reads every
# byte and makes an eighth of the lines.
WIDTH: Final = 160
HEIGHT: Final = 90


class Condition(StrEnum):
    """What a camera's pictures are worth, as far as they show it themselves."""

    OK = "ok"
    NO_SIGNAL = "no_signal"
    FROZEN = "frozen"
    DARK = "dark"
    BRIGHT = "bright"
    BLURRED = "blurred"
    COVERED = "covered"
    MOVED = "moved"


class SourceProblem(StrEnum):
    """Why a source gives no picture; `refused` is an answer (not found, too busy), `unreachable` is none."""

    BAD_ADDRESS = "bad_address"
    ENTITY_MISSING = "entity_missing"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls_failed"
    REFUSED = "refused"
    AUTH = "auth_failed"
    REDIRECTED = "redirected"
    NO_VIDEO = "no_video"
    NOT_AN_IMAGE = "not_an_image"
    TOO_LARGE = "too_large"


class SourceError(Exception):
    """A source gave no picture; it carries no address and no password."""

    def __init__(self, problem: SourceProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One picture of a camera: a whole JPEG of this width and height (px), and when it arrived (UTC).

    Equal bytes are one picture, not a new one: `at` stays that of its first arrival, so its age is never flattered.
    `small` is the picture as its own decoder has shrunk it, when it was checked; who measures it decodes no more. It is
    None if it was only glanced at, as one of many of a stream.
    """

    jpeg: bytes
    at: datetime
    width: int
    height: int
    small: Image.Image | None = field(default=None, repr=False, compare=False)
