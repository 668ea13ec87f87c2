"""The ground level: errors that a person can fix, files, and what differs between systems."""

from files import python_version

python_version.check()  # here, since every script and module imports this package first
