"""What a stage asks for against what nodes have."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flows.places.room import alive, described, fits, grown, nodes_described, options, room_for, wanted
from stages import Resources

GIB = 1 << 30


def node(alive: bool = True, **has: float) -> dict[str, Any]:
    return {"Alive": alive, "NodeID": "n", "NodeManagerAddress": "10.0.0.1", "Resources": has}


# Ray counts in ten-thousandths; so do these, that what is expected can be told without rounding
parts = st.integers(1, 100_000)
names = st.sampled_from(["CPU", "GPU", "memory", "lamp", "press"])
amounts = st.dictionaries(names, parts, max_size=5)
clusters = st.lists(st.tuples(st.booleans(), amounts), max_size=4)


def _resources(asked: dict[str, int], memory_growth: float = 1) -> Resources:
    own = {name: amount / 10_000 for name, amount in asked.items() if name in ("lamp", "press")}
    cpus, gpus = asked.get("CPU", 0) / 10_000, asked.get("GPU", 0) / 10_000
    return Resources(cpus, gpus, asked.get("memory", 0), memory_growth, own)


def _nodes(cluster: list[tuple[bool, dict[str, int]]]) -> list[dict[str, Any]]:
    return [
        node(lives, **{name: n if name == "memory" else n / 10_000 for name, n in has.items()})
        for lives, has in cluster
    ]


class TestRoom:
    @given(asked=amounts, cluster=clusters)
    def test_a_stage_fits_where_one_node_that_is_alive_has_all_that_it_asks(
        self, asked: dict[str, int], cluster: list[tuple[bool, dict[str, int]]]
    ) -> None:
        has_all = [lives and all(has.get(name, 0) >= n for name, n in asked.items()) for lives, has in cluster]
        assert fits(_resources(asked), _nodes(cluster)) == any(has_all)

    @given(asked=amounts.filter(bool), cluster=clusters)
    def test_there_is_room_for_as_many_as_each_node_takes(
        self, asked: dict[str, int], cluster: list[tuple[bool, dict[str, int]]]
    ) -> None:
        takes = [min(has.get(name, 0) // n for name, n in asked.items()) for lives, has in cluster if lives]
        assert room_for(_resources(asked), _nodes(cluster)) == sum(takes)

    def test_what_all_nodes_have_together_is_no_room(self) -> None:
        assert not fits(Resources(cpus=3), [node(CPU=2), node(CPU=2)])
        assert room_for(Resources(cpus=3), [node(CPU=2), node(CPU=2)]) == 0

    def test_a_stage_that_asks_for_nothing_has_a_worker_for_each_cpu(self) -> None:
        assert room_for(Resources(cpus=0), [node(CPU=2), node(CPU=1), node(CPU=8, alive=False)]) == 3

    def test_nodes_that_are_gone_have_nothing(self) -> None:
        there = [node(CPU=2), node(CPU=8, alive=False)]
        assert alive(there) == there[:1]
        assert not fits(Resources(cpus=4), there)
        assert not fits(Resources(), [])


class TestGrown:
    @given(
        asked=amounts,
        growth=st.floats(1, 10),
        losses=st.integers(0, 9),
        cluster=clusters,
    )
    def test_it_asks_for_more_each_time_but_stays_where_it_fits(
        self, asked: dict[str, int], growth: float, losses: int, cluster: list[tuple[bool, dict[str, int]]]
    ) -> None:
        resources, nodes = _resources(asked, growth), _nodes(cluster)
        now, later = grown(resources, losses, nodes), grown(resources, losses + 1, nodes)
        assert resources.memory <= now.memory <= later.memory
        assert fits(later, nodes) == fits(resources, nodes)
        assert {**wanted(later), "memory": 0} == {**wanted(resources), "memory": 0}

    def test_up_to_the_largest_node_that_could_run_it(self) -> None:
        asks = Resources(gpus=1, memory=2 * GIB, memory_growth=2)
        there = [node(CPU=8, memory=64 * GIB), node(CPU=2, GPU=1, memory=6 * GIB)]
        assert [grown(asks, losses, there).memory // GIB for losses in range(4)] == [2, 4, 6, 6]

    def test_what_asks_for_no_memory_goes_on_so(self) -> None:
        assert grown(Resources(memory_growth=2), 3, [node(CPU=1, memory=GIB)]) == Resources(memory_growth=2)

    def test_where_nothing_fits_it_stays_as_it_was(self) -> None:
        asks = Resources(memory=2 * GIB, memory_growth=2)
        assert grown(asks, 2, [node(CPU=1, memory=GIB)]).memory == 2 * GIB


class TestInWords:
    def test_of_a_stage(self) -> None:
        asks = Resources(cpus=0.5, gpus=2, memory=3 * GIB, custom={"lamp": 1})
        assert described(asks) == "0.5 CPU, 2 GPU, 3.0 GiB memory, 1 lamp"
        assert described(Resources(cpus=0)) == "nothing"

    def test_of_nodes_equal_ones_together_and_without_what_nobody_asks_for(self) -> None:
        two = node(memory=7.5 * GIB, object_store_memory=GIB, CPU=4.0, **{"node:10.0.0.1": 1.0})
        assert nodes_described([two, two, node(CPU=1.0, lamp=1.0), node(CPU=9, alive=False)]) == (
            "2 nodes with 4 CPU, 7.5 GiB memory; a node with 1 CPU, 1 lamp"
        )
        assert nodes_described([node(CPU=9, alive=False)]) == "no node that is alive"

    def test_of_ray(self) -> None:
        assert options(Resources(cpus=0.5, gpus=1, memory=GIB, custom={"lamp": 2})) == {
            "num_cpus": 0.5,
            "num_gpus": 1,
            "memory": GIB,
            "resources": {"lamp": 2},
        }
        assert options(Resources(cpus=0)) == {"num_cpus": 0, "num_gpus": 0}
