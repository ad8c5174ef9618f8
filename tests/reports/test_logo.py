"""The logo of a house's letters: what can be one, and what becomes of it."""

from io import BytesIO
from pathlib import Path
import struct
import zlib

from PIL import Image
import pytest

from custom_components.rutan_blora.reports import logo
from custom_components.rutan_blora.reports.logo import MAX_BYTES, MAX_EDGE, LogoError, LogoProblem, read_logo


def read(path: Path) -> Image.Image:
    return Image.open(BytesIO(read_logo(path)))


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_a_png_or_jpeg_becomes_a_small_png(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"logo.{kind}"
    Image.new("RGB", (2000, 1000), "navy").save(path)
    printed = read(path)
    assert (printed.format, printed.mode, printed.size) == ("PNG", "RGB", (MAX_EDGE, MAX_EDGE // 2))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_paper(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "logo.png"
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).convert(mode).save(path, transparency=0 if mode == "P" else None)
    assert read(path).getpixel((4, 4)) == (255, 255, 255)


def test_a_photograph_stands_upright(tmp_path: Path) -> None:
    path, turned = tmp_path / "logo.jpg", Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (40, 20)).save(path, exif=turned)
    assert read(path).size == (20, 40)


def a_bomb(edge: int) -> bytes:
    """Give a PNG that claims to be so wide and so high."""
    head = struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    packed = struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + packed + struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, LogoProblem.MISSING),
        (b"", LogoProblem.NO_PICTURE),
        (b"GIF89a" + bytes(50), LogoProblem.NO_PICTURE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", LogoProblem.NO_PICTURE),
        (b"\xff\xd8\xff" + bytes(500), LogoProblem.NO_PICTURE),
        (bytes(MAX_BYTES + 1), LogoProblem.TOO_LARGE),
        (a_bomb(5001), LogoProblem.TOO_LARGE),
        (a_bomb(2**20), LogoProblem.TOO_LARGE),
    ],
)
def test_what_can_be_no_logo_is_told(tmp_path: Path, content: bytes | None, problem: LogoProblem) -> None:
    path = tmp_path / "logo.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LogoError) as refused:
        read_logo(path)
    assert refused.value.problem is problem


def test_a_folder_is_no_logo(tmp_path: Path) -> None:
    with pytest.raises(LogoError) as refused:
        read_logo(tmp_path)
    assert refused.value.problem is LogoProblem.MISSING


def test_no_more_of_a_file_is_read_than_a_logo_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logo, "MAX_BYTES", 10)
    path = tmp_path / "logo.png"
    path.write_bytes(bytes(11))
    with pytest.raises(LogoError, match="logo_too_large"):
        read_logo(path)
