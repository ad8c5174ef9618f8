"""Bring a lost journal back from its copy, by hand: Home Assistant itself never does.

python -m custom_components.rutan_blora.journal.restore NAME FILE: NAME is what the journal is called, without `.db`.
The address of the copy is asked for, or taken from JOURNAL_URL: on a command line others would see the password.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from getpass import getpass
import os
from pathlib import Path
import sys

from sqlalchemy import URL, Engine, create_engine, insert
from sqlalchemy.exc import SQLAlchemyError

from .record import Record
from .server import AddressError, Server, schema_of
from .table import RECORDS, Reader, first_line, prepare
from .verify import Verification, verify


def restore(url: str, name: str, path: Path) -> Verification:
    """Write all that a copy holds into a new file, and return what a check of it has found.

    Raise FileExistsError if the file is there, AddressError if the address is none, SQLAlchemyError if the copy cannot
    be read; then there is no file.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    engine = create_engine(URL.create("sqlite", database=str(part)))
    try:
        with engine.connect() as connection:
            prepare(connection)
        copied = Reader(Server(url, schema_of(name)).engine).read_all()
        found = verify(_written(engine, copied))
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        engine.dispose()
    part.rename(path)
    return found


def _written(engine: Engine, batches: Iterable[list[Record]]) -> Iterator[Record]:
    """Write records, and give them on."""
    for batch in batches:
        with engine.begin() as connection:
            connection.execute(insert(RECORDS), [asdict(record) for record in batch])
        yield from batch


def main(arguments: list[str] | None = None) -> str | None:
    """Restore and say what was found; return what went wrong."""
    parser = argparse.ArgumentParser(prog="restore_journal", description=__doc__)
    parser.add_argument("name", help="what the journal is called, without .db")
    parser.add_argument("file", type=Path, help="the new file")
    options = parser.parse_args(arguments)
    try:
        found = restore(os.environ.get("JOURNAL_URL") or getpass("Address: "), options.name, options.file)
    except AddressError:
        return "This is no address of a PostgreSQL database."
    except (SQLAlchemyError, OSError) as err:
        return f"Nothing was restored: {first_line(err)}"
    sys.stdout.write(f"{found.records} records are restored. Head: {found.head}\n")
    if found.first_broken is not None:
        return f"The copy was altered: record {found.first_broken} is not what was written."
    return None


if __name__ == "__main__":
    sys.exit(main())
