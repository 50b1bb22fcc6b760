"""The server, called over a real socket: results, statuses, and that it stays up."""

from __future__ import annotations

import threading
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from glossary.concepts import Concept
from glossary.match import Matcher
from glossary.spans import Span
from glossary.termbase import Termbase
from glossary.verify import TermUse, Verdict
from protos.tarjuman.v1 import glossary_pb2, translation_pb2, types_pb2
from service import convert
from service.config import Settings
from service.errors import ServiceError, TermViolated
from service.pairs import Pair, Paragraph
from service.status import TABLE, Problem, from_error, to_status
from service.translation_service import TranslationService
from tests.conftest import SEEDS, Running, run_server, seed

INLINE = translation_pb2.InlineGlossary(content="العراق\tIraq\nمصر\tEgypt\nعلي\tAli\tperson\n".encode())
SOURCE = translation_pb2.GlossarySource(inline=INLINE)
# As much as the server takes; a fast machine needs a second for it.
LONG = "\n".join(f"وصل الوفد رقم {n} إلى المدينة صباح اليوم وعقد اجتماعا مع الوزير. وغادر الوفد رقم {n} المدينة مساء بعد لقاء الوزير." for n in range(390))


def problem(call, request) -> Problem:  # type: ignore[no-untyped-def]
    with pytest.raises(grpc.RpcError) as caught:
        answer = call(request, timeout=60)
        list(answer) if hasattr(answer, "__iter__") else None
    return from_error(caught.value)


def translate(running: Running, text: str, **fields) -> translation_pb2.TranslateDocumentResponse:  # type: ignore[no-untyped-def]
    return running.translation.TranslateDocument(translation_pb2.TranslateDocumentRequest(text=text, **fields), timeout=120)


def test_seed_article_over_the_wire(running: Running) -> None:
    """The seed article with its glossary: one pair a paragraph, source rebuilt, terms accounted for."""
    content = (SEEDS / "article.glossary.tsv").read_bytes()
    source = translation_pb2.GlossarySource(inline=translation_pb2.InlineGlossary(content=content, display_name="article"))
    answer = translate(running, seed("article"), glossary=source)
    assert answer.leading_gap + "".join(p.source + p.gap for p in answer.pairs) == seed("article")
    assert all(p.translation for p in answer.pairs)
    assert sum(v.count for v in answer.summary.verdicts) == sum(len(p.term_uses) for p in answer.pairs) > 40
    assert translation_pb2.VERDICT_VIOLATED not in {v.verdict for v in answer.summary.verdicts}
    for pair in answer.pairs:
        for use in pair.term_uses:
            assert pair.source[use.source.start : use.source.end] == use.surface
            assert pair.translation[use.target.start : use.target.end].casefold() == use.rendering.casefold()
    assert "glossary:article@1" in answer.signature


def test_stream_equals_unary_and_resumes(running: Running) -> None:
    """The stream brings the same pairs, first a header, last a summary; it can begin in the middle."""
    text = "وصل وفد العراق.\n\nقال علي.\r\nانتهى."
    unary = translate(running, text, glossary=SOURCE)
    request = translation_pb2.StreamTranslateDocumentRequest(text=text, glossary=SOURCE)
    events = list(running.translation.StreamTranslateDocument(request, timeout=60))
    assert [e.WhichOneof("event") for e in events] == ["header", "pair", "pair", "pair", "summary"]
    assert [e.pair for e in events[1:-1]] == list(unary.pairs)
    assert (events[0].header.paragraph_count, events[0].header.signature) == (3, unary.signature)
    request.first_paragraph = 2
    assert [e.pair for e in running.translation.StreamTranslateDocument(request, timeout=60)][1:-1] == list(unary.pairs)[2:]
    request.first_paragraph = 3
    assert problem(running.translation.StreamTranslateDocument, request).violations[0][0] == "first_paragraph"


@pytest.mark.parametrize("text", ["", "   ", "\n\r\n\t", "\u00a0\u2003"])
def test_nothing_to_translate(running: Running, text: str) -> None:
    """Empty and blank texts are refused by field name."""
    for call, kind in (
        (running.translation.TranslateDocument, translation_pb2.TranslateDocumentRequest),
        (running.translation.StreamTranslateDocument, translation_pb2.StreamTranslateDocumentRequest),
    ):
        found = problem(call, kind(text=text))
        assert (found.code, found.reason, found.violations[0][0]) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", "text")


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("ب" * 60_001, ("60001", "60000")),
        ("ب\n" * 401, ("401", "400")),
        ("ب" * 5_000_000, ("5000000", "60000")),
        ("ب" * 9_000_000, ("bytes", "16777216")),
        ("x" * 70_000_000, ("bytes", "16777216")),
    ],
)
def test_over_a_limit(running: Running, text: str, figures: tuple[str, str]) -> None:
    """A request over a limit is answered with the figure and the limit, and the next call works."""
    found = problem(running.translation.TranslateDocument, translation_pb2.TranslateDocumentRequest(text=text))
    assert found.code is grpc.StatusCode.INVALID_ARGUMENT
    assert all(f in found.message for f in figures)
    assert translate(running, "نعم").pairs[0].translation


def test_bad_options(running: Running) -> None:
    """Options out of range are refused by field name."""
    request = translation_pb2.TranslateDocumentRequest(text="نعم", options=translation_pb2.TranslateOptions(beam_size=17))
    assert problem(running.translation.TranslateDocument, request).violations[0][0] == "options.beam_size"
    request = translation_pb2.TranslateDocumentRequest(text="نعم", options=translation_pb2.TranslateOptions(consistency=9))  # type: ignore[arg-type]
    assert problem(running.translation.TranslateDocument, request).violations[0][0] == "options.consistency"


def test_consistency_is_in_the_signature(running: Running) -> None:
    """A report alone is another result than one rendering throughout, and each says which it is."""
    for mode, shown in ((translation_pb2.CONSISTENCY_UNSPECIFIED, "unify"), (translation_pb2.CONSISTENCY_REPORT, "report")):
        answer = translate(running, "وصل وفد العراق.", options=translation_pb2.TranslateOptions(consistency=mode))
        assert f"consistency:{shown}" in answer.signature
    bad = translation_pb2.GlossarySource(inline=translation_pb2.InlineGlossary(content=b"x", format=9))
    request = translation_pb2.TranslateDocumentRequest(text="نعم", glossary=bad)
    assert problem(running.translation.TranslateDocument, request).violations[0][0] == "glossary.inline.format"


def test_unknown_and_bad_glossaries(running: Running) -> None:
    """An unknown glossary is NOT_FOUND; bad rows come back all at once, with lines."""
    request = translation_pb2.TranslateDocumentRequest(text="نعم", glossary=translation_pb2.GlossarySource(name="glossaries/nowhere"))
    assert problem(running.translation.TranslateDocument, request).code is grpc.StatusCode.NOT_FOUND
    request.glossary.name = "nowhere"
    assert problem(running.translation.TranslateDocument, request).code is grpc.StatusCode.INVALID_ARGUMENT
    inline = translation_pb2.InlineGlossary(content="العراق\tIraq\nx\ty\nمصر\t\n".encode())
    request = translation_pb2.TranslateDocumentRequest(text="نعم", glossary=translation_pb2.GlossarySource(inline=inline))
    found = problem(running.translation.TranslateDocument, request)
    assert (found.code, found.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ENTRIES")
    assert [field for field, _ in found.violations] == ["line 2: term", "line 3: rendering"]
    many = "".join(f"كلمة{chr(0x628 + n % 20)}{chr(0x628 + n // 20 % 20)}{chr(0x628 + n // 400)}\tw{n}\n" for n in range(501))
    inline = translation_pb2.InlineGlossary(content=many.encode())
    found = problem(
        running.translation.TranslateDocument, translation_pb2.TranslateDocumentRequest(text="نعم", glossary=translation_pb2.GlossarySource(inline=inline))
    )
    assert found.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "501" in found.message
    assert "500" in found.message


def test_match_terms(running: Running) -> None:
    """Matches with spans; misses with reasons; a term that is absent or unknown is said to be so."""
    text = "أكد على أن للعراق دوراً، وقال علي ذلك."
    answer = running.translation.MatchTerms(translation_pb2.MatchTermsRequest(text=text, glossary=SOURCE))
    assert [(m.surface, m.proclitic, m.preferred) for m in answer.matches] == [("لعراق", "ل", "Iraq"), ("علي", "", "Ali")]
    assert [(m.surface, m.reason) for m in answer.misses] == [("على", translation_pb2.MISS_REASON_FUNCTION_WORD)]
    for term, reason in (("مصر", translation_pb2.MISS_REASON_ABSENT), ("قطر", translation_pb2.MISS_REASON_NO_ENTRY)):
        answer = running.translation.MatchTerms(translation_pb2.MatchTermsRequest(text=text, glossary=SOURCE, term=term))
        assert [m.reason for m in answer.misses] == [reason]
    assert problem(running.translation.MatchTerms, translation_pb2.MatchTermsRequest(text=text)).violations[0][0] == "glossary"


def test_glossary_life(running: Running) -> None:
    """Create, import, export, use, delete: revisions grow, stale etags are refused."""
    g = running.glossaries
    made = g.CreateGlossary(glossary_pb2.CreateGlossaryRequest(glossary_id="desk", content="العراق\tIraq\n".encode())).glossary
    assert (made.name, made.revision, made.entry_count) == ("glossaries/desk", 1, 1)
    assert problem(g.CreateGlossary, glossary_pb2.CreateGlossaryRequest(glossary_id="desk")).code is grpc.StatusCode.ALREADY_EXISTS
    assert problem(g.CreateGlossary, glossary_pb2.CreateGlossaryRequest(glossary_id="Desk 1")).violations[0][0] == "glossary_id"
    check = glossary_pb2.ImportEntriesRequest(name=made.name, content="مصر\tEgypt\n".encode(), validate_only=True)
    assert g.ImportEntries(check).glossary.revision == 1
    added = g.ImportEntries(glossary_pb2.ImportEntriesRequest(name=made.name, content="مصر\tEgypt\n".encode(), etag=made.etag)).glossary
    assert (added.revision, added.entry_count) == (2, 2)
    stale = glossary_pb2.ImportEntriesRequest(name=made.name, content="قطر\tQatar\n".encode(), etag=made.etag)
    assert problem(g.ImportEntries, stale).code is grpc.StatusCode.ABORTED
    clash = glossary_pb2.ImportEntriesRequest(name=made.name, content="مصر القديمة | x\tOld\nالقاهرة\tCairo\tplace\tمصر\n".encode())
    assert problem(g.ImportEntries, clash).code is grpc.StatusCode.INVALID_ARGUMENT
    replaced = g.ImportEntries(glossary_pb2.ImportEntriesRequest(name=made.name, content="العراق\tIRAQ\n".encode(), replace=True)).glossary
    assert (replaced.revision, replaced.entry_count) == (3, 1)
    old = g.ExportEntries(glossary_pb2.ExportEntriesRequest(name=made.name, revision=2, format=types_pb2.GLOSSARY_FORMAT_CSV))
    assert "Egypt" in old.content.decode()
    assert problem(g.ExportEntries, glossary_pb2.ExportEntriesRequest(name=made.name, revision=9)).code is grpc.StatusCode.NOT_FOUND
    use = translate(running, "وصل وفد العراق.", glossary=translation_pb2.GlossarySource(name=made.name)).pairs[0].term_uses[0]
    assert (use.rendering, use.revision) == ("IRAQ", 3)
    g.CreateGlossary(glossary_pb2.CreateGlossaryRequest(glossary_id="desk2"))
    first = g.ListGlossaries(glossary_pb2.ListGlossariesRequest(page_size=1))
    rest = g.ListGlossaries(glossary_pb2.ListGlossariesRequest(page_size=1, page_token=first.next_page_token))
    assert [x.name for x in (*first.glossaries, *rest.glossaries)] == ["glossaries/desk", "glossaries/desk2"]
    assert problem(g.ListGlossaries, glossary_pb2.ListGlossariesRequest(page_token="§")).violations[0][0] == "page_token"
    for name in ("glossaries/desk", "glossaries/desk2"):
        g.DeleteGlossary(glossary_pb2.DeleteGlossaryRequest(name=name))
    assert problem(g.GetGlossary, glossary_pb2.GetGlossaryRequest(name=made.name)).code is grpc.StatusCode.NOT_FOUND


def test_glossaries_survive_a_restart(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """A server with a glossary file finds its glossaries again."""
    from service.store import GlossaryStore

    store = GlossaryStore(tmp_path / "g.db")
    store.create("desk", "Desk", "العراق\tIraq\n".encode(), "tsv")
    store.close()
    again = GlossaryStore(tmp_path / "g.db")
    assert again.matcher("glossaries/desk").find("العراق")[0].concept.preferred == "Iraq"


def test_server_info(running: Running) -> None:
    """Model with hash, and the limits in force."""
    info = running.translation.GetServerInfo(translation_pb2.GetServerInfoRequest())
    assert len(info.model.sha256) == 64
    assert info.model.engine == "ctranslate2"
    assert info.limits.max_characters == 60_000


def test_health_and_reflection(running: Running) -> None:
    """Standard health says SERVING for every service; a stranger finds the methods by reflection."""
    from google.protobuf import descriptor_pb2
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    stub = health_pb2_grpc.HealthStub(running.channel)
    for service in ("", "tarjuman.v1.TranslationService"):
        assert stub.Check(health_pb2.HealthCheckRequest(service=service)).status == health_pb2.HealthCheckResponse.SERVING
    stub = reflection_pb2_grpc.ServerReflectionStub(running.channel)
    ask = reflection_pb2.ServerReflectionRequest(file_containing_symbol="tarjuman.v1.TranslationService")
    (answer,) = stub.ServerReflectionInfo(iter([ask]))
    file = descriptor_pb2.FileDescriptorProto.FromString(answer.file_descriptor_response.file_descriptor_proto[0])
    assert [m.name for m in file.service[0].method] == ["TranslateDocument", "StreamTranslateDocument", "MatchTerms", "GetServerInfo"]


def test_stranger_with_only_the_protos(running: Running, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """A client that generates its own stubs from protos/, without our packages, gets an answer."""
    import subprocess
    import sys
    from pathlib import Path

    import grpc_tools

    from tests.conftest import ROOT

    include = Path(grpc_tools.__file__).parent / "_proto"
    files = [f"tarjuman/v1/{n}.proto" for n in ("types", "translation", "glossary")]
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"-I{ROOT / 'protos'}",
        f"-I{include}",
        f"--python_out={tmp_path}",
        f"--grpc_python_out={tmp_path}",
        *files,
    ]
    subprocess.run(command, check=True)
    (tmp_path / "stranger.py").write_text(
        "import grpc, sys\n"
        "from tarjuman.v1 import translation_pb2 as pb, translation_pb2_grpc as rpc\n"
        "stub = rpc.TranslationServiceStub(grpc.insecure_channel(sys.argv[1]))\n"
        "answer = stub.TranslateDocument(pb.TranslateDocumentRequest(text='نعم'))\n"
        "print(len(answer.pairs), answer.pairs[0].source == 'نعم', bool(answer.pairs[0].translation))\n"
    )
    out = subprocess.run([sys.executable, "stranger.py", running.address], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["1", "True", "True"]


def test_a_caller_that_leaves_stops_its_work(running: Running) -> None:
    """After a cancelled article the server answers at once again."""
    stream = running.translation.StreamTranslateDocument(translation_pb2.StreamTranslateDocumentRequest(text=LONG))
    assert next(stream).HasField("header")
    next(stream)
    stream.cancel()
    started = time.perf_counter()
    assert translate(running, "نعم").pairs
    assert time.perf_counter() - started < 30  # all 390 paragraphs take several times as long
    with pytest.raises(grpc.RpcError) as caught:
        running.translation.TranslateDocument(translation_pb2.TranslateDocumentRequest(text=LONG), timeout=0.1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert translate(running, "نعم").pairs


def test_calls_take_turns(running: Running) -> None:
    """A short text is answered while a long article is still being translated."""
    done = threading.Event()

    def long_call() -> None:
        translate(running, LONG)
        done.set()

    thread = threading.Thread(target=long_call)
    thread.start()
    time.sleep(0.1)
    assert translate(running, "نعم").pairs
    assert not done.is_set()
    thread.join()


def test_strict_mode_fails_visibly() -> None:
    """A pair with a violated term fails a strict call with its place, and passes another one marked."""
    match = Matcher(Termbase.build("t", [Concept(("العراق",), "Iraq")])).find("العراق")[0]
    use = TermUse(match, Verdict.VIOLATED, reason="the rendering is missing")
    pair = Pair(3, Paragraph(Span(0, 6), "العراق", ""), "x", term_uses=(use,))
    strict = translation_pb2.TranslateDocumentRequest(options=translation_pb2.TranslateOptions(strict=True))
    TranslationService._strict(translation_pb2.TranslateDocumentRequest(), pair)
    with pytest.raises(TermViolated) as caught:
        TranslationService._strict(strict, pair)
    status = to_status(caught.value)
    assert status.code == grpc.StatusCode.FAILED_PRECONDITION.value[0]
    assert "paragraph 3" in status.message
    assert convert.term_use(use, 1).verdict == translation_pb2.VERDICT_VIOLATED


def test_bytes_that_are_no_message(running: Running) -> None:
    """Text in another encoding is a bad request that says so, not an unknown error."""
    call = running.channel.unary_unary("/tarjuman.v1.TranslationService/TranslateDocument")
    found = problem(call, b"\x0a\x04" + "نعم!".encode("cp1256"))
    assert (found.code, found.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert "UTF-8" in found.message


def test_many_bad_rows_fit_into_a_status(running: Running) -> None:
    """Hundreds of bad rows come back as one status: the first with reasons, all of them by line."""
    content = "".join(f"العراق رقم {n} {'كلمة طويلة ' * 8}\t\n" for n in range(300)).encode()
    source = translation_pb2.GlossarySource(inline=translation_pb2.InlineGlossary(content=content))
    found = problem(running.translation.TranslateDocument, translation_pb2.TranslateDocumentRequest(text="نعم", glossary=source))
    assert (found.code, found.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ENTRIES")
    assert len(found.violations) > 10
    assert found.violations[-1][1].startswith("and ")
    bad = glossary_pb2.CreateGlossaryRequest(glossary_id="ب" * 3000)
    assert problem(running.glossaries.CreateGlossary, bad).violations[0][0] == "glossary_id"


def test_long_renderings_do_not_break_a_sentence(running: Running) -> None:
    """More inline text than the model has places for is enforced all the same."""
    rows = "".join(f"{a}\t{' '.join([w] * 48)}\n" for a, w in (("العراق", "Iraq"), ("مصر", "Egypt"), ("سوريا", "Syria"), ("ليبيا", "Libya")))
    source = translation_pb2.GlossarySource(inline=translation_pb2.InlineGlossary(content=rows.encode()))
    (pair,) = translate(running, "زار العراق ومصر وسوريا وليبيا.", glossary=source).pairs
    assert len(pair.term_uses) == 4


def test_every_error_has_a_status() -> None:
    """The table covers every error of the service, and what is not in it says nothing of itself."""

    def below(kind: type) -> set[type]:
        return {kind} | {c for sub in kind.__subclasses__() for c in below(sub)}

    assert below(ServiceError) - {ServiceError} <= set(TABLE)
    status = to_status(RuntimeError("secret"))
    assert status.code == grpc.StatusCode.INTERNAL.value[0]
    assert "secret" not in str(status)


def test_not_ready_and_full_queue() -> None:
    """Before the model is loaded calls are UNAVAILABLE with a delay; a full queue is RESOURCE_EXHAUSTED."""
    for server in run_server(Settings(port=0, max_calls=0)):
        found = problem(server.translation.TranslateDocument, translation_pb2.TranslateDocumentRequest(text="نعم"))
        assert (found.code, found.reason, found.retry) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", 5)
    for server in run_server(Settings(port=0)):
        server.server.worker._pipeline = None  # as it is while the model loads
        found = problem(server.translation.TranslateDocument, translation_pb2.TranslateDocumentRequest(text="نعم"))
        assert (found.code, found.reason, found.retry) == (grpc.StatusCode.UNAVAILABLE, "MODEL_NOT_READY", 1)
