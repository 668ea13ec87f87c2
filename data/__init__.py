"""Corpora, vocabularies and published parameters: downloading and reading."""
