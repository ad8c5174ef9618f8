"""What the trials come to, and what was wanted of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

type Figures = dict[str, Any]


def percentile(samples: Sequence[float | None], share: float) -> float | None:
    """Return the nearest-rank percentile; what never came is longer than all that did."""
    came = sorted(sample for sample in samples if sample is not None)
    rank = ceil(share * len(samples))
    return came[rank - 1] if 0 < rank <= len(came) else None


def summary(samples: Sequence[float | None]) -> Figures:
    """Return p50 and p99 in milliseconds, how many trials there were and how many of them never came."""
    return {
        "p50_ms": _ms(percentile(samples, 0.50)),
        "p99_ms": _ms(percentile(samples, 0.99)),
        "trials": len(samples),
        "never": sum(sample is None for sample in samples),
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 4)


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """What was wanted and what was measured, None if it never came."""

    name: str
    limit: float
    measured: float | None
    unit: str

    @property
    def is_met(self) -> bool:
        """Tell whether it was reached."""
        return self.measured is not None and self.measured <= self.limit

    @property
    def row(self) -> tuple[object, ...]:
        """Return the cells of a table of goals."""
        return self.name, f"≤ {self.limit:g} {self.unit}".strip(), self.measured, "yes" if self.is_met else "**no**"

    def to_json(self) -> Figures:
        """Return it for the result file."""
        return {
            "name": self.name,
            "limit": self.limit,
            "measured": self.measured,
            "unit": self.unit,
            "met": self.is_met,
        }


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """Return ours over theirs, None if one of them never came."""
    return None if ours is None or not theirs else round(ours / theirs, 3)


def merged(before: Figures, measured: Figures) -> Figures:
    """Return what was measured now, and what of before was not measured again."""
    goals = {**before.get("goals", {}), **measured["goals"]}
    return {**before, **measured, "goals": goals}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "never"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def timing_row(figures: Mapping[str, Any]) -> tuple[object, ...]:
    """Return the cells of a summary."""
    return figures["p50_ms"], figures["p99_ms"], figures["never"]
