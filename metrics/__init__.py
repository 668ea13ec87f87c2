"""Metrics: BLEU, diversity, likelihood, pitch errors, agreement and tests of significance."""
