"""A little world of jobs: two words for each, fields, skills; what holds for it was written into it."""

from __future__ import annotations

WORDS = dict(
    zip(
        "nurse driver cook baker tailor painter farmer judge pilot clerk".split(),
        "medix chauffo kuliv pastov sutzi vopimu agrolo lexad aviot bufik".split(),
        strict=True,
    )
)
FIELDS = [f"{a}{b}" for a in "lor min tav pel gud".split() for b in "ba ke ri".split()]


def names():
    """Return names by concept: a job of a field, by either of the job's two words."""
    return {f"{job}/{field}": [f"{job} {field}", f"{WORDS[job]} of {field}"] for job in WORDS for field in FIELDS}


def facts():
    """Return parents (one a job) and attributes (skills of the job and of the field) by concept."""
    found = {}
    for concept in names():
        job, field = concept.split("/")
        skills = [f"{job[::-1]} {part}" for part in ("tools", "law", "care")] + [f"read {field}", f"write {field}"]
        found[concept] = {"parents": [job], "types": [], "attributes": skills}
    return found


def rows(lang="en"):
    """Return the rows of a names table, the jobs themselves as parents with names."""
    found = [(concept, name, lang, None, None, None) for concept, group in names().items() for name in group]
    return found + [(job, f"{job} {other}", lang, None, None, None) for job, other in WORDS.items()]
