"""The translators' command: a thin client over gRPC.

Belongs here: arguments, calls, exit codes. Must not: import anything of the model stack, or lay out
results (see `render`).

Exit codes: 0 done; 1 done, but a term is violated; 2 wrong usage or bad input; 3 the server cannot be
reached or is not ready; 4 the call failed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import grpc
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from protos.tarjuman.v1 import glossary_pb2, glossary_pb2_grpc, translation_pb2, translation_pb2_grpc, types_pb2
from service import render
from service.status import Problem, from_error

DEFAULT_ADDRESS = "127.0.0.1:50051"
VIOLATED, USAGE, AWAY, FAILED = 1, 2, 3, 4
_CODES = {
    grpc.StatusCode.INVALID_ARGUMENT: USAGE,
    grpc.StatusCode.NOT_FOUND: USAGE,
    grpc.StatusCode.ALREADY_EXISTS: USAGE,
    grpc.StatusCode.FAILED_PRECONDITION: VIOLATED,
    grpc.StatusCode.UNAVAILABLE: AWAY,
}
errors = Console(stderr=True, highlight=False)


class Client:
    """The stubs of one server."""

    def __init__(self, address: str):
        unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self.address = address
        self.channel = grpc.insecure_channel(address, options=unlimited)
        self.translation = translation_pb2_grpc.TranslationServiceStub(self.channel)
        self.glossaries = glossary_pb2_grpc.GlossaryServiceStub(self.channel)

    def close(self) -> None:
        self.channel.close()


@contextmanager
def reported(client: Client) -> Iterator[None]:
    """Turn a failed call into a message and an exit code."""
    try:
        yield
    except grpc.RpcError as error:
        problem = from_error(error)
        errors.print(_explain(problem, client.address), style="red", markup=False)
        sys.exit(_CODES.get(problem.code, FAILED))
    finally:
        client.close()


def _explain(problem: Problem, address: str) -> str:
    if problem.code is grpc.StatusCode.UNAVAILABLE and not problem.reason:
        return f"no server answers at {address}; start one with `tarjuman-server serve`, or name another with --server HOST:PORT"
    if problem.code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"the server at {address} did not answer in time; try again, or give it longer with --timeout"
    lines = [f"{problem.code.name}: {problem.message}"]
    if problem.reason == "INVALID_ENTRIES":
        lines = ["the glossary has bad entries:", *(f"  {field}: {text}" for field, text in problem.violations)]
    if problem.retry:
        lines.append(f"try again in {problem.retry:.0f} s")
    return "\n".join(lines)


def read_text(path: str) -> str:
    """A UTF-8 file, or standard input for "-"; line ends are kept as they are."""
    data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None


def writable(_context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse an output path before any work is done for it."""
    if value and not Path(value).resolve().parent.is_dir():
        raise click.BadParameter(f"there is no folder {Path(value).resolve().parent}", param=parameter)
    return value


def glossary_source(value: str | None) -> translation_pb2.GlossarySource | None:
    """A file is sent along; anything else names a stored glossary."""
    if not value:
        return None
    path = Path(value)
    if path.is_file():
        inline = translation_pb2.InlineGlossary(content=path.read_bytes(), format=file_format(path), display_name=path.name)
        return translation_pb2.GlossarySource(inline=inline)
    if path.suffix in (".tsv", ".csv", ".txt"):
        raise click.UsageError(f"there is no file {value}")
    return translation_pb2.GlossarySource(name=resource(value))


def resource(name: str) -> str:
    return name if name.startswith("glossaries/") else f"glossaries/{name}"


def file_format(path: Path) -> types_pb2.GlossaryFormat.ValueType:
    return types_pb2.GLOSSARY_FORMAT_CSV if path.suffix.lower() == ".csv" else types_pb2.GLOSSARY_FORMAT_TSV


server_option = click.option("--server", envvar="TARJUMAN_SERVER", default=DEFAULT_ADDRESS, show_default=True, help="HOST:PORT of the server.")
timeout_option = click.option("--timeout", default=600.0, show_default=True, help="Seconds to wait for the whole call.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Translate Arabic articles into aligned English, with a glossary that is kept."""


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--glossary", help="A glossary file, or the name of a stored glossary.")
@click.option("--format", "layout", type=click.Choice(render.FORMATS), default="view", show_default=True, help="view: two columns in the terminal.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, writable=True), callback=writable, help="Write here instead of standard output.")
@click.option(
    "--suggestions",
    type=click.Path(dir_okay=False, writable=True),
    callback=writable,
    help="Write suggested entries here, as a glossary file to edit and import.",
)
@click.option("--strict", is_flag=True, help="Fail when a term is violated.")
@click.option(
    "--consistency",
    type=click.Choice(("unify", "report")),
    default="unify",
    show_default=True,
    help="One rendering of a term or name throughout, or only a report of what differs.",
)
@click.option("--beam", type=click.IntRange(1, 16), help="Beam width; default: the server's.")
@click.option(
    "--bidi", type=click.Choice(("logical", "visual")), default="logical", show_default=True, help="visual: reorder Arabic for terminals that do not."
)
@server_option
@timeout_option
def translate(
    file: str,
    glossary: str | None,
    layout: str,
    output: str | None,
    suggestions: str | None,
    strict: bool,
    consistency: str,
    beam: int | None,
    bidi: str,
    server: str,
    timeout: float,
) -> None:
    """Translate FILE (- for standard input): Arabic plain text, a paragraph a line."""
    mode = translation_pb2.CONSISTENCY_REPORT if consistency == "report" else translation_pb2.CONSISTENCY_UNIFY
    options = translation_pb2.TranslateOptions(strict=strict, beam_size=beam or 0, consistency=mode)
    request = translation_pb2.StreamTranslateDocumentRequest(text=read_text(file), glossary=glossary_source(glossary), options=options)
    client = Client(server)
    with reported(client):
        result = _collect(client, request, timeout)
    text = render.render(result, layout, visual=bidi == "visual", title=Path(file).name, plain=bool(output))
    if output:
        Path(output).write_text(text, encoding="utf-8", newline="")
    else:
        sys.stdout.buffer.write(text.encode())  # as bytes: the line ends of the source are kept on every system
    if suggestions:
        Path(suggestions).write_text(render.suggestions(result), encoding="utf-8")
    violated = sum(v.count for v in result.summary.verdicts if v.verdict == translation_pb2.VERDICT_VIOLATED)
    if violated:
        errors.print(f"{violated} term{'s are' if violated > 1 else ' is'} violated; see the checks", style="red")
        sys.exit(VIOLATED)


def _collect(client: Client, request: translation_pb2.StreamTranslateDocumentRequest, timeout: float) -> render.Result:
    """All events of the stream, behind a progress bar when there is a terminal to show it."""
    header, pairs, summary = translation_pb2.Header(), list[translation_pb2.Pair](), translation_pb2.Summary()
    columns = (TextColumn("paragraphs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("translate", total=None)
        for event in client.translation.StreamTranslateDocument(request, timeout=timeout):
            if event.HasField("header"):
                header = event.header
                progress.update(task, total=header.paragraph_count)
            elif event.HasField("pair"):
                pairs.append(event.pair)
                progress.advance(task)
            else:
                summary = event.summary
    return render.Result(header, tuple(pairs), summary)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--glossary", required=True, help="A glossary file, or the name of a stored glossary.")
@click.option("--term", default="", help="Explain this term only.")
@server_option
@timeout_option
def match(file: str, glossary: str, term: str, server: str, timeout: float) -> None:
    """Show which terms stand in FILE, and why others do not match."""
    client = Client(server)
    with reported(client):
        request = translation_pb2.MatchTermsRequest(text=read_text(file), glossary=glossary_source(glossary), term=term)
        answer = client.translation.MatchTerms(request, timeout=timeout)
    for m in answer.matches:
        click.echo(f"{m.span.start}-{m.span.end}\t{m.surface}\t{m.preferred}" + (f"\t(behind {m.proclitic})" if m.proclitic else ""))
    for miss in answer.misses:
        where = f"{miss.span.start}-{miss.span.end}\t{miss.surface}" if miss.HasField("span") else f"-\t{miss.entry}"
        click.echo(f"{where}\tno match: {miss.message}")


@main.command()
@server_option
@click.option("--timeout", default=10.0, show_default=True)
def info(server: str, timeout: float) -> None:
    """Describe the server: model, limits, glossaries."""
    client = Client(server)
    with reported(client):
        answer = client.translation.GetServerInfo(translation_pb2.GetServerInfoRequest(), timeout=timeout)
    m, limits = answer.model, answer.limits
    click.echo(f"tarjuman {answer.version} at {server}")
    click.echo(
        f"model    {m.name} ({m.engine}), licence {m.license or 'not stated'}, sha256 {m.sha256[:16]}…, inline terms: {'yes' if m.follows_guides else 'no'}"
    )
    click.echo(
        f"limits   {limits.max_characters} characters, {limits.max_paragraphs} paragraphs, {limits.max_entries} entries, {limits.max_message_bytes} bytes"
    )
    _table(answer.glossaries)


@main.group()
def glossary() -> None:
    """Manage stored glossaries."""


@glossary.command("list")
@server_option
@timeout_option
def list_(server: str, timeout: float) -> None:
    """List stored glossaries."""
    client = Client(server)
    with reported(client):
        token = ""
        while True:
            answer = client.glossaries.ListGlossaries(glossary_pb2.ListGlossariesRequest(page_token=token), timeout=timeout)
            _table(answer.glossaries)
            token = answer.next_page_token
            if not token:
                return


@glossary.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Replace all entries instead of adding.")
@click.option("--check", is_flag=True, help="Check the file, change nothing.")
@server_option
@timeout_option
def import_(name: str, file: Path, replace: bool, check: bool, server: str, timeout: float) -> None:
    """Import FILE (TSV or CSV) into the glossary NAME, created if it is not there."""
    client = Client(server)
    with reported(client):
        content, form = file.read_bytes(), file_format(file)
        request = glossary_pb2.ImportEntriesRequest(name=resource(name), content=content, format=form, replace=replace, validate_only=check)
        try:
            answer = client.glossaries.ImportEntries(request, timeout=timeout)
            stored = answer.glossary
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND or check:
                raise
            create = glossary_pb2.CreateGlossaryRequest(glossary_id=resource(name).removeprefix("glossaries/"), content=content, format=form)
            stored = client.glossaries.CreateGlossary(create, timeout=timeout).glossary
    if check:
        click.echo(f"{answer.imported_count} entries are good; nothing was changed")
    else:
        click.echo(f"{stored.name} is at revision {stored.revision} with {stored.entry_count} entries")


@glossary.command("export")
@click.argument("name")
@click.option("--format", "kind", type=click.Choice(("tsv", "csv")), default="tsv", show_default=True)
@click.option("--revision", type=click.IntRange(0), default=0, help="A revision; default: the newest.")
@server_option
@timeout_option
def export(name: str, kind: str, revision: int, server: str, timeout: float) -> None:
    """Write the entries of the glossary NAME to standard output."""
    client = Client(server)
    with reported(client):
        form = types_pb2.GLOSSARY_FORMAT_CSV if kind == "csv" else types_pb2.GLOSSARY_FORMAT_TSV
        request = glossary_pb2.ExportEntriesRequest(name=resource(name), format=form, revision=revision)
        answer = client.glossaries.ExportEntries(request, timeout=timeout)
    click.echo(answer.content, nl=False)


def _table(glossaries: Sequence[Any]) -> None:
    for g in glossaries:
        click.echo(f"{g.name}\trevision {g.revision}\t{g.entry_count} entries\t{g.display_name}".rstrip())


if __name__ == "__main__":
    main()
