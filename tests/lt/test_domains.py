"""Domains: what short forms mean in each kind of text; what is not clear stays and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from textnorm import Pipeline, load
from textnorm.errors import ConfigError
from textnorm.normalizers.nsw import make_nsw
from textnorm.rules.check import check_pack, checked
from textnorm.rules.pack import load_pack

CASES = Path(__file__).resolve().parents[1] / "cases" / "lt" / "domains.tsv"
ROWS = [line.split("\t") for line in CASES.read_text(encoding="utf-8").splitlines()[1:]]
DOMAINS = load_pack("lt").domains


@pytest.fixture(scope="module")
def pipelines() -> dict[str, Pipeline]:
    return {name: load("lt-speech", overrides={"components.nsw.domain": name}) for name in DOMAINS}


@pytest.mark.parametrize(("domain", "written", "spoken"), ROWS, ids=lambda cell: cell)
def test_cases(domain: str, written: str, spoken: str, pipelines: dict[str, Pipeline]) -> None:
    once = pipelines[domain](written).text
    assert once == spoken
    assert pipelines[domain](once).text == once


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_example_holds_in_its_domain(domain: str) -> None:
    nsw = make_nsw("lt", domain=domain)
    assert nsw.pack.domain == domain
    failures = check_pack(nsw.pack, nsw.engine)
    assert not failures, "\n".join(map(str, failures))
    shown = {rule.id for rule in checked(nsw.pack)}
    assert shown >= {rule.id for rule in nsw.pack.rules if rule.domain}
    assert (len(shown) == len(nsw.pack.rules)) == (domain == DOMAINS[0])


def test_the_first_domain_is_the_default() -> None:
    assert DOMAINS == ("general", "news", "legal", "address")
    assert load("lt-speech").fingerprint != load("lt-speech", overrides={"components.nsw.domain": "legal"}).fingerprint
    assert make_nsw("lt").fingerprint == make_nsw("lt", domain="general").fingerprint
    assert len({make_nsw("lt", domain=name).fingerprint for name in DOMAINS}) == len(DOMAINS)


def test_an_unclear_short_form_is_marked(pipelines: dict[str, Pipeline]) -> None:
    (edit,) = pipelines["general"]("Remtasi 5 p. tekstu.").edits
    assert (edit.replacement, edit.rule, edit.value["abstained"]) == (None, "lt.unclear", True)
    assert "domain" in edit.value["why"]


def test_an_unknown_domain_lists_what_exists() -> None:
    with pytest.raises(ConfigError, match=r"\[components\.nsw\] domain: .*'lega'.*Did you mean 'legal'"):
        load("lt-speech", overrides={"components.nsw.domain": "lega"})
