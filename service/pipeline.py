"""The pipeline: article in, pairs out.

Belongs here: the order of the steps and the bookkeeping of spans between segment, paragraph and article.
Must not: know protobuf, gRPC, tokens or how terms are enforced.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from glossary.constrain import Outcome, Segment, translate
from glossary.lexicon import hints, lexicon
from glossary.match import Match, Matcher, Miss
from glossary.normalize import has_arabic
from glossary.spans import Span
from glossary.verify import TermUse, Verdict
from service import __version__
from service.checks import check
from service.decode import TextDecoder
from service.joints import begun, ends_sentence, lacks_and
from service.model import LoadedModel
from service.names import Names, suggest
from service.pairs import Article, Check, CheckKind, NameUse, Pair, Paragraph, SentencePair, Summary
from service.segment import Piece, split_article, split_paragraph

# Segments decoded together. Enough to fill the engine's batches; few enough that a stream starts soon.
WINDOW = 256


class Cancelled(Exception):
    """The caller is gone; the rest of its article is not translated."""


@dataclass(frozen=True)
class Job:
    """An article on its way: what is known before the first pair."""

    article: Article
    signature: str
    matches: tuple[tuple[Match, ...], ...]  # one a paragraph
    hints: tuple[tuple[Match, ...], ...]  # the lexicon's, clear of them; one a paragraph
    uniform: frozenset[str]  # entries to be rendered one way throughout
    names: Names
    beam_size: int


@dataclass(frozen=True)
class _Work:
    """A paragraph cut into segments, with the matches of each."""

    index: int
    paragraph: Paragraph
    pieces: tuple[Piece, ...]
    segments: tuple[Segment, ...]
    matches: tuple[Match, ...]


@dataclass(frozen=True)
class _Window:
    """Segments decoded together, with the indexes of their paragraphs.

    `begun` are the paragraphs first seen here, and every paragraph before `end` has all its segments decoded after it.
    """

    segments: tuple[tuple[int, Segment], ...]
    begun: tuple[_Work, ...]
    end: int


class Pipeline:
    """Translates articles with one loaded model. Stateless between calls; safe to share between threads."""

    def __init__(self, model: LoadedModel, beam_size: int = 4, with_lexicon: bool = True):
        """`with_lexicon`: suggest the built-in lexicon's renderings to a model that follows them."""
        self.model, self.beam_size = model, beam_size
        self.with_lexicon = with_lexicon and model.follows_guides
        if self.with_lexicon:
            lexicon()  # read now: the first article shall not wait for it

    def prepare(self, text: str, matcher: Matcher, beam_size: int = 0, unify: bool = True) -> Job:
        """Cut the article, find its terms and names, and name what will produce the result.

        `unify`: one rendering throughout for an entry or a name that occurs more than once.
        """
        beam = beam_size or self.beam_size
        term = matcher.termbase.signature if len(matcher.termbase) else "none"
        engine = f"{self.model.backend.engine}/{self.model.device}"
        consistency = "unify" if unify else "report"
        words = lexicon().termbase.digest[:12] if self.with_lexicon else "none"
        made = f"tarjuman:{__version__}|model:{self.model.sha256[:12]}|engine:{engine}|lexicon:{words}"
        facts = f"{made}|glossary:{term}|beam:{beam}|consistency:{consistency}"
        article = split_article(text)
        matches = _mentioned(article, [tuple(matcher.find(p.text, text)) for p in article.paragraphs])
        hinted = [hints(p.text, text, found) if self.with_lexicon else () for p, found in zip(article.paragraphs, matches, strict=True)]
        counts = Counter(m.concept.id for found in matches for m in found)
        uniform = frozenset(e for e, n in counts.items() if n > 1 and unify)
        names = Names([p.text for p in article.paragraphs], matches, unify)
        return Job(article, facts, tuple(matches), tuple(hinted), uniform, names, beam)

    def pairs(self, job: Job, *, first: int = 0) -> Iterator[Pair]:
        """Pairs from paragraph `first` on, in order."""
        return (p for p in self.steps(job, first=first) if p is not None)

    def steps(self, job: Job, *, first: int = 0, cancelled: Callable[[], bool] = lambda: False) -> Iterator[Pair | None]:
        """The same, each pair as soon as its segments are decoded, with None after a window that finished no pair.

        Windows are counted from the article's start whatever `first` is, because an engine's output may
        depend on what it decodes together: a resumed article gets the pairs it would have got. Raises
        Cancelled before the next window once `cancelled()` says so.
        """
        decoder = TextDecoder(self.model, job.beam_size)
        outcomes: dict[tuple[int, Segment], Outcome] = {}
        waiting: deque[_Work] = deque()  # paragraphs not yet finished
        spelled: dict[str, str] = {}
        for window in self._windows(job, first):
            if cancelled():
                raise Cancelled
            # A headline and its repetition are translated once.
            unique = list(dict.fromkeys(s for _, s in window.segments))
            results = dict(zip(unique, translate(decoder, unique), strict=True))
            outcomes.update(((i, s), results[s]) for i, s in window.segments)
            waiting.extend(window.begun)
            shown = False
            while waiting and waiting[0].index < window.end:
                work = waiting.popleft()
                own = {s: outcomes.pop((work.index, s)) for s in dict.fromkeys(work.segments) if (work.index, s) in outcomes}
                pair = _assemble(work, own, job.names, spelled)
                if pair.index >= first:
                    shown = True
                    yield pair
            if not shown:
                yield None

    def _windows(self, job: Job, first: int) -> Iterator[_Window]:
        """The article cut into windows; what nobody will read of a resumed article is in them, but not to be decoded."""
        start = 0 if len(job.names) else first  # names are spelled as at their first mention, wherever that is
        pending: list[tuple[int, Segment]] = []
        begun: list[_Work] = []
        size = WINDOW // 8  # a small first window: the first pair is what a reader waits for
        paragraphs = job.article.paragraphs
        for index, paragraph in enumerate(paragraphs):
            work = self._cut(job, index, paragraph)
            pending += [(index, s) for s in work.segments if has_arabic(s.text)]
            if index >= start:
                begun.append(work)
            last = index == len(paragraphs) - 1
            while len(pending) >= size or (last and (pending or begun)):
                chunk, pending = pending[:size], pending[size:]
                size = WINDOW
                end = pending[0][0] if pending else index + 1
                yield _Window(tuple(chunk if any(i >= start for i, _ in chunk) else ()), tuple(begun), end)
                begun = []

    def segments(self, job: Job) -> list[tuple[Segment, ...]]:
        """The segments of every paragraph, with their constraints."""
        return [self._cut(job, i, p).segments for i, p in enumerate(job.article.paragraphs)]

    def _cut(self, job: Job, index: int, paragraph: Paragraph) -> _Work:
        text, matches = paragraph.text, job.matches[index]
        if not has_arabic(text):
            return _Work(index, paragraph, (), (), matches)
        limit = self.model.max_source_tokens
        pieces = split_paragraph(text, [m.span for m in matches], self.model.tokens, limit)
        inside: list[list[Match]] = [[] for _ in pieces]
        at = 0
        for match in matches:  # both in order, and a term is never cut
            while at < len(pieces) - 1 and pieces[at].span.end < match.span.end:
                at += 1
            inside[at].append(match)
        segments = tuple(_segment(job, text, p.span, m, job.hints[index]) for p, m in zip(pieces, inside, strict=True))
        return _Work(index, paragraph, tuple(pieces), segments, matches)


def explain(text: str, matcher: Matcher) -> tuple[list[Match], list[Miss]]:
    """The matches in an article, and the places that are none, paragraph by paragraph as it is translated; spans count from its start."""
    matches: list[Match] = []
    misses: list[Miss] = []
    for paragraph in split_article(text).paragraphs:
        found, missed = matcher.explain(paragraph.text, text)
        matches += [replace(m, span=m.span.shift(paragraph.span.start)) for m in found]
        misses += [replace(m, span=m.span.shift(paragraph.span.start)) for m in missed]
    return matches, misses


def _mentioned(article: Article, matches: Sequence[tuple[Match, ...]]) -> list[tuple[Match, ...]]:
    """The matches, with long form and acronym asked for at an entry's first mention and the acronym at later ones.

    A headline (a first paragraph without a full stop, others following) has room for the acronym only.
    """
    known: set[str] = set()
    result = []
    for index, (paragraph, found) in enumerate(zip(article.paragraphs, matches, strict=True)):
        headline = index == 0 and len(article.paragraphs) > 1 and not ends_sentence(paragraph.text)
        new = []
        for m in found:
            new.append(replace(m, concept=m.concept.mentioned(not headline and m.concept.id not in known)))
            if m.concept.acronym and not headline:
                known.add(m.concept.id)
        result.append(tuple(new))
    return result


def _segment(job: Job, text: str, span: Span, matches: Sequence[Match], hinted: Sequence[Match]) -> Segment:
    own = tuple(replace(m, span=m.span.shift(-span.start)) for m in matches)
    suggested = tuple(replace(h, span=h.span.shift(-span.start)) for h in hinted if span.covers(h.span))
    piece = span.of(text)
    return Segment(piece, own, job.names.find(piece, own), job.uniform.intersection(m.concept.id for m in own), suggested)


def _assemble(work: _Work, outcomes: dict[Segment, Outcome], known: Names, spelled: dict[str, str]) -> Pair:
    """Join a paragraph's segments and carry every span over to the whole."""
    text = work.paragraph.text
    if not work.segments:
        note = Check(CheckKind.NOT_ARABIC, "no Arabic letter stands here; the paragraph is returned as it is")
        kept = tuple(_kept(m) for m in work.matches)
        return Pair(work.index, work.paragraph, text, (SentencePair(Span(0, len(text)), Span(0, len(text))),), kept, (note, *check(text, text, kept, ())))
    translation = ""
    ended = True  # the piece before ended a sentence
    sentences: list[SentencePair] = []
    uses = []
    names: list[NameUse] = []
    checks: list[Check] = []
    for piece, segment in zip(work.pieces, work.segments, strict=True):
        outcome = outcomes.get(segment)
        if outcome:
            outcome, seen = known.settle(segment, outcome, spelled)
            names += seen
        output = outcome.hypothesis.text if outcome else segment.text
        if translation and output:
            translation += " "
        if outcome and output:
            output = begun(output, outcome, ended)
        if not ended and lacks_and(piece.span.of(text), output, translation):
            translation += "and "  # joins as the space does: a sentence's place begins where its hypothesis does
        ended = ends_sentence(piece.span.of(text))
        start = len(translation)
        target = Span(start, start + len(output))
        translation += output
        sentences.append(SentencePair(piece.span, target, outcome.hypothesis if outcome else None))
        for use in outcome.uses if outcome else map(_kept, segment.constraints):
            match = replace(use.match, span=use.match.span.shift(piece.span.start))
            uses.append(replace(use, match=match, target=use.target.shift(start) if use.target else None))
        if outcome and outcome.hypothesis.cut:
            checks.append(Check(CheckKind.TRUNCATED, "the output was cut at the length limit", piece.span, target))
        if piece.hard:
            checks.append(Check(CheckKind.HARD_SPLIT, "a long sentence was cut where it has no punctuation", piece.span, target))
        if not output.strip():
            checks.append(Check(CheckKind.LENGTH_RATIO, "the model returned nothing for this sentence", piece.span, target))
    if not translation.strip():
        translation = text  # never an empty translation: the source stands in, and the check above says so
        checks.append(Check(CheckKind.UNTRANSLATED, "the model returned nothing; the source stands in its place"))
    checks += check(text, translation, uses, sentences)
    return Pair(work.index, work.paragraph, translation, tuple(sentences), tuple(uses), tuple(checks), tuple(names))


def _kept(match: Match) -> TermUse:
    """What became of a term in a text without Arabic, which is returned as it is."""
    concept = match.concept
    if match.surface in concept.accepted:
        return TermUse(match, Verdict.NATIVE, match.span, match.surface, match.surface != concept.preferred)
    return TermUse(match, Verdict.VIOLATED, reason="the text here holds no Arabic and is returned as it is")


def summarize(pairs: Sequence[Pair]) -> Summary:
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
