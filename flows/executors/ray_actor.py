"""Actions on a warm Ray actor: what a call has loaded is there for the next."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.executors.calls import Action, ActionCall, action_class, plugin_in
from flows.executors.needs import runtime_env_of
from flows.executors.ray_link import enter, leave
from flows.executors.sent import SentCall
from flows.executors.shared_store import SharedBlobs
from flows.executors.told import Listening, Told
from flows.places.secrets import secrets_of
from stages.core.context import Reporter
from stages.core.errors import UsageError, WorkerLost


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
        self._plugin, self._reporter = plugin_in(working_dir), reporter
        needs = runtime_env_of(self._plugin, runtime_env)
        self._asked: dict[str, Any] = {"num_gpus": num_gpus, "num_cpus": num_cpus, "runtime_env": needs}
        self._address, self._job_id = address, f"actor-{secrets.token_hex(4)}"
        self._actor: Any = None
        self._lock = threading.Lock()
        self.told = Told()

    def execute(self, action_cls: Action, params: Any = None, input: Any = None) -> Any:
        """Run an action: its result, checked. Raises UsageError for parameters or an input that do not fit, before
        anything is sent; what the action raises; WorkerLost where the actor is lost (the next call has a new one)."""
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
        from flows.places.attempt import Attempt
        from flows.places.cluster import LOST_ACTOR
        from flows.places.news import hear
        from flows.places.ray_place import envelope_of

        actor = self._started()
        sent = SentCall.of(call, self._job_id).to_json()
        given = secrets_of(call.call.definition, {})
        run = actor.run.options(num_returns="streaming")

        def heard(told: Any) -> None:
            if isinstance(told, list):
                hear(told, listening.logger, listening)

        try:
            end = Attempt(lambda: run.remote(sent, given), heard, lambda node: None).result(None)
        except (WorkerLost, *LOST_ACTOR) as error:
            self._let_go()
            first = (str(error).strip().splitlines() or [""])[0]
            raise WorkerLost(f"Action {call.action.action_name!r} lost its actor: {first}") from None
        except BaseException:  # Ctrl-C: a call in an actor cannot be ended but with it
            self._let_go()
            raise
        return envelope_of(end, call.call.key)

    def _started(self) -> Any:
        if self._actor is None:
            import ray

            from flows.executors.action_actor import ActionActor
            from flows.places.baggage import pack

            cluster = enter(self, self._address)
            package = None if self._plugin is None else ray.put(_packed(self._plugin.folder))
            workers = max(1, int(self._asked["num_cpus"]))
            made: Any = ray.remote(ActionActor).options(max_restarts=0, **self._asked)
            self._actor = made.remote(pack(cluster.elsewhere), package, workers)
        return self._actor

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


def _packed(folder: Path) -> bytes:
    from stages.plugins.package import package_plugin

    return package_plugin(folder).data
