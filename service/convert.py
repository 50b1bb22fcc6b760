"""Dataclasses to protobuf and back.

Belongs here: field-by-field conversion, nothing else. Must not: validate, decide or import the model stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from glossary.concepts import Category
from glossary.match import Match, Miss, MissReason
from glossary.spans import Span
from glossary.verify import TermUse, Verdict
from protos.tarjuman.v1 import translation_pb2 as pb
from protos.tarjuman.v1 import types_pb2
from service.pairs import Check, Pair, Summary
from service.store import StoredGlossary

CATEGORIES = {
    Category.TERM: types_pb2.CATEGORY_TERM,
    Category.PERSON: types_pb2.CATEGORY_PERSON,
    Category.TITLE: types_pb2.CATEGORY_TITLE,
    Category.ORGANIZATION: types_pb2.CATEGORY_ORGANIZATION,
    Category.PLACE: types_pb2.CATEGORY_PLACE,
}
VERDICTS = {
    Verdict.NATIVE: pb.VERDICT_NATIVE,
    Verdict.GUIDED: pb.VERDICT_GUIDED,
    Verdict.FORCED: pb.VERDICT_FORCED,
    Verdict.REPAIRED: pb.VERDICT_REPAIRED,
    Verdict.VIOLATED: pb.VERDICT_VIOLATED,
}
MISS_REASONS = {
    MissReason.INSIDE_WORD: pb.MISS_REASON_INSIDE_WORD,
    MissReason.WHOLE_WORD: pb.MISS_REASON_WHOLE_WORD,
    MissReason.FUNCTION_WORD: pb.MISS_REASON_FUNCTION_WORD,
    MissReason.NOT_THE_NAME: pb.MISS_REASON_OTHER_NAME,
    MissReason.SHORTER: pb.MISS_REASON_SHORTER,
}
FORMATS: dict[types_pb2.GlossaryFormat.ValueType, str] = {
    types_pb2.GLOSSARY_FORMAT_UNSPECIFIED: "tsv",
    types_pb2.GLOSSARY_FORMAT_TSV: "tsv",
    types_pb2.GLOSSARY_FORMAT_CSV: "csv",
}


def span(value: Span | None) -> types_pb2.Span | None:
    """None stays unset."""
    return None if value is None else types_pb2.Span(start=value.start, end=value.end)


def pair(value: Pair, revision: int) -> pb.Pair:
    """`revision` is the glossary's, 0 for one sent along."""
    return pb.Pair(
        index=value.index,
        source=value.paragraph.text,
        gap=value.paragraph.gap,
        translation=value.translation,
        span=span(value.paragraph.span),
        sentences=[pb.SentencePair(source=span(s.source), target=span(s.target)) for s in value.sentences],
        term_uses=[term_use(u, revision) for u in value.term_uses],
        checks=[check(c) for c in value.checks],
    )


def term_use(value: TermUse, revision: int) -> pb.TermUse:
    match = value.match
    return pb.TermUse(
        source=span(match.span),
        surface=match.surface,
        proclitic=match.proclitic,
        target=span(value.target),
        rendering=value.rendering,
        verdict=VERDICTS[value.verdict],
        admitted=value.admitted,
        reason=value.reason,
        entry=match.concept.id,
        revision=revision,
        preferred=match.concept.preferred,
        category=CATEGORIES[match.concept.category],
    )


def check(value: Check) -> pb.Check:
    return pb.Check(kind=pb.CheckKind.ValueType(value.kind.value), message=value.message, source=span(value.source), target=span(value.target))


def summary(value: Summary) -> pb.Summary:
    return pb.Summary(
        pair_count=value.pair_count,
        verdicts=[pb.VerdictCount(verdict=VERDICTS[v], count=n) for v, n in value.verdicts],
        checked_pair_count=value.checked_pair_count,
        terms=[pb.TermConsistency(entry=e, renderings=renderings(r)) for e, r in value.terms],
        suggestions=[
            pb.SuggestedEntry(
                form=s.form,
                rendering=s.rendering,
                category=CATEGORIES[s.category],
                count=s.count,
                others=renderings(s.others),
                unified_count=s.unified_count,
            )
            for s in value.suggestions
        ],
    )


def renderings(values: Iterable[tuple[str, int]]) -> list[pb.RenderingCount]:
    return [pb.RenderingCount(rendering=r, count=n) for r, n in values]


def matches(values: Sequence[Match]) -> list[pb.TermMatch]:
    return [
        pb.TermMatch(
            span=span(m.span),
            surface=m.surface,
            proclitic=m.proclitic,
            entry=m.concept.id,
            form=m.form,
            preferred=m.concept.preferred,
            category=CATEGORIES[m.concept.category],
        )
        for m in values
    ]


def misses(values: Sequence[Miss]) -> list[pb.TermMiss]:
    return [pb.TermMiss(span=span(m.span), surface=m.surface, entry=m.concept.id, reason=MISS_REASONS[m.reason], message=m.reason.value) for m in values]


def glossary(value: StoredGlossary) -> types_pb2.Glossary:
    updated = Timestamp()
    updated.FromMicroseconds(int(value.updated * 1e6))
    return types_pb2.Glossary(
        name=value.name, display_name=value.display_name, revision=value.revision, entry_count=value.entry_count, etag=value.etag, update_time=updated
    )
