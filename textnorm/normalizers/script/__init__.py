"""Script normalization: text written in another script's letters, or without its own, put right."""

from textnorm.normalizers.script.normalizer import ScriptNormalizer, make_script

__all__ = ["ScriptNormalizer", "make_script"]
