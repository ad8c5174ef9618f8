"""Whether what a source gave is a picture: whole, and small enough to be taken in."""

from datetime import UTC, datetime
from io import BytesIO
import struct
import zlib

from hypothesis import given, strategies as st
from PIL import Image
import pytest

from custom_components.rutan_blora.cctv.picture import SourceError, SourceProblem
from custom_components.rutan_blora.cctv.verify import MAX_BYTES, check, glance

AT = datetime(2026, 11, 24, 10, tzinfo=UTC)


def coded(file_format: str = "JPEG", size: tuple[int, int] = (640, 360), mode: str = "RGB") -> bytes:
    """Return a picture with something in it."""
    file = BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(file, file_format)
    return file.getvalue()


def problem_of(data: bytes) -> SourceProblem:
    with pytest.raises(SourceError) as error:
        check(data, AT)
    return error.value.problem


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that says it is this large, and a little of what it would inflate to."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_passes_untouched(mode: str) -> None:
    jpeg = coded(mode=mode)
    picture = check(jpeg, AT)
    assert picture.jpeg is jpeg
    assert (picture.width, picture.height, picture.at) == (640, 360, AT)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "GIF", "BMP"])
def test_others_become_jpeg(file_format: str, mode: str) -> None:
    picture = check(coded(file_format, mode="RGB" if file_format == "BMP" else mode), AT)
    with Image.open(BytesIO(picture.jpeg)) as image:
        assert image.format == "JPEG"
        assert image.size == (picture.width, picture.height) == (640, 360)


def test_jpeg_of_a_camera_that_appends_more_of_them_passes() -> None:
    file = BytesIO()
    image = Image.effect_noise((640, 360), 60)
    image.save(file, "MPO", save_all=True, append_images=[image])
    picture = check(file.getvalue(), AT)
    assert (picture.width, picture.height) == (640, 360)


WHOLE = coded(size=(160, 90))


@given(length=st.integers(0, len(WHOLE) * 95 // 100))
def test_no_part_of_a_picture_is_one(length: int) -> None:
    assert problem_of(WHOLE[:length]) is SourceProblem.NOT_AN_IMAGE


@given(data=st.binary(max_size=200))
def test_other_bytes_are_no_picture(data: bytes) -> None:
    assert problem_of(data) is SourceProblem.NOT_AN_IMAGE


@pytest.mark.parametrize(
    "data",
    [b"<html>Please log in</html>", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", coded("TIFF"), coded("PPM")],
    ids=["html", "postscript", "tiff", "ppm"],
)
def test_other_files_are_no_picture(data: bytes) -> None:
    assert problem_of(data) is SourceProblem.NOT_AN_IMAGE


@pytest.mark.parametrize(
    "size", [(20_000, 20_000), (7_000, 7_000), (17_000, 10)], ids=["bomb", "too many pixels", "too long a side"]
)
def test_large_picture_is_refused_by_its_header(size: tuple[int, int]) -> None:
    assert problem_of(png_header(*size)) is SourceProblem.TOO_LARGE


def test_large_file_is_refused() -> None:
    assert problem_of(coded() + bytes(MAX_BYTES)) is SourceProblem.TOO_LARGE


def test_12_megapixels_are_not_too_many() -> None:
    file = BytesIO()
    Image.new("L", (4000, 3000)).save(file, "JPEG")
    assert check(file.getvalue(), AT).width == 4000


@pytest.mark.parametrize(
    ("size", "small"),
    [((1920, 1080), (240, 135)), ((1280, 720), (160, 90)), ((640, 360), (160, 90)), ((7, 5), (7, 5))],
    ids=str,
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_picture_is_shrunk_by_its_decoder_while_it_is_checked(
    file_format: str, size: tuple[int, int], small: tuple[int, int]
) -> None:
    """No further than its fine detail is needed to tell whether it is sharp."""
    shrunk = check(coded(file_format, size=size), AT).small
    assert shrunk is not None
    assert shrunk.size == small


# --- one more of a stream ---

KNOWN = check(coded(), AT)
LATER = datetime(2026, 11, 24, 11, tzinfo=UTC)


def test_picture_like_the_one_before_is_only_glanced_at() -> None:
    more = coded()
    picture = glance(more, LATER, KNOWN)
    assert picture is not None
    assert (picture.jpeg, picture.at, picture.width, picture.height, picture.small) == (more, LATER, 640, 360, None)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="a page"),
        pytest.param(coded()[:-200], id="cut off"),
        pytest.param(coded(size=(320, 180)), id="another size"),
        pytest.param(coded("PNG"), id="another format"),
        pytest.param(b"\xff\xd8 no markers \xff\xd9", id="only framed"),
        pytest.param(b"\xff\xd8" + bytes(MAX_BYTES) + b"\xff\xd9", id="too large"),
    ],
)
def test_what_is_unlike_the_one_before_must_be_checked(data: bytes) -> None:
    assert glance(data, LATER, KNOWN) is None
