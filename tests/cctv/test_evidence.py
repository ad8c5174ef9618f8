"""Evidence: what is kept is whole, beside what was kept before, inside its folder, and gone when its time is over."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Final
from unittest.mock import patch

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.cctv.evidence import (
    LATE,
    RECORD_EVIDENCE,
    Kept,
    Moment,
    find,
    incidents,
    parse,
    pictures,
    prune,
    raised_at,
    save,
    schedule,
)
from custom_components.rutan_blora.pictures import EvidenceError, EvidenceProblem, place_in
from homeassistant.util.ulid import ulid_at_time

from .drawing import NOW, picture

PICTURE: Final = picture()
# The random part stays the same: a test is called after it.
INCIDENT: Final = f"{ulid_at_time(NOW.timestamp())[:10]}ZW2KSAQF6H3N5T7V"


def keep(folder: Path, camera: str = "Gerbang", moment: Moment = Moment.PRESS, incident: str = INCIDENT) -> Kept:
    return save(folder, PICTURE, incident=incident, camera_id="camera-1", camera=camera, moment=moment)


def incident_of(age: timedelta) -> str:
    return ulid_at_time((NOW - age).timestamp())


def names(folder: Path) -> list[str]:
    """Return everything below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- when ---


@pytest.mark.parametrize(
    ("after", "due", "missed"),
    [
        (0, {"before": 0, "press": 0, "10s": 10, "30s": 30}, []),
        (1.9, {"before": 0, "press": 0, "10s": 10, "30s": 30}, []),
        (2.1, {"10s": 10, "30s": 30}, ["before", "press"]),
        (11, {"10s": 10, "30s": 30}, ["before", "press"]),
        (12.5, {"30s": 30}, ["before", "press", "10s"]),
        (3600, {}, ["before", "press", "10s", "30s"]),
        # A clock that was put back makes nothing late.
        (-3600, {"before": 0, "press": 0, "10s": 10, "30s": 30}, []),
    ],
)
def test_after_a_restart_what_is_overdue_is_missed_and_not_made_up(
    after: float, due: dict[str, float], missed: list[str]
) -> None:
    planned = schedule(NOW, NOW + timedelta(seconds=after))
    assert {moment.value: (at - NOW).total_seconds() for moment, at in planned.due.items()} == due
    assert [moment.value for moment in planned.missed] == missed


@given(st.floats(-100, 100))
def test_each_moment_is_either_due_or_missed(after: float) -> None:
    now = NOW + timedelta(seconds=after)
    planned = schedule(NOW, now)
    assert [*planned.missed, *planned.due] == list(Moment)
    assert all(now - at <= LATE for at in planned.due.values())


# --- keeping ---


def test_a_picture_is_kept_as_it_is(tmp_path: Path) -> None:
    kept = keep(tmp_path / "media" / "rutan_blora", "Gerbang Utama P2U", Moment.BEFORE)
    content = (tmp_path / "media" / "rutan_blora" / kept.file).read_bytes()
    assert content == PICTURE.jpeg
    assert kept == Kept(
        incident=INCIDENT,
        camera_id="camera-1",
        camera="Gerbang Utama P2U",
        moment=Moment.BEFORE,
        at=PICTURE.at,
        file=f"{INCIDENT}/gerbang_utama_p2u_before.jpg",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )
    assert names(tmp_path / "media" / "rutan_blora") == [kept.file]


def test_it_goes_on_record_with_what_proves_it(tmp_path: Path) -> None:
    kept = keep(tmp_path)
    draft = kept.draft(NOW)
    assert (draft.kind, draft.at, draft.incident, draft.subject) == (RECORD_EVIDENCE, NOW, INCIDENT, "camera-1")
    assert json.loads(json.dumps(draft.body)) == {
        "camera": "Gerbang",
        "moment": "press",
        "at": "2026-03-02T07:02:09+00:00",
        "file": f"{INCIDENT}/gerbang_press.jpg",
        "sha256": hashlib.sha256(PICTURE.jpeg).hexdigest(),
        "bytes": len(PICTURE.jpeg),
    }


def test_a_further_press_overwrites_nothing(tmp_path: Path) -> None:
    files = [keep(tmp_path).file for _ in range(3)]
    assert files == [f"{INCIDENT}/gerbang_press{number}.jpg" for number in ("", "_2", "_3")]
    assert names(tmp_path) == sorted(files)


def test_cameras_of_one_name_kept_at_the_same_time_do_not_overwrite_each_other(tmp_path: Path) -> None:
    def keep_one(number: int) -> str:
        shown = replace(PICTURE, jpeg=b"%d" % number)
        kept = save(tmp_path, shown, incident=INCIDENT, camera_id="c", camera="Kamera", moment=Moment.PRESS)
        assert (tmp_path / kept.file).read_bytes() == shown.jpeg
        return kept.file

    with ThreadPoolExecutor(8) as threads:
        files = list(threads.map(keep_one, range(40)))
    assert len(set(files)) == 40
    assert {(tmp_path / file).read_bytes() for file in files} == {b"%d" % number for number in range(40)}


ODD_NAMES: Final = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    "a\x00b",
    "C:\\x",
    "سجن",
    "😀",
    "",
    "x" * 500,
    ".hidden",
    "a/b",
]


@pytest.mark.parametrize("camera", ODD_NAMES)
def test_no_name_of_a_camera_leads_out_of_the_folder(tmp_path: Path, camera: str) -> None:
    kept = keep(tmp_path / "evidence", camera)
    assert names(tmp_path) == [f"evidence/{kept.file}"]
    assert kept.camera == camera
    stored = parse(kept.file.removeprefix(f"{INCIDENT}/"))
    assert stored is not None
    assert (stored.moment, stored.number) == (Moment.PRESS, 1)


@pytest.mark.parametrize("incident", ["..", "../x", "/etc", "a/b", "", ".", "a.b", "x" * 33, "a\n", "\u0661"])
def test_no_incident_leads_out_of_the_folder(tmp_path: Path, incident: str) -> None:
    # Where a name that leads out of the folder would lead to.
    (tmp_path / "evidence").mkdir()
    outside = ["evidence/gerbang_press.jpg", "gerbang_press.jpg"]
    for file in outside:
        (tmp_path / file).touch()
    with pytest.raises(EvidenceError, match="no_incident"):
        keep(tmp_path / "evidence", incident=incident)
    with pytest.raises(EvidenceError, match="no_incident"):
        pictures(tmp_path / "evidence", incident)
    assert find(tmp_path / "evidence", incident, "gerbang_press.jpg") is None
    assert names(tmp_path) == outside


@contextmanager
def failing(function: str, number: int) -> Iterator[None]:
    with patch(f"custom_components.rutan_blora.cctv.evidence.os.{function}", side_effect=OSError(number, "broken")):
        yield


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        (errno.ENOSPC, EvidenceProblem.DISK_FULL),
        (errno.EDQUOT, EvidenceProblem.DISK_FULL),
        (errno.EROFS, EvidenceProblem.READ_ONLY),
        (errno.EACCES, EvidenceProblem.NO_PERMISSION),
        (errno.EIO, EvidenceProblem.FAILED),
    ],
)
def test_a_disk_that_fails_leaves_nothing_half_done(tmp_path: Path, number: int, problem: EvidenceProblem) -> None:
    kept = keep(tmp_path)
    with failing("fsync", number), pytest.raises(EvidenceError) as failed:
        keep(tmp_path)
    assert failed.value.problem is problem
    assert names(tmp_path) == [kept.file]
    assert keep(tmp_path).file == f"{INCIDENT}/gerbang_press_2.jpg"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_told_by_its_name(tmp_path: Path) -> None:
    """The part is written to a disk that really has no room."""
    (tmp_path / INCIDENT).mkdir()
    (tmp_path / INCIDENT / ".gerbang_press.jpg.part").symlink_to("/dev/full")
    with pytest.raises(EvidenceError, match="disk_full"):
        keep(tmp_path)
    assert names(tmp_path) == []


def test_where_no_folder_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file")
    with pytest.raises(EvidenceError, match="failed"):
        keep(tmp_path / "media")


def test_a_share_that_cannot_make_names_durable_keeps_pictures_all_the_same(tmp_path: Path) -> None:
    with failing("open", errno.EINVAL):
        kept = keep(tmp_path)
    assert (tmp_path / kept.file).read_bytes() == PICTURE.jpeg


# --- looking through ---


def test_incidents_are_listed_newest_first(tmp_path: Path) -> None:
    ids = [incident_of(timedelta(days=age)) for age in (3, 0, 10)]
    for incident in ids:
        keep(tmp_path, incident=incident)
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "LINK").symlink_to(tmp_path / ids[0])
    assert incidents(tmp_path) == [ids[1], ids[0], ids[2]]


def test_pictures_are_listed_by_camera_press_and_moment(tmp_path: Path) -> None:
    for camera in ("Utara", "Barat"):
        for moment in (Moment.AFTER_30, Moment.PRESS, Moment.BEFORE, Moment.AFTER_10, Moment.PRESS):
            keep(tmp_path, camera, moment)
    folder = tmp_path / INCIDENT
    # What a power failure leaves, and what is none of ours.
    (folder / "utara_10s_2.jpg").touch()
    (folder / ".utara_10s_2.jpg.part").write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    (folder / "utara_press_9.jpg").mkdir()
    listed = [stored.file for stored in pictures(tmp_path, INCIDENT)]
    stems = ["before", "press", "10s", "30s", "press_2"]
    assert listed == [f"{camera}_{stem}.jpg" for camera in ("barat", "utara") for stem in stems]


def test_a_folder_that_is_not_there_holds_no_incidents(tmp_path: Path) -> None:
    assert incidents(tmp_path / "none") == []
    assert prune(tmp_path / "none", NOW) == []
    with pytest.raises(EvidenceError, match="no_incident"):
        pictures(tmp_path, INCIDENT)


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    keep(tmp_path)
    with failing("scandir", errno.EACCES), pytest.raises(EvidenceError, match="no_permission"):
        incidents(tmp_path)
    with (
        patch.object(Path, "iterdir", side_effect=OSError(errno.EIO, "broken")),
        pytest.raises(EvidenceError, match="failed"),
    ):
        pictures(tmp_path, INCIDENT)


def test_a_picture_is_found_by_its_name(tmp_path: Path) -> None:
    kept = keep(tmp_path)
    assert find(tmp_path, INCIDENT, "gerbang_press.jpg") == tmp_path / kept.file
    assert find(tmp_path, INCIDENT, "gerbang_before.jpg") is None


@pytest.mark.parametrize(
    "file",
    ["../secret_press.jpg", "..", "", "secret_press.jpg/..", "notes.txt", ".gerbang_press.jpg.part", "a\x00_press.jpg"],
)
def test_no_name_of_a_file_leads_anywhere_else(tmp_path: Path, file: str) -> None:
    keep(tmp_path / "evidence")
    (tmp_path / "evidence" / "secret_press.jpg").touch()
    (tmp_path / "evidence" / INCIDENT / "notes.txt").touch()
    assert find(tmp_path / "evidence", INCIDENT, file) is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_asked_for_stays_in_the_folder(incident: str, file: str) -> None:
    folder = Path("/nonexistent/evidence")
    assert find(folder, incident, file) is None


@given(st.text(st.sampled_from("abc_/.0129pressbefor"), max_size=20).map(lambda text: f"{text}_press.jpg"))
def test_a_name_that_is_read_has_no_separator(file: str) -> None:
    stored = parse(file)
    assert stored is None or Path(stored.file).name == file


@pytest.mark.parametrize(
    ("file", "stored"),
    [
        ("gerbang_press.jpg", ("gerbang", "press", 1)),
        ("gerbang_press_2_press_3.jpg", ("gerbang_press_2", "press", 3)),
        ("a_30s_12.jpg", ("a", "30s", 12)),
        ("gerbang.jpg", None),
        ("_press.jpg", None),
        ("gerbang_press.jpg\n", None),
        ("gerbang_40s.jpg", None),
    ],
)
def test_a_files_name_says_what_it_is(file: str, stored: tuple[str, str, int] | None) -> None:
    found = parse(file)
    assert stored == (found and (found.camera, found.moment.value, found.number))


def test_an_incidents_id_says_when_it_was_raised() -> None:
    at = raised_at(INCIDENT)
    assert at is not None
    assert abs(at - NOW) < timedelta(milliseconds=2)


@pytest.mark.parametrize("incident", ["A", "", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "U" * 26, INCIDENT.lower()])
def test_an_id_that_is_no_time_says_none(incident: str) -> None:
    assert raised_at(incident) is None


# --- how long ---


def test_what_is_too_old_is_deleted_but_never_of_the_open_incident(tmp_path: Path) -> None:
    old, older, fresh = (incident_of(timedelta(days=age)) for age in (91, 200, 89))
    for incident in (old, older, fresh):
        keep(tmp_path, incident=incident)
    assert prune(tmp_path, NOW - timedelta(days=90), open_incident=older) == [old]
    assert incidents(tmp_path) == [fresh, older]
    assert prune(tmp_path, NOW - timedelta(days=90)) == [older]
    assert incidents(tmp_path) == [fresh]


def test_a_folder_whose_name_says_no_time_is_as_old_as_its_last_change(tmp_path: Path) -> None:
    for incident, at in (("A", datetime(2020, 1, 1, tzinfo=UTC)), ("B", NOW)):
        keep(tmp_path, incident=incident)
        os.utime(tmp_path / incident, (at.timestamp(), at.timestamp()))
    assert prune(tmp_path, NOW - timedelta(days=90)) == ["A"]
    assert incidents(tmp_path) == ["B"]


def test_only_what_was_kept_is_deleted(tmp_path: Path) -> None:
    old = incident_of(timedelta(days=100))
    keep(tmp_path / "evidence", incident=old)
    folder = tmp_path / "evidence" / old
    (folder / ".utara_10s.jpg.part").write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    keep(elsewhere, incident=old)
    (tmp_path / "evidence" / "LINK").symlink_to(elsewhere / old)
    prune(tmp_path / "evidence", NOW)
    assert names(tmp_path) == [f"elsewhere/{old}/gerbang_press.jpg", f"evidence/{old}/notes.txt"]


def test_a_folder_that_cannot_be_deleted_does_not_keep_the_others(tmp_path: Path) -> None:
    ids = [incident_of(timedelta(days=age)) for age in (100, 101, 102)]
    for incident in ids:
        keep(tmp_path, incident=incident)
    # A folder where a picture should be cannot be unlinked.
    (tmp_path / ids[1] / "utara_press.jpg").mkdir()
    with pytest.raises(EvidenceError):
        prune(tmp_path, NOW)
    assert incidents(tmp_path) == [ids[1]]


# --- where ---


@pytest.mark.parametrize(
    ("media_dirs", "folder", "url"),
    [
        ({"local": "/media"}, "/media/rutan_blora", "/media/local/rutan_blora"),
        ({"nas": "/nas", "local": "/media"}, "/media/rutan_blora", "/media/local/rutan_blora"),
        ({"nas": "/nas", "usb": "/usb"}, "/nas/rutan_blora", "/media/nas/rutan_blora"),
        ({}, "/config/media/rutan_blora", "/media/local/rutan_blora"),
    ],
)
def test_it_lies_in_the_media_folder(media_dirs: dict[str, str], folder: str, url: str) -> None:
    place = place_in(media_dirs, "/config/media")
    assert (place.folder, place.url) == (Path(folder), url)
