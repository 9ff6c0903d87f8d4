"""``index tune --hubness auto``: a correction of the vectors is chosen, or none, before the weights are learned."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the extra 'linking' is not installed")
pytest.importorskip("sparse_dot_topn", reason="the extra 'linking' is not installed")

from textnorm.cli import main
from textnorm.encoders.features import FeatureSettings
from textnorm.encoders.static import StaticEncoder

WORDS = "amber birch cedar dahlia elder fern ginger hazel iris juniper kale laurel maple nettle oak pine".split()


def invoke(*args, code=0, stdin=None):
    result = CliRunner().invoke(main, [str(a) for a in args], input=stdin)
    assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr, result.exception)
    return result


def test_a_correction_is_chosen_or_refused(tmp_path):
    names = [(f"P{i}.{j}", f"{a} {b}") for i, a in enumerate(WORDS) for j, b in enumerate(WORDS) if i < j]
    (tmp_path / "names.tsv").write_text("concept_id\tname\n" + "".join(f"{c}\t{n}\n" for c, n in names))
    (tmp_path / "dev.tsv").write_text(
        "query\tconcept_ids\n" + "".join(f"{n.replace('e', '')}\t{c}\n" for c, n in names)
    )
    StaticEncoder.untrained(FeatureSettings(buckets=4096), dim=32).save(tmp_path / "model")
    index = tmp_path / "INDEX"
    invoke("index", "build", tmp_path / "names.tsv", "--encoder", tmp_path / "model", "-o", index)
    told = invoke("index", "tune", index, "--dev", tmp_path / "dev.tsv", "--hubness", "auto").stdout
    assert "correction: " in told
    report = json.loads(invoke("index", "info", index, "--json").stdout)
    chosen = report["linker"]["tuned"]["hubness"][0]
    assert (report["dense"]["correction"] is None) == chosen.startswith("correction: none")
    assert json.loads(invoke("link", index, stdin="ambr birch").stdout)["candidates"][0]["name"] == "amber birch"
    for method in ("off", "csls"):
        found = json.loads(invoke("link", index, "--hubness", method, stdin="amber birch").stdout)
        assert found["candidates"][0]["id"] == "P0.1"
    refused = invoke("index", "tune", index, "--dev", tmp_path / "dev.tsv", "--hubness", "auto", "--dry-run", code=2)
    assert "--hubness auto changes the index" in refused.stderr
