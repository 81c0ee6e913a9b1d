"""Parameters that are given ahead of time, against all that a run with them must pass when nobody looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from prefect import Flow
from prefect.exceptions import ParameterBindError, ParameterTypeError
from prefect.utilities.schema_tools import validate

from deployments.deploying.wanted import Json, form_of
from flows.assemble import plan_of
from flows.profiles.model import Profile
from stages.core.errors import ProfileError
from stages.core.suggest import did_you_mean

Told = tuple[str, str]
"""Where below the parameters, dotted, and what is wrong there."""


def parameter_faults(profile: Profile, flow: Flow[..., Any], parameters: Mapping[str, Any]) -> Iterator[Told]:
    """What a run with these parameters would be refused for: by the server, by the flow, or by its own plan."""
    schema = flow.parameters
    if missing := [name for name in schema.required if name not in parameters]:
        yield "", f"{' and '.join(map(repr, missing))} must be given, since there is no default"
    elif unknown := [name for name in parameters if name not in schema.properties]:
        yield "", f"there is no parameter {unknown[0]!r}{did_you_mean(unknown[0], schema.properties)}"
    elif wrong := list(form_faults(form_of(flow), parameters)):
        yield from wrong
    else:
        yield from _run_faults(profile, flow, parameters)


def form_faults(form: Json, parameters: Mapping[str, Any]) -> Iterator[Told]:
    """What the server refuses by a deployment's form. It takes things at their word: "90" is no number there, though
    it is one to the flow. As it stands (no `preprocess`), since so it is applied to a deployment's own parameters."""
    for error in validate(dict(parameters), form, preprocess=False):
        yield ".".join(map(str, error.absolute_path)), _in_words(error)


def _in_words(error: Any) -> str:
    """Of a ValidationError of jsonschema's."""
    if error.validator == "type":
        kinds = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
        return f"found {error.instance!r}, expected {' or '.join(kinds)}"
    if error.validator == "pattern" and not error.instance.strip():
        return f"found {error.instance!r}, expected a text that is not blank"
    known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    if error.validator == "additionalProperties" and (unknown := sorted(set(error.instance) - set(known))):
        return f"there is no {unknown[0]!r} in it{did_you_mean(unknown[0], known)}"
    return str(error.message)


def _run_faults(profile: Profile, flow: Flow[..., Any], parameters: Mapping[str, Any]) -> Iterator[Told]:
    """Rules that no form can tell, as that two brands share no alias; then the plan, made as the run makes it."""
    try:
        given = flow.validate_parameters(dict(parameters))
    except (ParameterTypeError, ParameterBindError, ValueError) as error:
        yield "", " ".join(str(error).split())
        return
    try:
        plan_of(profile, given)
    except ProfileError as error:
        errors = [fault for fault in error.context["faults"] if fault.severity == "error"]
        for fault in errors:  # its own line is that of the stage, which is right as it stands there
            yield "enabled" if "enabled" in parameters else "", str(replace(fault, file=None, line=None))
