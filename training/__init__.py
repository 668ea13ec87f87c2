"""Training: the settings, the compiled steps, the stages and the run folder."""
