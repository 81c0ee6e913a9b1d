"""Ray Serve as what deploys. Found by the entry point `ray` of the group stagewright.serving."""

from __future__ import annotations

import json
import logging
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from deployments.local.ports import choose
from deployments.serving.plan import ReplicaPlan, plan_of
from flows.connections import open_blobs
from flows.settings import is_loopback, read_settings
from stages.core.errors import ServiceUnreachable, StageFailed, UsageError
from stages.plugins.bases.deployment import Deployment, Served

_POLL_S = 0.2
_LAST_ANSWER_S = 5
"""What a replica that is to end still answers may take so long."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_FAILED = ("DEPLOY_FAILED", "UNHEALTHY")
_OUTER_PORT = 8000


class RayServe:
    """Deploys on a Ray cluster. Applications stay when the process that deployed them ends."""

    def deploy(self, wanted: Deployment, waiting: Callable[[], None]) -> Served:
        """See ServingBackend."""
        with _joined(wanted.cluster) as cluster:
            serve, settings = _serve(), read_settings()
            plan = plan_of(wanted, open_blobs(settings), settings, cluster.elsewhere)
            self._start(serve, wanted, cluster.elsewhere)
            before = self._found(serve, wanted.name).status
            try:
                self._run(serve, wanted, plan)
                return self._ready(serve, wanted, plan, waiting)
            except BaseException:
                if before == "NOT_DEPLOYED":
                    serve.delete(wanted.name)
                raise

    def status(self, name: str, cluster: str = "ray") -> Served:
        """See ServingBackend."""
        with _joined(cluster):
            return self._found(_serve(), name)

    def delete(self, name: str, cluster: str = "ray") -> None:
        """See ServingBackend."""
        with _joined(cluster):
            serve = _serve()
            if self._found(serve, name).status != "NOT_DEPLOYED":
                serve.delete(name)

    def _start(self, serve: Any, wanted: Deployment, elsewhere: bool) -> None:
        """Start Serve, unless it runs: then it listens where it does. Where others can reach it, a token is needed."""
        if _http(serve) is None:
            port = wanted.port or (_OUTER_PORT if elsewhere else choose((0,)))
            _refuse_open(wanted, wanted.host)
            serve.start(proxy_location="HeadOnly", http_options={"host": wanted.host, "port": port})
        else:
            _refuse_open(wanted, _http(serve).host)

    def _run(self, serve: Any, wanted: Deployment, plan: ReplicaPlan) -> None:
        from deployments.serving.replica import ModelReplica

        deployment = serve.deployment(
            name="model",
            num_replicas=wanted.replicas,
            max_constructor_retry_count=1,  # what does not load now will not load in a minute
            graceful_shutdown_wait_loop_s=_POLL_S,
            graceful_shutdown_timeout_s=_LAST_ANSWER_S,
            max_surge_percent=1,  # one more at least: what is there answers until its successor does
            ray_actor_options={"num_cpus": wanted.cpus, "num_gpus": wanted.gpus},
        )
        app = deployment(ModelReplica).bind(plan.to_json())
        target = serve.RunTarget(target=app, name=wanted.name, route_prefix=f"/{wanted.name}")
        quick = {"wait_for_ingress_deployment_creation": False, "wait_for_applications_running": False}
        serve.run_many([target], **quick)

    def _ready(self, serve: Any, wanted: Deployment, plan: ReplicaPlan, waiting: Callable[[], None]) -> Served:
        until = time.monotonic() + wanted.patience
        while True:
            found = self._found(serve, wanted.name)
            if found.status in _FAILED:
                raise StageFailed(
                    f"{wanted.name!r} was not deployed: {found.message or found.status}", name=wanted.name
                )
            if found.status == "RUNNING" and (told := _asked(found.url, wanted.token)) == plan.revision:
                return Served(found.name, found.url, found.status, told)
            if time.monotonic() > until:
                raise _too_late(wanted, found)
            waiting()
            time.sleep(_POLL_S)

    def _found(self, serve: Any, name: str) -> Served:
        http = _http(serve)
        if http is None:
            return Served(name, "", "NOT_DEPLOYED")
        app = serve.status().applications.get(name)
        url = f"http://{http.host}:{http.port}/{name}"
        if app is None:
            return Served(name, url, "NOT_DEPLOYED")
        told = [one.message for one in app.deployments.values() if one.message]
        return Served(name, url, str(app.status.value), message=_shortened(told[0] if told else app.message))


def _shortened(message: str) -> str:
    """Of a message that ends with a traceback, what was raised: its last line."""
    lines = [line for line in _COLOURS.sub("", message).splitlines() if line.strip()]
    return lines[-1].strip()[:1000] if lines else ""


def _too_late(wanted: Deployment, found: Served) -> ServiceUnreachable:
    state = f"{found.status}: {found.message}" if found.message else found.status
    needs = f"{wanted.replicas} × {wanted.cpus:g} CPUs and {wanted.gpus:g} GPUs"
    problem = (
        f"{wanted.name!r} did not answer within {wanted.patience:g} s ({state}). Has the cluster room for {needs}?"
    )
    return ServiceUnreachable(problem, name=wanted.name)


def _refuse_open(wanted: Deployment, host: str) -> None:
    if not is_loopback(host) and not wanted.token:
        raise UsageError(
            f"{wanted.name!r} would answer anybody who reaches {host}; set SERVING_TOKEN (in the environment, or as a "
            "Prefect Secret block), or serve on 127.0.0.1."
        )


def _asked(url: str, token: str | None) -> str:
    """The revision that answers; empty while none does."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(url, headers=headers), timeout=5) as answer:  # noqa: S310 - ours
            return str(json.load(answer)["revision"])
    except (OSError, ValueError, KeyError, urllib.error.URLError):
        return ""


def _serve() -> Any:
    try:
        from ray import serve
    except ImportError as error:
        problem = f"Ray Serve is not installed ({error.name or error})"
        raise UsageError(f"{problem}. Install it with `pip install 'stagewright[serving]'`.") from None
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    return serve


def _http(serve: Any) -> Any:
    """Where Serve listens; None where it does not run."""
    from ray.serve.context import _get_global_client

    client = _get_global_client(raise_if_no_controller_running=False)
    return None if client is None else client.http_config


@contextmanager
def _joined(cluster: str) -> Iterator[Any]:
    """Connected to the cluster, for this long unless the process was before. What runs on Ray serves on that Ray."""
    try:
        import ray

        from flows.places.ray_connection import Cluster, disconnect, is_elsewhere, join
    except ImportError:
        raise UsageError("Ray is not installed. Install it with `pip install 'stagewright[serving]'`.") from None
    known = ray.is_initialized()
    if known and ray.get_runtime_context().worker.mode == ray.WORKER_MODE:
        yield Cluster(ray.get_runtime_context().gcs_address, is_elsewhere())
        return
    try:
        yield join(cluster, read_settings(), log_to_driver=False)
    finally:
        if not known:
            disconnect()
