"""Models: the embedded one, other checkpoints, both engines, and broken files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from glossary.decoder import Request
from service import model
from service.decode import TextDecoder
from service.errors import ModelError
from service.model import LoadedModel
from service.tokenizer import TAGS, normalize_source, token_spans
from tests.conftest import ROOT

torch = pytest.importorskip("torch")
TEXT = "أكد وزير الخارجية أن العراق يدعم الحلف."


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The embedded checkpoint in a folder of its own."""
    return Path(shutil.copytree(model.embedded_folder(), tmp_path / "checkpoint"))


def test_embedded_model_is_small(loaded: LoadedModel) -> None:
    """The CTranslate2 weights stay within 45 MB, everything within 90 MB."""
    folder = model.embedded_folder()
    assert sum(p.stat().st_size for p in (folder / "ctranslate2").iterdir()) < 45e6
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 90e6
    assert loaded.follows_guides


def test_both_engines_agree(loaded: LoadedModel) -> None:
    """The same weights give nearly the same output and attention in both engines."""
    other = model.load(engine="transformers")
    request = [Request(TEXT), Request("وصل الوفد.")]
    (ours, *_), (theirs, *_) = (TextDecoder(m, beam_size=1).decode(request) for m in (loaded, other))
    assert len(theirs[0].attention) == len(theirs[0].targets)
    assert abs(sum(theirs[0].attention[0]) - 1) < 0.02
    assert abs(sum(ours[0].attention[0]) - 1) < 0.02
    words = lambda h: set(h[0].text.lower().split())
    assert len(words(ours) & words(theirs)) >= len(words(theirs)) / 3  # int8 against 32 bits


@pytest.mark.parametrize("engine", ["ctranslate2", "transformers"])
def test_prefix_and_suppression(engine: str, loaded: LoadedModel) -> None:
    """An output begins with its prefix, and never holds what is suppressed."""
    decoder = TextDecoder(loaded if engine == "ctranslate2" else model.load(engine=engine), beam_size=2)
    (forced,) = decoder.decode([Request(TEXT, prefix="Yesterday, Mr. Xanadu")])
    assert all(h.text.startswith("Yesterday, Mr. Xanadu") for h in forced)
    starts = ("Zqx", "Zqx of Ébène and a longer beginning, which", "Longer than its source calls for, " * 6 + "Zqx")
    assert all(h.text.startswith(s) for s, found in zip(starts, decoder.decode([Request(TEXT, prefix=s) for s in starts]), strict=True) for h in found)
    (plain,) = decoder.decode([Request(TEXT)])
    word = next(w for w in plain[0].text.split() if w.isalpha() and len(w) > 3)
    (without,) = decoder.decode([Request(TEXT, suppress=(word,))])
    assert all(word not in h.text.split() for h in without)


def test_checkpoint_folder_is_converted_once(copy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A plain transformers checkpoint is converted on first use, and found in the cache then."""
    monkeypatch.setenv("TARJUMAN_CACHE", str(tmp_path / "cache"))
    shutil.rmtree(copy / "ctranslate2")
    (copy / "tarjuman.json").unlink()
    first = model.load(str(copy))
    (made,) = (tmp_path / "cache").iterdir()
    stamp = (made / "model.bin").stat().st_mtime_ns
    second = model.load(str(copy))
    assert (made / "model.bin").stat().st_mtime_ns == stamp
    assert first.sha256 == second.sha256
    assert not first.follows_guides
    (out,) = TextDecoder(first).decode([Request(TEXT)])
    assert out[0].text


def test_m2m_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An M2M100 checkpoint (a tiny one with random weights) loads in both engines, with its language tags."""
    import json

    import sentencepiece
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    monkeypatch.setenv("TARJUMAN_CACHE", str(tmp_path / "cache"))
    spm = model.embedded_folder() / "source.spm"
    sp = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *(p for p in map(sp.id_to_piece, range(sp.get_piece_size())) if p not in ("</s>", "<unk>"))]
    folder = tmp_path / "m2m"
    folder.mkdir()
    (folder / "v.json").write_text(json.dumps({p: i for i, p in enumerate(pieces)}))
    tokenizer = M2M100Tokenizer(vocab_file=str(folder / "v.json"), spm_file=str(spm))
    tokenizer.save_pretrained(folder)
    size = max(len(tokenizer), max(tokenizer.get_vocab().values()) + 1)
    config = M2M100Config(
        vocab_size=size + 8,  # real M2M100 checkpoints have eight made-up words
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=128,
    )
    torch.manual_seed(1)
    M2M100ForConditionalGeneration(config).save_pretrained(folder)
    for engine in ("transformers", "ctranslate2"):
        loaded = model.load(str(folder), engine)
        assert loaded.tokenizer.target_start == ("__en__",)
        (out,) = TextDecoder(loaded, beam_size=2).decode([Request(TEXT)])
        assert isinstance(out[0].text, str)


@pytest.mark.parametrize("name", ["model.safetensors", "ctranslate2/model.bin", "source.spm"])
def test_broken_weights_are_named(copy: Path, name: str) -> None:
    """Missing and corrupt files are refused, and the message says which."""
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[:1000])
    with pytest.raises(ModelError, match=Path(name).name):
        model.load(str(copy))
    (copy / name).unlink()
    with pytest.raises(ModelError, match=Path(name).name):
        model.load(str(copy))


def test_server_refuses_to_start_with_a_bad_model(tmp_path: Path) -> None:
    """The command ends with status 1 and says which file is at fault."""
    for path in (tmp_path / "nothing", tmp_path):
        out = subprocess.run(
            [sys.executable, "-m", "service.cli", "serve", "--port", "0", "--model", str(path)],
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=60,
        )
        assert out.returncode == 1
        assert str(path) in out.stderr


@pytest.mark.parametrize("text", ["Al-Araji said 35% of NATO", "a  b", "مرحبا بالعالم", "x🙂y", "A ٣٤٪ b", ""])
def test_token_spans(loaded: LoadedModel, text: str) -> None:
    """Token spans are in order and cover every letter once."""
    tokens = loaded.tokenizer.encode_target(text)
    spans = token_spans(text, tokens)
    assert len(spans) == len(tokens)
    assert "".join(s.of(text) for s in spans) == text.replace(" ", "")


def test_symbols_the_vocabulary_spells_in_bytes(loaded: LoadedModel) -> None:
    """Pictures are left out of a source; letters of any script, digits, currencies and tags stay."""
    assert loaded.tokenizer.encode("🙂 قال الوزير 🇮🇶.") == loaded.tokenizer.encode("قال الوزير .")
    for kept in "漢٤€—<é":
        tokens = loaded.tokenizer.encode(f"قال {kept} <t> الوزير <u> Minister </t> 🙂")
        assert any(t.startswith("<0x") for t in tokens), kept
        assert [t for t in tokens if t in TAGS] == list(TAGS)


def test_pictures_do_not_move_what_stands_behind_them(loaded: LoadedModel) -> None:
    """Words joined by a picture stay two, and the words behind many pictures keep their places."""
    assert loaded.tokenizer.encode("عاجل🔴العراق") == loaded.tokenizer.encode("عاجل العراق")
    text = "قمة 🇮🇶🇯🇴🇸🇦🇪🇬🏽🇮🇶 العراق"
    spans = [s for s in token_spans(text, loaded.tokenizer.encode(text)) if len(s)]
    assert (spans[-1].end, "".join(s.of(text) for s in spans)) == (len(text), "قمةالعراق")


def test_digits_are_seen_as_0_to_9(loaded: LoadedModel) -> None:
    """Arabic and Persian digits and number signs reach the model as ASCII, and their tokens still have places in the text."""
    text = "ارتفع ٣٤٫٥٪ إلى ۱۲"
    tokens = loaded.tokenizer.encode(normalize_source(text))
    assert tokens == loaded.tokenizer.encode("ارتفع 34.5% إلى 12")
    assert "".join(s.of(text) for s in token_spans(text, tokens)) == text.replace(" ", "")


def test_tags_are_tight(loaded: LoadedModel) -> None:
    """No lone space mark stands before a tag; nothing stays nothing."""
    tokens = loaded.tokenizer.encode("قال <t> الوزير <u> Minister </t> أمس")
    assert [t for t in tokens if t in TAGS] == list(TAGS)
    assert "\u2581" not in tokens
    assert loaded.tokenizer.encode("") == ["</s>"]
