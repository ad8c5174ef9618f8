"""A month in a journal, as the tests of reports need it."""

from dataclasses import replace
from typing import Any, Final

from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.journal.record import GENESIS, Record
from custom_components.rutan_blora.reports.content import ReportContent, build, period_of
from demo import month
from demo.month import FIRST, LAST, MADE_AT, WIB, at, fill_month

__all__ = ["FIRST", "LAST", "MADE_AT", "NIGHTS", "SITE", "Log", "a_month", "at"]

SITE: Final = "Rutan Kelas IIB Blora"
NIGHTS: Final = month.PLAN


class Log(month.Log):
    """A journal that can be damaged, and the report on March that follows from it."""

    def damage(self, record: Record, **fields: Any) -> None:
        """Change a record behind the journal's back."""
        self.records[record.seq - 1] = replace(record, **fields)

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


def a_month() -> Log:
    """Give March as the demo has it."""
    log = Log()
    fill_month(log)
    return log
