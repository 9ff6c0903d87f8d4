"""docs/keyphrases.md says what the code does."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from textnorm import load
from textnorm.normalizers.keyphrases import make_keyphrases
from textnorm.normalizers.light_filter import make_light_filter

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "keyphrases.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0])
def test_the_examples_give_what_they_say(block: str) -> None:
    """Lines with a comment are expressions; the comment is their value."""
    pytest.importorskip("simplemma", reason="the examples are with the extra 'lemmas'")
    scope: dict[str, object] = {}
    source: list[str] = []
    shown = 0
    for line in block.splitlines():
        code, mark, value = line.partition("  # ")
        if not mark:
            source.append(line)
            continue
        exec("\n".join(source), scope)
        source = []
        assert eval(code, scope) == ast.literal_eval(value), code
        shown += 1
    assert shown


def test_the_options_are_those_of_the_components() -> None:
    light, phrases = (
        re.findall(r"^\| `(\w+)` \| (\S+) \|", part, re.MULTILINE) for part in PAGE.split("## Key phrases")
    )
    for rows, maker in ((light, make_light_filter), (phrases, make_keyphrases)):
        parameters = inspect.signature(maker).parameters
        assert [name for name, _ in rows] == list(parameters)
        for name, default in rows:
            shown = {"null": None, "true": True}.get(default.strip("`"), default.strip("`"))
            wanted = parameters[name].default
            assert shown in (wanted, str(wanted), f'"{wanted}"'), name


def test_the_pipeline_of_the_page_runs(tmp_path: Path) -> None:
    (cfg,) = re.findall(r"^```ini\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    path = tmp_path / "phrases.cfg"
    path.write_text(cfg, encoding="utf-8")
    edits = load(str(path))("Meras Tomas Lapys tyli. T. Lapys tylės ir rytoj, jis taip sakė.").edits
    assert {"Tomas Lapys"} <= {edit.value["phrase"] for edit in edits}
    assert {edit.label for edit in edits} == {"KEYPHRASE"}
    assert all(set(edit.value) == {"phrase", "rank", "score", "count"} for edit in edits)
