"""What every script imports first: it ends with one line where Python or its packages do not suit."""

from files import packages  # whose package checks the version of Python

packages.check()
