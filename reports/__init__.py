"""From result files to the paper's tables."""
