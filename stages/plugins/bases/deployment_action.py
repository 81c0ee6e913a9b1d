"""Actions that put a model where it can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from stages.core.errors import UsageError
from stages.datatypes import Model
from stages.plugins.action import P
from stages.plugins.bases.action_context import ActionContext
from stages.plugins.bases.deployment import Deployment, Served, ServingBackend, serving_backend
from stages.plugins.bases.inference_action import BaseInferenceAction
from stages.plugins.bases.stepped_action import SteppedAction

TOKEN = "SERVING_TOKEN"  # noqa: S105 - the name of the variable that holds it
_OF_PARAMS = ("name", "replicas", "cpus", "gpus", "cluster", "host", "port", "patience")


@dataclass
class DeploymentContext(ActionContext):
    """What a deployment hands on.

    model       the model that is deployed: by default the action's input
    model_path  where it lies on this machine, for steps that look at it
    served      what was deployed
    """

    model: Any = None
    model_path: str | Path | None = None
    served: Served | None = None


class BaseDeploymentAction(SteppedAction[P, DeploymentContext]):
    """Base of actions that deploy a model: as it stands it deploys its input. Write `execute`, or register steps that
    call `deploy`, for anything else.

    serves   the inference action by which the model is asked; None: an ONNXModel, asked as it is
    backend  what deploys: `ray`, which is Ray Serve

    It runs every time: what it does is outside of the store of results. A secret SERVING_TOKEN is what those must send
    who ask.
    """

    serves: ClassVar[type[BaseInferenceAction[Any]] | None] = None
    backend: ClassVar[str] = "ray"
    stage_options: ClassVar[Mapping[str, Any]] = {
        "pure": False,
        "secrets": (TOKEN,),
        "progress": {"deployment": 1},
    }

    def create_context(self) -> DeploymentContext:
        """See SteppedAction."""
        given = self.ctx.input
        return DeploymentContext(self.ctx, params=self.params, model=given if isinstance(given, Model) else None)

    def deployment(self) -> Deployment:
        """What is deployed: the context's model, by the parameters of the names that a Deployment has (name, replicas,
        cpus, gpus, cluster, host, port, patience) and `params`, those of the action that is served. Raises UsageError
        where there is no model."""
        if not isinstance(self.context.model, Model):
            hint = "let it read one (input_type), or put it into the context"
            raise UsageError(f"Action {self.action_name!r} has no model to deploy; {hint}.", action=self.action_name)
        said = {name: getattr(self.params, name) for name in _OF_PARAMS if getattr(self.params, name, None) is not None}
        given = {"name": self.action_name, "params": getattr(self.params, "params", None) or {}, **said}
        return Deployment(model=self.context.model, serves=self.serves, token=self.ctx.env.get(TOKEN) or None, **given)

    def deploy(self) -> Served:
        """Deploy, or replace what is there of that name, and wait until it answers. One that is new and does not come
        up is removed again. Raises ServiceUnreachable, StageFailed with what its log says, UsageError."""
        wanted = self.deployment()
        self.context.served = self.serving.deploy(wanted, lambda: self.context.set_progress(0, 1, "deployment"))
        self.context.set_progress(1, 1, "deployment")
        return self.context.served

    @property
    def serving(self) -> ServingBackend:
        """What deploys, and tells of deployments and ends them by name."""
        return serving_backend(self.backend)

    def without_steps(self) -> Any:
        """Deploy."""
        return self.result_of(self.context, {"deployed": self.deploy().name})

    def result_of(self, context: DeploymentContext, summary: dict[str, Any]) -> Any:
        """Where the model can be asked."""
        return summary if context.served is None else context.served.to_json()
