"""The rules of the incident: from the press to the close."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any, Final

from hypothesis import given, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
import pytest

from custom_components.rutan_blora.actor import Actor, Origin, RefusedError
from custom_components.rutan_blora.alarm.incident import (
    Event,
    EventType,
    Incident,
    Kind,
    Outcome,
    Press,
    Refusal,
    Responder,
    Response,
    State,
    apply,
    close,
    from_body,
    press,
    respond,
    to_body,
)

from .common import BUDI, GATE, LATER, NOW, SITI, WARDEN, a_press, an_event, an_incident, answered, fold

# --- the press ---


def test_the_first_press_raises_an_incident() -> None:
    pressed = a_press(at=NOW - timedelta(seconds=3))
    events = press(None, pressed, new_id="A", at=NOW, actor=GATE, message="Ada keributan")
    assert events == (
        Event(
            type=EventType.RAISED,
            incident_id="A",
            at=NOW,
            actor=GATE,
            press=pressed,
            drill=False,
            message="Ada keributan",
        ),
    )
    incident = fold(None, events)
    assert incident == Incident(
        id="A",
        drill=False,
        raised_at=NOW,
        message="Ada keributan",
        state=State.ALARM,
        presses=(pressed,),
        responders=(),
        acknowledged_at=None,
        arrived_at=None,
        closed=None,
        revision=1,
        urgent=1,
        since=NOW,
    )
    assert incident.pressed_at == pressed.at


@pytest.mark.parametrize(
    ("what", "happens"),
    [
        pytest.param(a_press("P2U", Kind.PANIC), EventType.PRESSED_AGAIN, id="same place and kind"),
        pytest.param(a_press("Pos 3", Kind.PANIC), EventType.LOCATION_ADDED, id="another place"),
        pytest.param(a_press("P2U", Kind.RIOT), EventType.LOCATION_ADDED, id="another kind"),
        pytest.param(a_press("Pos 3", Kind.RIOT), EventType.LOCATION_ADDED, id="another place and kind"),
    ],
)
@pytest.mark.parametrize("drill", [False, True], ids=["real", "drill"])
def test_a_press_while_an_incident_is_open_belongs_to_it(what: Press, happens: EventType, *, drill: bool) -> None:
    events = press(
        an_incident(drill=drill), what, new_id="B", at=LATER, actor=WARDEN, drill=drill, message="Dari menara"
    )
    assert events == (
        Event(type=happens, incident_id="A", at=LATER, actor=WARDEN, press=what, drill=drill, message="Dari menara"),
    )


def test_a_place_pressed_later_is_known_too() -> None:
    incident = an_incident(presses=(a_press("P2U"), a_press("Pos 3")))
    events = press(incident, a_press("Pos 3"), new_id="B", at=LATER, actor=GATE)
    assert [event.type for event in events] == [EventType.PRESSED_AGAIN]


def test_one_more_press_at_the_same_place_tells_nothing_new() -> None:
    incident = an_incident()
    assert fold(incident, press(incident, a_press(at=LATER), new_id="B", at=LATER, actor=GATE)) == incident


def test_a_new_place_is_listed_and_breaks_the_silence_again() -> None:
    incident = answered(an_incident(), (BUDI, Response.RESPONDING))
    wall = a_press("Tembok barat", at=LATER)
    after = fold(incident, press(incident, wall, new_id="B", at=LATER, actor=GATE))
    assert after.presses == (*incident.presses, wall)
    assert after.locations == ("P2U", "Tembok barat")
    assert (after.revision, after.urgent) == (3, 3)
    assert after.state is State.RESPONDING
    assert after.pressed_at == NOW


def test_a_place_is_listed_once_however_many_kinds_were_pressed_there() -> None:
    presses = (a_press("Pos 3", Kind.MEDICAL), a_press("P2U"), a_press("Pos 3", Kind.RIOT))
    assert an_incident(presses=presses).locations == ("Pos 3", "P2U")


# The house's bell: riot above escape above fire, whichever came first.
GRAVITY: Final = (Kind.MEDICAL, Kind.PERIMETER, Kind.ASSAULT, Kind.PANIC, Kind.FIRE, Kind.ESCAPE, Kind.RIOT)


@pytest.mark.parametrize("graver", range(1, len(GRAVITY)), ids=lambda i: f"{GRAVITY[i]} above {GRAVITY[i - 1]}")
@pytest.mark.parametrize("first", [0, 1], ids=["graver last", "graver first"])
def test_an_incident_is_of_the_gravest_kind_pressed(graver: int, first: int) -> None:
    pair = [a_press(kind=GRAVITY[graver - 1]), a_press(kind=GRAVITY[graver])]
    presses = (pair[first], pair[1 - first])
    assert an_incident(presses=presses).kind is GRAVITY[graver]


# --- drill and reality ---


def test_a_drill_is_a_drill_from_its_first_event() -> None:
    incident = an_incident(drill=True)
    assert incident.drill
    assert all(event.drill for event in respond(incident, Response.ACKNOWLEDGED, at=NOW, actor=BUDI))
    assert all(event.drill for event in close(incident, Outcome.DRILL, at=NOW, actor=WARDEN))


def test_a_real_press_ends_a_drill_and_raises_a_real_incident() -> None:
    exercise = an_incident(drill=True)
    events = press(exercise, a_press(at=LATER), new_id="B", at=LATER, actor=GATE, message="Nyata!")
    assert events == (
        Event(
            type=EventType.CLOSED, incident_id="A", at=LATER, actor=GATE, drill=True, outcome=Outcome.DRILL, message=""
        ),
        Event(
            type=EventType.RAISED,
            incident_id="B",
            at=LATER,
            actor=GATE,
            press=a_press(at=LATER),
            drill=False,
            message="Nyata!",
        ),
    )
    ended, raised = apply(exercise, events[0]), apply(None, events[1])
    assert (ended.state, ended.closed) == (State.CLOSED, events[0])
    assert (raised.id, raised.drill, raised.state, raised.urgent) == ("B", False, State.ALARM, 1)


def test_a_real_incident_follows_on_the_drill_it_ended() -> None:
    """The next incident is raised on top of the closed one, as a replay does."""
    exercise = answered(an_incident(drill=True), (BUDI, Response.ON_SCENE))
    incident = fold(exercise, press(exercise, a_press(at=LATER), new_id="B", at=LATER, actor=GATE))
    assert incident == Incident(
        id="B",
        drill=False,
        raised_at=LATER,
        message="",
        presses=(a_press(at=LATER),),
        revision=1,
        urgent=1,
        since=LATER,
    )


def test_a_drill_is_refused_while_a_real_incident_is_open() -> None:
    with pytest.raises(RefusedError, match=r"^real_incident_open$") as refused:
        press(an_incident(), a_press(), new_id="B", at=LATER, actor=WARDEN, drill=True)
    assert refused.value.refusal is Refusal.REAL_INCIDENT_OPEN


# --- the answers ---


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        pytest.param([Response.ACKNOWLEDGED], State.ACKNOWLEDGED, id="acknowledged"),
        pytest.param([Response.RESPONDING], State.RESPONDING, id="on the way, a step skipped"),
        pytest.param([Response.ON_SCENE], State.ON_SCENE, id="on scene, two steps skipped"),
        pytest.param([Response.ACKNOWLEDGED, Response.ON_SCENE], State.ON_SCENE, id="forward"),
        pytest.param([Response.ON_SCENE, Response.ACKNOWLEDGED], State.ON_SCENE, id="another only acknowledges"),
        pytest.param([Response.RESPONDING, Response.ACKNOWLEDGED], State.RESPONDING, id="another knows it"),
    ],
)
def test_an_incident_comes_as_far_as_the_best_answer(answers: list[Response], state: State) -> None:
    incident = answered(an_incident(), *zip((BUDI, SITI), answers, strict=False))
    assert incident.state is state


def test_an_answer_says_who_when_and_what() -> None:
    events = respond(an_incident(), Response.RESPONDING, at=LATER, actor=BUDI, message="Tiga menit")
    assert events == (
        Event(type=EventType.RESPONDING, incident_id="A", at=LATER, actor=BUDI, drill=False, message="Tiga menit"),
    )
    incident = fold(an_incident(), events)
    assert incident.responders == (Responder(actor=BUDI, response=Response.RESPONDING, at=LATER),)
    assert (incident.revision, incident.urgent) == (2, 1)


@pytest.mark.parametrize("given_first", Response)
@pytest.mark.parametrize("repeated", Response)
def test_an_officer_answers_anew_only_when_he_has_come_further(given_first: Response, repeated: Response) -> None:
    order = [Response.ACKNOWLEDGED, Response.RESPONDING, Response.ON_SCENE]
    incident = answered(an_incident(), (BUDI, given_first))
    events = respond(incident, repeated, at=LATER, actor=BUDI)
    assert [event.type for event in events] == (
        [EventType(repeated.value)] if order.index(repeated) > order.index(given_first) else []
    )


def test_a_known_officer_may_have_changed_his_origin() -> None:
    """It is his device and name that tell him from others."""
    incident = answered(an_incident(), (BUDI, Response.RESPONDING))
    same = Actor(origin=Origin.SERVICE, id=BUDI.id, name=BUDI.name)
    assert respond(incident, Response.ACKNOWLEDGED, at=LATER, actor=same) == ()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Actor(origin=Origin.OFFICER, id="phone-2", name="AKP Budi"), id="same name, other device"),
        pytest.param(Actor(origin=Origin.OFFICER, id="phone-1", name="Ipda Siti"), id="same device, other name"),
    ],
)
def test_another_officer_is_listed_with_his_own_answer(other: Actor) -> None:
    incident = answered(an_incident(), (BUDI, Response.ON_SCENE), (other, Response.ACKNOWLEDGED))
    assert [(r.actor, r.response) for r in incident.responders] == [
        (BUDI, Response.ON_SCENE),
        (other, Response.ACKNOWLEDGED),
    ]


def test_an_officer_is_listed_once_with_his_latest_answer_last() -> None:
    incident = answered(
        an_incident(), (BUDI, Response.ACKNOWLEDGED), (SITI, Response.ACKNOWLEDGED), (BUDI, Response.ON_SCENE)
    )
    assert incident.responders == (
        Responder(actor=SITI, response=Response.ACKNOWLEDGED, at=NOW + timedelta(minutes=2)),
        Responder(actor=BUDI, response=Response.ON_SCENE, at=NOW + timedelta(minutes=3)),
    )


def test_the_first_answer_and_the_first_arrival_count() -> None:
    incident = answered(
        an_incident(),
        (BUDI, Response.ACKNOWLEDGED),
        (SITI, Response.RESPONDING),
        (BUDI, Response.ON_SCENE),
        (SITI, Response.ON_SCENE),
    )
    assert incident.acknowledged_at == NOW + timedelta(minutes=1)
    assert incident.arrived_at == NOW + timedelta(minutes=3)


def test_nobody_has_arrived_before_somebody_says_so() -> None:
    incident = answered(an_incident(), (BUDI, Response.RESPONDING))
    assert incident.arrived_at is None


def test_an_answer_to_nothing_is_refused() -> None:
    with pytest.raises(RefusedError) as refused:
        respond(None, Response.ACKNOWLEDGED, at=NOW, actor=BUDI)
    assert refused.value.refusal is Refusal.NO_OPEN_INCIDENT


# --- the close ---


@pytest.mark.parametrize("outcome", [Outcome.RESOLVED, Outcome.FALSE_ALARM])
def test_a_real_incident_is_closed_with_outcome_and_reason(outcome: Outcome) -> None:
    incident = answered(an_incident(), (BUDI, Response.ON_SCENE))
    events = close(incident, outcome, at=LATER, actor=WARDEN, reason="Perkelahian dilerai")
    assert events == (
        Event(
            type=EventType.CLOSED,
            incident_id="A",
            at=LATER,
            actor=WARDEN,
            drill=False,
            outcome=outcome,
            message="Perkelahian dilerai",
        ),
    )
    ended = fold(incident, events)
    assert (ended.state, ended.closed) == (State.CLOSED, events[0])
    assert (ended.presses, ended.responders, ended.arrived_at) == (
        incident.presses,
        incident.responders,
        incident.arrived_at,
    )
    assert (ended.revision, ended.urgent) == (3, 1)


@pytest.mark.parametrize(
    ("incident", "outcome", "refusal"),
    [
        pytest.param(None, Outcome.RESOLVED, Refusal.NO_OPEN_INCIDENT, id="none open"),
        pytest.param(an_incident(), Outcome.DRILL, Refusal.OUTCOME_NOT_DRILL, id="reality called a drill"),
        pytest.param(an_incident(drill=True), Outcome.RESOLVED, Refusal.OUTCOME_IS_DRILL, id="drill called real"),
        pytest.param(
            an_incident(drill=True), Outcome.FALSE_ALARM, Refusal.OUTCOME_IS_DRILL, id="drill called a false alarm"
        ),
    ],
)
def test_a_close_that_would_lie_is_refused(incident: Incident | None, outcome: Outcome, refusal: Refusal) -> None:
    with pytest.raises(RefusedError) as refused:
        close(incident, outcome, at=LATER, actor=WARDEN)
    assert refused.value.refusal is refusal


# --- events that cannot follow ---

CLOSED: Final = fold(an_incident(), close(an_incident(), Outcome.RESOLVED, at=LATER, actor=WARDEN))


FOLLOWING: Final = [kind for kind in EventType if kind is not EventType.RAISED]


@pytest.mark.parametrize("kind", FOLLOWING)
@pytest.mark.parametrize(
    ("incident", "incident_id"),
    [
        pytest.param(None, "A", id="none open"),
        pytest.param(an_incident(), "B", id="another is open"),
        pytest.param(CLOSED, "A", id="closed"),
    ],
)
def test_only_an_open_incident_goes_on(kind: EventType, incident: Incident | None, incident_id: str) -> None:
    with pytest.raises(ValueError, match=f"^{kind} of an incident that is not open$"):
        apply(incident, an_event(kind, incident_id=incident_id, what=a_press()))


@pytest.mark.parametrize("kind", [EventType.RAISED, EventType.LOCATION_ADDED])
def test_no_place_without_a_press(kind: EventType) -> None:
    with pytest.raises(ValueError, match=r"without a press$"):
        apply(an_incident(), an_event(kind))


# --- what the journal keeps ---

# Written once by a journal: what is on disk must be understood for ever.
ON_DISK: Final = """[
 ["raised", "2026-03-02T01:05:09.250000+00:00",
  {"actor":{"id":"gate","name":"Gerbang utama","origin":"hardware"},"drill":false,"message":"Ada keributan",
   "press":{"at":"2026-03-02T01:05:08+00:00","button_id":"gate","kind":"assault","location":"P2U"}}],
 ["pressed_again", "2026-03-02T01:05:10+00:00",
  {"actor":{"id":"gate","name":"Gerbang utama","origin":"hardware"},"drill":false,"message":"",
   "press":{"at":"2026-03-02T01:05:10+00:00","button_id":"gate","kind":"assault","location":"P2U"}}],
 ["acknowledged", "2026-03-02T01:06:00+00:00",
  {"actor":{"id":"phone-1","name":"AKP Budi","origin":"officer"},"drill":false,"message":""}],
 ["location_added", "2026-03-02T01:06:30+00:00",
  {"actor":{"id":null,"name":"","origin":"service"},"drill":false,"message":"",
   "press":{"at":"2026-03-02T01:06:30+00:00","button_id":null,"kind":"riot","location":"Blok B"}}],
 ["responding", "2026-03-02T01:07:00+00:00",
  {"actor":{"id":"phone-1","name":"AKP Budi","origin":"officer"},"drill":false,"message":""}],
 ["on_scene", "2026-03-02T01:12:00+00:00",
  {"actor":{"id":"phone-1","name":"AKP Budi","origin":"officer"},"drill":false,"message":""}],
 ["closed", "2026-03-02T02:00:00+00:00",
  {"actor":{"id":"user-1","name":"Karutan","origin":"user"},"drill":false,"message":"Terkendali","outcome":"resolved"}]
]"""


def test_an_incident_on_disk_is_understood() -> None:
    incident: Incident | None = None
    for kind, at, body in json.loads(ON_DISK):
        incident = apply(incident, from_body(kind, "A", datetime.fromisoformat(at), body))
    end = datetime(2026, 3, 2, 2, tzinfo=UTC)
    arrival = datetime(2026, 3, 2, 1, 12, tzinfo=UTC)
    assert incident == Incident(
        id="A",
        drill=False,
        raised_at=NOW,
        message="Ada keributan",
        state=State.CLOSED,
        presses=(
            Press(location="P2U", kind=Kind.ASSAULT, at=datetime(2026, 3, 2, 1, 5, 8, tzinfo=UTC), button_id="gate"),
            Press(location="Blok B", kind=Kind.RIOT, at=datetime(2026, 3, 2, 1, 6, 30, tzinfo=UTC)),
        ),
        responders=(Responder(actor=BUDI, response=Response.ON_SCENE, at=arrival),),
        acknowledged_at=datetime(2026, 3, 2, 1, 6, tzinfo=UTC),
        arrived_at=arrival,
        closed=Event(
            type=EventType.CLOSED,
            incident_id="A",
            at=end,
            actor=WARDEN,
            outcome=Outcome.RESOLVED,
            message="Terkendali",
        ),
        revision=6,
        urgent=3,
        since=arrival,
    )


def test_the_journal_keeps_events_as_it_always_did() -> None:
    for kind, at, body in json.loads(ON_DISK):
        assert to_body(from_body(kind, "A", datetime.fromisoformat(at), body)) == body


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("origin", Origin)
def test_every_word_of_the_journal_is_read_back(origin: Origin, kind: Kind, outcome: Outcome) -> None:
    event = Event(
        type=EventType.CLOSED,
        incident_id="A",
        at=NOW,
        actor=Actor(origin=origin),
        press=a_press(kind=kind),
        drill=True,
        outcome=outcome,
    )
    body = json.loads(json.dumps(to_body(event)))
    assert (body["actor"]["origin"], body["press"]["kind"], body["outcome"]) == (
        origin.value,
        kind.value,
        outcome.value,
    )
    assert from_body("closed", "A", NOW, body) == event


GOOD: Final[dict[str, Any]] = {
    "actor": {"origin": "hardware", "id": None, "name": ""},
    "drill": False,
    "message": "",
    "press": {"location": "P2U", "kind": "panic", "at": "2026-03-02T01:05:09+00:00", "button_id": None},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Give a good body with one thing changed; `...` takes it away."""
    body: dict[str, Any] = json.loads(json.dumps(GOOD))
    *way, last = path.split(".")
    inner = body
    for key in way:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return body


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *[
            pytest.param(path, ..., id=f"no {path}")
            for path in (
                "actor",
                "actor.origin",
                "actor.id",
                "actor.name",
                "drill",
                "message",
                "press.location",
                "press.kind",
                "press.at",
                "press.button_id",
            )
        ],
        pytest.param("actor", None, id="null actor"),
        pytest.param("actor", "gate", id="actor a text"),
        pytest.param("actor.origin", "ghost", id="unknown origin"),
        pytest.param("actor.origin", [], id="origin a list"),
        pytest.param("press", [], id="press a list"),
        pytest.param("press.kind", "earthquake", id="unknown kind"),
        pytest.param("press.at", "yesterday", id="no time"),
        pytest.param("press.at", 1772413509, id="time a number"),
        pytest.param("outcome", "unknown", id="unknown outcome"),
    ],
)
def test_a_damaged_event_is_told(path: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"not an event|is not a valid|Invalid isoformat"):
        from_body("raised", "A", NOW, changed(path, value))


def test_a_record_of_something_else_is_no_event() -> None:
    with pytest.raises(ValueError, match="delivery"):
        from_body("delivery", "A", NOW, GOOD)


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*Kind, *Origin, *Outcome]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PATHS: Final = (
    *("actor", "actor.origin", "actor.id", "actor.name", "drill", "message", "outcome"),
    *("press", "press.location", "press.kind", "press.at", "press.button_id"),
)


def is_in_utc(at: datetime) -> bool:
    """Tell whether a time can be shown in another zone."""
    try:
        at.astimezone(UTC)
    except OverflowError:
        return False
    return True


def is_well_formed(event: Event) -> bool:
    """Tell whether everything in an event is what its annotations say."""
    who, what = event.actor, event.press
    return (
        isinstance(event.drill, bool)
        and isinstance(event.message, str)
        and isinstance(who.name, str)
        and isinstance(who.id, str | None)
        and (what is None or (isinstance(what.location, str) and isinstance(what.button_id, str | None)))
        and (what is None or (what.at.tzinfo is not None and is_in_utc(what.at)))
    )


def read_or_refuse(kind: str, body: dict[str, Any]) -> Event | None:
    """Read an event as a replay does: only a ValueError may come of a damaged one."""
    try:
        event = from_body(kind, "A", NOW, body)
        apply(an_incident(), event)
    except ValueError:
        return None
    return event


@given(kind=st.sampled_from([e.value for e in EventType]) | st.text(), body=st.dictionaries(st.text(), JSON))
def test_no_json_stops_a_replay(kind: str, body: dict[str, Any]) -> None:
    assert read_or_refuse(kind, body) is None


@given(kind=st.sampled_from([e.value for e in EventType]), path=st.sampled_from(PATHS), value=JSON | st.just(...))
def test_no_damage_stops_a_replay(kind: str, path: str, value: Any) -> None:
    if path == "outcome" and value is ...:
        value = None
    event = read_or_refuse(kind, changed(path, value))
    assert event is None or event.incident_id == "A"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("message", 5, id="message a number"),
        pytest.param("drill", "false", id="drill a text"),
        pytest.param("actor.name", None, id="null name"),
        pytest.param("actor.id", 5, id="id a number"),
        pytest.param("press.location", ["P2U"], id="location a list"),
        pytest.param("press.button_id", 5, id="button a number"),
        pytest.param("press.at", "2026-03-02T01:05:09", id="time without a zone"),
        pytest.param("press.at", 20260302, id="time a number"),
        *[
            pytest.param(
                "press.at",
                at,
                id=f"time {at}",
            )
            for at in ("0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-07:00")
        ],
    ],
)
def test_what_is_read_is_well_formed(path: str, value: Any) -> None:
    event = read_or_refuse("raised", changed(path, value))
    assert event is None or is_well_formed(event)


# --- any sequence of commands ---

PLACES: Final = ("P2U", "Pos 3", "Blok B")
ACTORS: Final = (GATE, BUDI, SITI, WARDEN)


class House(RuleBasedStateMachine):
    """A house where anything is pressed, answered and closed in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.latest: Incident | None = None
        self.incidents: dict[str, Incident] = {}
        self.log: list[Event] = []
        self.accepted: list[Press] = []

    @property
    def open(self) -> Incident | None:
        """Return the incident that commands are about."""
        return self.latest if self.latest is not None and self.latest.state is not State.CLOSED else None

    def take(self, events: tuple[Event, ...]) -> None:
        """Fold the events, looking at every step."""
        for event in events:
            before = self.open
            after = apply(before, event)
            if event.type is EventType.RAISED:
                assert before is None
                assert event.incident_id not in self.incidents
            else:
                assert before is not None
                assert after.id == before.id
                assert list(State).index(after.state) >= list(State).index(before.state)
                assert after.revision == before.revision + (event.type is not EventType.PRESSED_AGAIN)
                assert after.urgent >= before.urgent
                assert set(after.presses) >= set(before.presses)
                assert {r.actor.key for r in after.responders} >= {r.actor.key for r in before.responders}
            self.latest = self.incidents[after.id] = after
            self.log.append(event)

    @rule(location=st.sampled_from(PLACES), kind=st.sampled_from(Kind), drill=st.booleans())
    def press(self, location: str, kind: Kind, *, drill: bool) -> None:
        """Press somewhere: a real press is never refused, a drill only while it is serious."""
        self.now += timedelta(seconds=1)
        before = self.open
        what = Press(location=location, kind=kind, at=self.now)
        new_id = f"I{len(self.incidents)}"
        if drill and before is not None and not before.drill:
            with pytest.raises(RefusedError):
                press(before, what, new_id=new_id, at=self.now, actor=GATE, drill=True)
            return
        events = press(before, what, new_id=new_id, at=self.now, actor=GATE, drill=drill)
        assert [event.press for event in events if event.press] == [what]
        self.take(events)
        self.accepted.append(what)
        assert self.open is not None
        assert self.open.drill is drill
        assert (location, kind) in {(p.location, p.kind) for p in self.open.presses}

    @rule(response=st.sampled_from(Response), actor=st.sampled_from(ACTORS))
    def respond(self, response: Response, actor: Actor) -> None:
        """Answer twice: the second time nothing happens."""
        self.now += timedelta(seconds=1)
        if self.open is None:
            with pytest.raises(RefusedError):
                respond(None, response, at=self.now, actor=actor)
            return
        self.take(respond(self.open, response, at=self.now, actor=actor))
        assert respond(self.open, response, at=self.now, actor=actor) == ()
        assert list(State).index(self.open.state) >= list(State).index(State(response.value))

    @rule(outcome=st.sampled_from(Outcome))
    def close(self, outcome: Outcome) -> None:
        """Close it, if there is one and the outcome is true."""
        self.now += timedelta(seconds=1)
        if self.open is None or self.open.drill is not (outcome is Outcome.DRILL):
            with pytest.raises(RefusedError):
                close(self.open, outcome, at=self.now, actor=WARDEN)
            return
        self.take(close(self.open, outcome, at=self.now, actor=WARDEN))
        assert self.open is None

    @invariant()
    def at_most_one_incident_is_open(self) -> None:
        """Whatever was pressed, there is one incident open or none."""
        still_open = [incident for incident in self.incidents.values() if incident.state is not State.CLOSED]
        assert still_open == ([self.open] if self.open else [])

    @invariant()
    def every_accepted_press_is_on_record_and_in_an_incident(self) -> None:
        """No press is lost."""
        assert [event.press for event in self.log if event.press] == self.accepted
        for event in self.log:
            if event.press is not None:
                places = {(p.location, p.kind) for p in self.incidents[event.incident_id].presses}
                assert (event.press.location, event.press.kind) in places

    @invariant()
    def a_drill_ends_as_a_drill_and_nothing_else_does(self) -> None:
        """No close lies about what it was."""
        for incident in self.incidents.values():
            if incident.closed is not None:
                assert (incident.closed.outcome is Outcome.DRILL) is incident.drill

    @invariant()
    def a_replay_gives_the_same_incident(self) -> None:
        """What the journal kept is what there is."""
        replayed: Incident | None = None
        for event in self.log:
            body = json.loads(json.dumps(to_body(event), sort_keys=True))
            at = datetime.fromisoformat(event.at.isoformat())
            again = from_body(event.type.value, event.incident_id, at, body)
            assert again == event
            replayed = apply(replayed, again)
        assert replayed == self.latest


TestAnySequenceOfCommands = House.TestCase
