"""The termbase: an immutable, revisioned set of concepts that contradict each other nowhere.

Belongs here: validation and identity. Must not: parse files (see `termfile`) or match text (see `match`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace

from glossary.concepts import Category, Concept
from glossary.errors import InvalidEntries, RowProblem
from glossary.normalize import bare, fold_term, has_arabic
from glossary.words import FUNCTION_WORDS

MAX_FORM = 200  # code points; the longest office title we found in UN texts has 140
MAX_RENDERING = 300
MAX_NOTE = 2000
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
        given = list(map(_clean, concepts))
        problems = _problems(given, list(lines) or [0] * len(given))
        if problems:
            raise InvalidEntries(problems, name)
        merged = _merge(given)
        if problems := _clashes(merged, given, lines):
            raise InvalidEntries(problems, name)
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


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _clean(concept: Concept) -> Concept:
    """The concept with single spaces everywhere."""
    return replace(
        concept,
        forms=tuple(map(_tidy, concept.forms)),
        preferred=_tidy(concept.preferred),
        admitted=tuple(map(_tidy, concept.admitted)),
        forbidden=tuple(map(_tidy, concept.forbidden)),
        note=_tidy(concept.note),
        source=_tidy(concept.source),
        plural=_tidy(concept.plural),
        plural_forms=tuple(map(_tidy, concept.plural_forms)),
        acronym=_tidy(concept.acronym),
    )


def _merge(concepts: list[Concept]) -> list[Concept]:
    """Join entries that share a form, as they then share their rendering; the order of rows does not matter."""
    group_of: dict[str, list[Concept]] = {}
    for concept in sorted(concepts, key=lambda c: (fold_term(c.id), c.category.value, *map(str, astuple(c)))):
        folded = list(map(fold_term, concept.forms))
        group = [concept]
        for other in {id(g): g for f in folded if (g := group_of.get(f)) is not None}.values():
            group = other + group
        group_of.update(dict.fromkeys((fold_term(f) for c in group for f in c.forms), group))
    merged = []
    for group in {id(g): g for g in group_of.values()}.values():
        forms: dict[str, str] = {}
        for form in (f for c in group for f in c.forms):
            forms.setdefault(fold_term(form), form)
        merged.append(
            Concept(
                tuple(forms.values()),
                group[0].preferred,
                next((c.category for c in group if c.category is not Category.TERM), Category.TERM),
                tuple(dict.fromkeys(r for c in group for r in c.admitted)),
                tuple(dict.fromkeys(r for c in group for r in c.forbidden)),
                next((c.plural for c in group if c.plural), ""),
                tuple(dict.fromkeys(f for c in group for f in c.plural_forms)),
                next((c.acronym for c in group if c.acronym), ""),
                group[0].keep,
                next((c.note for c in group if c.note), ""),
                next((c.source for c in group if c.source), ""),
            )
        )
    return merged


def _problems(concepts: list[Concept], lines: list[int]) -> list[RowProblem]:
    found: list[RowProblem] = []
    owner: dict[str, tuple[Concept, str, int]] = {}
    for concept, line in zip(concepts, lines, strict=True):

        def say(field: str, reason: str, line: int = line) -> None:
            found.append(RowProblem(line, field, reason))

        if not concept.forms or not concept.forms[0].strip():
            say("term", "is empty; give the Arabic form")
            continue
        if not concept.preferred.strip():
            say("rendering", f"is empty for {concept.forms[0]!r}; give the approved English")
        if concept.acronym and concept.acronym == concept.preferred:
            say("acronym", f"{concept.acronym!r} is the rendering itself; give the long form as the rendering")
        if concept.plural_forms and not concept.plural:
            say("plural", f"is empty for {concept.plural_forms[0]!r}; give the English plural, or move the form to variants")
        asked = [*((f, concept.preferred) for f in concept.forms), *((f, concept.plural) for f in concept.plural_forms)]
        for form, rendering in asked:
            folded = fold_term(form)
            if concept.keep and (has_arabic(form) or form != concept.preferred):
                say("keep", f"is for a term that is no Arabic and its own rendering, not {form[:60]!r}")
            elif not concept.keep and not has_arabic(form):
                say("term", f"{form[:60]!r} holds no Arabic letter; set keep to yes if it is to stand in the English as it is")
            elif len(form) > MAX_FORM:
                say("term", f"is {len(form)} code points long; the limit is {MAX_FORM}")
            elif _CONTROL.search(form):
                say("term", f"{form!r} holds a control character or a reserved tag")
            elif form.startswith("#"):
                say("term", f"{form!r} begins with #, which marks a comment")
            elif bare(form) in FUNCTION_WORDS or len(folded) < 2:
                say("term", f"{form!r} is a function word or a single letter and would match everywhere; give a longer form")
            else:
                other, there, where = owner.setdefault(folded, (concept, rendering, line))
                if there != rendering:
                    at = "the same entry" if other is concept else f"line {where}" if where else f"entry {other.id!r}"
                    say("term", f"{form!r} is rendered {rendering!r} here but {there!r} in {at}")
                for name in ("plural", "acronym"):
                    mine, theirs = getattr(concept, name), getattr(other, name)
                    if mine and theirs and mine != theirs:
                        say(name, f"{form!r} has {mine!r} here but {theirs!r} elsewhere")
                if len({concept.category, other.category} - {Category.TERM}) > 1:
                    say("category", f"{form!r} is a {concept.category.value} here but a {other.category.value} elsewhere")
        for name, values in (
            ("rendering", (concept.preferred,)),
            ("admitted", concept.admitted),
            ("forbidden", concept.forbidden),
            ("plural", (concept.plural,)),
            ("acronym", (concept.acronym,)),
        ):
            for value in values:
                if len(value) > MAX_RENDERING:
                    say(name, f"is {len(value)} code points long; the limit is {MAX_RENDERING}")
                elif _CONTROL.search(value):
                    say(name, f"{value!r} holds a control character or a reserved tag")
                elif value and not any(c.isalnum() for c in value):
                    say(name, f"{value!r} holds no letter or digit")
        for name, value in (("note", concept.note), ("source", concept.source)):
            if len(value) > MAX_NOTE:
                say(name, f"is {len(value)} code points long; the limit is {MAX_NOTE}")
        for rendering in _both(concept):
            say("forbidden", f"{rendering!r} is both accepted and forbidden")
    return found


def _both(concept: Concept) -> list[str]:
    """Renderings that a concept accepts and forbids."""
    accepted = (*concept.accepted, concept.acronym)
    return sorted({r.casefold() for r in accepted if r} & {r.casefold() for r in concept.forbidden})


def _clashes(merged: list[Concept], given: list[Concept], lines: Sequence[int]) -> list[RowProblem]:
    """What one row accepts and another row of the same concept forbids, at the line that forbids it."""
    found = []
    for rendering in (r for c in merged for r in _both(c)):
        at = next(i for i, c in enumerate(given) if rendering in {f.casefold() for f in c.forbidden})
        found.append(RowProblem(lines[at] if lines else 0, "forbidden", f"{rendering!r} is accepted in another row of {given[at].id!r}"))
    return found
