"""Keeping the pictures of an incident."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
import threading
from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy.exc import SQLAlchemyError

from custom_components.rutan_blora.cctv import collector as collector_module, evidence, feed
from custom_components.rutan_blora.cctv.camera import Camera
from custom_components.rutan_blora.cctv.collector import Collector
from custom_components.rutan_blora.cctv.desk import CameraDesk
from custom_components.rutan_blora.cctv.evidence import Moment
from custom_components.rutan_blora.journal.record import Draft, Record, seal
from custom_components.rutan_blora.journal.store import Journal
from custom_components.rutan_blora.pictures import EvidenceError, EvidenceProblem, Place
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.common import until

from .common import StubSource, jpeg

INCIDENT = "01M8580MJXPPB1ZW2KSAQF6H3N"
MOMENTS = ["before", "press", "10s", "30s"]


class Store:
    """Two cameras, and a collector that keeps their pictures in a folder; its moments are a blink apart."""

    def __init__(self, hass: HomeAssistant, folder: Path) -> None:
        self.folder = folder
        self.journal = Mock(spec=Journal)
        self.sources = {"north": StubSource(), "south": StubSource()}
        cameras = [
            Camera(id=name, key=name, name=name.title(), source=source, interval=0.01, max_age=30, position=place)
            for place, (name, source) in enumerate(self.sources.items())
        ]
        self.desk = CameraDesk(hass, self.journal, cameras, {})
        self.desk.start()
        place = Place(folder=folder, url="/media/local/rutan_blora")
        self.collector = Collector(hass, self.journal, self.desk, place, lambda: timedelta(days=90))

    def records(self, kind: str = "evidence") -> list[dict[str, Any]]:
        """Return what is on record of a kind."""
        drafts = [call.args[0] for call in self.journal.append.call_args_list]
        return [{"of": draft.subject, **draft.body} for draft in drafts if draft.kind == kind]

    async def give(self, *names: str, number: int = 0) -> None:
        """Let cameras give one more picture each."""
        for name in names:
            heard_at = self.desk.watches[name].feed.heard_at
            self.sources[name].give(jpeg((number, 0, len(name))))
            await until(lambda name=name, at=heard_at: self.desk.watches[name].feed.heard_at != at)  # type: ignore[misc]

    async def recorded(self, count: int) -> None:
        """Wait until so much is on record."""
        await until(lambda: len(self.records()) >= count)


@pytest.fixture
async def store(hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """Give a store whose moments come at once."""
    soon = {moment: timedelta(seconds=0.05 * place) for place, moment in enumerate(Moment)}
    monkeypatch.setattr(evidence, "_OFFSETS", {**soon, Moment.BEFORE: timedelta(0), Moment.PRESS: timedelta(0)})
    monkeypatch.setattr(collector_module, "PATIENCE", 0.3)
    monkeypatch.setattr(feed, "LOOKED_AT", 0.01)
    store = Store(hass, tmp_path)
    yield store
    store.collector.stop()
    await store.desk.async_stop()


async def goes_on(store: Store, *names: str) -> None:
    """Let cameras give pictures for a while."""
    for number in range(1, 9):
        for name in names:
            store.sources[name].give(jpeg((number, 0, len(name))))
        await asyncio.sleep(0.05)


async def test_every_camera_is_kept_at_every_moment_with_its_fingerprint(store: Store) -> None:
    await store.give("north", "south")
    store.collector.collect(INCIDENT, dt_util.utcnow(), ["south"])
    await goes_on(store, "north", "south")
    await store.recorded(8)
    records = store.records()
    assert sorted((record["of"], record["moment"]) for record in records) == sorted(
        (name, moment) for name in store.sources for moment in MOMENTS
    )
    for record in records:
        content = (store.folder / record["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == record["sha256"]


async def test_picture_from_before_the_press_is_from_before_it(store: Store) -> None:
    await store.give("north", "south")
    pressed_at = dt_util.utcnow()
    store.collector.collect(INCIDENT, pressed_at, [])
    await store.recorded(2)
    before = [record for record in store.records() if record["moment"] == "before"]
    assert all(datetime.fromisoformat(record["at"]) <= pressed_at for record in before)


async def test_camera_that_gives_nothing_leaves_a_gap_that_is_on_record_and_holds_up_nobody(store: Store) -> None:
    await store.give("south")
    store.collector.collect(INCIDENT, dt_util.utcnow(), [])
    await goes_on(store, "south")
    await store.recorded(8)
    gaps = [record for record in store.records() if "reason" in record]
    assert {(gap["of"], gap["reason"]) for gap in gaps} == {("north", "no_picture")}
    assert [gap["moment"] for gap in gaps] == MOMENTS
    assert sum("sha256" in record for record in store.records()) == 4


async def test_latest_is_the_nearest_cameras_picture_of_the_press(store: Store) -> None:
    heard = Mock()
    store.collector.listen(heard)
    await store.give("north", "south")
    store.collector.collect(INCIDENT, dt_util.utcnow(), ["south"])
    assert store.collector.latest is None
    await store.give("south", number=7)
    await until(lambda: store.collector.latest is not None)
    assert store.collector.latest is store.desk.watches["south"].feed.latest
    await until(lambda: heard.called)


async def test_moments_that_have_passed_are_missed_and_not_made_up(store: Store) -> None:
    await store.give("north", "south")
    store.collector.collect(INCIDENT, dt_util.utcnow() - timedelta(minutes=5), [])
    await store.recorded(8)
    assert {record["reason"] for record in store.records()} == {"missed"}
    assert not list(store.folder.iterdir())


def on_record(store: Store) -> list[Record]:
    """Return what the journal would answer."""
    drafts = [call.args[0] for call in store.journal.append.call_args_list if call.args[0].kind == "evidence"]
    return [seal(draft, seq=seq, prev="") for seq, draft in enumerate(drafts, start=1)]


async def test_that_there_is_no_video_is_on_record_once_for_each_moment_of_a_press(
    hass: HomeAssistant, store: Store
) -> None:
    cameras = [watch.camera for watch in store.desk.watches.values()]
    blind = CameraDesk(hass, store.journal, cameras, {}, has_video=False)
    place = Place(folder=store.folder, url="/media/local/rutan_blora")
    collector = Collector(hass, store.journal, blind, place, lambda: timedelta(days=90))
    collector.collect(INCIDENT, dt_util.utcnow(), ())
    gaps = [(gap["of"], gap["moment"], gap["reason"]) for gap in store.records()]
    assert gaps == [(camera, moment, "no_video") for camera in ("north", "south") for moment in MOMENTS]


async def test_moments_that_passed_while_nobody_was_there_are_missed_and_nothing_is_said_twice(store: Store) -> None:
    await store.give("north", "south")
    presses = [dt_util.utcnow() - timedelta(minutes=6), dt_util.utcnow() - timedelta(minutes=5)]
    store.collector.collect(INCIDENT, presses[0], [])
    await store.recorded(8)
    kept = on_record(store)
    other = Draft(kind="delivery", at=presses[0], incident=INCIDENT, subject="budi", body={})
    store.journal.of_incident.return_value = [
        *kept[:6],
        seal(other, seq=7, prev=""),
        *(replace(kept[0], body=body) for body in ("x", "{}", '{"moment":"noon"}')),
    ]
    store.journal.append.reset_mock()
    store.collector.resume(INCIDENT, presses, [])
    await store.recorded(10)
    missed = Counter((record["of"], record["moment"]) for record in store.records())
    missed.update((record.subject or "", record.load()["moment"]) for record in kept[:6])
    assert missed == {(name, moment): 2 for name in store.sources for moment in MOMENTS}


async def test_journal_that_cannot_be_read_keeps_nobody_from_going_on(store: Store) -> None:
    await store.give("north", "south")
    store.journal.of_incident.side_effect = SQLAlchemyError
    store.collector.resume(INCIDENT, [dt_util.utcnow()], [])
    await goes_on(store, "north", "south")
    await store.recorded(8)


async def test_picture_that_is_being_written_at_a_reload_is_on_record(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_write = threading.Event()
    monkeypatch.setattr(
        collector_module, "save", lambda *args, **kwargs: may_write.wait(5) and evidence.save(*args, **kwargs)
    )
    await store.give("north")
    store.collector.collect(INCIDENT, dt_util.utcnow(), [])
    await asyncio.sleep(0.05)
    store.collector.stop()
    may_write.set()
    await until(lambda: any("file" in record for record in store.records()))


async def test_clock_that_is_set_back_puts_no_moment_off(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector_module, "LONGEST", 0.05)
    await store.give("north", "south")
    store.collector.collect(INCIDENT, dt_util.utcnow(), [])
    monkeypatch.setattr(dt_util, "utcnow", lambda: datetime.now(UTC) - timedelta(hours=1))
    await goes_on(store, "north", "south")
    await store.recorded(8)
    assert {"10s", "30s"} <= {record["moment"] for record in store.records() if "file" in record}


async def test_disk_that_takes_nothing_is_on_record_and_the_next_moment_is_tried(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = evidence.save
    fails = iter([True, True])

    def save_or_fail(*args: Any, **kwargs: Any) -> Any:
        if next(fails, False):
            raise EvidenceError(EvidenceProblem.DISK_FULL)
        return save(*args, **kwargs)

    monkeypatch.setattr(collector_module, "save", save_or_fail)
    await store.give("north", "south")
    store.collector.collect(INCIDENT, dt_util.utcnow(), [])
    await goes_on(store, "north", "south")
    await store.recorded(8)
    assert [record["reason"] for record in store.records() if "reason" in record] == ["disk_full"] * 2


async def test_old_evidence_is_deleted_and_that_is_on_record(store: Store) -> None:
    old = store.folder / "01HXAAAAAAAAAAAAAAAAAAAAAA"
    old.mkdir()
    (old / "north_press.jpg").write_bytes(jpeg())
    store.collector.start()
    await until(lambda: bool(store.records("evidence_pruned")))
    assert not old.exists()
