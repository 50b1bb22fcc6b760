"""The operators' command: start the server, or show what it does.

Belongs here: options to `Settings`, and the demonstration. Must not: hold defaults (see `config`).
"""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
import sys
from pathlib import Path

import click

from service.config import Settings
from service.errors import ServiceError

_DEFAULT = Settings()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Tarjuman's server."""


@main.command()
@click.option("--host", default=_DEFAULT.host, show_default=True)
@click.option("--port", default=_DEFAULT.port, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--model", default=_DEFAULT.model, help="Checkpoint folder or hub id; default: the embedded model.")
@click.option("--engine", default=_DEFAULT.engine, show_default=True, type=click.Choice(("ctranslate2", "transformers")))
@click.option("--device", default=_DEFAULT.device, show_default=True, type=click.Choice(("cpu", "cuda")))
@click.option("--threads", default=_DEFAULT.threads, type=click.IntRange(0), help="Cores for the model; 0: all.")
@click.option("--beam", "beam_size", default=_DEFAULT.beam_size, show_default=True, type=click.IntRange(1, 16))
@click.option("--lexicon/--no-lexicon", default=_DEFAULT.lexicon, show_default=True, help="Suggest the built-in lexicon's words and names to the model.")
@click.option("--glossaries", type=click.Path(dir_okay=False, path_type=Path), help="SQLite file that keeps glossaries; default: in memory.")
@click.option("--max-characters", default=_DEFAULT.max_characters, show_default=True, type=click.IntRange(1))
@click.option("--max-paragraphs", default=_DEFAULT.max_paragraphs, show_default=True, type=click.IntRange(1))
@click.option("--max-entries", default=_DEFAULT.max_entries, show_default=True, type=click.IntRange(1))
@click.option("--verbose", is_flag=True, help="Log every call: sizes and times, never text.")
def serve(verbose: bool, **options: object) -> None:
    """Start the gRPC server."""
    try:
        from service.server import serve as run
    except ModuleNotFoundError as error:
        click.echo(f"the server needs more packages ({error}); install tarjuman[server]", err=True)
        sys.exit(1)
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        asyncio.run(run(Settings(**options), click.echo))  # type: ignore[arg-type]
    except (ServiceError, OSError) as error:
        click.echo(f"the server cannot start: {error}", err=True)
        sys.exit(1)


@main.command()
@click.option("--article", type=click.Path(exists=True, dir_okay=False), default="seeds/article.ar.txt", show_default=True)
@click.option("--glossary", type=click.Path(exists=True, dir_okay=False), default="seeds/article.glossary.tsv", show_default=True)
def demo(article: str, glossary: str) -> None:
    """Start a server on a free port, translate an article with its glossary, show the pairs, stop."""
    command = [sys.executable, "-m", "service.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            address = re.search(r"serving on (\S+)", line)
            if not address:
                sys.exit("the server did not start; its message stands above")
            click.echo(line.strip())
            client = [sys.executable, "-m", "service.client", "translate", article, "--glossary", glossary, "--server", address.group(1)]
            code = subprocess.run(client, check=False).returncode
        finally:
            server.terminate()
            server.communicate()  # what it says while stopping has a reader until it ends
    sys.exit(code)


if __name__ == "__main__":
    main()
