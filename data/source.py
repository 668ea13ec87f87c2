"""Description of a published file: its address, digest and licence."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A published file, fixed to the byte by its SHA-256 or git blob id, or an archive by its content.

    Args:
        name: what it is, as shown in messages and the progress bar.
        url: where it is, https.
        filename: its name in the cache folder and in `$SEQGAN_DATA`.
        size: bytes, or, with `size_is_a_bound`, the most there can be. At most one more is ever
            read from the network, to notice a longer answer.
        sha256: hexadecimal digest of its content; empty where only `git_blob` is known.
        licence: under which it may be used, in words.
        citation: whom to cite.
        other_names: further file names to look for where the user put it.
        git_blob: hexadecimal id that git gives the file: SHA-1 of `blob <size>`, a NUL byte and the
            content. It takes the place of an empty `sha256`.
        manifest: hexadecimal digest over the content of an archive's members, for an archive that
            its host may pack anew into other bytes. It takes the place of the other two.
        manifest_of: computes it from a file; raises `DataError` for another kind of archive.
        size_is_a_bound: whether the exact size is not known.
        redirects_to: hosts, in addition to that of `url`, to which it may redirect.
        note: what a reader of results on it must know.
        test: the corpus that is its published test part, by its name in the table of corpora.
        max_length: T that holds nearly all of its sequences; None is that of the task.
    """

    name: str
    url: str
    filename: str
    size: int
    sha256: str
    licence: str
    citation: str
    other_names: tuple[str, ...] = ()
    git_blob: str = ""
    manifest: str = ""
    manifest_of: Callable[[Path], str] | None = None
    size_is_a_bound: bool = False
    redirects_to: tuple[str, ...] = ()
    note: str = ""
    test: str = ""
    max_length: int | None = None

    def __post_init__(self) -> None:
        digests = (self.sha256, self.git_blob, self.manifest)
        if sum(map(bool, digests)) != 1 or bool(self.manifest) != bool(self.manifest_of):
            raise ValueError(
                f"{self.name} has the SHA-256, git blob id and manifest {digests}, expected one of "
                "the three, and `manifest_of` with a manifest: leave the others empty."
            )

    @property
    def digest(self) -> str:
        """The hexadecimal digest that the file must have."""
        return self.sha256 or self.git_blob or self.manifest

    @property
    def digest_name(self) -> str:
        """What `digest` is, in words."""
        if self.manifest:
            return "digest of its members"
        return "SHA-256" if self.sha256 else "git blob id"

    def new_hash(self, size: int) -> "hashlib._Hash":
        """What `digest` is computed with, ready for the content of a file of `size` bytes."""
        if self.sha256:
            return hashlib.sha256()
        return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
