"""What can go wrong, as one tree.

Every message names what it is about (profile, stage, field, key, address), what was found, what was expected and what
to do; ``context`` holds the same names for programs. All survive pickling, so they can cross processes.

    StagewrightError
    ├── DefinitionError            a stage's declaration contradicts itself; refused when it is registered
    ├── UnknownStage               no stage of that name is registered (a KeyError too)
    ├── UsageError                 a command, setting or parameter that cannot be used as given
    ├── ProfileError               a profile with faults; carries all of them
    ├── PluginError                a plugin that cannot be used as it is; carries all of its faults
    │   └── UnknownAction          a plugin has no action of that name (a KeyError too)
    ├── InputError                 an input of the job is missing, empty or of the wrong kind
    ├── ContractError              a stage's function did not keep to its declaration
    ├── EncodeError                a value cannot be written as what it is declared to be
    ├── CheckpointError            what is stored is not what was promised
    │   ├── EnvelopeDamaged        unknown format, not JSON, or a digest that does not match
    │   └── BlobDamaged            a blob is gone, cut short or changed
    ├── StageFailed                a stage's function raised
    ├── TooManyFailedItems         more items of one stage failed than its limit allows
    ├── JobStopped                 the job was told to stop while the stage ran
    ├── WorkerLost                 transient: the process or node on which the stage ran is gone
    └── ServiceError               a server this depends on
        ├── StoreError             the object store refused or answered nonsense
        │   ├── StoreUnreachable   transient: no answer, or "come back later"
        │   ├── StoreDenied        wrong key, or the key may not do this
        │   ├── BucketMissing      the store is there, the bucket is not
        │   └── ObjectMissing      the bucket is there, the object is not
        └── ServiceUnreachable     transient: the Prefect server, a vision endpoint, a local service that did not start
"""

from __future__ import annotations

from typing import Any, ClassVar


class StagewrightError(Exception):
    """Root of all errors that Stagewright raises on purpose.

    `transient` errors may go away by themselves and are retried; the others never are. `exit_code` is what the command
    line ends with: 1 a stage failed, 2 wrong use or wrong input, 3 a service cannot be reached.
    """

    transient: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, **context: Any) -> None:
        super().__init__(message)
        self.message = message
        self.context = context

    def __str__(self) -> str:  # KeyError would print the repr
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.context)


def _rebuild(kind: type[StagewrightError], message: str, context: dict[str, Any]) -> StagewrightError:
    return kind(message, **context)


class DefinitionError(StagewrightError):
    """A stage's declaration contradicts itself."""

    exit_code = 2


class UnknownStage(StagewrightError, KeyError):
    """No stage of that name is registered."""

    exit_code = 2


class UsageError(StagewrightError):
    """A command, setting or parameter cannot be used as given."""

    exit_code = 2


class ProfileError(StagewrightError):
    """A profile has faults. `context["faults"]` holds every one."""

    exit_code = 2


class PluginError(StagewrightError):
    """A plugin cannot be used as it is. `context["faults"]` holds what is wrong with its files, where that was read."""

    exit_code = 2


class UnknownAction(PluginError, KeyError):
    """A plugin has no action of that name."""


class InputError(StagewrightError):
    """An input of the job is missing, empty or of the wrong kind."""

    exit_code = 2


class ContractError(StagewrightError):
    """A stage's function read or wrote what it did not declare, or left out what it did."""


class EncodeError(StagewrightError):
    """A value cannot be written as what it is declared to be."""


class CheckpointError(StagewrightError):
    """What is stored is not what was promised."""


class EnvelopeDamaged(CheckpointError):
    """An envelope of an unknown format, or one whose digests do not match what it holds."""


class BlobDamaged(CheckpointError):
    """A blob is gone, cut short or changed."""


class StageFailed(StagewrightError):
    """A stage's function raised; the message carries the kind and text of what it raised."""


class TooManyFailedItems(StagewrightError):
    """More items of one stage failed than its limit allows."""


class JobStopped(StagewrightError):
    """The job was told to stop while the stage ran."""


class WorkerLost(StagewrightError):
    """The process that ran the stage was killed, ran out of memory, or its node is gone."""

    transient = True


class ServiceError(StagewrightError):
    """A server this depends on cannot be used."""

    exit_code = 3


class StoreError(ServiceError):
    """The object store refused, or answered nonsense."""


class StoreUnreachable(StoreError):
    """No answer from the object store, or a request to come back later."""

    transient = True


class StoreDenied(StoreError):
    """The object store does not know the key, or the key may not do this."""


class BucketMissing(StoreError):
    """The object store is there, the bucket is not."""


class ObjectMissing(StoreError):
    """The bucket is there, the object is not."""


class ServiceUnreachable(ServiceError):
    """The Prefect server or a vision endpoint does not answer, or a local service did not start."""

    transient = True
