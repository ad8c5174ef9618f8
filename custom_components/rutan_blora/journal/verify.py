"""Whether a journal is what was written, as far as it says itself. Rules only."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .record import Record, first_broken


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What a check has found; `head` and `at` are those of the last record, None without any.

    `knows_head` tells whether the head that was kept elsewhere is in the chain, None if there was none to look for.
    """

    records: int
    first_broken: int | None
    head: str | None
    at: str | None
    knows_head: bool | None

    @property
    def is_intact(self) -> bool:
        """Tell whether nothing speaks against the journal."""
        return self.first_broken is None and self.knows_head is not False


class _Tally:
    """Counts records on their way, and looks for one with a hash, of any number or of one."""

    def __init__(self, records: Iterable[Record], head: str | None, seq: int | None) -> None:
        self.count = 0
        self.last: Record | None = None
        self.has_head = False
        self._records = records
        self._head = head
        self._seq = seq

    def __iter__(self) -> Iterator[Record]:
        for record in self._records:
            self.count += 1
            self.last = record
            if record.hash == self._head and self._seq in (None, record.seq):
                self.has_head = True
            yield record


def verify(records: Iterable[Record], head: str | None = None, seq: int | None = None) -> Verification:
    """Check all records of a journal from its first on, in their order, none of them twice.

    A cut tail shows only if `head`, the hash of a record (of number `seq`, if that is known) was kept elsewhere.
    """
    tally = _Tally(records, head, seq)
    passing = iter(tally)
    broken = first_broken(passing)
    for _ in passing:
        pass  # what follows a break is counted, no more
    return Verification(
        records=tally.count,
        first_broken=broken,
        head=tally.last.hash if tally.last else None,
        at=tally.last.at if tally.last else None,
        knows_head=tally.has_head if head is not None else None,
    )
