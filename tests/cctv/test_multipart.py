"""Taking the pictures out of a motion JPEG stream, however the camera delimits them and the network cuts it."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.cctv.multipart import Parts
from custom_components.rutan_blora.cctv.picture import SourceError, SourceProblem
from custom_components.rutan_blora.cctv.verify import MAX_BYTES

PICTURES = [b"\xff\xd8one\r\n\xff\xd9", b"\xff\xd8two--x\nthree\xff\xd9", b"\xff\xd8\n\n--\xff\xd9"]


def in_pieces(parts: Parts, stream: bytes, cuts: Sequence[int] = ()) -> list[bytes]:
    """Feed a stream cut at these places; return what came out."""
    ends = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [part for start, end in pairwise(ends) for part in parts.feed(stream[start:end])]


def stream_of(
    pictures: Sequence[bytes], delimiter: bytes = b"--x", *, counted: bool = True, end: bytes = b"\r\n"
) -> bytes:
    """Return pictures as a camera sends them, up to the delimiter after the last."""
    stream = b""
    for picture in pictures:
        length = b"Content-Length: %d%b" % (len(picture), end) if counted else b""
        stream += delimiter + end + b"Content-Type: image/jpeg" + end + length + end + picture + end
    return stream + delimiter + end


@given(
    pictures=st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4), cuts=st.lists(st.integers(0, 9999))
)
def test_counted_parts_come_whole_however_they_are_cut(pictures: list[bytes], cuts: list[int]) -> None:
    assert in_pieces(Parts("frame"), stream_of(pictures, b"--frame"), cuts) == pictures


@given(
    pictures=st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4), cuts=st.lists(st.integers(0, 9999))
)
def test_parts_without_a_length_come_whole_however_they_are_cut(pictures: list[bytes], cuts: list[int]) -> None:
    pictures = [b"\xff\xd8" + picture + b"\xff\xd9" for picture in pictures]
    stream = stream_of(pictures, b"--gc0p4Jq0M2Yt08jU534c0p", counted=False)
    assert in_pieces(Parts("gc0p4Jq0M2Yt08jU534c0p"), stream, cuts) == pictures


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize(
    ("announced", "sent"),
    [("x7", b"--x7"), ("--x7", b"--x7"), ("--x7", b"----x7"), ("x7", b"x7"), ('"x7"', b"--x7"), ("", b"--x7")],
)
def test_boundary_is_known_with_and_without_dashes(announced: str, sent: bytes, end: bytes, counted: bool) -> None:
    stream = stream_of(PICTURES, sent, counted=counted, end=end)
    assert in_pieces(Parts(announced), stream, range(len(stream))) == PICTURES


def test_junk_between_parts_is_left_out() -> None:
    stream = b"junk x\r\n" + stream_of(PICTURES[:1]) + b"X-Thing: 1\r\n\r\n\r\n--y\r\n" + stream_of(PICTURES[1:])
    assert in_pieces(Parts("x"), stream)[:1] == PICTURES[:1]
    assert in_pieces(Parts("x"), stream)[-2:] == PICTURES[1:]


def test_junk_before_the_first_part_is_not_kept() -> None:
    parts = Parts("x")
    for _ in range(100):
        assert parts.feed(bytes(100_000)) == []
    assert len(parts._buffer) < 1000
    assert parts.feed(b"\r\n" + stream_of(PICTURES)) == PICTURES


def test_part_without_headers_is_taken() -> None:
    assert Parts("x").feed(b"--x\r\n\r\n\xff\xd8one\xff\xd9\r\n--x\r\n") == [b"\xff\xd8one\xff\xd9"]


def test_part_that_ends_without_a_line_end_is_taken() -> None:
    stream = b"--x\r\nContent-Length: 4\r\n\r\none!--x\r\nContent-Length: 4\r\n\r\ntwo!"
    assert Parts("x").feed(stream) == [b"one!", b"two!"]


def test_empty_part_is_left_out() -> None:
    assert Parts("x").feed(stream_of([b"", b"one", b""])) == [b"one"]


def test_end_of_the_stream_is_no_part() -> None:
    assert Parts("x").feed(stream_of([b"one"]).removesuffix(b"\r\n") + b"--\r\n") == [b"one"]


def test_part_said_to_be_large_is_refused_at_once() -> None:
    with pytest.raises(SourceError) as error:
        Parts("x").feed(b"--x\r\nContent-Length: 104857600\r\n\r\n")
    assert error.value.problem is SourceProblem.TOO_LARGE


def test_part_that_does_not_end_is_refused() -> None:
    parts = Parts("x")
    parts.feed(b"--x\r\n\r\n")
    for _ in range(MAX_BYTES // 1_000_000):
        parts.feed(bytes(1_000_000))
    with pytest.raises(SourceError, match="too_large"):
        parts.feed(bytes(1_000_000))
    assert len(parts._buffer) < MAX_BYTES + 2_000_000


def test_headers_that_do_not_end_are_refused() -> None:
    with pytest.raises(SourceError, match="not_an_image"):
        Parts("x").feed(b"--x\r\n" + b"X-Thing: 1\r\n" * 10_000)
