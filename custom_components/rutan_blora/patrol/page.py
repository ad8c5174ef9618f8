"""The page on which officers without the app check in: what it says, and how it is written down as HTML.

It names neither the house nor a checkpoint nor an officer: whoever has nothing but the address learns nothing. All of
it is in one answer, works without JavaScript, and is safe whatever was typed. Words only: no Home Assistant.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
import hashlib
from html import escape
from pathlib import Path
from typing import Final

from ..const import Language
from .check_in import LATE_ENTRY, Situation
from .form import LIMITS, Field, Filled, Problem, Texts
from .page_words import RANKS, WORDS, Words


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8").strip()


_STYLE: Final = _asset("page.css")
_SCRIPT: Final = _asset("page.js")


def _source(content: str) -> str:
    """Return how a browser is told that this, and nothing else, may be in the page."""
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            f"script-src {_source(_SCRIPT)}",
            f"style-src {_source(_STYLE)}",
            "img-src data:",
            "connect-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}

# The query of the address that asks for a language, and how each is asked for in Accept-Language.
LANGUAGE: Final = "lang"
_TAGS: Final = {"id": Language.ID, "in": Language.ID, "ms": Language.ID, "jv": Language.ID, "en": Language.EN}


class State(StrEnum):
    """What a page is, for its script: one to fill in, one to come back to, or one that says that it is done."""

    FORM = "form"
    WAIT = "wait"
    NOTICE = "notice"
    DONE = "done"


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What is said of a refusal, by its name; `wait` is after how many seconds it is worth coming again, if it is."""

    refusal: str
    wait: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Blank:
    """A form to be filled in, with what was written before; without a ticket it cannot be handed in.

    `at` is the time it claims, as it came.
    """

    ticket: str = ""
    texts: Texts = field(default_factory=dict)
    at: str = ""
    problems: Mapping[Field, Problem] = field(default_factory=dict)
    word: Word | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A visit that was taken in; `may_raise` says whether an alarm may be raised of it, `raised_at` when it was.

    `photo_problem` is why a photo that came with it was not kept. What is not `is_on_record` is only in memory yet.
    """

    filled: Filled
    at: datetime
    received_at: datetime
    is_signed: bool
    is_on_record: bool
    may_raise: bool
    photo_problem: str | None = None
    raised_at: datetime | None = None


def choose_language(accepted: str, asked: str | None) -> Language:
    """Return the language asked for, else the one of ours that a browser likes best, else Indonesian."""
    if asked in set(Language):
        return Language(asked)
    liked = (_liked(part) for part in accepted.split(","))
    ours = [(weight, language) for language, weight in liked if language is not None and weight > 0]
    return max(ours, key=lambda one: one[0], default=(0, Language.ID))[1]


def _liked(part: str) -> tuple[Language | None, float]:
    """Return a language of Accept-Language, None if it is none of ours, and how much it is liked."""
    tag, _, weight = part.partition(";")
    try:
        liking = float(weight.partition("=")[2]) if weight else 1.0
    except ValueError:
        liking = 0.0
    return _TAGS.get(tag.strip().lower().partition("-")[0]), liking


# --- pages ---


def form_page(blank: Blank, language: Language) -> str:
    """Return the page with the form."""
    words = WORDS[language]
    said = _word(blank.word, words, _stays(blank))
    if blank.problems:
        said += _box(words.unfit, "bad")
    state = State.WAIT if blank.word is not None and blank.word.wait else State.FORM
    return _page(said + _form(blank, language), state, language)


def notice_page(word: Word, language: Language) -> str:
    """Return a page that only says something; of one that is worth waiting for the browser asks again by itself."""
    state = State.WAIT if word.wait else State.NOTICE
    return _page(_word(word, WORDS[language]), state, language, refresh=word.wait)


def done_page(done: Done, language: Language, *, zone: tzinfo, ticket: str) -> str:
    """Return the page that says what was recorded, and when by the house's clock."""
    words = WORDS[language]
    at, received = (when.astimezone(zone).strftime(words.clock) for when in (done.at, done.received_at))
    notes = [
        words.late.format(at=received) if done.received_at - done.at > LATE_ENTRY else "",
        words.signed if done.is_signed else words.unsigned,
        words.proved if done.filled.officer.id else words.unproved,
        "" if done.is_on_record else words.off_record,
        words.nrp_odd if done.filled.is_nrp_odd else "",
    ]
    title = f"✓ {words.done}" if done.is_on_record else words.off_record_title
    body = (
        f'<div class="box good" role=status><h2>{escape(title)}</h2><p class=when>{escape(at)}</p>'
        + "".join(f"<p>{escape(note)}</p>" for note in notes if note)
        + "</div>"
        + _alarm(done, language, zone, ticket)
        + _recorded(done, words)
        + f'<p><a href="{_query(language)}">{escape(words.again)}</a></p>{_forget(words)}'
    )
    return _page(body, State.DONE, language)


def raised_page(at: datetime, language: Language, zone: tzinfo) -> str:
    """Return the page that says that the alarm was raised."""
    return _page(_raised(at, language, zone), State.DONE, language)


def offer_page(word: Word, language: Language, ticket: str) -> str:
    """Return the page that says why the alarm was not raised, and offers it once more if that may help."""
    words = WORDS[language]
    said = _box(words.refusals.get(word.refusal, words.refusals["not_raised"]).format(seconds=word.wait), "bad")
    return _page(said + (_offer(words, language, ticket) if word.wait else ""), State.NOTICE, language)


def _stays(blank: Blank) -> str:
    """Return what is said of what was written, if anything was."""
    if not any(blank.texts.values()):
        return ""
    return "stays" if blank.ticket else "scan_again"


def _page(body: str, state: State, language: Language, *, refresh: int = 0) -> str:
    words = WORDS[language]
    other = Language.EN if language is Language.ID else Language.ID
    script_words = "".join(f' data-{name}="{escape(text)}"' for name, text in words.script.items())
    again = f"<meta http-equiv=refresh content={refresh}>" if refresh else ""
    return (
        f"<!doctype html><html lang={language}><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f'<meta name=robots content="noindex,nofollow"><meta name=format-detection content="telephone=no">{again}'
        f'<title>{escape(words.title)}</title><link rel=icon href="data:,"><style>{_STYLE}</style></head>'
        f"<body{script_words}><header><h1>{escape(words.title)}</h1>"
        f'<a href="{_query(other)}" lang={other}>{escape(words.other_language)}</a></header>'
        f"<main data-state={state}>{body}</main><script>{_SCRIPT}</script></body></html>"
    )


def _query(language: Language) -> str:
    return f"?{LANGUAGE}={language}"


def _word(word: Word | None, words: Words, then: str = "") -> str:
    """Return what is said of a refusal."""
    if word is None:
        return ""
    said = words.refusals.get(word.refusal, words.refusals["unreadable"]).format(seconds=word.wait)
    stays = f"<p>{escape(words.refusals[then])}</p>" if then else ""
    return f'<div class="box bad" role=alert><h2>{escape(words.refused)}</h2><p>{escape(said)}</p>{stays}</div>'


def _box(text: str, kind: str = "") -> str:
    return f'<p class="box {kind}" role=alert>{escape(text)}</p>'


# --- the form ---


def _form(blank: Blank, language: Language) -> str:
    words = WORDS[language]

    def one(name: Field, **attributes: object) -> str:
        return _input(name, blank, words, attributes)

    button = f"<button>{escape(words.send)}</button>" if blank.ticket else ""
    ranks = "".join(f"<option>{rank}</option>" for rank in RANKS)
    return (
        f'<form class=visit method=post enctype="multipart/form-data" action="{_query(language)}">'
        f'<input type=hidden name=ticket value="{escape(blank.ticket)}">'
        f'<input type=hidden name=at value="{escape(blank.at)}">'
        + one(Field.NAME, required="", autocomplete="name")
        + "<div class=two>"
        + one(Field.RANK, list="ranks")
        + one(Field.NRP, inputmode="numeric", autocomplete="off")
        + f"</div><datalist id=ranks>{ranks}</datalist>"
        + one(Field.UNIT)
        + "<div class=two>"
        + one(Field.PERSONNEL, inputmode="numeric", pattern="[0-9]{1,2}", autocomplete="off")
        + one(Field.VEHICLE)
        + f"</div>{_situation(blank, words)}{_note(blank, words)}"
        + f"<label for=pin>{escape(words.pin)} <small>{escape(words.pin_hint)}</small></label>"
        "<input id=pin name=pin type=password inputmode=numeric maxlength=32 autocomplete=off>"
        # Last of all: what was written has arrived before a photo is read.
        f"<label for=photo>{escape(words.photo)} <small class=photo>{escape(words.photo_hint)}</small></label>"
        f"<input id=photo name=photo type=file accept=image/*>{button}</form>{_forget(words)}"
    )


def _label(name: Field, words: Words) -> str:
    hint = f" <small>{escape(words.hints[name])}</small>" if name in words.hints else ""
    return f"<label for={name}>{escape(words.fields[name])}{hint}</label>"


def _input(name: Field, blank: Blank, words: Words, attributes: Mapping[str, object]) -> str:
    """Return a field of one line."""
    given = {"id": name, "name": name, "maxlength": LIMITS[name], **attributes, **_invalid(name, blank)}
    shown = " ".join(f'{key}="{value}"' for key, value in given.items())
    field = f'<input {shown} value="{escape(blank.texts.get(name, ""))}">'
    return f"<div>{_label(name, words)}{field}{_problem(name, blank, words)}</div>"


def _note(blank: Blank, words: Words) -> str:
    name = Field.NOTE
    invalid = "".join(f' {key}="{value}"' for key, value in _invalid(name, blank).items())
    # The browser leaves out a line break at the very beginning.
    text = f"\n{escape(blank.texts.get(name, ''))}"
    area = f"<textarea id={name} name={name} maxlength={LIMITS[name]}{invalid}>{text}</textarea>"
    return f"{_label(name, words)}{area}{_problem(name, blank, words)}"


def _situation(blank: Blank, words: Words) -> str:
    name, chosen = Field.SITUATION, blank.texts.get(Field.SITUATION)
    choices = "".join(
        f"<label class=pick><input type=radio name={name} value={one} required{' checked' * (one == chosen)}>"
        f"{escape(words.situations[one])}</label>"
        for one in Situation
    )
    fieldset = f"<fieldset><legend>{escape(words.fields[name])}</legend>{choices}</fieldset>"
    return f"{fieldset}{_problem(name, blank, words)}<p><small>{escape(words.urgent)}</small></p>"


def _invalid(name: Field, blank: Blank) -> dict[str, str]:
    return {"aria-invalid": "true", "aria-describedby": f"{name}-error"} if name in blank.problems else {}


def _problem(name: Field, blank: Blank, words: Words) -> str:
    """Return what is wrong with a field."""
    if (problem := blank.problems.get(name)) is None:
        return ""
    text = words.problems[problem].format(count=len(blank.texts.get(name, "")), limit=LIMITS[name])
    return f"<p class=err id={name}-error>{escape(text)}</p>"


def _forget(words: Words) -> str:
    """Return what only works, and is only shown, with the script: without it nothing is remembered."""
    return f'<p><a class=forget href="#" hidden>{escape(words.forget)}</a></p>'


# --- what was recorded ---


def _raised(at: datetime, language: Language, zone: tzinfo) -> str:
    words = WORDS[language]
    return _box(words.raised.format(at=at.astimezone(zone).strftime(words.clock)), "bad")


def _alarm(done: Done, language: Language, zone: tzinfo, ticket: str) -> str:
    """Return how the alarm is raised, that it was, or who else can."""
    words = WORDS[language]
    if done.raised_at is not None:
        return _raised(done.raised_at, language, zone)
    if done.filled.report.situation is not Situation.INCIDENT:
        return ""
    if not done.may_raise:
        return _box(words.no_offer, "bad")
    return _offer(words, language, ticket)


def _offer(words: Words, language: Language, ticket: str) -> str:
    return (
        f'<div class="box bad"><p>{escape(words.offer)}</p>'
        f'<form method=post enctype="multipart/form-data" action="{_query(language)}">'
        f'<input type=hidden name=ticket value="{escape(ticket)}">'
        f"<button class=alarm name=alarm value=1>{escape(words.raise_alarm)}</button></form></div>"
    )


def _recorded(done: Done, words: Words) -> str:
    """Return what was recorded, line by line."""
    officer, report = done.filled.officer, done.filled.report
    said: dict[Field, str] = {
        Field.NAME: officer.name,
        Field.RANK: officer.rank,
        Field.NRP: officer.nrp,
        Field.UNIT: officer.unit,
        Field.PERSONNEL: str(report.personnel or ""),
        Field.VEHICLE: report.vehicle,
        Field.SITUATION: words.situations[report.situation] if report.situation is not None else "",
        Field.NOTE: report.note,
    }
    lines = [(words.fields[name], text) for name, text in said.items()]
    photo = words.photo_problems[done.photo_problem] if done.photo_problem else words.photo_kept * bool(report.photo)
    return f"<dl>{_lines([*lines, (words.photo, photo)])}</dl>"


def _lines(lines: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in lines if text)
