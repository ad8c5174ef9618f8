"""What verdicts and proofs are called. Words only: no Home Assistant."""

from collections.abc import Mapping
from typing import Final

from ..const import Language
from .plan import Verdict

VERDICTS: Final[Mapping[Language, Mapping[Verdict, str]]] = {
    Language.ID: {
        Verdict.ON_TIME: "tepat waktu",
        Verdict.EARLY: "lebih awal",
        Verdict.LATE: "terlambat",
        Verdict.MISSED: "terlewat",
        Verdict.UNSCHEDULED: "tidak terjadwal",
    },
    Language.EN: {
        Verdict.ON_TIME: "on time",
        Verdict.EARLY: "early",
        Verdict.LATE: "late",
        Verdict.MISSED: "missed",
        Verdict.UNSCHEDULED: "unscheduled",
    },
}
EXCUSED: Final = {Language.ID: "dikecualikan", Language.EN: "excused"}
EXPECTED: Final = {Language.ID: "terjadwal", Language.EN: "expected"}
VISIT: Final = {Language.ID: "Kunjungan", Language.EN: "Visit"}
