"""A month of visits and alarms in a journal in memory, written by the rules the desks live by."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
import random
from typing import Any, Final
from zoneinfo import ZoneInfo

from custom_components.rutan_blora.actor import Actor, Origin
from custom_components.rutan_blora.alarm import incident as alarm
from custom_components.rutan_blora.alarm.incident import Incident, Kind, Outcome, Press, Response
from custom_components.rutan_blora.journal.record import GENESIS, Draft, Record, seal
from custom_components.rutan_blora.patrol import visit as rules
from custom_components.rutan_blora.patrol.body import event_to_body, judgement_to_body
from custom_components.rutan_blora.patrol.book import (
    RECORD_EXCUSE,
    RECORD_PLAN,
    RECORD_VERDICT,
    excuse_to_body,
    version_to_body,
)
from custom_components.rutan_blora.patrol.check_in import CheckIn, Evidence, Officer, Report, Situation
from custom_components.rutan_blora.patrol.judgement import Judgement, judge
from custom_components.rutan_blora.patrol.plan import PatrolPlan, Window, slots
from custom_components.rutan_blora.patrol.visit import Correction, Event, EventType, Visit
from custom_components.rutan_blora.reports.content import period_of

WIB: Final = ZoneInfo("Asia/Jakarta")
# March 2026 by the clock of Blora.
FIRST: Final = date(2026, 3, 1)
LAST: Final = date(2026, 3, 31)
MADE_AT: Final = datetime(2026, 4, 1, 1, tzinfo=UTC)

GUARD: Final = Actor(origin=Origin.USER, id="user-1", name="Petugas P2U")
WARDEN: Final = Actor(origin=Origin.USER, id="user-2", name="Karutan")
BUTTON: Final = Actor(origin=Origin.HARDWARE, id="gate", name="Gerbang utama")
RESPONDER: Final = Actor(origin=Origin.OFFICER, id="phone-1", name="AKP Budi")

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)


def at(day: int, clock: str, zone: tzinfo = WIB) -> datetime:
    """Give a time of March by the house's clock."""
    hour, minute = map(int, clock.split("."))
    return datetime(2026, 3, day, hour, minute, tzinfo=zone).astimezone(UTC)


class Log:
    """A journal in memory; what happens in it is what the rules say."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.visits: dict[str, Visit] = {}
        self.incident: Incident | None = None

    def write(self, kind: str, when: datetime, body: Mapping[str, Any], **fields: str | None) -> Record:
        """Put something on record."""
        prev = self.records[-1].hash if self.records else GENESIS
        draft = Draft(kind=kind, at=when, body=body, incident=fields.get("incident"), subject=fields.get("subject"))
        record = seal(draft, seq=len(self.records) + 1, prev=prev)
        self.records.append(record)
        return record

    def plan(self, plan: PatrolPlan, when: datetime) -> None:
        """Make a plan."""
        self.write(RECORD_PLAN, when, version_to_body(plan), subject=plan.id)

    def check_in(self, visit_id: str, what: CheckIn) -> Visit:
        """Check in a visit, or go on with it."""
        return self._take(
            Event(
                type=EventType.CHECKED_IN,
                visit_id=visit_id,
                at=what.at,
                actor=Actor(origin=Origin.OFFICER, name=what.officer.title),
                check_in=what,
            )
        )

    def check_out(self, visit: Visit, when: datetime) -> Visit:
        """Let a visit depart."""
        return self._take(*rules.check_out(visit, at=when, actor=GUARD))

    def time_out(self, visit: Visit, when: datetime) -> Visit:
        """Let a visit end because nothing is heard of it any more."""
        return self._take(*rules.time_out(visit, at=when, actor=GUARD))

    def sign(self, visit: Visit, when: datetime) -> Visit:
        """Let the guard at the gate sign a visit."""
        return self._take(*rules.countersign(visit, at=when, actor=GUARD))

    def correct(self, visit: Visit, when: datetime, **said: Any) -> Visit:
        """Correct a visit."""
        return self._take(*rules.correct(visit, Correction(**said), at=when, actor=WARDEN))

    def _take(self, *events: Event) -> Visit:
        for event in events:
            visit = self.visits[event.visit_id] = rules.apply(self.visits.get(event.visit_id), event)
            self.write(event.type, event.at, event_to_body(event), incident=event.visit_id)
        return visit

    def judge(self, plan: PatrolPlan, since: datetime, until: datetime, zone: tzinfo = WIB) -> list[Judgement]:
        """Judge the slots of a plan that close in a time."""
        arrivals = [visit.arrival for visit in self.visits.values() if not visit.is_void]
        judged = judge(list(slots(plan, zone, since, until)), arrivals)
        closed = [judgement for judgement in judged.values() if since <= judgement.slot.closes_at < until]
        for judgement in closed:
            self.write(RECORD_VERDICT, judgement.slot.closes_at, judgement_to_body(judgement), subject=plan.id)
        return closed

    def excuse(self, judgement: Judgement, reason: str) -> None:
        """Excuse what was expected."""
        body = excuse_to_body(judgement.slot, reason, WARDEN)
        self.write(RECORD_EXCUSE, judgement.slot.closes_at + _HOUR, body, subject=judgement.slot.plan_id)

    def press(self, new_id: str, when: datetime, *, kind: Kind = Kind.PANIC, drill: bool = False) -> None:
        """Press the button at the gate."""
        what = Press(location="Pintu Utama", kind=kind, at=when, button_id="gate")
        self._follow(
            alarm.press(self.incident, what, new_id=new_id, at=when, actor=BUTTON, drill=drill, message="Tolong")
        )

    def respond(self, response: Response, when: datetime) -> None:
        """Answer the alarm."""
        self._follow(alarm.respond(self.incident, response, at=when, actor=RESPONDER))

    def close(self, outcome: Outcome, when: datetime, reason: str = "") -> None:
        """Close the alarm."""
        self._follow(alarm.close(self.incident, outcome, at=when, actor=WARDEN, reason=reason))
        self.incident = None

    def _follow(self, events: tuple[alarm.Event, ...]) -> None:
        for event in events:
            self.incident = alarm.apply(self.incident, event)
            self.write(event.type, event.at, alarm.to_body(event), incident=event.incident_id)


PLAN: Final = PatrolPlan(
    id="plan-1",
    name="Sambang",
    weekdays=frozenset(range(7)),
    windows=(Window(start=time(22), end=time(2)), Window(start=time(13), end=time(15))),
    grace=30 * _MINUTE,
    checkpoints=frozenset({"gate"}),
)
OFFICERS: Final = (
    Officer(name="Budi Santoso", rank="Bripka", nrp="81234567"),
    Officer(name="Siti Rahayu", rank="Aipda", nrp="87654321"),
    Officer(name="Agus Prasetyo", rank="Aiptu", nrp="80000001"),
)
UNITS: Final = ("Polsek Blora Kota", "Sat Samapta Polres Blora", "Polsek Tunjungan")
NOTES: Final = (
    "",
    "",
    "Situasi aman dan kondusif.",
    "Lampu tembok sisi timur padam, sudah disampaikan kepada Karupam.",
    "Ditemui Karupam regu II. Penjagaan lengkap, kontrol tembok keliling dilaksanakan bersama petugas pos menara.",
)


def fill_month(log: Log, visits: int = 62, *, seed: int = 5) -> None:
    """Put March on record: so many visits, four alarms among them a drill, an excuse, corrections, late entries."""
    dice, period = random.Random(seed), period_of(FIRST, LAST, WIB)  # noqa: S311  # the same month each time
    log.plan(PLAN, at(1, "0.00") - timedelta(days=3))
    for number in range(visits):
        day, clock = divmod(number * 62 // visits, 2)
        _visit(log, dice, number, at(day + 1, "13.00" if clock == 0 else "22.00"))
    judged = log.judge(PLAN, period.since, period.until)
    log.excuse(judged[4], "Pengamanan Idulfitri, disepakati kedua pihak")
    for number, day in enumerate((6, 14, 21, 27)):
        _alarm(log, f"01ALARM{number:019}", at(day, "21.14"), is_drill=number == 1)


def _visit(log: Log, dice: random.Random, number: int, start: datetime) -> None:
    """Put a visit on record that comes around a time."""
    came = start + _MINUTE * dice.uniform(-50, 170)
    lead = dice.choice(OFFICERS)
    what = CheckIn(
        checkpoint_id="gate",
        checkpoint="Pintu utama",
        at=came,
        received_at=came + (timedelta(hours=5) if number % 17 == 9 else timedelta()),
        officer=Officer(name=lead.name, rank=lead.rank, nrp=lead.nrp, unit=dice.choice(UNITS)),
        evidence=dice.choice((Evidence.TAG, Evidence.TAG, Evidence.QR, Evidence.BUTTON)),
        report=Report(
            situation=dice.choices(list(Situation), (80, 15, 5))[0],
            note=dice.choice(NOTES),
            personnel=dice.choice((2, 2, 3, 4)),
            vehicle="K 1234-XX",
        ),
    )
    visit = log.check_in(f"01VISIT{number:019}", what)
    if number % 9 == 4:
        log.time_out(visit, came + 2 * _HOUR)
    else:
        log.check_out(visit, came + _MINUTE * dice.uniform(12, 55))
    if number % 4:
        log.sign(log.visits[visit.id], came + 3 * _MINUTE)
    if number % 29 == 20:
        log.correct(log.visits[visit.id], came + 6 * _HOUR, void=True, reason="Salah pindai saat uji coba")


_REASONS: Final = {
    Outcome.RESOLVED: "Keributan di blok B tertangani bersama regu jaga.",
    Outcome.FALSE_ALARM: "Tertekan saat pembersihan.",
    Outcome.DRILL: "Latihan tanggap darurat bersama Polres.",
}


def _alarm(log: Log, new_id: str, when: datetime, *, is_drill: bool) -> None:
    """Put an alarm on record."""
    log.press(new_id, when, kind=Kind.RIOT if when.day % 2 else Kind.PANIC, drill=is_drill)
    log.respond(Response.ACKNOWLEDGED, when + timedelta(seconds=14 + when.day))
    log.respond(Response.RESPONDING, when + timedelta(seconds=70))
    log.respond(Response.ON_SCENE, when + timedelta(minutes=6, seconds=when.day))
    outcome = Outcome.DRILL if is_drill else Outcome.FALSE_ALARM if when.day == 21 else Outcome.RESOLVED
    log.close(outcome, when + timedelta(minutes=48), _REASONS[outcome])
