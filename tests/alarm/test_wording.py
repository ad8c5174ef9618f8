"""The words: what the police are told of an incident, in full."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.actor import Actor, Origin
from custom_components.rutan_blora.alarm.incident import (
    Event,
    EventType,
    Incident,
    Kind,
    Outcome,
    Press,
    Response,
    State,
    apply,
    close,
    press,
    respond,
)
from custom_components.rutan_blora.alarm.wording import compose
from custom_components.rutan_blora.const import MAX_NAME, MAX_TEXT, Language
from custom_components.rutan_blora.police.alert import Alert, Answer

SITE: Final = "Rutan Blora"
WIB: Final = ZoneInfo("Asia/Jakarta")
# 08.05.09 in Blora.
NOW: Final = datetime(2026, 3, 2, 1, 5, 9, tzinfo=UTC)

GATE: Final = Actor(origin=Origin.HARDWARE, id="gate", name="Gerbang utama")
BUDI: Final = Actor(origin=Origin.OFFICER, id="phone-1", name="AKP Budi – Polres Blora")
SITI: Final = Actor(origin=Origin.OFFICER, id="phone-2", name="Ipda Siti")
WARDEN: Final = Actor(origin=Origin.USER, id="user-1", name="Karutan")

ANSWERS: Final = {
    Language.ID: ((Answer.ACKNOWLEDGE, "Terima"), (Answer.GO, "Menuju lokasi"), (Answer.HERE, "Di lokasi")),
    Language.EN: ((Answer.ACKNOWLEDGE, "Acknowledge"), (Answer.GO, "Responding"), (Answer.HERE, "On scene")),
}


def raised(
    location: str = "P2U", kind: Kind = Kind.PANIC, *, at: datetime = NOW, drill: bool = False, message: str = ""
) -> Incident:
    what = Press(location=location, kind=kind, at=at)
    (event,) = press(None, what, new_id="A", at=at, actor=GATE, drill=drill, message=message)
    return apply(None, event)


def pressed_too(incident: Incident, location: str, kind: Kind, *, after: int) -> Incident:
    at = NOW + timedelta(seconds=after)
    what = Press(location=location, kind=kind, at=at)
    (event,) = press(incident, what, new_id="B", at=at, actor=GATE, drill=incident.drill)
    return apply(incident, event)


def answered(incident: Incident, actor: Actor, response: Response, *, after: int) -> Incident:
    (event,) = respond(incident, response, at=NOW + timedelta(seconds=after), actor=actor)
    return apply(incident, event)


def closed(incident: Incident, outcome: Outcome, actor: Actor = WARDEN) -> Incident:
    (event,) = close(incident, outcome, at=NOW + timedelta(hours=1), actor=actor)
    return apply(incident, event)


def told(incident: Incident, language: Language, zone: tzinfo = WIB, site: str = SITE) -> tuple[str, str]:
    alert = compose(incident, language, site=site, zone=zone)
    return alert.title, alert.text


ACKNOWLEDGED: Final = answered(raised(), BUDI, Response.ACKNOWLEDGED, after=21)
RESPONDING: Final = answered(ACKNOWLEDGED, SITI, Response.RESPONDING, after=90)
ON_SCENE: Final = answered(RESPONDING, BUDI, Response.ON_SCENE, after=600)
TWO_PLACES: Final = pressed_too(raised(), "Blok B", Kind.RIOT, after=40)
DRILL: Final = raised(drill=True)

# Every state of an incident, as it is read on the phone.
TEXTS: Final = {
    "alarm": (
        raised(),
        "DARURAT: Tombol panik – P2U",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Belum ada yang menerima.""",
        "EMERGENCY: Panic button – P2U",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
Nobody has acknowledged yet.""",
    ),
    "alarm with a message": (
        raised(message="Keributan di Blok B"),
        "DARURAT: Tombol panik – P2U",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Keributan di Blok B
Belum ada yang menerima.""",
        "EMERGENCY: Panic button – P2U",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
Keributan di Blok B
Nobody has acknowledged yet.""",
    ),
    "two places": (
        TWO_PLACES,
        "DARURAT: Kerusuhan – P2U, Blok B",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
P2U: Tombol panik (2 Mar 08.05.09 WIB)
Blok B: Kerusuhan (2 Mar 08.05.49 WIB)
Belum ada yang menerima.""",
        "EMERGENCY: Riot – P2U, Blok B",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
P2U: Panic button (2 Mar 08:05:09 WIB)
Blok B: Riot (2 Mar 08:05:49 WIB)
Nobody has acknowledged yet.""",
    ),
    "acknowledged": (
        ACKNOWLEDGED,
        "DARURAT: Tombol panik – P2U",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Diterima: AKP Budi – Polres Blora (2 Mar 08.05.30 WIB)""",
        "EMERGENCY: Panic button – P2U",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
Acknowledged: AKP Budi – Polres Blora (2 Mar 08:05:30 WIB)""",
    ),
    "responding": (
        RESPONDING,
        "DARURAT: Tombol panik – P2U",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Diterima: AKP Budi – Polres Blora (2 Mar 08.05.30 WIB)
Menuju lokasi: Ipda Siti (2 Mar 08.06.39 WIB)""",
        "EMERGENCY: Panic button – P2U",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
Acknowledged: AKP Budi – Polres Blora (2 Mar 08:05:30 WIB)
Responding: Ipda Siti (2 Mar 08:06:39 WIB)""",
    ),
    "on scene": (
        ON_SCENE,
        "DARURAT: Tombol panik – P2U",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Menuju lokasi: Ipda Siti (2 Mar 08.06.39 WIB)
Di lokasi: AKP Budi – Polres Blora (2 Mar 08.15.09 WIB)""",
        "EMERGENCY: Panic button – P2U",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
Responding: Ipda Siti (2 Mar 08:06:39 WIB)
On scene: AKP Budi – Polres Blora (2 Mar 08:15:09 WIB)""",
    ),
    "resolved": (
        closed(ACKNOWLEDGED, Outcome.RESOLVED),
        "Selesai: Tombol panik – P2U",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Selesai: tertangani (Karutan)
Diterima: AKP Budi – Polres Blora (2 Mar 08.05.30 WIB)""",
        "Closed: Panic button – P2U",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
Closed: resolved (Karutan)
Acknowledged: AKP Budi – Polres Blora (2 Mar 08:05:30 WIB)""",
    ),
    "false alarm, nobody had answered": (
        closed(raised(), Outcome.FALSE_ALARM),
        "Selesai: Tombol panik – P2U",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Selesai: alarm palsu (Karutan)""",
        "Closed: Panic button – P2U",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
Closed: false alarm (Karutan)""",
    ),
    "closed by nobody we know": (
        closed(raised(), Outcome.RESOLVED, Actor(origin=Origin.SERVICE)),
        "Selesai: Tombol panik – P2U",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Selesai: tertangani""",
        "Closed: Panic button – P2U",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
Closed: resolved""",
    ),
    "answered by nobody we know": (
        answered(raised(), Actor(origin=Origin.SERVICE), Response.RESPONDING, after=21),
        "DARURAT: Tombol panik – P2U",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Menuju lokasi: ? (2 Mar 08.05.30 WIB)""",
        "EMERGENCY: Panic button – P2U",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
Responding: ? (2 Mar 08:05:30 WIB)""",
    ),
    "drill": (
        DRILL,
        "LATIHAN: Tombol panik – P2U",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Belum ada yang menerima.""",
        "DRILL: Panic button – P2U",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
Nobody has acknowledged yet.""",
    ),
    "drill on scene": (
        answered(DRILL, SITI, Response.ON_SCENE, after=90),
        "LATIHAN: Tombol panik – P2U",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Di lokasi: Ipda Siti (2 Mar 08.06.39 WIB)""",
        "DRILL: Panic button – P2U",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
On scene: Ipda Siti (2 Mar 08:06:39 WIB)""",
    ),
    "drill over": (
        closed(DRILL, Outcome.DRILL),
        "LATIHAN · Selesai: Tombol panik – P2U",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Selesai: latihan selesai (Karutan)""",
        "DRILL · Closed: Panic button – P2U",
        """\
Rutan Blora · Pressed 2 Mar 08:05:09 WIB
Closed: drill over (Karutan)""",
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_it_is_said_in_indonesian(case: str) -> None:
    incident, title, text, _, _ = TEXTS[case]
    assert told(incident, Language.ID) == (title, text)


@pytest.mark.parametrize("case", TEXTS)
def test_it_is_said_in_english(case: str) -> None:
    incident, _, _, title, text = TEXTS[case]
    assert told(incident, Language.EN) == (title, text)


@pytest.mark.parametrize(
    ("kind", "indonesian", "english"),
    [
        (Kind.PANIC, "Tombol panik", "Panic button"),
        (Kind.ESCAPE, "Pelarian", "Escape"),
        (Kind.RIOT, "Kerusuhan", "Riot"),
        (Kind.FIRE, "Kebakaran", "Fire"),
        (Kind.ASSAULT, "Penyerangan", "Assault"),
        (Kind.MEDICAL, "Darurat medis", "Medical emergency"),
        (Kind.PERIMETER, "Gangguan tembok luar", "Perimeter disturbance"),
    ],
)
def test_every_kind_has_its_words(kind: Kind, indonesian: str, english: str) -> None:
    assert told(raised(kind=kind), Language.ID)[0] == f"DARURAT: {indonesian} – P2U"
    assert told(raised(kind=kind), Language.EN)[0] == f"EMERGENCY: {english} – P2U"


def test_only_the_newest_are_told_when_there_are_many() -> None:
    incident = raised()
    for number in range(1, 9):
        incident = pressed_too(incident, f"Blok {number}", Kind.RIOT, after=number)
    for number in range(1, 8):
        officer = Actor(origin=Origin.OFFICER, id=f"phone-{number}", name=f"Bripda {number}")
        incident = answered(incident, officer, Response.RESPONDING, after=20 + number)
    lines = told(incident, Language.EN)[1].splitlines()
    assert lines[1:3] == ["… +3", "Blok 3: Riot (2 Mar 08:05:12 WIB)"]
    assert lines[7:10] == [
        "Blok 8: Riot (2 Mar 08:05:17 WIB)",
        "… +1",
        "Responding: Bripda 2 (2 Mar 08:05:31 WIB)",
    ]
    assert lines[-1] == "Responding: Bripda 7 (2 Mar 08:05:36 WIB)"


@pytest.mark.parametrize("language", Language)
def test_push_stays_below_what_push_services_take(language: Language) -> None:
    """They refuse 4096 bytes, and Home Assistant does not tell: the alarm would reach no phone from there on."""
    incident = raised("P" * MAX_NAME, message="m" * MAX_TEXT)
    for number in range(100):
        name = f"{number} {'x' * MAX_NAME}"
        incident = pressed_too(incident, name, Kind.PERIMETER, after=number)
        incident = answered(incident, Actor(origin=Origin.USER, id=name, name=name), Response.ON_SCENE, after=number)
    title, text = told(incident, language, site="S" * MAX_NAME)
    assert len((title + text).encode()) < 2700


# --- the alert around the words ---


def composed(incident: Incident, language: Language) -> Alert:
    """Return the alert without what it says to machines."""
    return replace(compose(incident, language, site=SITE, zone=WIB), details={})


def test_machines_read_the_words_of_the_entities_and_times_in_utc() -> None:
    incident = closed(ACKNOWLEDGED, Outcome.RESOLVED)
    assert compose(incident, Language.ID, site=SITE, zone=WIB).details == {
        "site": SITE,
        "incident_id": "A",
        "state": "closed",
        "kind": "panic",
        "locations": ["P2U"],
        "pressed_at": "2026-03-02T01:05:09+00:00",
        "responders": [
            {"name": BUDI.name, "response": "acknowledged", "at": ACKNOWLEDGED.responders[0].at.isoformat()}
        ],
        "outcome": "resolved",
    }
    assert compose(raised(), Language.ID, site=SITE, zone=WIB).details["outcome"] is None


@pytest.mark.parametrize(
    ("incident", "repeat"),
    [(raised(), 60.0), (ACKNOWLEDGED, None)],
    ids=["nobody answered", "answered"],
)
def test_silent_devices_are_told_again_until_somebody_answers(incident: Incident, repeat: float | None) -> None:
    assert compose(incident, Language.ID, site=SITE, zone=WIB).repeat == repeat


@pytest.mark.parametrize("language", Language)
def test_an_open_incident_can_be_answered_in_the_officers_language(language: Language) -> None:
    title, text = told(TWO_PLACES, language)
    assert composed(TWO_PLACES, language) == Alert(
        tag="A",
        revision=2,
        urgent=2,
        title=title,
        text=text,
        answers=ANSWERS[language],
        repeat=TWO_PLACES.plan.repeat_interval,
    )


@pytest.mark.parametrize("language", Language)
def test_a_closed_incident_asks_for_nothing(language: Language) -> None:
    incident = closed(ACKNOWLEDGED, Outcome.RESOLVED)
    title, text = told(incident, language)
    assert composed(incident, language) == Alert(
        tag="A",
        revision=3,
        urgent=1,
        title=title,
        text=text,
        answered=True,
        ended=True,
    )


def test_a_close_whose_outcome_was_lost_is_still_a_close() -> None:
    """Only a damaged journal holds one."""
    end = Event(type=EventType.CLOSED, incident_id="A", at=NOW, actor=WARDEN)
    alert = compose(apply(ACKNOWLEDGED, end), Language.ID, site=SITE, zone=WIB)
    assert alert.ended
    assert alert.title == "Selesai: Tombol panik – P2U"
    assert alert.text.splitlines()[1:] == ["Diterima: AKP Budi – Polres Blora (2 Mar 08.05.30 WIB)"]


# --- a drill is a drill ---


@given(kind=st.sampled_from(Kind), language=st.sampled_from(Language), after=st.data(), responses=st.integers(0, 2))
def test_a_drill_says_so_first_and_never_cries_wolf(
    kind: Kind, language: Language, after: st.DataObject, responses: int
) -> None:
    incident = raised(kind=kind, drill=True)
    if after.draw(st.booleans()):
        incident = pressed_too(incident, "Blok B", after.draw(st.sampled_from(Kind)), after=5)
    for actor in (BUDI, SITI)[:responses]:
        incident = answered(incident, actor, after.draw(st.sampled_from(Response)), after=9)
    if after.draw(st.booleans()):
        incident = closed(incident, Outcome.DRILL)
    title, text = told(incident, language)
    assert title.startswith({Language.ID: "LATIHAN", Language.EN: "DRILL"}[language])
    assert "DARURAT" not in title + text
    assert "EMERGENCY" not in title + text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("incident", [raised(), ON_SCENE, closed(raised(), Outcome.RESOLVED)], ids=lambda i: i.state)
def test_a_real_incident_never_looks_like_a_drill(incident: Incident, language: Language) -> None:
    said = "\n".join(told(incident, language)).upper()
    assert "LATIHAN" not in said
    assert "DRILL" not in said


# --- times ---

MONTHS: Final = {
    Language.ID: ["Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"],
    Language.EN: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("month", range(1, 13))
def test_every_month_has_its_name(month: int, language: Language) -> None:
    incident = raised(at=datetime(2026, month, 17, 3, 0, 0, tzinfo=UTC))
    assert f" 17 {MONTHS[language][month - 1]} 10" in told(incident, language)[1]


@pytest.mark.parametrize(
    ("zone", "time"),
    [
        pytest.param("Asia/Jakarta", "1 Jan 00.30.00 WIB", id="WIB, already the next year"),
        pytest.param("Asia/Makassar", "1 Jan 01.30.00 WITA", id="WITA"),
        pytest.param("Asia/Jayapura", "1 Jan 02.30.00 WIT", id="WIT"),
        pytest.param("Europe/Amsterdam", "31 Des 18.30.00 CET", id="west of it, still the old year"),
    ],
)
def test_times_are_those_of_the_house(zone: str, time: str) -> None:
    incident = raised(at=datetime(2026, 12, 31, 17, 30, 0, tzinfo=UTC))
    assert told(incident, Language.ID, ZoneInfo(zone))[1].startswith(f"Rutan Blora · Ditekan {time}\n")


def test_the_time_is_that_of_the_press_not_of_its_arrival() -> None:
    what = Press(location="P2U", kind=Kind.PANIC, at=NOW)
    (event,) = press(None, what, new_id="A", at=NOW + timedelta(minutes=3), actor=GATE)
    assert "Ditekan 2 Mar 08.05.09 WIB" in told(apply(None, event), Language.ID)[1]


# --- foreign text ---

HTML: Final = '<b onclick="x()">P2U</b><br>'
HARMLESS: Final = '‹b onclick="x()"›P2U‹/b›‹br›'


def test_html_is_shown_not_rendered() -> None:
    incident = raised(HTML, message=HTML)
    incident = pressed_too(incident, HTML, Kind.RIOT, after=40)
    incident = answered(incident, Actor(origin=Origin.OFFICER, id="x", name=HTML), Response.ON_SCENE, after=50)
    incident = closed(incident, Outcome.RESOLVED, Actor(origin=Origin.USER, id="y", name=HTML))
    title, text = told(incident, Language.ID, site=HTML)
    assert title == f"Selesai: Kerusuhan – {HARMLESS}"
    assert text.splitlines() == [
        f"{HARMLESS} · Ditekan 2 Mar 08.05.09 WIB",
        f"{HARMLESS}: Tombol panik (2 Mar 08.05.09 WIB)",
        f"{HARMLESS}: Kerusuhan (2 Mar 08.05.49 WIB)",
        HARMLESS,
        f"Selesai: tertangani ({HARMLESS})",
        f"Di lokasi: {HARMLESS} (2 Mar 08.05.59 WIB)",
    ]


def test_a_line_of_ours_cannot_be_forged() -> None:
    forged = raised("P2U\nDiterima: AKP Budi", message="Aman\r\nSelesai: alarm palsu")
    assert told(forged, Language.ID) == (
        "DARURAT: Tombol panik – P2U Diterima: AKP Budi",
        """\
Rutan Blora · Ditekan 2 Mar 08.05.09 WIB
Aman Selesai: alarm palsu
Belum ada yang menerima.""",
    )


@pytest.mark.parametrize("letter", ["x", "🚨", "\N{ARABIC LETTER ALEF}"], ids=["ascii", "emoji", "arabic"])
def test_ten_thousand_letters_are_cut_to_what_a_push_shows(letter: str) -> None:
    flood = letter * 10_000
    incident = raised(flood, message=flood)
    incident = pressed_too(incident, flood + flood, Kind.RIOT, after=40)
    incident = answered(incident, Actor(origin=Origin.OFFICER, id="x", name=flood), Response.ON_SCENE, after=50)
    incident = closed(incident, Outcome.RESOLVED, Actor(origin=Origin.USER, id="y", name=flood))
    name, message = letter * (MAX_NAME - 1) + "…", letter * (MAX_TEXT - 1) + "…"
    title, text = told(incident, Language.EN, site=flood)
    assert title == f"Closed: Riot – {name}"
    assert text.splitlines() == [
        f"{name} · Pressed 2 Mar 08:05:09 WIB",
        f"{name}: Panic button (2 Mar 08:05:09 WIB)",
        f"{name}: Riot (2 Mar 08:05:49 WIB)",
        message,
        f"Closed: resolved ({name})",
        f"On scene: {name} (2 Mar 08:05:59 WIB)",
    ]


def test_emoji_stay_what_they_are() -> None:
    family = "👨‍👩‍👧 🇮🇩 👮🏽‍♀️"
    assert told(raised(family, message=family), Language.EN) == (
        f"EMERGENCY: Panic button – {family}",
        f"Rutan Blora · Pressed 2 Mar 08:05:09 WIB\n{family}\nNobody has acknowledged yet.",
    )


@given(
    location=st.text(),
    message=st.text(),
    name=st.text(),
    site=st.text(),
    language=st.sampled_from(Language),
    state=st.sampled_from(State),
)
def test_no_text_of_anybody_stops_an_alert(
    location: str, message: str, name: str, site: str, language: Language, state: State
) -> None:
    actor = Actor(origin=Origin.OFFICER, id="x", name=name)
    incident = raised(location, message=message)
    if state is State.CLOSED:
        incident = closed(incident, Outcome.RESOLVED, actor)
    elif state is not State.ALARM:
        incident = answered(incident, actor, Response(state.value), after=9)
    title, text = told(incident, language, site=site)
    assert "\n" not in title
    assert len(title) <= MAX_NAME + len("EMERGENCY: Perimeter disturbance – ")
    assert 2 <= len(text.split("\n")) <= 2 + bool(message)
    (title + text).encode()


@pytest.mark.parametrize("message", [" ", "\n", "\x00\t"], ids=["blank", "line break", "control characters"])
def test_a_message_that_says_nothing_takes_no_line(message: str) -> None:
    assert told(raised(message=message), Language.ID) == told(raised(), Language.ID)
