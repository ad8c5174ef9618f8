"""Visits in a hostile or unlucky world: what is said of them is so, and the alarm works whatever they are in."""

from collections.abc import Iterator
from contextlib import contextmanager
import threading
from typing import Any, Final

import pytest

from custom_components.rutan_blora import facility as facility_module
from custom_components.rutan_blora.journal.record import Record
from custom_components.rutan_blora.journal.store import Journal
from homeassistant.core import HomeAssistant

from .common import FakePhone, House, checkpoint, panic_button, until
from .visitor import TYPED, Phone

pytest_plugins = ("tests.fixtures",)
pytestmark = pytest.mark.usefixtures("socket_enabled")

TAG: Final = "tag-pos-utama"


@pytest.fixture
async def budi(house: House) -> FakePhone:
    """Give a police phone."""
    return await house.pair_taken_over("HP Budi")


@pytest.fixture
async def gate(hass: HomeAssistant, house: House, budi: FakePhone) -> House:
    """Give a house with a checkpoint that has a tag and a printed code."""
    await hass.config.async_set_time_zone("Asia/Jakarta")
    await house.client()
    await house.set_up(panic_button(), checkpoint("Pos utama", tag_id=TAG), budi.police_device())
    return house


@pytest.fixture
def phone(gate: House) -> Phone:
    """Give a phone before the house."""
    return Phone(gate)


@contextmanager
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the disk take its time, without an error, until this is over."""
    may_write, seal = threading.Event(), Journal._seal

    def seal_later(*args: Any) -> list[Record]:
        may_write.wait(5)
        return seal(*args)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "_seal", seal_later)
        patch.setattr(facility_module, "RECORD_DEADLINE", 0.02)
        try:
            yield
        finally:
            may_write.set()


# --- nobody is told that a visit is on record before it is ---


async def test_visit_that_a_slow_disk_has_not_taken_yet_is_not_said_to_be_on_record(
    gate: House, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await phone.scan()
    with hanging(monkeypatch):
        said = (await phone.send(TYPED, page)).text
        assert "belum tercatat" in said
        assert "✓" not in said
    await gate.rows()
    assert "baru ada di memori" not in (await phone.send(TYPED, page)).text


async def test_phone_that_scanned_is_not_told_that_a_visit_is_on_record_before_it_is(
    gate: House, budi: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hanging(monkeypatch):
        await budi.send("scan_tag", {"tag_id": TAG})
        await until(lambda: bool(budi.titles))
        assert budi.titles == ["Kunjungan diterima, belum tercatat: buku catatan terganggu"]
    await gate.rows()
