"""What officers write on the check-in page, and who they say they are. Rules only: no Home Assistant, no I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
import hashlib
import json
from typing import Final

from ..const import MAX_NAME, MAX_TEXT
from ..police.alert import plain
from .check_in import Officer, Report, Situation
from .checkpoint import KnownOfficer

# A visit is a few officers; more is a slip of the finger.
MAX_PERSONNEL: Final = 99
NRP_DIGITS: Final = 8


class Field(StrEnum):
    """A field of the form; the value is its name in the form."""

    NAME = "name"
    RANK = "rank"
    NRP = "nrp"
    UNIT = "unit"
    PERSONNEL = "personnel"
    VEHICLE = "vehicle"
    SITUATION = "situation"
    NOTE = "note"


class Problem(StrEnum):
    """What is wrong with what was written in a field."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    NO_NUMBER = "no_number"


type Texts = Mapping[Field, str]

LIMITS: Final[Mapping[Field, int]] = dict.fromkeys(Field, MAX_NAME) | {Field.NOTE: MAX_TEXT}
_REQUIRED: Final = (Field.NAME, Field.SITUATION)


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """A form that can be taken in: who came, and what they say."""

    officer: Officer
    report: Report

    @property
    def is_nrp_odd(self) -> bool:
        """Tell whether the number of the officer does not look like one."""
        nrp = self.officer.nrp
        return bool(nrp) and not (nrp.isascii() and nrp.isdigit() and len(nrp) == NRP_DIGITS)


def cleaned(text: str) -> str:
    """Return what somebody wrote, a line break counted as one character however his browser sends it."""
    return text.replace("\r\n", "\n").strip()


def problems(texts: Texts) -> dict[Field, Problem]:
    """Return by field what is wrong; nothing if the form can be taken in. `texts` are cleaned."""
    found = {field: Problem.TOO_LONG for field, limit in LIMITS.items() if len(texts[field]) > limit}
    found |= {field: Problem.MISSING for field in _REQUIRED if not plain(texts[field], MAX_NAME)}
    if texts[Field.SITUATION] not in set(Situation):
        found[Field.SITUATION] = Problem.MISSING
    if texts[Field.PERSONNEL] and _personnel(texts) is None:
        found[Field.PERSONNEL] = Problem.NO_NUMBER
    return found


def _personnel(texts: Texts) -> int | None:
    """Return how many they were, None if that is not said."""
    text = texts[Field.PERSONNEL]
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PERSONNEL))):
        return None
    return int(text) or None


def read(texts: Texts) -> Filled:
    """Return what a form without problems says, harmless wherever it is shown."""
    said = {field: plain(text, LIMITS[field]) for field, text in texts.items()}
    return Filled(
        officer=Officer(
            name=said[Field.NAME],
            rank=said[Field.RANK],
            nrp="".join(said[Field.NRP].split()),
            unit=said[Field.UNIT],
        ),
        report=Report(
            situation=Situation(said[Field.SITUATION]),
            note=said[Field.NOTE],
            personnel=_personnel(texts),
            vehicle=said[Field.VEHICLE],
        ),
    )


def fingerprint(texts: Texts) -> str:
    """Return what tells a form that is handed in once more from another one."""
    content = json.dumps([texts[field] for field in Field])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def claimed(officer: Officer, known: Iterable[KnownOfficer]) -> list[KnownOfficer]:
    """Return the officers with a PIN whom somebody says to be: by his number, or without one by his name."""
    guarded = [one for one in known if one.pin]
    if officer.nrp:
        return [one for one in guarded if one.officer.nrp == officer.nrp]
    names = {officer.name.casefold(), officer.title.casefold()}
    return [one for one in guarded if names & {one.officer.name.casefold(), one.officer.title.casefold()}]


def proved(officer: Officer, known: KnownOfficer) -> Officer:
    """Return who came once his PIN was right: as the house knows him, filled in with what he wrote."""
    return replace(known.officer.over(officer), id=known.officer.id)
