"""What a house writes its letters with. Rules only: no Home Assistant."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """The head of a house's letters, its logo (a PNG or JPEG), the place, and who signs.

    Of who signs the first line is the office, above the signature; name and number are below.
    """

    head: tuple[str, ...] = ()
    logo: bytes | None = None
    place: str = ""
    rutan: tuple[str, ...] = ()
    police: tuple[str, ...] = ()
