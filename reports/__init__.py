"""Tables and figures from result files, next to the paper's."""
