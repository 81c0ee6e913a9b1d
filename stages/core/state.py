"""What a stage sees: the values it declared to read, its settings, its job and its context."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stages.core.context import RuntimeContext
from stages.core.errors import ContractError
from stages.core.suggest import nearest


class UndeclaredRead(ContractError, KeyError):
    """A stage asked for a key that it did not declare, or for an optional one that is absent."""


class DetectState(Mapping[str, Any]):
    """A read-only mapping of a stage's declared reads, each decoded when first touched.

    config    the checked settings, frozen
    job_id    the job that runs
    ctx       the RuntimeContext
    """

    def __init__(
        self,
        stage: str,
        declared: list[str],
        readers: Mapping[str, Callable[[], Any]],
        config: Any,
        ctx: RuntimeContext,
    ) -> None:
        self._stage, self._declared, self._readers = stage, declared, readers
        self._values: dict[str, Any] = {}
        self.config, self.ctx = config, ctx
        self.job_id = ctx.job_id or ""

    def __getitem__(self, key: str) -> Any:
        if key not in self._readers:
            raise self._not_there(key)
        if key not in self._values:
            self._values[key] = self._readers[key]()
        return self._values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._readers

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)

    def get(self, key: str, default: Any = None) -> Any:
        """The value; `default` for an optional key that is absent. An undeclared key is an error here too."""
        if key in self._readers:
            return self[key]
        if key in self._declared:
            return default
        raise self._not_there(key)

    def _not_there(self, key: str) -> UndeclaredRead:
        if key in self._declared:
            problem = f"optional key {key!r} is absent here; ask with state.get({key!r})"
        else:
            close = nearest(key, self._declared)
            hint = f"did you mean {close!r}? " if close else ""
            declared = ", ".join(self._declared) or "nothing"
            problem = f"read the key {key!r}, which it does not declare; {hint}It declares {declared}"
        return UndeclaredRead(f"Stage {self._stage!r}: {problem}.", stage=self._stage, key=key)
