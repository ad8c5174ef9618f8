"""The check-in: who was where, how it is proved, what was said. Rules only: no Home Assistant, no clock, no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# What was taken in longer after it happened is shown as handed in late.
LATE_ENTRY: Final = timedelta(minutes=2)


class Evidence(StrEnum):
    """What proves that somebody was there, weakest first."""

    TYPED = "typed"
    BUTTON = "button"
    QR = "qr"
    TAG = "tag"
    TAG_IN_ZONE = "tag_in_zone"
    COUNTERSIGNED = "countersigned"


class Situation(StrEnum):
    """How the officers found the house, gravest last: aman, aman dengan catatan, ada kejadian."""

    SAFE = "safe"
    REMARKS = "remarks"
    INCIDENT = "incident"


_EVIDENCE: Final = list(Evidence)
_SITUATIONS: Final = list(Situation)


@dataclass(frozen=True, kw_only=True, slots=True)
class Officer:
    """Who came; `id` is the police device or officer of his phone, card or PIN, None if he only said so."""

    name: str = ""
    rank: str = ""
    nrp: str = ""
    unit: str = ""
    id: str | None = None

    @property
    def title(self) -> str:
        """Return rank and name, as he is called."""
        return " ".join(filter(None, (self.rank, self.name)))

    @property
    def is_known(self) -> bool:
        """Tell whether it is said at all who he is."""
        return bool(self.id or self.name or self.nrp)

    @property
    def is_anonymous(self) -> bool:
        """Tell whether nothing is said of him, not even where he is from."""
        return not self.is_known and not self.unit

    def is_same(self, other: Officer) -> bool:
        """Tell whether both are the same officer, as far as one can tell; one unnamed is nobody's double.

        One may have a phone and a card, each with an id of its own; two may have the same name.
        """
        if self.id and self.id == other.id:
            return True
        if self.nrp and other.nrp:
            return self.nrp == other.nrp
        if self.id and other.id:
            return False
        is_name_same = bool(self.name) and self.name.casefold() == other.name.casefold()
        return is_name_same and (not self.unit or not other.unit or self.is_from(other.unit))

    def is_from(self, unit: str) -> bool:
        """Tell whether he is of a unit, however it is spelt."""
        return bool(unit) and self.unit.casefold() == unit.casefold()

    def over(self, other: Officer) -> Officer:
        """Return this officer, filled in with what another check-in of his says."""
        return Officer(**{f.name: getattr(self, f.name) or getattr(other, f.name) for f in fields(self)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What the officers say of their visit; empty is not said. `photo` is the SHA-256 (hex) of the picture kept."""

    situation: Situation | None = None
    note: str = ""
    personnel: int | None = None
    vehicle: str = ""
    photo: str | None = None

    def over(self, earlier: Report) -> Report:
        """Return this report, filled in with what an earlier one said."""
        said = {f.name: getattr(self, f.name) or getattr(earlier, f.name) for f in fields(self)}
        return Report(**said)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckIn:
    """One scan: where, when it happened and when it was taken in (UTC), who, how it is proved, what was said.

    `is_fresh` says that the code scanned was shown at the gate just then, so that no photograph of it would do.
    """

    checkpoint_id: str
    checkpoint: str
    at: datetime
    received_at: datetime
    officer: Officer = field(default_factory=Officer)
    evidence: Evidence = Evidence.TYPED
    is_fresh: bool = False
    report: Report = field(default_factory=Report)

    @property
    def is_late_entry(self) -> bool:
        """Tell whether it was handed in later than it happened."""
        return self.received_at - self.at > LATE_ENTRY

    def adds_to(self, other: CheckIn) -> bool:
        """Tell whether it says anything that another of the same officer and place does not."""
        is_better = rank(self.evidence) > rank(other.evidence) or (self.is_fresh and not other.is_fresh)
        is_fuller = other.officer.over(self.officer) != other.officer
        return is_better or is_fuller or self.report.over(other.report) != other.report


def rank(evidence: Evidence) -> int:
    """Return how much a proof is worth beside others."""
    return _EVIDENCE.index(evidence)


def gravest(said: Iterable[Situation | None]) -> Situation | None:
    """Return the gravest that was said: only a correction takes back that something happened."""
    return max((situation for situation in said if situation is not None), key=_SITUATIONS.index, default=None)
