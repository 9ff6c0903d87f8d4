"""Steps that prepare a corpus: language, personal data, quality, repeats. All annotate, nothing is dropped."""
