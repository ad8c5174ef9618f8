"""The rules of a record and of the chain: what was altered shows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
import json
from typing import Any, Final

from hypothesis import assume, given, strategies as st
import pytest

from custom_components.rutan_blora.journal.record import GENESIS, Draft, Record, first_broken, seal

NOW: Final = datetime(2026, 3, 2, 1, 5, 9, 250000, tzinfo=UTC)
WIB: Final = timezone(timedelta(hours=7))


def chain(drafts: Sequence[Draft], *, seq: int = 0, head: str = GENESIS) -> list[Record]:
    """Seal drafts one after the other."""
    records: list[Record] = []
    for draft in drafts:
        record = seal(draft, seq=seq + 1, prev=head)
        seq, head = record.seq, record.hash
        records.append(record)
    return records


def forged(record: Record, **changes: Any) -> Record:
    """Give the record with changes and the hash that fits them, as somebody does who knows how."""
    draft = Draft(kind=record.kind, at=record.time, incident=record.incident, subject=record.subject, body={})
    body = changes.pop("body", record.body)
    prev = changes.pop("prev", record.prev)
    seq = changes.pop("seq", record.seq)
    return seal(replace(draft, body=json.loads(body), **changes), seq=seq, prev=prev)


NAMES: Final = st.text(st.characters(codec="utf-8"), max_size=12)
VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
DRAFTS: Final = st.builds(
    Draft,
    kind=NAMES,
    at=st.datetimes(
        min_value=datetime(1970, 1, 2),  # noqa: DTZ001  # hypothesis wants it so
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.timezones(),
    ),
    body=st.dictionaries(NAMES, VALUES, max_size=4),
    incident=st.none() | NAMES,
    subject=st.none() | NAMES,
)
CHAINS: Final = st.lists(DRAFTS, min_size=1, max_size=6).map(chain)

THREE: Final = chain(
    [
        Draft(kind="raised", at=NOW, body={"message": "a"}, incident="A", subject="gate"),
        Draft(kind="acknowledged", at=NOW, body={"message": "b"}, incident="A", subject="phone-1"),
        Draft(kind="closed", at=NOW, body={"message": "c"}, incident="A"),
    ]
)


# --- one record ---


def test_a_record_is_sealed_as_it_always_was() -> None:
    """The hashes were reckoned with sha256sum: a chain on disk must be verifiable for ever, by anybody."""
    first = seal(
        Draft(kind="raised", at=NOW, body={"message": "Ä", "drill": False}, incident="A", subject="gate"),
        seq=1,
        prev=GENESIS,
    )
    assert first == Record(
        seq=1,
        at="2026-03-02T01:05:09.250000+00:00",
        kind="raised",
        incident="A",
        subject="gate",
        body='{"drill":false,"message":"\\u00c4"}',
        prev="0" * 64,
        hash="52bc6cd3ef148845a023fa48db921fbe06968b3f7ead13e66842cdaafe1a10bc",
    )
    second = seal(Draft(kind="note", at=NOW.replace(minute=6, microsecond=0), body={}), seq=2, prev=first.hash)
    assert second == Record(
        seq=2,
        at="2026-03-02T01:06:09.000000+00:00",
        kind="note",
        incident=None,
        subject=None,
        body="{}",
        prev=first.hash,
        hash="01d3547c2573ed903526343a1af1a1293d831d39c30696af60db80e4e91b2183",
    )


def test_times_are_kept_in_utc() -> None:
    record = seal(Draft(kind="note", at=NOW.astimezone(WIB), body={}), seq=1, prev=GENESIS)
    assert record.at == "2026-03-02T01:05:09.250000+00:00"
    assert record.time == NOW
    assert record.time.utcoffset() == timedelta()


def test_the_order_of_a_body_does_not_matter() -> None:
    one = seal(Draft(kind="note", at=NOW, body={"a": 1, "b": {"c": 2, "d": 3}}), seq=1, prev=GENESIS)
    two = seal(Draft(kind="note", at=NOW, body={"b": {"d": 3, "c": 2}, "a": 1}), seq=1, prev=GENESIS)
    assert one == two


def test_a_body_may_be_made_when_it_is_written() -> None:
    body = {"message": "a"}
    late = Draft(kind="note", at=NOW, body=lambda: body)
    assert late.content is body
    assert seal(late, seq=1, prev=GENESIS) == seal(Draft(kind="note", at=NOW, body=body), seq=1, prev=GENESIS)


@given(draft=DRAFTS)
def test_what_was_written_is_read_back(draft: Draft) -> None:
    record = seal(draft, seq=1, prev=GENESIS)
    assert record.is_intact
    assert record.time == draft.at.astimezone(UTC)
    assert record.load() == draft.body
    assert (record.kind, record.incident, record.subject) == (draft.kind, draft.incident, draft.subject)
    assert record.body.isascii()


def record_with(*, body: str = "{}", at: str = "2026-03-02T01:05:09+00:00") -> Record:
    return replace(THREE[0], body=body, at=at)


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "5", "null", "{} {}", "{'a': 1}", '{"a":\x00}'])
def test_a_body_that_is_no_object_is_told(body: str) -> None:
    with pytest.raises(ValueError, match=r"^the body is no object$|line 1 column|Expecting"):
        record_with(body=body).load()


@pytest.mark.parametrize("value", [None, 5, 1.5, b"\xff"], ids=ascii)
@pytest.mark.parametrize("field", ["at", "kind", "incident", "subject", "body", "prev", "hash"])
def test_a_column_of_another_type_is_found(field: str, value: Any) -> None:
    """SQLite holds anything in any column."""
    change: dict[str, Any] = {field: value}
    altered = replace(THREE[0], **change)
    assert not altered.is_intact
    assert first_broken([altered]) == 1


@pytest.mark.parametrize("value", [None, 5, 1.5, b"\xff"], ids=ascii)
def test_a_time_or_body_of_another_type_is_told(value: Any) -> None:
    change: dict[str, Any] = {"at": value, "body": value}
    altered = replace(THREE[0], **change)
    with pytest.raises(ValueError, match="isoformat"):
        _ = altered.time
    with pytest.raises(ValueError, match=r"body|decode"):
        altered.load()


@given(body=st.text())
def test_no_text_stops_the_reading_of_a_body(body: str) -> None:
    try:
        loaded = record_with(body=body).load()
    except ValueError:
        return
    assert loaded == json.loads(body)


def test_a_body_nested_too_deep_is_told() -> None:
    with pytest.raises(ValueError, match="body"):
        record_with(body="[" * 200_000).load()


@pytest.mark.parametrize(
    "at",
    [
        "",
        "yesterday",
        "2026-02-30T00:00:00+00:00",
        "2026-03-02T25:00:00+00:00",
        pytest.param(
            "2026-03-02T01:05:09.250000",
        ),
    ],
)
def test_a_time_that_is_none_is_told(at: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|must be in|out of range|zone"):
        _ = record_with(at=at).time


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00+07:00",
        "9999-12-31T23:59:59-07:00",
        "9999-12-31T23:59:59+00:00",
    ],
)
def test_a_time_that_nothing_can_be_added_to_is_none(at: str) -> None:
    with pytest.raises(ValueError, match=r"does not have|there is none"):
        _ = record_with(at=at).time


# --- the chain ---


@given(records=CHAINS)
def test_a_chain_nobody_touched_is_intact(records: list[Record]) -> None:
    assert first_broken(records) is None
    assert first_broken(iter(records)) is None


def test_an_empty_chain_is_intact() -> None:
    assert first_broken([]) is None


@given(records=CHAINS, data=st.data())
def test_any_part_of_a_chain_can_be_verified(records: list[Record], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(records) - 1))
    prev = records[start - 1].hash if start else GENESIS
    assert first_broken(records[start:], seq=start + 1, prev=prev) is None
    assert first_broken(records[start:], seq=start + 1, prev="f" * 64) == start + 1
    assert first_broken(records[start:], seq=start + 2, prev=prev) == start + 2


TEXT_FIELDS: Final = ("at", "kind", "incident", "subject", "body", "prev", "hash")


@given(records=CHAINS, data=st.data())
def test_one_bit_flipped_anywhere_is_found(records: list[Record], data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(records) - 1), label="record")
    field = data.draw(st.sampled_from([f for f in TEXT_FIELDS if getattr(records[which], f)]), label="field")
    value: str = getattr(records[which], field)
    raw = bytearray(value.encode())
    raw[data.draw(st.integers(0, len(raw) - 1), label="byte")] ^= 1 << data.draw(st.integers(0, 7), label="bit")
    change: dict[str, Any] = {field: raw.decode(errors="replace")}
    assume(change[field] != value)
    records[which] = replace(records[which], **change)
    assert first_broken(records) == which + 1
    assert not records[which].is_intact


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize(
    "change",
    [
        {"seq": 9},
        {"at": "2026-03-02T01:05:09.250001+00:00"},
        {"kind": "closed "},
        {"incident": None},
        {"incident": "None"},
        {"incident": "null"},
        {"subject": ""},
        {"body": '{"message": "a"}'},
        {"body": "{}"},
        {"prev": "f" * 64},
        {"hash": "f" * 64},
        {"hash": ""},
    ],
    ids=str,
)
def test_a_change_of_any_column_is_found(which: int, change: dict[str, Any]) -> None:
    records = list(THREE)
    records[which] = replace(records[which], **change)
    assert first_broken(records) == which + 1


@given(records=CHAINS, value=st.none() | NAMES, field=st.sampled_from(["incident", "subject"]), data=st.data())
def test_nothing_passes_for_something_else(
    records: list[Record], value: str | None, field: str, data: st.DataObject
) -> None:
    which = data.draw(st.integers(0, len(records) - 1))
    change: dict[str, Any] = {field: value}
    assume(getattr(records[which], field) != value)
    records[which] = replace(records[which], **change)
    assert first_broken(records) == which + 1


def test_text_that_moves_to_the_next_column_is_found() -> None:
    moved = replace(THREE[0], incident="Ag", subject="ate")
    assert not moved.is_intact


@pytest.mark.parametrize(
    ("order", "broken"),
    [
        pytest.param([1, 2], 1, id="first taken out"),
        pytest.param([0, 2], 2, id="middle taken out"),
        pytest.param([1, 0, 2], 1, id="exchanged"),
        pytest.param([0, 0, 1, 2], 2, id="doubled"),
        pytest.param([0, 1, 2, 2], 4, id="last doubled"),
    ],
)
def test_a_record_out_of_place_is_found(order: list[int], broken: int) -> None:
    assert first_broken([THREE[i] for i in order]) == broken


@pytest.mark.parametrize("which", [0, 1])
def test_a_record_forged_with_its_hash_breaks_the_next(which: int) -> None:
    records = list(THREE)
    records[which] = forged(records[which], body='{"message":"x"}')
    assert records[which].is_intact
    assert first_broken(records) == which + 2


def test_a_record_taken_out_shows_even_if_those_after_it_are_numbered_anew() -> None:
    closing = forged(THREE[2], seq=2)
    assert closing.is_intact
    assert first_broken([THREE[0], closing]) == 2


def test_a_number_taken_out_shows_even_if_the_hashes_are_mended() -> None:
    closing = forged(THREE[2], prev=THREE[0].hash)
    assert closing.is_intact
    assert first_broken([THREE[0], closing]) == 2


def test_a_chain_of_another_house_is_found() -> None:
    other = chain([Draft(kind="raised", at=NOW, body={})], head="f" * 64)
    assert first_broken(other) == 1


# --- what the chain alone cannot show: see the docstring of the module ---


@given(records=CHAINS, data=st.data())
def test_a_cut_tail_shows_only_against_a_head_kept_elsewhere(records: list[Record], data: st.DataObject) -> None:
    head = records[-1].hash
    left = records[: data.draw(st.integers(0, len(records) - 1))]
    assert first_broken(left) is None
    assert not left or left[-1].hash != head


def test_a_chain_written_anew_shows_only_against_a_head_kept_elsewhere() -> None:
    anew = chain([Draft(kind=record.kind, at=record.time, body={}) for record in THREE])
    assert first_broken(anew) is None
    assert anew[-1].hash != THREE[-1].hash
