"""The blind test: people judge whether texts and tunes were made by a human or by a machine."""
