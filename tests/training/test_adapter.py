"""Adapters over a frozen encoder, and full fine-tuning: gradients, start, files, what is learned."""

from __future__ import annotations

import json

import numpy as np
import pytest

from textnorm.encoders import Encoder, StaticEncoder, attributes_source, load_encoder, names_source
from textnorm.encoders.adapter import (
    AdapterEncoder,
    AdapterSettings,
    _gradients,
    identity_heads,
    train_adapter,
)
from textnorm.encoders.attributes import encode_with
from textnorm.errors import DataError, UsageError

NAMES = {
    str(i): [f"{a}{a} {b}", f"{b[::-1]} {a}"]
    for i, (a, b) in enumerate((x, y) for x in "abcdefgh" for y in ("kor", "lim", "sut"))
}
SKILLS = {key: [f"{group[0][0] * 3} one", f"{group[0][0] * 3} two", group[0][3:]] for key, group in NAMES.items()}


@pytest.fixture(scope="module")
def base():
    return StaticEncoder.untrained(dim=24)


def test_an_untrained_adapter_changes_nothing(base):
    adapter = AdapterEncoder(base, identity_heads(24), spec="x")
    assert isinstance(adapter, Encoder)
    assert np.abs(adapter.encode(["nurse", ""]) - base.encode(["nurse", ""])).max() < 1e-6


@pytest.mark.parametrize("second", ["anchor", "positive"])
def test_the_gradient_is_that_of_the_loss(second):
    rng = np.random.default_rng(0)
    heads = {head: rng.standard_normal((5, 4)) for head in ("anchor", "positive")}
    x, y = rng.standard_normal((2, 6, 5))
    same = np.zeros((6, 6), bool)
    same[0, 3] = True
    _, grads = _gradients(heads, second, x, y, 3.0, same)
    for head, grad in grads.items():
        for at in ((0, 0), (4, 3), (2, 1)):
            sides = []
            for step in (1e-4, -1e-4):
                moved = {name: rows.copy() for name, rows in heads.items()}
                moved[head][at] += step
                sides.append(_gradients(moved, second, x, y, 3.0, same)[0])
            assert abs((sides[0] - sides[1]) / 2e-4 - grad[at]) < 1e-5


def test_what_is_learned_and_that_skills_have_a_head_of_their_own(base):
    sources = [names_source(NAMES), attributes_source(NAMES, SKILLS, bag=(2, 3))]
    seen = []
    settings = AdapterSettings(batch=16, steps=200, rate=0.01)
    adapter = train_adapter(base, sources, spec="x", settings=settings, on_event=lambda *event: seen.append(event))
    assert [event[0] for event in seen] == list(range(1, 201))
    assert np.mean([event[2] for event in seen[-20:]]) < 0.7 * np.mean([event[2] for event in seen[:20]])
    titles = [group[0] for group in NAMES.values()]

    def found(rows):
        return float((rows @ adapter.encode(titles).T).argmax(axis=1).__eq__(np.arange(len(titles))).mean())

    skills = adapter.encode_attributes(list(SKILLS.values()))
    plain = adapter.base.encode([", ".join(some) for some in SKILLS.values()])
    assert found(skills) > 0.1 + float(
        ((plain @ base.encode(titles).T).argmax(axis=1) == np.arange(len(titles))).mean()
    )
    both = encode_with(adapter, [group[1] for group in NAMES.values()], list(SKILLS.values()))
    assert found(both) >= found(adapter.encode([group[1] for group in NAMES.values()]))
    assert not np.allclose(adapter.heads["anchor"], adapter.heads["positive"])


def test_saved_and_loaded(base, tmp_path):
    adapter = train_adapter(
        base, [names_source(NAMES)], spec="x", settings=AdapterSettings(steps=3), card={"licence": "own"}
    )
    assert (adapter.heads["anchor"] == adapter.heads["positive"]).all()  # nothing taught the other one
    adapter.save(tmp_path / "a")
    again = load_encoder(tmp_path / "a")
    assert again.identity == adapter.identity
    assert (again.encode(["kor a"]) == adapter.encode(["kor a"])).all()
    assert again.card["licence"] == "own"
    adapter.save(tmp_path / "a")  # its own place may be written again
    with pytest.raises(UsageError, match="textnorm-adapter"):
        AdapterEncoder.load(tmp_path)


def test_a_damaged_or_foreign_adapter_is_named(base, tmp_path):
    AdapterEncoder(base, identity_heads(24), spec="x").save(tmp_path / "a")
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text("utf-8"))
    np.save(tmp_path / "a" / "anchor.npy", np.eye(24, dtype=np.float32) * 2)
    with pytest.raises(DataError, match="do not match"):
        load_encoder(tmp_path / "a")
    (tmp_path / "a" / "manifest.json").write_text(json.dumps({**manifest, "version": 9}), "utf-8")
    with pytest.raises(DataError, match="version 9"):
        load_encoder(tmp_path / "a")
    (tmp_path / "a" / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(UsageError, match="was trained on"):
        AdapterEncoder.load(tmp_path / "a", base=StaticEncoder.untrained(dim=24, seed=1))
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="is no adapter"):
        AdapterEncoder(base, identity_heads(24), spec="x").save(tmp_path / "file")


@pytest.mark.parametrize("wrong", [{"batch": 1}, {"steps": 0}, {"rate": 0.0}, {"scale": 0.0}, {"decay": 1.0}])
def test_settings_out_of_range(wrong):
    with pytest.raises(UsageError):
        AdapterSettings(**wrong)


def test_heads_of_another_shape_are_refused(base):
    with pytest.raises(DataError, match="head 'positive'"):
        AdapterEncoder(base, {"anchor": np.eye(24, dtype=np.float32)}, spec="x")


# -- full fine-tuning ------------------------------------------------------------------------------------------------
def test_full_fine_tuning_learns_and_loads(tiny_model, tmp_path):
    pytest.importorskip("torch", reason="full fine-tuning is an extra: encoders")
    from textnorm.encoders.fine_tune import FullSettings, put_model, train_full

    names = {
        str(i): [f"{word} {letter}", f"{letter} {other}"]
        for letter in "abcdefgh"
        for i, (word, other) in enumerate([("nurse", "cook")], ord(letter))
    }
    seen = []
    settings = FullSettings(batch=8, steps=40, rate=3e-3, threads=1)
    train_full(
        tiny_model, [names_source(names)], tmp_path / "m", settings=settings, on_event=lambda *event: seen.append(event)
    )
    assert np.mean([event[2] for event in seen[-5:]]) < 0.5 * seen[0][2]
    encoder = load_encoder(tmp_path / "m", backend="torch")
    before = load_encoder(tiny_model, backend="torch")
    left, right = ([group[i] for group in names.values()] for i in (0, 1))

    def right_first(model):
        return float(((model.encode(left) @ model.encode(right).T).argmax(axis=1) == np.arange(8)).mean())

    assert right_first(encoder) > right_first(before)
    assert encoder.identity != before.identity
    put_model(tmp_path / "m", tmp_path / "kept", {"licence": "own"})
    assert load_encoder(tmp_path / "kept", backend="torch").identity.split(":")[-1] == encoder.identity.split(":")[-1]
    assert json.loads((tmp_path / "kept" / ".textnorm-card.json").read_text("utf-8"))["licence"] == "own"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="no model of ours"):
        train_full(tiny_model, [names_source(names)], tmp_path / "mine", settings=settings)


def test_both_kinds_through_train(tiny_model, tmp_path):
    pytest.importorskip("torch", reason="transformers are an extra: encoders")
    from textnorm.linking.tables import Names
    from textnorm.linking.train import Plan, train

    rows = [(key, name, None, None, None, None) for key, group in NAMES.items() for name in group]
    for kind, settings in (("adapter", {"steps": 5}), ("full", {"steps": 2, "batch": 4})):
        plan = Plan(kind, str(tiny_model), settings=settings, held_out=3, refit=kind == "adapter")
        report = train(Names(rows), {}, plan, tmp_path / kind)
        assert {score.encoder for score in report.scores} == {"trained", "untrained", "character TF-IDF"}
        assert load_encoder(tmp_path / kind).encode(["aa kor"]).shape == (1, 32)
