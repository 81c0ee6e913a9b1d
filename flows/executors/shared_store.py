"""The store that a call's values go through when it runs in another process."""

from __future__ import annotations

from collections.abc import Mapping

from flows.connections import open_blobs
from flows.settings import read_settings
from stages.core.blobs import BlobStore, refs_in
from stages.core.envelope import Envelope
from stages.core.errors import ServiceUnreachable, UsageError
from stages.core.results import ValueHandle
from stages.core.scratch import scratch_blobs


def known_blobs() -> BlobStore | None:
    """The store that settings name, or that was started on this machine; None where there is none."""
    try:
        return open_blobs(read_settings())
    except ServiceUnreachable:
        return None


class SharedBlobs:
    """The blobs of one call: those of the known store, else a scratch store, which will do for plain JSON."""

    def __init__(self) -> None:
        known = known_blobs()
        self.blobs, self._is_shared = known or scratch_blobs(), known is not None

    def check_input(self, reads: Mapping[str, ValueHandle]) -> None:
        """Raise UsageError for an input that nobody else could read."""
        if any(any(refs_in(handle.stored.value)) for handle in reads.values()):
            self._refuse("The input")

    def checked(self, envelope: Envelope) -> Envelope:
        """The envelope, if everybody can read what it refers to."""
        if envelope.blobs:
            self._refuse(f"What {envelope.stage!r} gave")
        return envelope

    def _refuse(self, what: str) -> None:
        if not self._is_shared:
            raise UsageError(
                f"{what} is more than plain JSON, and goes between processes by way of a store; there is none. Start "
                "one with `stagewright up`, or name one by STAGEWRIGHT_S3_BUCKET, on both sides."
            )
