"""What is told of visits: to the police one that is due, to the gate one to sign, to an officer that his counts.

Rules only: no Home Assistant, no clock, no I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
import hashlib
from typing import Final

from ..const import MAX_NAME, MAX_TEXT, Language
from ..police.alert import Alert, Answer, Urgency, plain
from .check_in import Situation
from .judgement import Judgement
from .plan import Slot
from .visit import Visit

# Told quietly: nothing sounds.
_NEVER: Final = 0
_DUE: Final = "patrol_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notify:
    """Whom a plan tells of visits that do not come, and between which times of day nothing may sound."""

    to: frozenset[str] = frozenset()
    quiet_from: time | None = None
    quiet_until: time | None = None

    def is_quiet(self, at: time) -> bool:
        """Tell whether a time of day is in the quiet hours, which may go over midnight."""
        start, end = self.quiet_from, self.quiet_until
        if start is None or end is None or start == end:
            return False
        return start <= at < end if start < end else at >= start or at < end


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """The words of one language."""

    # By whether it is too late, and whether somebody came, but not enough.
    due: Mapping[tuple[bool, bool], str]
    came: str
    sign: str
    sign_answer: str
    raise_answer: str
    signed: str
    unsigned: str
    late: str
    nobody: str
    taken: str
    off_record: str
    unknown_phone: str
    unknown_tag: str
    refused: str
    raised: str
    untaken: str
    untaken_as: Mapping[Answer, str]
    over: str
    press: str
    situations: Mapping[Situation, str]
    day: str
    clock: str


_WORDS: Final = {
    Language.ID: _Words(
        due={
            (False, False): "Kunjungan patroli belum datang",
            (True, False): "Kunjungan patroli terlewat",
            (False, True): "Kunjungan patroli belum lengkap",
            (True, True): "Kunjungan patroli tidak lengkap",
        },
        came="Kunjungan patroli sudah tidak ditunggu",
        sign="Paraf kunjungan patroli",
        sign_answer="Paraf",
        raise_answer="Bunyikan alarm",
        signed="Kunjungan sudah diparaf",
        unsigned="Kunjungan tidak diparaf",
        late="Disampaikan terlambat",
        nobody="Petugas tidak dikenal",
        taken="Kunjungan tercatat",
        off_record="Kunjungan diterima, belum tercatat: jurnal sedang bermasalah",
        unknown_phone="Ponsel ini belum terdaftar sebagai perangkat polisi; hubungi teknisi rutan.",
        unknown_tag="Tag ini bukan milik pos pemeriksaan mana pun.",
        refused="Kunjungan tidak tercatat",
        raised="Alarm dibunyikan",
        untaken="Jawaban TIDAK diterima",
        untaken_as={Answer.SIGN: "Paraf TIDAK diterima", Answer.RAISE: "Alarm TIDAK dibunyikan"},
        over="Pemberitahuan itu sudah tidak berlaku, atau bukan untuk ponsel ini.",
        press="Bila perlu bantuan, tekan tombol panik.",
        situations={
            Situation.SAFE: "aman",
            Situation.REMARKS: "aman dengan catatan",
            Situation.INCIDENT: "ADA KEJADIAN",
        },
        day="%d/%m",
        clock="%H.%M",
    ),
    Language.EN: _Words(
        due={
            (False, False): "Patrol visit has not come yet",
            (True, False): "Patrol visit missed",
            (False, True): "Patrol visit is not complete yet",
            (True, True): "Patrol visit incomplete",
        },
        came="Patrol visit is no longer awaited",
        sign="Countersign a patrol visit",
        sign_answer="Sign",
        raise_answer="Raise the alarm",
        signed="The visit is signed",
        unsigned="The visit was not signed",
        late="Handed in late",
        nobody="Unknown officer",
        taken="Visit recorded",
        off_record="Visit taken in, not recorded yet: the journal is in trouble",
        unknown_phone="This phone is not registered as a police device; ask the house's technician.",
        unknown_tag="This tag belongs to no checkpoint.",
        refused="Visit not recorded",
        raised="The alarm is raised",
        untaken="Answer NOT taken",
        untaken_as={Answer.SIGN: "Signature NOT taken", Answer.RAISE: "Alarm NOT raised"},
        over="That notification is over, or was not for this phone.",
        press="If you need help, press the panic button.",
        situations={
            Situation.SAFE: "safe",
            Situation.REMARKS: "safe, with remarks",
            Situation.INCIDENT: "SOMETHING HAPPENED",
        },
        day="%d %b",
        clock="%H:%M",
    ),
}


def tag_of(slot: Slot) -> str:
    """Return what the news of a slot are called, short enough for the journal."""
    return f"{_DUE}{hashlib.sha256(slot.key.encode()).hexdigest()[:24]}"


def is_due_tag(tag: str) -> bool:
    """Tell whether news are of a slot."""
    return tag.startswith(_DUE)


def compose_due(
    due: Judgement, language: Language, *, now: datetime, ended: bool, notify: Notify, site: str, zone: tzinfo
) -> Alert:
    """Return what the police are told of a slot whose visits have not come: overdue, then missed, then no more."""
    words, slot = _WORDS[language], due.slot
    is_missed = now > slot.closes_at
    is_quiet = notify.is_quiet(now.astimezone(zone).time())
    is_part = any(result.visit_id is not None for result in due.results)
    urgent = 1 + is_missed
    title = words.came if ended else words.due[is_missed, is_part]
    start, end = (at.astimezone(zone) for at in (slot.start, slot.end))
    window = f"{start.strftime(words.day)} {start.strftime(words.clock)}–{end.strftime(words.clock)}"
    return Alert(
        tag=tag_of(slot),
        revision=3 if ended else urgent,
        urgent=_NEVER if is_quiet else urgent,
        title=title,
        text=f"{plain(site, MAX_NAME)}\n{plain(slot.plan, MAX_NAME)}: {window}",
        answered=ended,
        ended=ended,
        urgency=Urgency.ROUTINE,
        to=notify.to,
        details={
            "site": site,
            "plan": slot.plan,
            "start": slot.start.isoformat(),
            "end": slot.end.isoformat(),
            "missed": is_missed,
        },
    )


def compose_sign(
    visit: Visit, language: Language, *, gate: frozenset[str], ended: bool, site: str, zone: tzinfo
) -> Alert:
    """Return what the guards at the gate are asked: whether the officers of a visit are here.

    While they can raise the alarm of it, it stays with them, signed or not.
    """
    words = _WORDS[language]
    is_signed = visit.countersigned is not None
    answers = []
    if not is_signed:
        answers.append((Answer.SIGN, words.sign_answer))
    if visit.alarming:
        answers.append((Answer.RAISE, words.raise_answer))
    return Alert(
        tag=visit.id,
        # It may end without anything having happened to the visit, and be asked again.
        revision=2 * visit.revision + ended,
        urgent=2 * max(1, visit.alarming),
        title=words.signed if is_signed else words.unsigned if ended else words.sign,
        text="\n".join((plain(site, MAX_NAME), *_lines(visit, words, zone))),
        answers=() if ended else tuple(answers),
        answered=ended or is_signed,
        ended=ended,
        urgency=Urgency.NEWS if visit.alarming else Urgency.ROUTINE,
        to=gate,
        details={"site": site, "visit_id": visit.id, "arrived_at": visit.arrived_at.isoformat()},
    )


def _lines(visit: Visit, words: _Words, zone: tzinfo) -> list[str]:
    """Return who came when, and what they said."""
    who = ", ".join(plain(officer.title or officer.nrp, MAX_NAME) for officer in visit.officers) or words.nobody
    unit = f" – {plain(visit.unit, MAX_NAME)}" if visit.unit else ""
    when = visit.arrived_at.astimezone(zone).strftime(
        f"{words.day} {words.clock}" if visit.is_late_entry else words.clock
    )
    places = ", ".join(dict.fromkeys(plain(check_in.checkpoint, MAX_NAME) for check_in in visit.check_ins))
    lines = [f"{when} {places}", f"{who}{unit}"]
    report = visit.report
    if report.situation is not None:
        lines.append(words.situations[report.situation])
    if report.note:
        lines.append(plain(report.note, MAX_TEXT))
    return [*lines, words.late] if visit.is_late_entry else lines


def compose_taken(
    tag: str, visit: Visit, language: Language, *, is_known: bool, is_on_record: bool, zone: tzinfo
) -> Alert:
    """Return what the phone is told that has scanned a checkpoint's tag: that it counts, and for whom."""
    words = _WORDS[language]
    lines = _lines(visit, words, zone)
    if not is_known:
        lines.append(words.unknown_phone)
    return _word(tag, words.taken if is_on_record else words.off_record, "\n".join(lines))


def compose_unknown_tag(tag: str, language: Language) -> Alert:
    """Return what a police phone is told that has scanned a tag of no checkpoint."""
    words = _WORDS[language]
    return _word(tag, words.refused, words.unknown_tag)


def compose_raised(visit: Visit, language: Language, *, site: str, zone: tzinfo) -> Alert:
    """Return what a guard is told who has raised the alarm of a visit: his phone is told no alarm."""
    words = _WORDS[language]
    text = "\n".join((plain(site, MAX_NAME), *_lines(visit, words, zone)))
    return _word(f"raised_{visit.id}", words.raised, text)


def compose_untaken(answer: Answer, language: Language) -> Alert:
    """Return what a phone is told whose answer was not taken; who wants an alarm, what to do instead."""
    words = _WORDS[language]
    text = f"{words.over}\n{words.press}" if answer is Answer.RAISE else words.over
    return _word(f"untaken_{answer.lower()}", words.untaken_as.get(answer, words.untaken), text)


def _word(tag: str, title: str, text: str) -> Alert:
    """Return a word to one phone that is told once."""
    return Alert(tag=tag, revision=1, urgent=1, title=title, text=text, urgency=Urgency.ROUTINE)
