"""Tokenization, taken from the checkpoint: text to the model's tokens and back, with token spans.

Belongs here: everything that differs between Marian, NLLB and M2M vocabularies. Must not: decode.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import sentencepiece

from glossary.normalize import IGNORED, NUMERALS, is_picture
from glossary.spans import Span
from service.errors import ModelError

TAGS = ("<t>", "<u>", "</t>")  # <t> source term <u> rendering </t>
_SPACE = "\u2581"
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class Tokenizer(Protocol):
    """One model's way to see text."""

    @property
    def has_tags(self) -> bool:
        """Whether the vocabulary has the three term tags, as a model has that was trained with them."""

    @property
    def target_start(self) -> tuple[str, ...]:
        """Tokens every output begins with (a language tag); empty for most models."""

    def encode(self, text: str) -> list[str]:
        """Source tokens, end symbol included where the model wants one."""

    def encode_target(self, text: str) -> list[str]:
        """Target tokens of a text that begins an output, without start and end symbols."""

    def decode(self, tokens: Sequence[str]) -> str:
        """Text of target tokens; special tokens are left out."""


class SentencePieceTokenizer:
    """Marian checkpoints: `source.spm` and `target.spm`; needs no transformers."""

    def __init__(self, folder: Path):
        try:
            self._source = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
            self._target = sentencepiece.SentencePieceProcessor(model_file=str(folder / "target.spm"))
        except (OSError, RuntimeError) as error:
            raise ModelError(f"{folder}: source.spm or target.spm cannot be read ({error}); restore the checkpoint") from error
        unknown = self._source.unk_id()
        self._tags = all(self._source.piece_to_id(t) != unknown for t in TAGS)

    @property
    def has_tags(self) -> bool:
        return self._tags

    @property
    def target_start(self) -> tuple[str, ...]:
        return ()

    def encode(self, text: str) -> list[str]:
        tokens = self._source.encode(text, out_type=str)
        if any(t.startswith("<0x") for t in tokens):
            # An emoji spelled in bytes makes a small model babble. Without it the words are translated, and a check reports it.
            tokens = self._source.encode("".join(" " if is_picture(c) and self._spelled(c) else c for c in text), out_type=str)
        return [*(tight(tokens) if self._tags else tokens), "</s>"]

    def _spelled(self, char: str) -> bool:
        """Whether the vocabulary has a character only as bytes."""
        return any(t.startswith("<0x") for t in self._source.encode(char, out_type=str))

    def encode_target(self, text: str) -> list[str]:
        return list(self._target.encode(text, out_type=str))

    def decode(self, tokens: Sequence[str]) -> str:
        return str(self._target.decode_pieces([t for t in tokens if t not in ("</s>", "<pad>", "<s>", "<unk>")]))


def tight(tokens: Sequence[str]) -> list[str]:
    """The tokens without the lone space marks before tags: they say nothing, and a third of what a tagged term adds is them."""
    return [t for t, following in zip(tokens, (*tokens[1:], ""), strict=False) if t != _SPACE or following not in TAGS]


class HubTokenizer:
    """NLLB, M2M and other checkpoints, through `transformers.AutoTokenizer`, whose languages are a state: one thread at a time."""

    def __init__(self, folder: Path):
        from transformers import AutoTokenizer  # slow to import, and only some models need it

        try:
            self._inner: Any = AutoTokenizer.from_pretrained(str(folder))
        except Exception as error:
            raise ModelError(f"{folder}: no tokenizer can be loaded ({error}); it needs source.spm and target.spm, or tokenizer files") from error
        codes = getattr(self._inner, "additional_special_tokens", None) or list(self._inner.get_added_vocab())
        vocabulary = {*codes, *map(str, self._inner.all_special_tokens), *getattr(self._inner, "lang_code_to_token", {}).values()}

        def known(token: str) -> bool:
            return token in vocabulary or self._inner.convert_tokens_to_ids(token) not in (None, self._inner.unk_token_id)

        self._turn = Lock()
        self._start: tuple[str, ...] = ()
        for source, target, token in (("arb_Arab", "eng_Latn", "eng_Latn"), ("ar", "en", "__en__")):
            if hasattr(self._inner, "src_lang") and known(token):
                self._inner.src_lang, self._inner.tgt_lang = source, target
                self._start = (token,)
                break

    @property
    def has_tags(self) -> bool:
        return False

    @property
    def target_start(self) -> tuple[str, ...]:
        return self._start

    def encode(self, text: str) -> list[str]:
        with self._turn:
            return list(self._inner.convert_ids_to_tokens(self._inner(text).input_ids))

    def encode_target(self, text: str) -> list[str]:
        with self._turn:
            return list(self._inner.convert_ids_to_tokens(self._inner(text_target=text, add_special_tokens=False).input_ids))

    def decode(self, tokens: Sequence[str]) -> str:
        with self._turn:
            ids = self._inner.convert_tokens_to_ids(list(tokens))
            return str(self._inner.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a checkpoint folder."""
    if (folder / "source.spm").exists():
        return SentencePieceTokenizer(folder)
    return HubTokenizer(folder)


def normalize_source(text: str) -> str:
    """Arabic as models see it most: no vowel signs, fillers or bidi marks, NFKC, digits 0 to 9, single spaces."""
    return re.sub(r"\s+", " ", IGNORED.sub("", unicodedata.normalize("NFKC", text))).strip().translate(NUMERALS)


def token_spans(text: str, tokens: Sequence[str]) -> list[Span]:
    """Where each token stands in `text`; a token without letters of its own gets an empty span.

    Works for every SentencePiece vocabulary: the letters of the tokens are found one after another,
    over white space, ignored marks and compatibility forms.
    """
    held_by = list(map(_letters, text))
    places = [at for at, part in enumerate(held_by) for _ in part]  # of every letter that tokens can hold
    letters = "".join(held_by)
    spans: list[Span] = []
    cursor = 0
    held = b""
    for token in tokens:
        byte = _BYTE.fullmatch(token) if token.startswith("<") else None
        if byte:
            held += bytes.fromhex(byte.group(1))
            try:
                piece = unicodedata.normalize("NFKC", held.decode())
                held = b""
            except UnicodeDecodeError:
                piece = ""
        else:
            piece, held = token.replace(_SPACE, ""), b""
        piece = piece.translate(NUMERALS)
        while piece and cursor < len(letters) and is_picture(letters[cursor]) and not piece.startswith(letters[cursor]):
            cursor += 1  # the tokens leave it out
        here = places[cursor] if cursor < len(places) else len(text)
        # A small window: a token the text does not show (an unknown) must not pull the rest along.
        found = letters.find(piece, cursor, cursor + 7 + len(piece)) if piece else -1
        if found < 0:
            spans.append(Span(here, here))
            continue
        cursor = found + len(piece)
        spans.append(Span(places[found], places[cursor - 1] + 1))
    return spans


@lru_cache(maxsize=4096)
def _letters(char: str) -> str:
    """What tokens hold of a character: nothing of white space and ignored marks."""
    return "" if IGNORED.match(char) else "".join(unicodedata.normalize("NFKC", char).translate(NUMERALS).split())
