"""Models that are served: what a replica answers, and the way of one through Ray Serve to its end."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from deployments.serving import replica
from deployments.serving.backend import RayServe, _joined
from deployments.serving.plan import plan_of
from deployments.serving.replica import ModelReplica
from flows.connections import Connections, open_blobs
from flows.settings import read_settings
from stages.core.errors import StageFailed, UsageError
from stages.core.scratch import scratch_blobs
from stages.datatypes import Model, ModelWeights, ONNXModel
from stages.plugins import BaseDeploymentAction, BaseInferenceAction, PluginDiscovery
from stages.plugins.bases.deployment import Deployment, serving_backend
from tests.unit.harness import make_context
from tests.unit.plugin_folders import PluginFolders

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of libraries among each other

SERVED = """
    import numpy as np
    from pydantic import BaseModel
    from stages.datatypes import ModelWeights
    from stages.plugins import BaseDeploymentAction, BaseInferenceAction
    from plugin.words import loaded

    class Params(BaseModel):
        name: str = "scale"
        cpus: float = 0.1
        cluster: str = "ray"
        patience: float = 60

    class AskParams(BaseModel):
        offset: float = 0
        requests: list[float] = []

    class AskAction(BaseInferenceAction[AskParams]):
        input_type = ModelWeights

        def load_model(self, path):
            return loaded(path)

        def infer(self, batch):
            return [self.model * x + self.params.offset for x in batch]

    class DeployAction(BaseDeploymentAction[Params]):
        input_type = ModelWeights
        serves = AskAction
"""
WORDS = """
    import numpy as np

    def loaded(path):
        with np.load(path) as opened:
            return float(opened["factor"])
"""
CONFIG = """
category: neural_net
actions:
  ask: {entrypoint: plugin.serve:AskAction}
  deploy: {entrypoint: plugin.serve:DeployAction}
"""


def weights(folder: Path, factor: float) -> ModelWeights:
    np.savez(folder / f"{factor}.npz", factor=factor)
    return ModelWeights.from_file(folder / f"{factor}.npz")


def doubling(folder: Path) -> ONNXModel:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "doubled", [x], [y])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), folder / "d.onnx")
    return ONNXModel.from_file(folder / "d.onnx")


def ask(url: str, asked: Any = None, token: str = "") -> tuple[int, dict[str, Any]]:
    """Status and body of the answer; GET where nothing is asked."""
    data = None if asked is None else asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    request = urllib.request.Request(url, data, {"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture
def plugin(tmp_path: Path) -> PluginDiscovery:
    folder = PluginFolders(tmp_path).write("alpha", {"plugin/serve.py": SERVED, "plugin/words.py": WORDS}, CONFIG)
    return PluginDiscovery.from_path(folder)


def test_a_replica_answers_and_tells_what_is_wrong_with_a_question(
    services: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings()
    wanted = Deployment("double", doubling(tmp_path), token="open sesame")
    plan = plan_of(wanted, open_blobs(settings), settings, elsewhere=True)
    assert "open sesame" not in json.dumps(plan.to_json())
    assert services.store.secret_key not in json.dumps(plan.to_json())
    monkeypatch.setattr(replica, "MOST_BYTES", 1000)
    served = ModelReplica(json.loads(json.dumps(plan.to_json())))

    from starlette.testclient import TestClient

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await (await served(Request(scope, receive)))(scope, receive, send)

    client = TestClient(Starlette(routes=[Mount("/", app)]), headers={"Authorization": "Bearer open sesame"})
    assert client.get("/").json()["asks"] == {"inputs": {"x": ["tensor(float)", ["n"]]}}
    assert client.post("/", json={"inputs": {"x": [1, 2.5]}}).json() == {"outputs": {"y": [2, 5]}}
    for content, told in (
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[]", "is a list; expected an object"),
        (b"{}", "inputs"),
        (b'{"inputs": {"z": [1]}}', "expected the inputs ['x'], found ['z']"),
        (b'{"inputs": {"x": ["a"]}}', "could not convert"),
        (b'{"inputs": {"x": [[1]]}}', "Invalid rank"),
        (b'{"inputs": {"x": [1e39]}}', "not JSON compliant"),
    ):
        refused = client.post("/", content=content)
        assert refused.status_code == 400, refused.text
        assert told in refused.json()["error"]
    assert client.post("/", content=b" " * 1001).status_code == 413
    assert client.put("/", content=b"{}").status_code == 405
    stranger = client.post("/", json={}, headers={"Authorization": "Bearer open"})
    assert (stranger.status_code, stranger.json()) == (401, {"error": "send the token, as `Authorization: Bearer …`"})


def test_a_model_that_lies_in_memory_only_is_put_into_the_store(services: Connections, tmp_path: Path) -> None:
    settings = read_settings()
    model: Model = weights(tmp_path, 2).kept(scratch_blobs())
    plan = plan_of(Deployment("kept", model), open_blobs(settings), settings, elsewhere=False)
    assert plan.model["type"] == "ModelWeights"
    with pytest.raises(UsageError, match="only an ONNXModel needs none"):
        ModelReplica(plan.to_json())


class _Plain(BaseModel):
    name: str = "plain"


def test_what_cannot_be_deployed_is_told_before_ray_is_asked(tmp_path: Path) -> None:
    class Local(BaseInferenceAction[_Plain]):
        pass

    class Deploy(BaseDeploymentAction[_Plain]):
        pass

    with pytest.raises(UsageError, match="has no model to deploy"):
        Deploy({}, make_context()).run()
    with pytest.raises(UsageError, match=r"'a/b'; expected letters"):
        Deployment("a/b", weights(tmp_path, 1))
    with pytest.raises(UsageError, match=r"cannot be found by others; define it at the top"):
        plan_of(Deployment("x", weights(tmp_path, 1), Local), scratch_blobs(), read_settings(), elsewhere=False)
    with pytest.raises(UsageError, match=r"Nothing deploys by the name 'rey'; did you mean 'ray'"):
        serving_backend("rey")
    assert Deploy.definition().pure is False


@pytest.fixture
def serving(ray_record: dict[str, Any]) -> Iterator[RayServe]:
    """Ray Serve on the session's Ray, connected for the whole of the test; ended with it."""
    with _joined("ray"):
        yield RayServe()
        from ray import serve

        serve.shutdown()


def test_an_action_deploys_a_model_anew_and_it_ends(serving: RayServe, plugin: PluginDiscovery, tmp_path: Path) -> None:
    def deploy(factor: float, **params: Any) -> dict[str, Any]:
        ctx = make_context()
        ctx.input = weights(tmp_path, factor)
        found: dict[str, Any] = plugin.get_action_class("deploy")(params, ctx).run()
        return found

    first = deploy(2.0)
    assert (first["name"], first["status"]) == ("scale", "RUNNING")
    assert first["url"].startswith("http://127.0.0.1:")
    assert ask(first["url"], {"requests": [1, 2]}) == (200, {"results": [2, 4]})
    assert ask(first["url"])[1]["revision"] == first["revision"]
    assert ask(first["url"], {"requests": 1})[0] == 400
    second = deploy(5.0)
    assert second["url"] == first["url"]
    assert ask(second["url"], {"requests": [1, 2]}) == (200, {"results": [5, 10]})
    assert serving.status("scale").status == "RUNNING"
    np.savez(tmp_path / "broken.npz", other=1)
    ctx = make_context()
    ctx.input = ModelWeights.from_file(tmp_path / "broken.npz")
    for name, left in (("broken", "NOT_DEPLOYED"), ("scale", "DEPLOY_FAILED")):
        with pytest.raises(StageFailed, match=rf"'{name}' was not deployed: KeyError: 'factor is not a file"):
            plugin.get_action_class("deploy")({"name": name}, ctx).run()
        assert serving.status(name).status == left
    assert ask(second["url"], {"requests": [1]}) == (200, {"results": [5]})
    serving.delete("scale")
    assert serving.status("scale").status == "NOT_DEPLOYED"
