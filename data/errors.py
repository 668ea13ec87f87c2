"""The error of everything that is read from a file or fetched."""


class DataError(ValueError):
    """A file or corpus that cannot be used.

    The message is one line: what was given, what was expected, how to mend it. Line breaks that
    come from elsewhere (a file name, the reason of another error) become spaces.
    """

    def __init__(self, message: str):
        super().__init__(" ".join(message.splitlines()))
