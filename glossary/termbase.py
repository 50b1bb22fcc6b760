"""The termbase: an immutable, revisioned set of concepts that contradict each other nowhere.

Belongs here: validation and identity. Must not: parse files (see `termfile`) or match text (see `match`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

from glossary.concepts import Concept
from glossary.errors import InvalidEntries, RowProblem
from glossary.normalize import fold_term, has_arabic
from glossary.words import FUNCTION_WORDS

MAX_FORM = 200  # code points; the longest office title we found in UN texts has 140
MAX_RENDERING = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]|</?[tu]>")


@dataclass(frozen=True)
class Termbase:
    """A named glossary at one revision. Build one with `Termbase.build`, which validates."""

    name: str
    concepts: tuple[Concept, ...] = ()
    revision: int = 1
    digest: str = field(default="", compare=False)

    @staticmethod
    def build(name: str, concepts: Iterable[Concept], revision: int = 1, lines: Sequence[int] = ()) -> Termbase:
        """Validate and freeze. `lines[i]` is the file line of concept i, for messages.

        Concepts are kept in order of their main form, so that the order of rows never matters.
        Raises InvalidEntries with every problem found.
        """
        given = list(concepts)
        problems = _problems(given, list(lines) or [0] * len(given))
        if problems:
            raise InvalidEntries(problems, name)
        merged = _merge(given)
        ordered = tuple(sorted(merged, key=lambda c: (fold_term(c.id), c.id)))
        facts = [{**asdict(c), "category": c.category.value} for c in ordered]
        digest = hashlib.sha256(json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
        return Termbase(name, ordered, revision, digest)

    @property
    def signature(self) -> str:
        """Name, revision and content in one short text: equal signatures enforce equally."""
        return f"{self.name}@{self.revision}:{self.digest[:12]}"

    def __len__(self) -> int:
        return len(self.concepts)


def _merge(concepts: list[Concept]) -> list[Concept]:
    """Drop rows that repeat another row exactly; the same form twice for one rendering is no clash."""
    seen: dict[tuple[str, ...], Concept] = {}
    taken: set[str] = set()
    for concept in concepts:
        forms = tuple(f for f in dict.fromkeys(concept.forms) if fold_term(f) not in taken)
        if not forms:
            continue
        own: dict[str, str] = {}
        for f in forms:
            own.setdefault(fold_term(f), f)
        taken.update(own)
        kept = Concept(**{**{k: getattr(concept, k) for k in Concept.__dataclass_fields__}, "forms": tuple(own.values())})
        seen[kept.forms] = kept
    return list(seen.values())


def _problems(concepts: list[Concept], lines: list[int]) -> list[RowProblem]:
    found: list[RowProblem] = []
    owner: dict[str, tuple[Concept, int]] = {}
    for concept, line in zip(concepts, lines, strict=True):

        def say(field: str, reason: str, line: int = line) -> None:
            found.append(RowProblem(line, field, reason))

        if not concept.forms or not concept.forms[0].strip():
            say("term", "is empty; give the Arabic form")
            continue
        if not concept.preferred.strip():
            say("rendering", f"is empty for {concept.forms[0]!r}; give the approved English")
        for form in concept.forms:
            folded = fold_term(form)
            if not has_arabic(form):
                say("term", f"{form!r} holds no Arabic letter")
            elif len(form) > MAX_FORM:
                say("term", f"is {len(form)} code points long; the limit is {MAX_FORM}")
            elif _CONTROL.search(form):
                say("term", f"{form!r} holds a control character or a reserved tag")
            elif form.strip() in FUNCTION_WORDS:
                say("term", f"{form!r} is a function word and would match everywhere; give a longer form")
            else:
                other, where = owner.setdefault(folded, (concept, line))
                if other.preferred != concept.preferred:
                    at = f"line {where}" if where else f"entry {other.id!r}"
                    say("term", f"{form!r} is rendered {concept.preferred!r} here but {other.preferred!r} in {at}")
        for name, values in (
            ("rendering", (concept.preferred,)),
            ("admitted", concept.admitted),
            ("forbidden", concept.forbidden),
            ("plural", (concept.plural,)),
        ):
            for value in values:
                if len(value) > MAX_RENDERING:
                    say(name, f"is {len(value)} code points long; the limit is {MAX_RENDERING}")
                elif _CONTROL.search(value):
                    say(name, f"{value!r} holds a control character or a reserved tag")
                elif value and not any(c.isalnum() for c in value):
                    say(name, f"{value!r} holds no letter or digit")
        both = {r.casefold() for r in concept.accepted} & {r.casefold() for r in concept.forbidden}
        for rendering in sorted(both):
            say("forbidden", f"{rendering!r} is both accepted and forbidden")
    return found
