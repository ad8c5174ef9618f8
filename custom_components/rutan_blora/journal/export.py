"""Records as lines of a file that anybody can check without us (scripts/verify_journal). Rules only."""

from dataclasses import fields
import json
from typing import Final

from .record import Record

FIELDS: Final = tuple(field.name for field in fields(Record))
_MAY_BE_NONE: Final = ("incident", "subject")


def to_line(record: Record) -> str:
    """Return the record as a line of JSON without its end; what is damaged stays in it, as far as JSON can hold it."""
    return json.dumps({name: getattr(record, name) for name in FIELDS}, separators=(",", ":"), default=repr)


def from_line(line: str) -> Record:
    """Return the record of a line; raise ValueError if it is none. Whether it is intact is another question."""
    try:
        content = json.loads(line)
    except RecursionError as err:
        raise ValueError("no JSON of sane depth") from err
    if not isinstance(content, dict) or tuple(content) != FIELDS:
        raise ValueError("not the fields of a record")
    if not all(_fits(name, value) for name, value in content.items()):
        raise ValueError("a field of another type")
    return Record(**content)


def _fits(name: str, value: object) -> bool:
    if name == "seq":
        return type(value) is int
    return isinstance(value, str) or (value is None and name in _MAY_BE_NONE)
