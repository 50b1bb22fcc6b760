"""What can go wrong in the glossary package.

    GlossaryError
    └── InvalidEntries   rows that cannot be accepted, all of them at once

Belongs here: the error tree. Must not: decide gRPC statuses (see `service.status`).
"""

from __future__ import annotations

from dataclasses import dataclass


class GlossaryError(Exception):
    """Root of every error this package raises on purpose."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One reason why one row was refused. `line` counts from 1; 0 when the entry came from no file."""

    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line else "entry"
        return f"{where}, {self.field}: {self.reason}"


class InvalidEntries(GlossaryError):
    """Rows or entries that cannot be accepted; carries every problem found, not only the first."""

    def __init__(self, problems: list[RowProblem], source: str = "glossary"):
        self.problems = tuple(problems)
        self.source = source
        shown = "; ".join(map(str, problems[:20]))
        more = f"; and {len(problems) - 20} more" if len(problems) > 20 else ""
        super().__init__(f"{source}: {shown}{more}")
