"""What stages ask of a cluster, what its nodes have, and whether that fits. Knows Ray's words, not Ray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stages.core.definition import Resources

Amounts = Mapping[str, float]
Node = Mapping[str, Any]
"""A node as `ray.nodes()` tells of it: `Alive`, `NodeID`, `NodeManagerAddress`, `Resources`."""

_GIB = 1 << 30
_OWN = ("CPU", "GPU", "memory")
_AS_MEANT = 1 + 1e-12  # 0.3 / 0.1 is a little less than 3, and three it is


def wanted(resources: Resources) -> dict[str, float]:
    """What a stage asks of one node, in Ray's words."""
    asked = {"CPU": resources.cpus, "GPU": resources.gpus, "memory": float(resources.memory), **resources.custom}
    return {name: amount for name, amount in asked.items() if amount}


def alive(nodes: Sequence[Node]) -> list[Node]:
    """Those that can be given work."""
    return [node for node in nodes if node.get("Alive")]


def fits(resources: Resources, nodes: Sequence[Node]) -> bool:
    """Whether one node has it all. That all nodes together have it helps nobody."""
    return bool(_fitting(resources, nodes))


def room_for(resources: Resources, nodes: Sequence[Node]) -> int:
    """How many times it fits on all nodes together; as many as there are CPUs where nothing is asked."""
    asked = wanted(resources) or {"CPU": 1.0}
    return sum(int(_times(asked, node["Resources"]) * _AS_MEANT) for node in alive(nodes))


def grown(resources: Resources, losses: int, nodes: Sequence[Node]) -> Resources:
    """What to ask for after so many lost workers: more memory each time, but never more than has the largest of the
    nodes that could run the stage, since that would be waited for without end."""
    if not resources.memory:
        return resources
    largest = max((node["Resources"]["memory"] for node in _fitting(resources, nodes)), default=0)
    wished = resources.memory * resources.memory_growth**losses
    return replace(resources, memory=int(min(wished, max(largest, resources.memory))))


def options(resources: Resources) -> dict[str, Any]:
    """Options of a Ray task or actor that asks for this."""
    asked: dict[str, Any] = {"num_cpus": resources.cpus, "num_gpus": resources.gpus}
    asked |= {"memory": resources.memory} if resources.memory else {}
    return asked | ({"resources": dict(resources.custom)} if resources.custom else {})


def described(resources: Resources) -> str:
    """`2 CPU, 1 GPU, 3.0 GiB memory`."""
    return _told(wanted(resources)) or "nothing"


def nodes_described(nodes: Sequence[Node]) -> str:
    """What the nodes have, equal ones told together: `2 nodes with 4 CPU, 7.5 GiB memory`."""
    told = [_told({k: v for k, v in node["Resources"].items() if _is_asked_for(k)}) for node in alive(nodes)]
    counts = {text: told.count(text) for text in told}
    parts = [f"{n} nodes with {text}" if n > 1 else f"a node with {text}" for text, n in counts.items()]
    return "; ".join(parts) or "no node that is alive"


def too_much(who: str, asked: Resources, nodes: Sequence[Node], where: str) -> str:
    """What is said of somebody who asks for more than any node has; `where` is said how much to ask for."""
    return (
        f"{who} asks for {described(asked)}, which no node of the cluster has: there is {nodes_described(nodes)}. "
        f"Ask for less ({where}), or add a node that has it."
    )


def _fitting(resources: Resources, nodes: Sequence[Node]) -> list[Node]:
    asked = wanted(resources)
    return [node for node in alive(nodes) if _times(asked, node["Resources"]) >= 1]


def _times(asked: Amounts, has: Amounts) -> float:
    return min((has.get(name, 0) / amount for name, amount in asked.items()), default=1)


def _is_asked_for(name: str) -> bool:
    return name != "object_store_memory" and not name.startswith("node:")


def _told(amounts: Amounts) -> str:
    """In one order, whatever the order in which Ray happens to tell of them: what is Ray's own first."""
    ordered = sorted(amounts.items(), key=lambda item: (_OWN.index(item[0]) if item[0] in _OWN else len(_OWN), item))
    return ", ".join(
        f"{amount / _GIB:.1f} GiB memory" if name == "memory" else f"{amount:g} {name}" for name, amount in ordered
    )
