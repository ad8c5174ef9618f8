"""Addresses of cameras, and the credentials kept out of them."""

from urllib.parse import unquote, urlsplit

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.cctv.address import HTTP, RTSP, parse
from custom_components.rutan_blora.cctv.picture import SourceError, SourceProblem

TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=30)


@given(username=TEXT, password=TEXT)
def test_credentials_in_an_address_are_read_back_as_they_were(username: str, password: str) -> None:
    parts = urlsplit(parse("rtsp://10.0.0.9:554/cam?x=1", RTSP, username, password).with_credentials())
    assert parts.hostname == "10.0.0.9"
    assert parts.port == 554
    assert unquote(parts.username or "") == username
    assert unquote(parts.password or "") == password
    assert (parts.path, parts.query) == ("/cam", "x=1")


def test_credentials_are_taken_out_of_the_url() -> None:
    address = parse("http://admin:p%40ss@10.0.0.9/still.jpg", HTTP)
    assert str(address.url) == "http://10.0.0.9/still.jpg"
    assert (address.username, address.password) == ("admin", "p@ss")


def test_user_name_of_its_own_counts_before_the_urls() -> None:
    address = parse("rtsp://old:one@10.0.0.9/", RTSP, "new", "two")
    assert address.with_credentials() == "rtsp://new:two@10.0.0.9/"


def test_address_needs_no_credentials() -> None:
    assert parse("rtsp://10.0.0.9/cam", RTSP).with_credentials() == "rtsp://10.0.0.9/cam"


def test_address_does_not_show_what_is_in_it() -> None:
    assert "ecret" not in repr(parse("http://10.0.0.9/still.jpg?pwd=Secret", HTTP, "admin", "secret"))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "rtsp://10.0.0.9/",
        "ftp://10.0.0.9/",
        "/still.jpg",
        "10.0.0.9",
        "",
        "http://",
        "http://[x/",
    ],
)
def test_not_an_address(url: str) -> None:
    with pytest.raises(SourceError) as error:
        parse(url, HTTP)
    assert error.value.problem is SourceProblem.BAD_ADDRESS
