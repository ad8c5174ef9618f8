"""A month in a journal, as the tests of reports need it: written by the rules the desks live by."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
import random
from typing import Any, Final

from custom_components.rutan_blora.actor import Actor
from custom_components.rutan_blora.alarm import incident as alarm
from custom_components.rutan_blora.alarm.incident import Incident, Kind, Outcome, Press, Response
from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.journal.record import GENESIS, Draft, Record, seal
from custom_components.rutan_blora.patrol import visit as rules
from custom_components.rutan_blora.patrol.book import (
    RECORD_EXCUSE,
    RECORD_PLAN,
    RECORD_VERDICT,
    excuse_to_body,
    version_to_body,
)
from custom_components.rutan_blora.patrol.plan import Judgement, PatrolPlan, judge, slots, to_body
from custom_components.rutan_blora.patrol.visit import CheckIn, Correction, Event, Evidence, Officer, Report, Visit
from custom_components.rutan_blora.reports.content import ReportContent, build, period_of
from tests.alarm.common import BUDI as RESPONDER, GATE as BUTTON, WARDEN
from tests.patrol.common import AGUS, BUDI, GUARD, HOUR, MINUTE, SITI, WIB, a_plan, a_scan

SITE: Final = "Rutan Kelas IIB Blora"
# March 2026 by the clock of Blora.
FIRST: Final = date(2026, 3, 1)
LAST: Final = date(2026, 3, 31)
MADE_AT: Final = datetime(2026, 4, 1, 1, tzinfo=UTC)


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

    def damage(self, record: Record, **fields: Any) -> None:
        """Change a record behind the journal's back."""
        self.records[record.seq - 1] = replace(record, **fields)

    def plan(self, plan: PatrolPlan, when: datetime) -> None:
        """Make a plan."""
        self.write(RECORD_PLAN, when, version_to_body(plan), subject=plan.id)

    def check_in(self, visit_id: str, what: CheckIn) -> Visit:
        """Check in a visit, or go on with it."""
        event = Event(
            type=rules.EventType.CHECKED_IN,
            visit_id=visit_id,
            at=what.at,
            actor=Actor(origin=GUARD.origin, name=what.officer.title),
            check_in=what,
        )
        return self._take(event)

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
            self.write(event.type, event.at, rules.to_body(event), incident=event.visit_id)
        return visit

    def judge(self, plan: PatrolPlan, since: datetime, until: datetime, zone: tzinfo = WIB) -> list[Judgement]:
        """Judge the slots of a plan that close in a time."""
        arrivals = [visit.arrival for visit in self.visits.values() if not visit.is_void]
        judged = judge(list(slots(plan, zone, since, until)), arrivals)
        closed = [judgement for judgement in judged.values() if since <= judgement.slot.closes_at < until]
        for judgement in closed:
            self.write(RECORD_VERDICT, judgement.slot.closes_at, to_body(judgement), subject=plan.id)
        return closed

    def excuse(self, judgement: Judgement, reason: str) -> None:
        """Excuse what was expected."""
        body = excuse_to_body(judgement.slot, reason, WARDEN)
        self.write(RECORD_EXCUSE, judgement.slot.closes_at + HOUR, body, subject=judgement.slot.plan_id)

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

    def report(self, **given: Any) -> ReportContent:
        """Give the report on March."""
        zone = given.setdefault("zone", WIB)
        known: dict[str, Any] = {
            "site": SITE,
            "language": Language.ID,
            "period": period_of(FIRST, LAST, zone),
            "made_at": MADE_AT,
            "head": self.records[-1].hash if self.records else GENESIS,
            "places": {"gate": "Pintu Utama", "tower": "Menara Barat"},
        }
        return build(self.records, **(known | given))


NIGHTS: Final = a_plan("22:00-02:00", "13:00-15:00")

_NOTES: Final = (
    "",
    "",
    "Situasi aman dan kondusif.",
    "Lampu tembok sisi timur padam, sudah disampaikan kepada Karupam.",
    "Ditemui Karupam regu II. Penjagaan lengkap, kontrol tembok keliling dilaksanakan bersama petugas pos menara.",
)


def a_month(visits: int = 62, *, seed: int = 5) -> Log:
    """Give March with so many visits, four alarms among them a drill, an excuse, a correction and a late entry."""
    dice, log = random.Random(seed), Log()  # noqa: S311  # the same month each time
    log.plan(NIGHTS, at(1, "0.00") - timedelta(days=3))
    for number in range(visits):
        day, clock = divmod(number * 62 // visits, 2)
        log_visit(log, dice, number, at(day + 1, "13.00" if clock == 0 else "22.00"))
    judged = log.judge(NIGHTS, period_of(FIRST, LAST, WIB).since, period_of(FIRST, LAST, WIB).until)
    log.excuse(judged[4], "Pengamanan Idulfitri, disepakati kedua pihak")
    for number, day in enumerate((6, 14, 21, 27)):
        _alarm(log, f"01ALARM{number:019}", at(day, "21.14"), is_drill=number == 1)
    return log


def log_visit(log: Log, dice: random.Random, number: int, start: datetime) -> None:
    """Put a visit on record that comes around a time."""
    came = start + MINUTE * dice.uniform(-50, 170)
    lead, unit = dice.choice((BUDI, SITI, AGUS)), dice.choice(("Polsek Blora", "Sat Samapta Polres Blora", ""))
    situation = dice.choices(list(rules.Situation), (80, 15, 5))[0]
    report = Report(
        situation=situation, note=dice.choice(_NOTES), personnel=dice.choice((2, 2, 3, 4)), vehicle="K 1234-XX"
    )
    who = Officer(name=lead.name, rank=lead.rank, nrp=lead.nrp, unit=unit or lead.unit)
    delay = timedelta(hours=5) if number % 17 == 9 else timedelta()
    evidence = dice.choice((Evidence.TAG, Evidence.TAG, Evidence.QR, Evidence.BUTTON))
    visit = log.check_in(
        f"01VISIT{number:019}", a_scan(came, who, received_at=came + delay, evidence=evidence, report=report)
    )
    if number % 9 == 4:
        log.time_out(visit, came + 2 * HOUR)
    else:
        log.check_out(visit, came + MINUTE * dice.uniform(12, 55))
    if number % 4:
        log.sign(log.visits[visit.id], came + 3 * MINUTE)
    if number % 29 == 20:
        log.correct(log.visits[visit.id], came + 6 * HOUR, void=True, reason="Salah pindai saat uji coba")


def _alarm(log: Log, new_id: str, when: datetime, *, is_drill: bool) -> None:
    log.press(new_id, when, kind=Kind.RIOT if when.day % 2 else Kind.PANIC, drill=is_drill)
    log.respond(Response.ACKNOWLEDGED, when + timedelta(seconds=14 + when.day))
    log.respond(Response.RESPONDING, when + timedelta(seconds=70))
    log.respond(Response.ON_SCENE, when + timedelta(minutes=6, seconds=when.day))
    outcome = Outcome.DRILL if is_drill else Outcome.FALSE_ALARM if when.day == 21 else Outcome.RESOLVED
    log.close(outcome, when + timedelta(minutes=48), "Keributan di blok B tertangani bersama regu jaga")
