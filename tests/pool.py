"""Compiled models that one test after another uses: to compile takes far longer than to compute."""

from collections import defaultdict

POOLS = []  # all there are, for tests/conftest.py


class Pool:
    """Objects by what they were made with: a test gets none twice, and the next test gets them again.

    Whoever takes an object resets what a test may have changed in it: weights, moments, rates.

    Args:
        make: makes an object of the arguments of `take`, where none made with them is free.
    """

    def __init__(self, make):
        self._make = make
        self._free = defaultdict(list)
        self._taken = []
        POOLS.append(self)

    def take(self, *arguments, **named):
        """An object made with these arguments, which must be hashable, as its last user left it."""
        kind = (arguments, tuple(sorted(named.items())))
        free = self._free[kind]
        found = free.pop() if free else self._make(*arguments, **named)
        self._taken.append((kind, found))
        return found

    def keep_taken(self):
        """What has been taken so far never comes back."""
        self._taken.clear()

    def give_back(self):
        """What has been taken since then may be taken again, in the same order."""
        for kind, found in reversed(self._taken):  # so that a test that takes one gets the first
            self._free[kind].append(found)
        self._taken.clear()
