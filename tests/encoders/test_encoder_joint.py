"""Encoders side by side."""

from __future__ import annotations

import numpy as np
import pytest

from textnorm.encoders import Encoder, StaticEncoder, load_encoder
from textnorm.encoders.attributes import encode_with
from textnorm.encoders.joint import JointEncoder
from textnorm.errors import UsageError


def test_the_cosine_is_the_mean_of_the_members(tmp_path):
    first, second = StaticEncoder.untrained(dim=8), StaticEncoder.untrained(dim=24, seed=1, name="other")
    first.save(tmp_path / "a")
    second.save(tmp_path / "b")
    joint = load_encoder(f"{tmp_path / 'a'}+{tmp_path / 'b'}")
    assert isinstance(joint, Encoder)
    assert joint.dim == 32
    assert first.identity in joint.identity
    assert second.identity in joint.identity
    texts = ["nurse", "head nurse", ""]
    rows = joint.encode(texts)
    assert np.allclose((rows**2).sum(axis=1), 1, atol=1e-5)
    mean = sum(member.encode(texts) @ member.encode(texts).T for member in (first, second)) / 2
    assert np.allclose(rows @ rows.T, mean, atol=1e-5)
    assert (encode_with(joint, texts, [[], [], []]) == rows).all()
    moved = encode_with(joint, texts, [["care"], [], []])
    assert not np.allclose(moved[0], rows[0])
    assert abs((moved[0] ** 2).sum() - 1) < 1e-5


def test_what_cannot_be_joined(tmp_path):
    one = StaticEncoder.untrained(dim=8)
    one.save(tmp_path / "a+b")
    assert load_encoder(str(tmp_path / "a+b")).identity == one.identity  # a folder may have the sign in its name
    for members in ([one], [one, one]):
        with pytest.raises(UsageError, match="two encoders or more"):
            JointEncoder(members)
    with pytest.raises(UsageError, match="takes no options"):
        load_encoder("x+y", mmap=False)
