"""The training stages that everything rests on, at toy size: workers agree, runs resume, the shortlist lists."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytest.importorskip("torch")
VOCAB = 50


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared folder of 300 pairs in which the target copies the source."""
    folder = tmp_path_factory.mktemp("data")
    rnd = random.Random(3)
    rows = [[rnd.randrange(1, VOCAB) for _ in range(rnd.randint(3, 9))] for _ in range(300)]
    text = "".join(" ".join(map(str, r)) + "\n" for r in rows)
    (folder / "src").write_text(text)
    (folder / "tgt").write_text(text)
    (folder / "fwd").write_text("".join(" ".join(f"{i}-{i}" for i in range(len(r))) + "\n" for r in rows))
    (folder / "rev").write_text("\n" * len(rows))
    (folder / "meta.json").write_text(json.dumps({"vocab": VOCAB, "eos": 0}))
    return folder


def train(data: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "training.train", "--data", str(data), "--out", str(out), "--minutes", "0.04", "--tokens", "300", "--threads", "1"]
    return subprocess.run([*command, *more], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)


def test_two_workers_train_and_one_goes_on(data: Path, tmp_path: Path) -> None:
    """A run of two workers writes a checkpoint with its optimizer, and a run of one resumes it."""
    size = ("--dim", "32", "--encoder", "1", "--decoder", "1")
    for workers in ("2", "1"):
        run = train(data, tmp_path / "run", *size, "--workers", workers)
        assert run.returncode == 0, run.stderr[-2000:]
        assert json.loads((tmp_path / "run" / "progress.json").read_text())["pairs"] > 0
    assert (tmp_path / "run" / "model.safetensors").exists()


def test_shortlist_lists_links_and_the_token_itself(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a token was aligned with is listed; the token itself always; frequent tokens stand in the first line."""
    from training import shortlist

    monkeypatch.setattr(shortlist, "ALWAYS", 5)
    tokens = ["</s>", *(f"t{i}" for i in range(1, VOCAB)), "never", "<pad>"]
    (tmp_path / "shared_vocabulary.json").write_text(json.dumps(tokens))
    shortlist.write(data, tmp_path)
    first, *rest = (tmp_path / "vmap.txt").read_text().splitlines()
    always = first.removeprefix("\t").split()
    assert len(always) == 6 and always[-1] == "</s>"
    assert [line.split("\t")[0] for line in rest] == tokens
    assert all(line.split("\t")[1].split()[0] == line.split("\t")[0] for line in rest)


def words(text: str) -> list[str]:
    """Each word a token."""
    return ["▁" + w for w in text.split()]


def letters(text: str) -> list[str]:
    """Each letter a token."""
    return [piece for w in text.split() for piece in ("▁" + w[0], *w[1:])]


@pytest.mark.parametrize("marked", [False, True])
def test_a_pair_cut_anew_keeps_its_links(marked: bool) -> None:
    """Every letter is linked to the word its own word was linked to; letters of a rendering to its copy."""
    from training.annotate import Annotator
    from training.slots import Mark, MarkedPair

    source, target = "وصل الوزير أمس", "minister arrived yesterday"
    pair = MarkedPair(source, target, ())
    links = [(0, 1), (1, 0), (2, 2)]
    annotator = Annotator(random.Random(1), lambda: "envoy", letters, words)
    marks = [Mark((4, 10), (0, 8))] if marked else []
    new_source, new_target, new_links = annotator.annotate(pair, marks, (words(source), words(target), links))
    assert new_target == words(target if not marked else " ".join(w.removeprefix("▁") for w in new_target))
    arrived, yesterday = new_target.index("▁arrived"), new_target.index("▁yesterday")
    assert {s for s, t in new_links if t == arrived} == {0, 1, 2}
    assert {s for s, t in new_links if t == yesterday} == {len(new_source) - 3, len(new_source) - 2, len(new_source) - 1}
    first = {new_source[s].removeprefix("▁") for s, t in new_links if t == 0}
    assert first == set(new_target[0].removeprefix("▁") if marked else "الوزير")


def test_a_pair_is_cut_at_commas_that_no_link_crosses() -> None:
    """Both clauses have their text, tokens, marks and links; crossed commas are no place to cut."""
    from training.clauses import Aligned, clauses
    from training.slots import Mark, MarkedPair

    source, target = "قال " + "س " * 6 + "الوزير، مشددا " + "ش " * 6 + "أمس", "said " + "x " * 6 + "minister, stressing " + "y " * 6 + "yesterday"
    tokens = [[p for w in text.split() for p in (("▁" + w[:-1], w[-1]) if w[-1] in "،," else ("▁" + w,))] for text in (source, target)]
    place = source.index("الوزير"), target.index("minister")
    whole = Aligned(MarkedPair(source, target, (Mark((place[0], place[0] + 6), (place[1], place[1] + 8)),)), *tokens, [(i, i) for i in range(len(tokens[0]))])
    first, second = clauses(whole, random.Random(1))
    assert (first.pair.source + " " + second.pair.source, first.pair.target + " " + second.pair.target) == (source, target)
    assert first.pair.marks == whole.pair.marks and second.pair.marks == ()
    assert first.source + second.source == tokens[0] and first.target + second.target == tokens[1]
    assert second.pair.source.startswith("مشددا") and second.source[0] == "▁مشددا"
    assert second.links == [(i, i) for i in range(len(second.source))]
    crossed = Aligned(whole.pair, *tokens, [*whole.links, (0, len(tokens[1]) - 1)])
    assert clauses(crossed, random.Random(1)) == (crossed,)


def test_a_run_is_deepened(data: Path, tmp_path: Path) -> None:
    """More layers asked for are added to a run that goes on; without being asked it keeps its own."""
    for asked, layers in ((("--encoder", "2", "--decoder", "1", "--dim", "32"), 2), (("--encoder", "3"), 3), ((), 3)):
        run = train(data, tmp_path / "run", *asked)
        assert run.returncode == 0, run.stderr[-2000:]
        assert json.loads((tmp_path / "run" / "config.json").read_text())["encoder_layers"] == layers


def test_the_packed_loss_is_the_models_own() -> None:
    """Concatenated pairs of different lengths give the loss that transformers gives for each alone."""
    import numpy as np
    import torch
    from transformers import MarianMTModel

    from training.packed import Packed

    model = MarianMTModel.from_pretrained(ROOT / "service" / "model_files", dtype=torch.float32).eval()
    rnd = np.random.default_rng(3)
    batch = [(rnd.integers(10, 9000, s), rnd.integers(10, 9000, t), np.zeros((0, 2), int)) for s, t in ((5, 9), (30, 2), (1, 1))]
    eos, total, count = model.config.eos_token_id, 0.0, 0
    with torch.no_grad():
        for source, target, _ in batch:
            labels = torch.tensor([[*target, eos]])
            total += model(input_ids=torch.tensor([[*source, eos]]), labels=labels).loss.item() * labels.numel()
            count += labels.numel()
        assert Packed(model, 0.0, 0.0).loss(batch)[0].item() == pytest.approx(total / count, rel=1e-4)


def test_chunked_cross_entropy_has_the_gradients_of_the_plain_one() -> None:
    """Loss and gradients are those of torch's cross-entropy with smoothing."""
    import torch

    from training.packed import ChunkedCrossEntropy

    torch.manual_seed(1)
    hidden, weight, bias, target = torch.randn(70, 16), torch.randn(40, 16), torch.randn(40), torch.randint(0, 40, (70,))
    found = []
    for plain in (True, False):
        h, w = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        if plain:
            loss = torch.nn.functional.cross_entropy(h @ w.t() + bias, target, label_smoothing=0.1)
        else:
            loss = ChunkedCrossEntropy.apply(h, w, bias, target, 0.1, 32)
        loss.backward()
        found.append((loss, h.grad, w.grad))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("more", [2, 4])
def test_a_deepened_model_translates_as_before(more: int) -> None:
    """New layers among the old ones change next to nothing until they are trained."""
    import torch
    from transformers import MarianMTModel

    from training.train import deepened

    model = MarianMTModel.from_pretrained(ROOT / "service" / "model_files", dtype=torch.float32).eval()
    layers = model.config.encoder_layers + more
    deep = deepened(model, layers).eval()
    assert len(deep.model.encoder.layers) == layers
    tokens = torch.arange(100, 130)[None]
    with torch.no_grad():
        before, after = (m(input_ids=tokens, decoder_input_ids=tokens).logits for m in (model, deep))
    assert (before - after).abs().mean() < 0.1 * before.std()
