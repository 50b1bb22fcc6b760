"""`tarjuman.v1.TranslationService`.

Belongs here: its calls, and everything that can be wrong with their requests. Must not: translate (see
`pipeline`) or convert fields (see `convert`).
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from typing import Any

from glossary.match import Matcher
from glossary.normalize import fold_term
from glossary.termbase import Termbase
from protos.tarjuman.v1 import translation_pb2, translation_pb2_grpc
from service import __version__, convert
from service.calls import Calls, file_format, guarded, guarded_stream
from service.errors import InvalidRequest, TermViolated
from service.pairs import Pair
from service.pipeline import Job, explain, summarize

NO_TERMS = Matcher(Termbase.build("none", ()))


class TranslationService(Calls, translation_pb2_grpc.TranslationServiceServicer):
    """`tarjuman.v1.TranslationService`."""

    @guarded
    async def TranslateDocument(self, request: translation_pb2.TranslateDocumentRequest, context: Any) -> translation_pb2.TranslateDocumentResponse:
        job, revision = await self._prepare(request)
        pairs = [p async for p in self._pairs(request, job, 0, context)]
        summary = await self.worker.aside(lambda: summarize(pairs))
        return translation_pb2.TranslateDocumentResponse(
            leading_gap=job.article.leading_gap,
            pairs=[convert.pair(p, revision) for p in pairs],
            summary=convert.summary(summary),
            signature=job.signature,
        )

    @guarded_stream
    async def StreamTranslateDocument(self, request: translation_pb2.StreamTranslateDocumentRequest, context: Any) -> Any:
        job, revision = await self._prepare(request)
        count = len(job.article.paragraphs)
        if not 0 <= request.first_paragraph < count:
            raise InvalidRequest("first_paragraph", f"is {request.first_paragraph}, but the article has paragraphs 0 to {count - 1}")
        header = translation_pb2.Header(paragraph_count=count, leading_gap=job.article.leading_gap, signature=job.signature)
        yield translation_pb2.StreamTranslateDocumentResponse(header=header)
        pairs = []
        async for pair in self._pairs(request, job, request.first_paragraph, context):
            pairs.append(pair)
            yield translation_pb2.StreamTranslateDocumentResponse(pair=convert.pair(pair, revision))
        summary = await self.worker.aside(lambda: summarize(pairs))
        yield translation_pb2.StreamTranslateDocumentResponse(summary=convert.summary(summary))

    @guarded
    async def MatchTerms(self, request: translation_pb2.MatchTermsRequest, context: Any) -> translation_pb2.MatchTermsResponse:
        self._check_text(request.text)
        if request.glossary.WhichOneof("source") is None:
            raise InvalidRequest("glossary", "is not set; name a stored glossary or send one along")
        matcher, _ = await self.worker.aside(lambda: self._matcher(request.glossary))
        matches, misses = await self.worker.aside(lambda: explain(request.text, matcher))
        found = convert.misses(misses)
        if request.term:
            key = fold_term(request.term)
            entries = {c.id for c in matcher.termbase.concepts if any(fold_term(f) == key for f in (*c.forms, *c.plural_forms))}
            found = [m for m in found if m.entry in entries]
            if not entries:
                found.append(translation_pb2.TermMiss(entry=request.term, reason=translation_pb2.MISS_REASON_NO_ENTRY, message="the glossary has no such term"))
            elif not found and not any(m.concept.id in entries for m in matches):
                found.append(
                    translation_pb2.TermMiss(entry=min(entries), reason=translation_pb2.MISS_REASON_ABSENT, message="the term stands nowhere in the text")
                )
        return translation_pb2.MatchTermsResponse(matches=convert.matches(matches), misses=found)

    @guarded
    async def GetServerInfo(self, request: translation_pb2.GetServerInfoRequest, context: Any) -> translation_pb2.GetServerInfoResponse:
        loaded = self.worker.pipeline.model
        s = self.settings
        glossaries = await self.worker.aside(lambda: self.store.list(limit=1000))
        return translation_pb2.GetServerInfoResponse(
            version=__version__,
            model=translation_pb2.Model(
                name=loaded.name, sha256=loaded.sha256, license=loaded.license, engine=loaded.backend.engine, follows_guides=loaded.follows_guides
            ),
            limits=translation_pb2.Limits(
                max_characters=s.max_characters, max_paragraphs=s.max_paragraphs, max_entries=s.max_entries, max_message_bytes=s.max_message_bytes
            ),
            glossaries=[convert.glossary(g) for g in glossaries],
        )

    async def _prepare(self, request: Any) -> tuple[Job, int]:
        """Everything that can be wrong with a request, found before any work."""
        self._check_text(request.text)
        beam = request.options.beam_size
        if not 0 <= beam <= 16:
            raise InvalidRequest("options.beam_size", f"is {beam}; it must be 1 to 16, or 0 for the default")
        consistency = request.options.consistency
        if consistency not in translation_pb2.Consistency.values():
            raise InvalidRequest("options.consistency", f"{consistency} is no known value")
        matcher, revision = await self.worker.aside(lambda: self._matcher(request.glossary))
        pipeline = self.worker.pipeline
        unify = consistency != translation_pb2.CONSISTENCY_REPORT
        job = await self.worker.aside(lambda: pipeline.prepare(request.text, matcher, beam, unify))
        count = len(job.article.paragraphs)
        if count > self.settings.max_paragraphs:
            raise InvalidRequest("text", f"has {count} paragraphs; the limit is {self.settings.max_paragraphs}; send the article in parts")
        if not count:
            raise InvalidRequest("text", "holds nothing to translate, only white space")
        return job, revision

    def _check_text(self, text: str) -> None:
        if not text.strip():
            raise InvalidRequest("text", "holds nothing to translate" + (", only white space" if text else "; it is empty"))
        if len(text) > self.settings.max_characters:
            raise InvalidRequest("text", f"has {len(text)} characters; the limit is {self.settings.max_characters}; send the article in parts")

    def _matcher(self, source: translation_pb2.GlossarySource) -> tuple[Matcher, int]:
        kind = source.WhichOneof("source")
        if kind == "name":
            matcher = self.store.matcher(source.name)
            return matcher, matcher.termbase.revision
        if kind == "inline":
            form = file_format(source.inline.format, "glossary.inline.format")
            return Matcher(self.store.parse(source.inline.content, form, source.inline.display_name or "inline")), 0
        return NO_TERMS, 0

    async def _pairs(self, request: Any, job: Job, first: int, context: Any) -> AsyncIterator[Pair]:
        gone = threading.Event()
        context.add_done_callback(lambda _: gone.set())
        steps = self.worker.pipeline.steps(job, first=first, cancelled=gone.is_set)
        async for pair in self.worker.items(steps, gone):
            yield pair
            self._strict(request, pair)

    @staticmethod
    def _strict(request: Any, pair: Pair) -> None:
        if request.options.strict and pair.violated:
            use = pair.violated[0]
            raise TermViolated(pair.index, use.match.surface, use.reason)
