"""Measures of what was generated: BLEU, diversity, significance and their kin."""
