"""The pipeline: article in, pairs out.

Belongs here: the order of the steps and the bookkeeping of spans between segment, paragraph and article.
Must not: know protobuf, gRPC, tokens or how terms are enforced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from glossary.constrain import Outcome, Segment, translate
from glossary.match import Match, Matcher
from glossary.normalize import has_arabic
from glossary.spans import Span
from glossary.verify import Verdict
from service import __version__
from service.checks import check
from service.decode import TextDecoder
from service.model import LoadedModel
from service.pairs import Article, Check, CheckKind, Pair, Paragraph, SentencePair, Summary
from service.segment import Piece, split_article, split_paragraph
from service.suggest import candidates, suggest

# Segments decoded together. Enough to fill the engine's batches; few enough that a stream starts soon.
WINDOW = 96


class Cancelled(Exception):
    """The caller is gone; the rest of its article is not translated."""


@dataclass(frozen=True)
class Job:
    """An article on its way: what is known before the first pair."""

    article: Article
    signature: str


@dataclass(frozen=True)
class _Work:
    """A paragraph cut into segments, with the matches of each."""

    index: int
    paragraph: Paragraph
    pieces: tuple[Piece, ...]
    segments: tuple[Segment, ...]


class Pipeline:
    """Translates articles with one loaded model. Stateless between calls; safe to share between threads."""

    def __init__(self, model: LoadedModel, beam_size: int = 4):
        self.model, self.beam_size = model, beam_size

    def prepare(self, text: str, matcher: Matcher, beam_size: int = 0) -> Job:
        """Cut the article and name what will produce the result."""
        beam = beam_size or self.beam_size
        term = matcher.termbase.signature if len(matcher.termbase) else "none"
        facts = f"tarjuman:{__version__}|model:{self.model.sha256[:12]}|engine:{self.model.backend.engine}/{self.model.device}|glossary:{term}|beam:{beam}"
        return Job(split_article(text), facts)

    def pairs(self, job: Job, matcher: Matcher, *, first: int = 0, beam_size: int = 0) -> Iterator[Pair]:
        """Pairs from paragraph `first` on, in order."""
        return (p for p in self.steps(job, matcher, first=first, beam_size=beam_size) if p is not None)

    def steps(self, job: Job, matcher: Matcher, *, first: int = 0, beam_size: int = 0, cancelled: Callable[[], bool] = lambda: False) -> Iterator[Pair | None]:
        """The same, each pair as soon as its segments are decoded, with None after a window that finished no pair.

        Windows are counted from the article's start whatever `first` is, because an engine's output may
        depend on what it decodes together: a resumed article gets the pairs it would have got. Raises
        Cancelled before the next window once `cancelled()` says so.
        """
        decoder = TextDecoder(self.model, beam_size or self.beam_size)
        waiting: list[_Work] = []  # paragraphs not yet finished
        pending: list[Segment] = []  # their segments not yet decoded, and how many of them nobody will read
        unread = 0
        outcomes: dict[Segment, Outcome] = {}
        window = WINDOW // 8  # a small first window: the first pair is what a reader waits for
        paragraphs = job.article.paragraphs
        for index, paragraph in enumerate(paragraphs):
            work = self._cut(index, paragraph, matcher)
            pending += [s for s in work.segments if has_arabic(s.text)]
            if index < first:
                unread = len(pending)
            else:
                waiting.append(work)
            last = index == len(paragraphs) - 1
            while len(pending) >= window or (last and waiting):
                if cancelled():
                    raise Cancelled
                chunk, pending = pending[:window], pending[window:]
                if unread < len(chunk):
                    # A headline and its repetition are translated once.
                    unique = list(dict.fromkeys(chunk))
                    outcomes.update(zip(unique, translate(decoder, unique), strict=True))
                unread, window = max(0, unread - len(chunk)), WINDOW
                undecoded = set(pending)
                ready = 0
                while ready < len(waiting) and not undecoded.intersection(waiting[ready].segments):
                    yield _assemble(waiting[ready], outcomes)
                    ready += 1
                waiting = waiting[ready:]
                outcomes = {s: outcomes[s] for w in waiting for s in w.segments if s in outcomes}
                if not ready:
                    yield None

    def _cut(self, index: int, paragraph: Paragraph, matcher: Matcher) -> _Work:
        text = paragraph.text
        if not has_arabic(text):
            return _Work(index, paragraph, (), ())
        matches = matcher.find(text)
        limit = self.model.max_source_tokens
        pieces = split_paragraph(text, [m.span for m in matches], lambda s: len(self.model.tokenizer.encode(s)), limit)
        inside: list[list[Match]] = [[] for _ in pieces]
        at = 0
        for match in matches:  # both in order, and a term is never cut
            while at < len(pieces) - 1 and pieces[at].span.end < match.span.end:
                at += 1
            inside[at].append(match)
        return _Work(index, paragraph, tuple(pieces), tuple(_segment(text, p.span, m) for p, m in zip(pieces, inside, strict=True)))


def _segment(text: str, span: Span, matches: Sequence[Match]) -> Segment:
    own = tuple(replace(m, span=m.span.shift(-span.start)) for m in matches)
    return Segment(span.of(text), own, align=bool(candidates(span.of(text))))


def _assemble(work: _Work, outcomes: dict[Segment, Outcome]) -> Pair:
    """Join a paragraph's segments and carry every span over to the whole."""
    text = work.paragraph.text
    if not work.segments:
        note = Check(CheckKind.NOT_ARABIC, "no Arabic letter stands here; the paragraph is returned as it is")
        return Pair(work.index, work.paragraph, text, (SentencePair(Span(0, len(text)), Span(0, len(text))),), (), (note,))
    translation = ""
    sentences: list[SentencePair] = []
    uses = []
    checks: list[Check] = []
    for piece, segment in zip(work.pieces, work.segments, strict=True):
        outcome = outcomes.get(segment)
        output = outcome.hypothesis.text if outcome else segment.text
        if translation and output:
            translation += " "
        start = len(translation)
        target = Span(start, start + len(output))
        translation += output
        sentences.append(SentencePair(piece.span, target, outcome.hypothesis if outcome else None))
        if outcome:
            for use in outcome.uses:
                match = replace(use.match, span=use.match.span.shift(piece.span.start))
                uses.append(replace(use, match=match, target=use.target.shift(start) if use.target else None))
            if outcome.hypothesis.cut:
                checks.append(Check(CheckKind.TRUNCATED, "the output was cut at the length limit", piece.span, target))
        if piece.hard:
            checks.append(Check(CheckKind.HARD_SPLIT, "a long sentence was cut where it has no punctuation", piece.span, target))
        if not output.strip():
            checks.append(Check(CheckKind.LENGTH_RATIO, "the model returned nothing for this sentence", piece.span, target))
    if not translation.strip():
        translation = text  # never an empty translation: the source stands in, and the check above says so
        checks.append(Check(CheckKind.UNTRANSLATED, "the model returned nothing; the source stands in its place"))
    checks += check(text, translation, uses, sentences)
    return Pair(work.index, work.paragraph, translation, tuple(sentences), tuple(uses), tuple(checks))


def summarize(pairs: Sequence[Pair], matcher: Matcher) -> Summary:
    """Counts over these pairs, and how each entry was rendered."""
    verdicts = Counter(u.verdict for p in pairs for u in p.term_uses)
    terms: dict[str, Counter[str]] = {}
    for pair in pairs:
        for use in pair.term_uses:
            terms.setdefault(use.match.concept.id, Counter())[use.rendering] += 1
    return Summary(
        len(pairs),
        tuple((v, verdicts[v]) for v in Verdict if verdicts[v]),
        sum(bool(p.checks) for p in pairs),
        tuple((entry, tuple(sorted(c.items(), key=lambda x: (-x[1], x[0])))) for entry, c in terms.items()),
        suggest(pairs),
    )
