"""Glossary files: TSV and CSV in, TSV and CSV out.

Belongs here: the table format and its problems by line. Must not: validate concepts (see `termbase`).

Columns, named by a header line: `term` and `rendering` are required; `category`, `variants`,
`admitted`, `forbidden`, `plural`, `note`, `source`, `plural_variants`, `acronym`, `keep` may follow in any order. Lists are separated by `|`.
Without a header the columns are `term`, `rendering` and then as above. Lines that are empty or begin
with `#` are skipped. TSV knows no quoting; CSV follows RFC 4180.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from glossary.concepts import Category, Concept
from glossary.errors import InvalidEntries, RowProblem
from glossary.termbase import Termbase

csv.field_size_limit(1 << 30)  # what a file may hold is limited by the request, not here
COLUMNS = ("term", "rendering", "category", "variants", "admitted", "forbidden", "plural", "note", "source", "plural_variants", "acronym", "keep")
FORMATS = ("tsv", "csv")
_YES = {"": False, "no": False, "yes": True}
_LISTS = ("variants", "admitted", "forbidden", "plural_variants")


def read(data: bytes, kind: str, name: str, revision: int = 1) -> Termbase:
    """Parse and validate a glossary file.

    `kind` is "tsv" or "csv". Raises InvalidEntries with every bad row of the file, by line.
    """
    text = _decode(data, name)
    problems: list[RowProblem] = []
    concepts: list[Concept] = []
    lines: list[int] = []
    columns: tuple[str, ...] | None = None
    for line, row in _rows(text, kind, problems):
        if columns is None:
            head = tuple(cell.strip().lower() for cell in row)
            if "term" in head or "rendering" in head:
                columns = head
                problems += _bad_header(head, line)
                continue
            columns = COLUMNS
        if len(row) > len(columns) and any(c.strip() for c in row[len(columns) :]):
            problems.append(RowProblem(line, "row", f"has {len(row)} cells, but there are {len(columns)} columns"))
            continue
        cells = {c: v.strip() for c, v in zip(columns, row, strict=False)}
        concept = _concept(cells, line, problems)
        if concept:
            concepts.append(concept)
            lines.append(line)
    try:
        termbase = Termbase.build(name, concepts, revision, lines)
    except InvalidEntries as error:
        problems += error.problems
    if problems:
        raise InvalidEntries(sorted(problems, key=lambda p: p.line), name)
    return termbase


def write(termbase: Termbase, kind: str) -> bytes:
    """The termbase as a file that `read` takes back: same concepts, same digest."""
    out = io.StringIO()
    rows = [COLUMNS, *(_cells(c) for c in termbase.concepts)]
    if kind == "csv":
        csv.writer(out, lineterminator="\n").writerows(rows)
    else:
        for row in rows:
            out.write("\t".join(" ".join(cell.split()) for cell in row) + "\n")
    return out.getvalue().encode()


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problem = RowProblem(line, "row", "is not UTF-8; save the file as UTF-8")
        raise InvalidEntries([problem], name) from None


def _rows(text: str, kind: str, problems: list[RowProblem]) -> Iterator[tuple[int, list[str]]]:
    if kind == "tsv":
        for number, whole in enumerate(text.split("\n"), 1):
            line = whole.rstrip("\r")
            if line.strip() and not line.startswith("#"):
                yield number, line.split("\t")
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    try:
        for row in reader:
            number, before = before + 1, reader.line_num
            if any(cell.strip() for cell in row) and not row[0].startswith("#"):
                yield number, row
    except csv.Error as error:
        problems.append(RowProblem(reader.line_num, "row", f"is not CSV: {error}"))


def _bad_header(head: tuple[str, ...], line: int) -> list[RowProblem]:
    found = [RowProblem(line, c or "header", "is no known column; known are " + ", ".join(COLUMNS)) for c in head if c not in COLUMNS]
    found += [RowProblem(line, c, "is missing from the header") for c in ("term", "rendering") if c not in head]
    found += [RowProblem(line, c, "stands twice in the header") for c in sorted({c for c in head if head.count(c) > 1})]
    return found


def _concept(cells: dict[str, str], line: int, problems: list[RowProblem]) -> Concept | None:
    lists = {name: tuple(v for v in map(str.strip, cells.get(name, "").split("|")) if v) for name in _LISTS}
    category = Category.TERM
    try:
        category = Category(cells.get("category", "").lower() or "term")
    except ValueError:
        known = ", ".join(c.value for c in Category)
        problems.append(RowProblem(line, "category", f"{cells['category']!r} is none of {known}"))
        return None
    keep = cells.get("keep", "").lower()
    if keep not in _YES:
        problems.append(RowProblem(line, "keep", f"{cells['keep']!r} is neither yes nor no"))
        return None
    rendering = cells.get("rendering", "")
    return Concept(
        forms=tuple(dict.fromkeys((cells.get("term", ""), *lists["variants"]))),
        preferred=rendering or (cells.get("term", "") if _YES[keep] else ""),
        category=category,
        admitted=lists["admitted"],
        forbidden=lists["forbidden"],
        plural=cells.get("plural", ""),
        plural_forms=lists["plural_variants"],
        acronym=cells.get("acronym", ""),
        keep=_YES[keep],
        note=cells.get("note", ""),
        source=cells.get("source", ""),
    )


def _cells(concept: Concept) -> tuple[str, ...]:
    join = " | ".join
    return (
        concept.id, concept.preferred, concept.category.value, join(concept.forms[1:]), join(concept.admitted),
        join(concept.forbidden), concept.plural, concept.note, concept.source,
        join(concept.plural_forms), concept.acronym, "yes" if concept.keep else "",
    )  # fmt: skip
