"""Actions on a warm Ray actor: what a call has loaded is there for the next."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.executors.asked import check_amounts, check_runtime_env
from flows.executors.calls import Action, ActionCall, action_class, plugin_in
from flows.executors.needs import runtime_env_of
from flows.executors.ray_link import enter, leave
from flows.executors.sent import SentCall
from flows.executors.shared_store import SharedBlobs
from flows.executors.told import Listening, Told
from flows.places.plugin_needs import in_words, not_taken, own_variables
from flows.places.room import Node, described, fits, options, too_much
from flows.places.secrets import secrets_of
from stages.core.context import Reporter
from stages.core.definition import Resources
from stages.core.errors import UsageError, WorkerLost

if TYPE_CHECKING:
    from flows.places.attempt import Attempt
    from flows.places.node_watch import NodeWatch

_log = logging.getLogger("stagewright")


class RayActorExecutor:
    """Runs actions on one actor, in the order of the calls; `shutdown` lets it go, and so does leaving a `with`.

    working_dir   the folder of a plugin, whose actions may then be given by name; its code is sent once
    num_gpus, num_cpus   what the actor asks of its node
    runtime_env   for Ray; the plugin's own (packages, runtime_env of its config) is there already
    address       "ray" (that of this machine), "auto", or HOST:PORT of a cluster; by default that which this process is
                  connected to, else STAGEWRIGHT_RUNNER where that names one, else "ray"
    reporter      who hears of progress and metrics while a call runs; `told` has them afterwards
    """

    def __init__(
        self,
        working_dir: str | Path | None = None,
        num_gpus: float = 0,
        num_cpus: float = 1,
        runtime_env: Mapping[str, Any] | None = None,
        *,
        address: str | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        """Checks the plugin; the actor starts with the first call. Raises PluginError, UsageError."""
        check_runtime_env(runtime_env)
        check_amounts(num_gpus=num_gpus, num_cpus=num_cpus)
        self._plugin, self._reporter = plugin_in(working_dir), reporter
        self._needs = runtime_env_of(self._plugin, runtime_env)
        self._asked = Resources(cpus=num_cpus, gpus=num_gpus)
        self._address, self._job_id = address, f"actor-{secrets.token_hex(4)}"
        self._actor: Any = None
        self._lock = threading.Lock()
        self.told = Told()

    def execute(self, action_cls: Action, params: Any = None, input: Any = None) -> Any:
        """Run an action: its result, checked. Raises UsageError for parameters or an input that do not fit, before
        anything is sent, and for an actor that fits on no node; PluginError for what the plugin needs and cannot be
        installed; what the action raises; WorkerLost where the actor is lost (the next call has a new one)."""
        shared = SharedBlobs()
        call = ActionCall.of(action_class(action_cls, self._plugin), params, input, shared.blobs, self._job_id)
        shared.check_input(call.reads)
        self._own(call)
        listening = Listening(call.action.action_name, self._reporter)
        with self._lock:  # calls of several threads go one after the other, too
            self.told = listening.told
            return call.result(self._ran(call, listening), shared.blobs)

    def shutdown(self) -> None:
        """Let the actor go, with all that it has loaded, and the cluster, where no other executor needs it and this
        process was not connected before. A call after this starts another actor."""
        with self._lock:
            self._let_go()
            leave(self)

    def __enter__(self) -> RayActorExecutor:
        return self

    def __exit__(self, *exc: object) -> None:
        self.shutdown()

    def _ran(self, call: ActionCall, listening: Listening) -> Any:
        from flows.places.cluster import LOST_ACTOR
        from flows.places.ray_place import envelope_of

        attempt = self._attempt(call, listening)
        try:
            end = attempt.result(None)
        except (WorkerLost, *LOST_ACTOR) as error:
            self._let_go()
            raise WorkerLost(f"Action {_name(call)!r} lost its actor: {_why(error)}") from None
        except BaseException as error:  # Ctrl-C: a call in an actor cannot be ended but with it
            self._let_go()
            if (told := in_words(error, call.call.definition.name)) is not error:
                raise told from None
            raise
        return envelope_of(end, call.call.key)

    def _attempt(self, call: ActionCall, listening: Listening) -> Attempt:
        from flows.places.attempt import Attempt
        from flows.places.news import hear

        sent = SentCall.of(call, self._job_id).to_json()
        given = secrets_of(call.call.definition, {})
        self._actor = self._actor or self._started(call)
        run = self._actor.run.options(num_returns="streaming")

        def heard(told: Any) -> None:
            if isinstance(told, list):
                hear(told, listening.logger, listening)

        return Attempt(lambda: run.remote(sent, given), heard, self._watch(call).look)

    def _started(self, call: ActionCall) -> Any:
        """An actor for this call and those that follow."""
        import ray

        from flows.executors.action_actor import ActionActor
        from flows.places.baggage import pack
        from flows.places.cluster import nodes

        baggage = pack(enter(self, self._address).elsewhere).without(own_variables(self._needs))
        if not fits(self._asked, there := nodes()):
            raise self._too_much(call, there)
        package = None if self._plugin is None else ray.put(_packed(self._plugin.folder))
        made: Any = ray.remote(ActionActor)
        asked = {**options(self._asked), "runtime_env": self._needs, "max_restarts": 0}
        try:
            return made.options(**asked).remote(baggage, package, max(1, int(self._asked.cpus)))
        except (ValueError, TypeError) as error:
            raise not_taken(call.call.definition.name, error) from None

    def _watch(self, call: ActionCall) -> NodeWatch:
        """What `told` is given is the action's own; that its actor is not there yet is told beside it."""
        from flows.places.node_watch import NodeWatch

        def waits() -> None:
            _log.info("Action %r waits for its actor, which asks for %s.", _name(call), described(self._asked))

        return NodeWatch(self._asked, lambda there: self._too_much(call, there), waits)

    def _too_much(self, call: ActionCall, there: Sequence[Node]) -> UsageError:
        who, where = f"The actor of action {_name(call)!r}", "num_gpus and num_cpus of the executor"
        return UsageError(too_much(who, self._asked, there, where), action=_name(call))

    def _let_go(self) -> None:
        if self._actor is not None:
            import ray

            actor, self._actor = self._actor, None
            ray.kill(actor)

    def _own(self, call: ActionCall) -> None:
        """Refuse an action of another plugin: only the code of the executor's own is sent."""
        from stages.plugins.action_stage import plugin_words

        words = plugin_words(call.action)
        if words and (self._plugin is None or words.folder.resolve() != self._plugin.folder.resolve()):
            raise UsageError(
                f"Action {words.stage!r} is of the plugin in {words.folder}; give that folder as working_dir, so that "
                "its code is sent."
            )


def _name(call: ActionCall) -> str:
    return str(call.action.action_name)


def _why(error: Exception) -> str:
    """The line that says it, of the page that Ray may say."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return next((line for line in lines if line.startswith("The actor died because")), lines[0])


def _packed(folder: Path) -> bytes:
    from stages.plugins.package import package_plugin

    return package_plugin(folder).data
