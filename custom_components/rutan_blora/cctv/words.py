"""What pictures are worth, in the languages people read. Words only: no Home Assistant.

In Indonesian a blurred picture is *buram*: *kabur* would be read as an escape here.
"""

from collections.abc import Mapping
from typing import Final

from ..const import Language
from .picture import Condition

CONDITIONS: Final[Mapping[Language, Mapping[Condition, str]]] = {
    Language.ID: {
        Condition.NO_SIGNAL: "tidak ada sinyal",
        Condition.FROZEN: "beku",
        Condition.DARK: "gelap",
        Condition.BRIGHT: "silau",
        Condition.BLURRED: "buram",
        Condition.COVERED: "tertutup",
        Condition.MOVED: "bergeser",
    },
    Language.EN: {
        Condition.NO_SIGNAL: "no signal",
        Condition.FROZEN: "frozen",
        Condition.DARK: "dark",
        Condition.BRIGHT: "dazzled",
        Condition.BLURRED: "blurred",
        Condition.COVERED: "covered",
        Condition.MOVED: "moved",
    },
}
