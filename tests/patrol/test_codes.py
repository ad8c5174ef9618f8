"""Codes and tickets of the check-in page: nobody makes one, and none counts longer, or elsewhere, than it should."""

from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.actor import RefusedError
from custom_components.rutan_blora.patrol.checkpoint import Checkpoint
from custom_components.rutan_blora.patrol.codes import (
    CLOCK_SLACK,
    SLACK,
    STEP,
    TICKET_LIFE,
    Scanned,
    ScanRefusal,
    Ticket,
    accept,
    admit,
    claimed_time,
    fixed_code,
    issue,
    live_code,
    read_code,
    read_ticket,
    shown_until,
)

KEY: Final = "5ec2e7" * 10
OTHER_KEY: Final = "0ddba1" * 10
# A step begins.
NOW: Final = datetime(2026, 3, 2, 7, 2, 0, tzinfo=UTC)
NONCE: Final = "0123456789abcdef01234567"
SECOND: Final = timedelta(seconds=1)


def checkpoint(name: str = "pos", *, live_code: bool = False, rotation: int = 0) -> Checkpoint:
    return Checkpoint(
        id=name, name=name, location=name, debounce=timedelta(minutes=5), live_code=live_code, rotation=rotation
    )


POS: Final = checkpoint()
SCREEN: Final = checkpoint("layar", live_code=True)
ALL: Final = (POS, SCREEN)


def refusal(error: pytest.ExceptionInfo[RefusedError]) -> str:
    return str(error.value.refusal)


# --- codes ---


def test_printed_code_tells_its_checkpoint_for_ever() -> None:
    code = fixed_code(KEY, POS)
    for now in (NOW, NOW + timedelta(days=3650)):
        assert read_code(code, KEY, ALL, now) == Scanned(checkpoint=POS)


def test_printed_code_is_worthless_once_another_was_made() -> None:
    codes = [fixed_code(KEY, checkpoint(rotation=rotation)) for rotation in range(3)]
    assert len(set(codes)) == 3
    found = [read_code(code, KEY, [checkpoint(rotation=2)], NOW) for code in codes]
    assert [scanned is not None for scanned in found] == [False, False, True]


@pytest.mark.parametrize(
    ("age", "is_over"),
    [
        (-SECOND, True),
        (timedelta(0), False),
        (STEP - SECOND, False),
        (2 * STEP - SECOND, False),
        (2 * STEP + SLACK - SECOND, False),
        (2 * STEP + SLACK, True),
        (timedelta(days=1), True),
    ],
    ids=str,
)
def test_code_on_the_screen_counts_while_it_is_shown_and_a_little_longer(age: timedelta, *, is_over: bool) -> None:
    code = live_code(KEY, SCREEN.id, NOW)
    assert read_code(code, KEY, ALL, NOW + age) == Scanned(checkpoint=SCREEN, is_fresh=True, is_over=is_over)


def test_screen_changes_its_code_when_it_says_so() -> None:
    codes = [live_code(KEY, SCREEN.id, NOW + second * SECOND) for second in range(61)]
    assert [codes.count(code) for code in dict.fromkeys(codes)] == [30, 30, 1]
    assert shown_until(NOW) == shown_until(NOW + STEP - SECOND) == NOW + STEP


@pytest.mark.parametrize("code", [fixed_code(KEY, POS), live_code(KEY, SCREEN.id, NOW)], ids=["fixed", "live"])
def test_code_of_another_house_is_none(code: str) -> None:
    assert read_code(code, OTHER_KEY, ALL, NOW) is None
    assert read_code(code, KEY, [checkpoint("lain")], NOW) is None


@given(st.text(max_size=200) | st.from_regex(r"[0-9a-f]{0,12}\.[A-Za-z0-9_-]{20}"))
def test_whatever_is_made_up_is_no_code(text: str) -> None:
    assert read_code(text, KEY, ALL, NOW) is None


@given(st.data())
def test_code_with_one_character_changed_is_none(data: st.DataObject) -> None:
    code = data.draw(st.sampled_from([fixed_code(KEY, POS), live_code(KEY, SCREEN.id, NOW)]))
    place = data.draw(st.integers(0, len(code) - 1))
    changed = data.draw(st.characters().filter(lambda char: char != code[place]))
    assert read_code(code[:place] + changed + code[place + 1 :], KEY, ALL, NOW) is None


def test_codes_fit_an_address_and_say_nothing_of_the_house() -> None:
    for code in (fixed_code(KEY, POS), live_code(KEY, SCREEN.id, NOW)):
        assert code.replace(".", "").replace("-", "").replace("_", "").isalnum()
        assert POS.id not in code
        # 120 bits, after what tells the time.
        assert len(code.rpartition(".")[2]) == 20


@pytest.mark.parametrize(
    ("scanned", "refused"),
    [
        (Scanned(checkpoint=POS), None),
        (Scanned(checkpoint=SCREEN), ScanRefusal.FIXED),
        (Scanned(checkpoint=SCREEN, is_fresh=True), None),
        (Scanned(checkpoint=SCREEN, is_fresh=True, is_over=True), ScanRefusal.EXPIRED),
    ],
)
def test_who_gets_a_form(scanned: Scanned, refused: ScanRefusal | None) -> None:
    if refused is None:
        admit(scanned)
        return
    with pytest.raises(RefusedError) as error:
        admit(scanned)
    assert refusal(error) == refused


# --- tickets ---


def ticket_of(scanned: Scanned, now: datetime = NOW) -> Ticket:
    ticket = read_ticket(issue(KEY, scanned, nonce=NONCE, now=now), KEY, ALL)
    assert ticket is not None
    return ticket


@pytest.mark.parametrize("scanned", [Scanned(checkpoint=POS), Scanned(checkpoint=SCREEN, is_fresh=True)])
def test_ticket_says_what_it_was_issued_for(scanned: Scanned) -> None:
    now = NOW + timedelta(microseconds=123_456)
    assert ticket_of(scanned, now) == Ticket(
        checkpoint_id=scanned.checkpoint.id,
        nonce=NONCE,
        issued_at=NOW + timedelta(milliseconds=123),
        is_fresh=scanned.is_fresh,
    )


@given(st.text(max_size=200) | st.from_regex(r"[0-9a-f]{1,12}\.[0-9a-f]{24}\.(live|fixed)\.[A-Za-z0-9_-]{20}"))
def test_whatever_is_made_up_is_no_ticket(text: str) -> None:
    assert read_ticket(text, KEY, ALL) is None


def test_ticket_is_forged_if_anything_of_it_was_changed() -> None:
    issued, nonce, kind, signed = issue(KEY, Scanned(checkpoint=POS), nonce=NONCE, now=NOW).split(".")
    later = f"{int(issued, 16) + 1:x}"
    for parts in (
        (later, nonce, kind, signed),
        (f"0{issued}", nonce, kind, signed),
        (issued, nonce[::-1], kind, signed),
        (issued, nonce, "live", signed),
        (issued, nonce, kind, signed[::-1]),
        (issued, nonce, kind),
    ):
        assert read_ticket(".".join(parts), KEY, ALL) is None
    assert read_ticket(f"{issued}.{nonce}.{kind}.{signed}", OTHER_KEY, ALL) is None


@pytest.mark.parametrize(
    ("scanned", "given_for", "age", "refused"),
    [
        (Scanned(checkpoint=POS), Scanned(checkpoint=POS), timedelta(0), None),
        (Scanned(checkpoint=POS), Scanned(checkpoint=POS), TICKET_LIFE, None),
        (Scanned(checkpoint=POS), Scanned(checkpoint=POS), -CLOCK_SLACK, None),
        (Scanned(checkpoint=POS), Scanned(checkpoint=POS), TICKET_LIFE + SECOND, ScanRefusal.TICKET_EXPIRED),
        (Scanned(checkpoint=POS), Scanned(checkpoint=POS), -CLOCK_SLACK - SECOND, ScanRefusal.TICKET_EXPIRED),
        (Scanned(checkpoint=POS), Scanned(checkpoint=SCREEN), timedelta(0), ScanRefusal.TICKET_FOREIGN),
        # A form that was had by the printed code is none that was had before the screen.
        (Scanned(checkpoint=SCREEN, is_fresh=True), Scanned(checkpoint=SCREEN), SECOND, ScanRefusal.TICKET_FOREIGN),
        (Scanned(checkpoint=SCREEN), Scanned(checkpoint=SCREEN), SECOND, ScanRefusal.FIXED),
        # The screen has gone on while the form was filled in.
        (
            Scanned(checkpoint=SCREEN, is_fresh=True, is_over=True),
            Scanned(checkpoint=SCREEN, is_fresh=True),
            STEP,
            None,
        ),
    ],
)
def test_who_may_hand_a_form_in(
    scanned: Scanned, given_for: Scanned, age: timedelta, refused: ScanRefusal | None
) -> None:
    ticket = ticket_of(given_for)
    if refused is None:
        accept(ticket, scanned, NOW + age)
        return
    with pytest.raises(RefusedError) as error:
        accept(ticket, scanned, NOW + age)
    assert refusal(error) == refused


# --- the time a form claims ---


def milliseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


def test_form_without_a_time_was_filled_in_now() -> None:
    assert claimed_time(ticket_of(Scanned(checkpoint=POS)), "", NOW + STEP) == NOW + STEP


@given(st.integers(0, 24 * 3600 * 1000))
def test_form_kept_without_a_net_tells_when_it_was_filled_in(age: int) -> None:
    at = NOW + timedelta(milliseconds=age)
    assert claimed_time(ticket_of(Scanned(checkpoint=POS)), milliseconds(at), NOW + TICKET_LIFE) == at


def test_time_a_little_ahead_of_ours_is_now() -> None:
    ticket = ticket_of(Scanned(checkpoint=POS))
    assert claimed_time(ticket, milliseconds(NOW + CLOCK_SLACK), NOW) == NOW


@pytest.mark.parametrize(
    "claimed",
    [
        milliseconds(NOW - SECOND),
        milliseconds(NOW - timedelta(days=1)),
        milliseconds(NOW + STEP + CLOCK_SLACK + SECOND),
        milliseconds(NOW + timedelta(days=1)),
        "-1",
        "1.5",
        "x",
        "٣",
        "²",
        "9" * 15,
        "9" * 14,
        "9" * 5000,
    ],
    ids=lambda claimed: claimed[:20],
)
def test_time_outside_of_what_can_be_is_refused(claimed: str) -> None:
    with pytest.raises(RefusedError) as error:
        claimed_time(ticket_of(Scanned(checkpoint=POS)), claimed, NOW + STEP)
    assert refusal(error) == ScanRefusal.TIME
