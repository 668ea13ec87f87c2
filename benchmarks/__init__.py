"""Speed, measured side by side in one run, and the literal reading of Algorithm 1."""
