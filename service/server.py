"""The gRPC server.

Belongs here: calls, limits, queueing, start and stop. Must not: translate (see `pipeline`) or convert
fields (see `convert`).
"""

from __future__ import annotations

import asyncio
import base64
import logging
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

from glossary import termfile
from glossary.errors import GlossaryError
from glossary.match import Matcher
from glossary.normalize import fold_term
from glossary.termbase import Termbase
from protos.tarjuman.v1 import glossary_pb2, glossary_pb2_grpc, translation_pb2, translation_pb2_grpc
from service import __version__, convert, model
from service.config import Settings
from service.errors import InvalidRequest, ModelError, ModelNotReady, QueueFull, ServiceError, TermViolated
from service.pairs import Pair
from service.pipeline import Cancelled, Job, Pipeline, summarize
from service.status import to_status
from service.store import GlossaryStore

log = logging.getLogger("tarjuman")
T = TypeVar("T")
SERVICES = ("tarjuman.v1.TranslationService", "tarjuman.v1.GlossaryService")
NO_TERMS = Matcher(Termbase.build("none", ()))
# Room above the limit in gRPC itself: a message over our limit is answered, not cut off.
_HEADROOM = 4


class Engine:
    """The model and its one worker thread: calls wait in line, the event loop never does."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._side = ThreadPoolExecutor(2, thread_name_prefix="glossary")
        self._waiting = 0
        self.pipeline: Pipeline | None = None

    def load(self) -> None:
        """Load the model. Raises ModelError."""
        s = self._settings
        self.pipeline = Pipeline(model.load(s.model, s.engine, s.device, s.threads), s.beam_size)

    @property
    def ready(self) -> Pipeline:
        if self.pipeline is None:
            raise ModelNotReady
        return self.pipeline

    async def aside(self, work: Callable[[], T]) -> T:
        """Run something that needs no model, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._side, work)

    async def stream(self, make: Callable[[], Iterator[T]], gone: threading.Event) -> AsyncIterator[T]:
        """Iterate over `make()` on the model's thread. Sets `gone` when the caller leaves, so that the work stops."""
        if self._waiting >= self._settings.max_queue:
            raise QueueFull(self._settings.max_queue)
        self._waiting += 1
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

        def say(kind: str, value: Any) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, (kind, value))

        def work() -> None:
            try:
                if not gone.is_set():
                    for item in make():
                        say("item", item)
                say("end", None)
            except BaseException as error:
                say("error", error)

        try:
            self._pool.submit(work)
            while True:
                kind, value = await queue.get()
                if kind == "end":
                    return
                if kind == "error":
                    raise value
                yield value
        finally:
            gone.set()
            self._waiting -= 1

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._side.shutdown(wait=True, cancel_futures=True)


def guarded(method: Any) -> Any:
    """Turn errors of a unary call into statuses, and log ids, lengths and milliseconds, never text."""

    async def call(self: Any, request: Any, context: Any) -> Any:
        started = time.perf_counter()
        try:
            self.check_size(request)
            return await method(self, request, context)
        except (ServiceError, GlossaryError) as error:
            await context.abort_with_status(rpc_status.to_status(to_status(error)))
        except Cancelled:
            await context.abort(grpc.StatusCode.CANCELLED, "the caller is gone")
        except asyncio.CancelledError:
            raise
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            log.exception("%s failed", method.__name__)
            await context.abort_with_status(rpc_status.to_status(to_status(error)))
        finally:
            log.info("%s %d bytes %.0f ms", method.__name__, request.ByteSize(), 1000 * (time.perf_counter() - started))

    return call


def guarded_stream(method: Any) -> Any:
    """The same for a server-streaming call."""

    async def call(self: Any, request: Any, context: Any) -> Any:
        started = time.perf_counter()
        try:
            self.check_size(request)
            async for message in method(self, request, context):
                yield message
        except (ServiceError, GlossaryError) as error:
            await context.abort_with_status(rpc_status.to_status(to_status(error)))
        except Cancelled:
            await context.abort(grpc.StatusCode.CANCELLED, "the caller is gone")
        except (asyncio.CancelledError, GeneratorExit, grpc.aio.AbortError):
            raise
        except Exception as error:
            log.exception("%s failed", method.__name__)
            await context.abort_with_status(rpc_status.to_status(to_status(error)))
        finally:
            log.info("%s %d bytes %.0f ms", method.__name__, request.ByteSize(), 1000 * (time.perf_counter() - started))

    return call


class _Base:
    def __init__(self, settings: Settings, engine: Engine, store: GlossaryStore):
        self.settings, self.engine, self.store = settings, engine, store

    def check_size(self, request: Any) -> None:
        size = request.ByteSize()
        if size > self.settings.max_message_bytes:
            raise InvalidRequest("request", f"is {size} bytes; the limit is {self.settings.max_message_bytes}")


class TranslationService(_Base, translation_pb2_grpc.TranslationServiceServicer):
    """`tarjuman.v1.TranslationService`."""

    @guarded
    async def TranslateDocument(self, request: translation_pb2.TranslateDocumentRequest, context: Any) -> translation_pb2.TranslateDocumentResponse:
        job, matcher, revision = await self._prepare(request)
        pairs = [p async for p in self._pairs(request, job, matcher, 0, context)]
        summary = await self.engine.aside(lambda: summarize(pairs, matcher))
        return translation_pb2.TranslateDocumentResponse(
            leading_gap=job.article.leading_gap,
            pairs=[convert.pair(p, revision) for p in pairs],
            summary=convert.summary(summary),
            signature=job.signature,
        )

    @guarded_stream
    async def StreamTranslateDocument(self, request: translation_pb2.StreamTranslateDocumentRequest, context: Any) -> Any:
        job, matcher, revision = await self._prepare(request)
        count = len(job.article.paragraphs)
        if not 0 <= request.first_paragraph < count:
            raise InvalidRequest("first_paragraph", f"is {request.first_paragraph}, but the article has paragraphs 0 to {count - 1}")
        header = translation_pb2.Header(paragraph_count=count, leading_gap=job.article.leading_gap, signature=job.signature)
        yield translation_pb2.StreamTranslateDocumentResponse(header=header)
        pairs = []
        async for pair in self._pairs(request, job, matcher, request.first_paragraph, context):
            pairs.append(pair)
            yield translation_pb2.StreamTranslateDocumentResponse(pair=convert.pair(pair, revision))
            self._strict(request, pair)
        summary = await self.engine.aside(lambda: summarize(pairs, matcher))
        yield translation_pb2.StreamTranslateDocumentResponse(summary=convert.summary(summary))

    @guarded
    async def MatchTerms(self, request: translation_pb2.MatchTermsRequest, context: Any) -> translation_pb2.MatchTermsResponse:
        self._check_text(request.text)
        if request.glossary.WhichOneof("source") is None:
            raise InvalidRequest("glossary", "is not set; name a stored glossary or send one along")
        matcher, _ = await self.engine.aside(lambda: self._matcher(request.glossary))
        matches, misses = await self.engine.aside(lambda: matcher.explain(request.text))
        found = convert.misses(misses)
        if request.term:
            key = fold_term(request.term)
            entries = {c.id for c in matcher.termbase.concepts if any(fold_term(f) == key for f in c.forms)}
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
        loaded = self.engine.ready.model
        s = self.settings
        glossaries = await self.engine.aside(lambda: self.store.list(limit=1000))
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

    async def _prepare(self, request: Any) -> tuple[Job, Matcher, int]:
        """Everything that can be wrong with a request, found before any work."""
        self._check_text(request.text)
        beam = request.options.beam_size
        if not 0 <= beam <= 16:
            raise InvalidRequest("options.beam_size", f"is {beam}; it must be 1 to 16, or 0 for the default")
        matcher, revision = await self.engine.aside(lambda: self._matcher(request.glossary))
        pipeline = self.engine.ready
        job = await self.engine.aside(lambda: pipeline.prepare(request.text, matcher, beam))
        count = len(job.article.paragraphs)
        if count > self.settings.max_paragraphs:
            raise InvalidRequest("text", f"has {count} paragraphs; the limit is {self.settings.max_paragraphs}; send the article in parts")
        if not count:
            raise InvalidRequest("text", "holds nothing to translate, only white space")
        return job, matcher, revision

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

    async def _pairs(self, request: Any, job: Job, matcher: Matcher, first: int, context: Any) -> AsyncIterator[Pair]:
        gone = threading.Event()
        context.add_done_callback(lambda _: gone.set())
        pipeline = self.engine.ready
        make = lambda: pipeline.pairs(job, matcher, first=first, beam_size=request.options.beam_size, cancelled=gone.is_set)
        streaming = isinstance(request, translation_pb2.StreamTranslateDocumentRequest)
        async for pair in self.engine.stream(make, gone):
            yield pair
            if not streaming:
                self._strict(request, pair)

    @staticmethod
    def _strict(request: Any, pair: Pair) -> None:
        if request.options.strict and pair.violated:
            use = pair.violated[0]
            raise TermViolated(pair.index, use.match.surface, use.reason)


class GlossaryService(_Base, glossary_pb2_grpc.GlossaryServiceServicer):
    """`tarjuman.v1.GlossaryService`."""

    @guarded
    async def CreateGlossary(self, request: glossary_pb2.CreateGlossaryRequest, context: Any) -> glossary_pb2.CreateGlossaryResponse:
        form = file_format(request.format, "format")
        made = await self.engine.aside(lambda: self.store.create(request.glossary_id, request.display_name, request.content, form))
        return glossary_pb2.CreateGlossaryResponse(glossary=convert.glossary(made))

    @guarded
    async def GetGlossary(self, request: glossary_pb2.GetGlossaryRequest, context: Any) -> glossary_pb2.GetGlossaryResponse:
        found = await self.engine.aside(lambda: self.store.get(request.name))
        return glossary_pb2.GetGlossaryResponse(glossary=convert.glossary(found))

    @guarded
    async def ListGlossaries(self, request: glossary_pb2.ListGlossariesRequest, context: Any) -> glossary_pb2.ListGlossariesResponse:
        if request.page_size < 0:
            raise InvalidRequest("page_size", f"is {request.page_size}; it must not be negative")
        size = min(request.page_size or 100, 1000)
        try:
            after = base64.urlsafe_b64decode(request.page_token.encode()).decode()
        except ValueError:
            raise InvalidRequest("page_token", "is none that this server gave") from None
        found = await self.engine.aside(lambda: self.store.list(after, size + 1))
        last = found[size - 1].name.removeprefix("glossaries/") if len(found) > size else ""
        token = base64.urlsafe_b64encode(last.encode()).decode()
        return glossary_pb2.ListGlossariesResponse(glossaries=[convert.glossary(g) for g in found[:size]], next_page_token=token)

    @guarded
    async def DeleteGlossary(self, request: glossary_pb2.DeleteGlossaryRequest, context: Any) -> glossary_pb2.DeleteGlossaryResponse:
        await self.engine.aside(lambda: self.store.delete(request.name, request.etag))
        return glossary_pb2.DeleteGlossaryResponse()

    @guarded
    async def ImportEntries(self, request: glossary_pb2.ImportEntriesRequest, context: Any) -> glossary_pb2.ImportEntriesResponse:
        form = file_format(request.format, "format")
        made, count = await self.engine.aside(
            lambda: self.store.import_entries(
                request.name, request.content, form, replace=request.replace, etag=request.etag, validate_only=request.validate_only
            )
        )
        return glossary_pb2.ImportEntriesResponse(glossary=convert.glossary(made), imported_count=count)

    @guarded
    async def ExportEntries(self, request: glossary_pb2.ExportEntriesRequest, context: Any) -> glossary_pb2.ExportEntriesResponse:
        form = file_format(request.format, "format")
        if request.revision < 0:
            raise InvalidRequest("revision", f"is {request.revision}; it must not be negative")
        termbase = await self.engine.aside(lambda: self.store.termbase(request.name, request.revision))
        return glossary_pb2.ExportEntriesResponse(content=termfile.write(termbase, form), revision=termbase.revision)


def file_format(value: Any, field: str) -> str:
    """The name of a glossary file format. Raises InvalidRequest for a number this server does not know."""
    if value not in convert.FORMATS:
        raise InvalidRequest(field, f"{value} is no known glossary format")
    return convert.FORMATS[value]


class Server:
    """A server that is up: `await start()`, then `port`, then `await stop()`."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.store = GlossaryStore(settings.glossaries, settings.max_entries)
        self.engine = Engine(settings)
        self.port = 0
        limit = settings.max_message_bytes * _HEADROOM
        self._server = grpc.aio.server(options=[("grpc.max_receive_message_length", limit), ("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)])
        self._health = health.aio.HealthServicer()
        translation_pb2_grpc.add_TranslationServiceServicer_to_server(TranslationService(settings, self.engine, self.store), self._server)
        glossary_pb2_grpc.add_GlossaryServiceServicer_to_server(GlossaryService(settings, self.engine, self.store), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)

    async def start(self) -> None:
        """Bind, answer at once, then load the model. Raises ModelError, and OSError when the port is taken."""
        try:
            self.port = self._server.add_insecure_port(f"{self.settings.host}:{self.settings.port}")
        except RuntimeError as error:
            raise OSError(f"{self.settings.host}:{self.settings.port} cannot be used ({error}); is another server running there?") from error
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._server.start()
        await self.engine.aside(self.engine.load)
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Refuse new calls, let running ones end within the grace time, then close everything."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(self.settings.grace)
        self.engine.close()
        self.store.close()

    async def wait(self) -> None:
        """Until the server has stopped."""
        await self._server.wait_for_termination()

    async def _set_health(self, status: Any) -> None:
        for name in ("", *SERVICES):
            await self._health.set(name, status)


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM. Raises ModelError or OSError when it cannot start."""
    server = Server(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    try:
        await server.start()
        loaded = server.engine.ready.model
        announce(f"serving on {settings.host}:{server.port} with {loaded.name} ({loaded.backend.engine})")
        await stopping.wait()
        announce("stopping")
    finally:
        await server.stop()


__all__ = ["ModelError", "Server", "serve"]
