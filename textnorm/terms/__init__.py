"""Sentences, words and terms of running text: what components that weigh the parts of a document share."""
