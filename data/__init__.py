"""Where sequences and published parameters come from: downloads, corpora and their vocabularies."""
