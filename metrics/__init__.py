"""Metrics: BLEU, diversity, likelihood, pitch, and tests of significance."""
