"""Grammars of single languages, one sub-package a language. They know nothing of pipelines, rules or edits."""
