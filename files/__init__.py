"""The ground level: errors that a person can fix, and reading, writing and hashing of files."""
