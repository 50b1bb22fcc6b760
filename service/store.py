"""Stored glossaries: every revision in a SQLite database.

Belongs here: persistence, revisions, etags, and the cache of built matchers. Must not: know protobuf.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from glossary import termfile
from glossary.match import Matcher
from glossary.normalize import fold_term
from glossary.termbase import Termbase
from service.errors import GlossaryChanged, GlossaryExists, InvalidRequest, StoreError, UnknownGlossary

_ID = re.compile("[a-z][a-z0-9-]{0,62}")
MAX_DISPLAY_NAME = 200  # code points
_SCHEMA = """
create table if not exists glossary (
    id text primary key, display_name text not null, revision integer not null, updated real not null);
create table if not exists revision (
    id text not null references glossary (id) on delete cascade, number integer not null, content blob not null,
    entries integer not null, digest text not null, primary key (id, number));
"""


@dataclass(frozen=True, slots=True)
class StoredGlossary:
    """A glossary without its entries. `updated` is seconds since 1970, UTC."""

    name: str
    display_name: str
    revision: int
    entry_count: int
    etag: str
    updated: float


class GlossaryStore:
    """Glossaries by resource name, "glossaries/{id}". Safe to share between threads."""

    MATCHERS = 16  # built matchers kept in memory

    def __init__(self, path: Path | None = None, max_entries: int = 20_000):
        self._max_entries = max_entries
        self._lock = threading.RLock()
        self._matchers: OrderedDict[tuple[str, int, str], Matcher] = OrderedDict()
        try:
            self._db = sqlite3.connect(str(path) if path else ":memory:", check_same_thread=False)
            self._db.execute("pragma foreign_keys = on")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise StoreError(f"{path}: cannot be used as a glossary database ({error}); name another file") from error

    def close(self) -> None:
        """Close the database; nothing is pending."""
        self._db.close()

    def create(self, glossary_id: str, display_name: str, content: bytes, kind: str) -> StoredGlossary:
        """A new glossary at revision 1. Raises GlossaryExists, InvalidRequest, InvalidEntries."""
        if not _ID.fullmatch(glossary_id):
            raise InvalidRequest("glossary_id", f"{glossary_id[:60]!r} is not 1 to 63 of a-z, 0-9 and hyphens beginning with a letter")
        if len(display_name) > MAX_DISPLAY_NAME:
            raise InvalidRequest("display_name", f"is {len(display_name)} code points long; the limit is {MAX_DISPLAY_NAME}")
        name = f"glossaries/{glossary_id}"
        termbase = self.parse(content, kind, name) if content else Termbase.build(name, ())
        with self._lock, self._db:
            if self._row(glossary_id):
                raise GlossaryExists(name)
            self._db.execute("insert into glossary values (?, ?, 1, ?)", (glossary_id, display_name, time.time()))
            self._write(glossary_id, termbase)
            return self.get(name)

    def get(self, name: str) -> StoredGlossary:
        """Raises UnknownGlossary, InvalidRequest."""
        with self._lock:
            row = self._row(glossary_id(name))
        if not row:
            raise UnknownGlossary(name)
        return row

    def list(self, after: str = "", limit: int = 100) -> list[StoredGlossary]:
        """By name, those behind the id `after`."""
        with self._lock:
            ids = self._db.execute("select id from glossary where id > ? order by id limit ?", (after, limit)).fetchall()
            return [row for (i,) in ids if (row := self._row(i))]

    def delete(self, name: str, etag: str = "") -> None:
        """Raises UnknownGlossary, GlossaryChanged."""
        with self._lock, self._db:
            self._fresh(name, etag)
            self._db.execute("delete from glossary where id = ?", (glossary_id(name),))

    def import_entries(
        self, name: str, content: bytes, kind: str, *, replace: bool = False, etag: str = "", validate_only: bool = False
    ) -> tuple[StoredGlossary, int]:
        """One new revision, or none when nothing differs; returns it and how many entries the file held."""
        new = self.parse(content, kind, name)
        if not len(new):
            raise InvalidRequest("content", "holds no entry")
        count = len(new)
        with self._lock, self._db:
            current = self._fresh(name, etag)
            old = self.termbase(name)
            mains = {fold_term(c.id) for c in new.concepts}
            kept = [] if replace else [c for c in old.concepts if fold_term(c.id) not in mains]
            new = self._limited(Termbase.build(name, [*kept, *new.concepts], current.revision + 1))
            if not validate_only and new.digest != old.digest:
                self._db.execute("update glossary set revision = ?, updated = ? where id = ?", (new.revision, time.time(), glossary_id(name)))
                self._write(glossary_id(name), new)
            return self.get(name), count

    def termbase(self, name: str, revision: int = 0) -> Termbase:
        """The entries at a revision, 0 for the newest."""
        current = self.get(name)
        wanted = revision or current.revision
        with self._lock:
            row = self._db.execute("select content from revision where id = ? and number = ?", (glossary_id(name), wanted)).fetchone()
        if not row:
            raise UnknownGlossary(f"{name} at revision {wanted}")
        return termfile.read(row[0], "csv", name, wanted)

    def matcher(self, name: str) -> Matcher:
        """The matcher of the newest revision, built once."""
        current = self.get(name)
        key = (name, current.revision, current.etag)
        with self._lock:
            if key in self._matchers:
                self._matchers.move_to_end(key)
                return self._matchers[key]
        built = Matcher(self.termbase(name, current.revision))
        with self._lock:
            self._matchers[key] = built
            while len(self._matchers) > self.MATCHERS:
                self._matchers.popitem(last=False)
        return built

    def parse(self, content: bytes, kind: str, name: str) -> Termbase:
        """A glossary file, checked against the limit of entries. Raises InvalidEntries, InvalidRequest."""
        return self._limited(termfile.read(content, kind, name))

    def _limited(self, termbase: Termbase) -> Termbase:
        if len(termbase) > self._max_entries:
            raise InvalidRequest("glossary", f"has {len(termbase)} entries; the limit is {self._max_entries}")
        return termbase

    def _fresh(self, name: str, etag: str) -> StoredGlossary:
        current = self.get(name)
        if etag and etag != current.etag:
            raise GlossaryChanged(name)
        return current

    def _row(self, key: str) -> StoredGlossary | None:
        row = self._db.execute(
            "select g.display_name, g.revision, r.entries, r.digest, g.updated from glossary g "
            "join revision r on r.id = g.id and r.number = g.revision where g.id = ?",
            (key,),
        ).fetchone()
        if not row:
            return None
        display_name, revision, entries, digest, updated = row
        return StoredGlossary(f"glossaries/{key}", display_name, revision, entries, f"{revision}-{digest[:16]}", updated)

    def _write(self, key: str, termbase: Termbase) -> None:
        content = termfile.write(termbase, "csv")
        self._db.execute("insert into revision values (?, ?, ?, ?, ?)", (key, termbase.revision, content, len(termbase), termbase.digest))


def glossary_id(name: str) -> str:
    """The last part of a resource name. Raises InvalidRequest."""
    prefix, _, key = name.partition("/")
    if prefix != "glossaries" or not _ID.fullmatch(key):
        raise InvalidRequest("name", f"{name[:60]!r} is not of the form glossaries/{{glossary}}")
    return key
