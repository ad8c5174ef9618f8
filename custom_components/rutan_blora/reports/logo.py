"""The logo of a house's letters, taken from a file. Whatever is called here blocks; it is for the executor."""

from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_BYTES: Final = 1_000_000
# Pixels of a picture that is opened at all, and the longest edge of one that is printed: 22 mm at 600 dpi.
MAX_PIXELS: Final = 25_000_000
MAX_EDGE: Final = 520


class LogoProblem(StrEnum):
    """Why a file can be no logo."""

    MISSING = "logo_missing"
    TOO_LARGE = "logo_too_large"
    NO_PICTURE = "logo_no_picture"


class LogoError(Exception):
    """A file can be no logo."""

    def __init__(self, problem: LogoProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def read_logo(path: Path) -> bytes:
    """Return a PNG or JPEG as a small PNG on white; raise LogoError if it is none."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as err:
        raise LogoError(LogoProblem.MISSING) from err
    if len(content) > MAX_BYTES:
        raise LogoError(LogoProblem.TOO_LARGE)
    try:
        return _printed(content)
    except Image.DecompressionBombError as err:
        raise LogoError(LogoProblem.TOO_LARGE) from err
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as err:
        raise LogoError(LogoProblem.NO_PICTURE) from err


def _printed(content: bytes) -> bytes:
    """Return a picture as it is printed."""
    with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise LogoError(LogoProblem.TOO_LARGE)
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
    upright.thumbnail((MAX_EDGE, MAX_EDGE))
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright)
    printed = BytesIO()
    paper.save(printed, "PNG")
    return printed.getvalue()
