"""Items of a stage over workers: in order, bounded, and one bad item among many is no end."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import FailedItem, RuntimeContext, blobs
from stages.core.blobs import BlobStore, using
from stages.core.errors import BlobDamaged, JobStopped, StoreUnreachable, TooManyFailedItems
from stages.core.spread import SerialSpread, Spread, ThreadSpread
from tests.unit.harness import make_context


@pytest.fixture(scope="module", params=["serial", "one thread", "four threads"])
def spread(request: pytest.FixtureRequest) -> Iterator[Spread]:
    if request.param == "serial":
        yield SerialSpread()
        return
    made = ThreadSpread(1 if request.param == "one thread" else 4)
    yield made
    made.close()


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadSpread]:
    made = ThreadSpread(4)
    yield made
    made.close()


def halves(number: int) -> float:
    return 1 / number


class TestMap:
    def test_results_come_in_the_order_of_the_items(self, spread: Spread) -> None:
        ctx = make_context(spread=spread)
        assert list(ctx.map(lambda n: n * n, range(20))) == [n * n for n in range(20)]

    @given(milliseconds=st.lists(st.integers(0, 3), max_size=25), in_flight=st.none() | st.integers(1, 30))
    @settings(max_examples=25, deadline=None)
    def test_whatever_time_each_takes(
        self, milliseconds: list[int], in_flight: int | None, threads: ThreadSpread
    ) -> None:
        def wait(item: tuple[int, int]) -> int:
            time.sleep(item[1] / 1000)
            return item[0]

        found = make_context(spread=threads).map(wait, enumerate(milliseconds), in_flight=in_flight)
        assert list(found) == list(range(len(milliseconds)))

    def test_nothing_to_do(self, spread: Spread) -> None:
        assert list(make_context(spread=spread).map(halves, [])) == []

    @pytest.mark.parametrize("in_flight", [1, 2, 5])
    def test_no_more_are_taken_than_may_be_in_flight(self, threads: ThreadSpread, in_flight: int) -> None:
        taken, seen = [], []

        def items() -> Iterator[int]:
            for number in range(20):
                taken.append(number)
                yield number

        for result in make_context(spread=threads).map(lambda n: n, items(), in_flight=in_flight):
            seen.append(result)
            assert len(taken) - len(seen) < in_flight
        assert seen == list(range(20))

    def test_later_items_run_while_earlier_results_are_used(self, threads: ThreadSpread) -> None:
        begun = [Event(), Event()]
        results = make_context(spread=threads).map(lambda n: begun[n].set(), range(2), in_flight=2)
        next(results)
        assert begun[1].wait(5)

    def test_items_run_beside_each_other(self, threads: ThreadSpread) -> None:
        meeting = threading.Barrier(4, timeout=5)
        assert len(list(make_context(spread=threads).map(lambda _: meeting.wait(), range(4)))) == 4

    def test_what_is_dear_is_made_once_a_worker(self, spread: Spread) -> None:
        made: list[int] = []

        def setup() -> str:
            made.append(threading.get_ident())
            return "model"

        ctx = make_context(spread=spread)
        found = list(ctx.map(lambda model, item: (model, item), range(30), setup=setup))
        assert found == [("model", number) for number in range(30)]
        assert len(made) == len(set(made)) <= 4

    def test_a_setup_that_fails_is_no_items_fault(self, spread: Spread) -> None:
        def setup() -> None:
            raise OSError("no model file")

        ctx = make_context(spread=spread)
        with pytest.raises(OSError, match="no model file"):
            list(ctx.map(lambda model, item: item, [1], setup=setup, max_failed=10))
        assert ctx.failed_items == []

    def test_the_source_of_the_items_may_fail(self, spread: Spread) -> None:
        def items() -> Iterator[int]:
            yield 1
            raise OSError("the film ends here")

        with pytest.raises(OSError, match="the film ends here"):
            list(make_context(spread=spread).map(halves, items()))

    def test_items_have_the_blobs_of_their_stage(self, spread: Spread, blobs: BlobStore) -> None:
        with using(blobs):
            refs = list(make_context(spread=spread).map(put, [b"one", b"two"]))
        assert [blobs.get(ref) for ref in refs] == [b"one", b"two"]

    @pytest.mark.timeout(20)
    def test_an_item_may_map_in_its_turn(self, spread: Spread) -> None:
        ctx = make_context(spread=spread)
        found = ctx.map(lambda row: list(ctx.map(lambda n: n * row, range(3))), range(8))
        assert list(found) == [[0, row, 2 * row] for row in range(8)]

    def test_items_left_behind_are_dropped(self, threads: ThreadSpread) -> None:
        ran = []
        results = make_context(spread=threads).map(
            lambda n: (time.sleep(0.01), ran.append(n)), range(500), in_flight=500
        )
        next(results)
        results.close()  # type: ignore[attr-defined]
        time.sleep(0.1)
        assert len(ran) < 250


def test_a_closed_pool_finishes_what_runs_and_drops_what_waits() -> None:
    pool, ran = ThreadSpread(1), []
    results = pool.map(lambda item: (time.sleep(0.02), ran.append(item)), range(10), in_flight=10)
    next(results)
    pool.close()
    assert 1 <= len(ran) < 10


def put(data: bytes) -> Any:
    return blobs().put(data)


class TestFailedItems:
    def test_a_bad_item_comes_back_in_its_place(self, spread: Spread) -> None:
        ctx = make_context(spread=spread)
        found = list(ctx.map(halves, [2, 0, 4], max_failed=1))
        assert found == [0.5, FailedItem(1, "ZeroDivisionError", "division by zero"), 0.25]
        assert ctx.failed_items == [found[1]]
        assert str(found[1]) == "ZeroDivisionError: division by zero"

    def test_more_than_the_limit_end_the_stage(self, spread: Spread) -> None:
        ctx = make_context(spread=spread)
        with pytest.raises(TooManyFailedItems) as e:
            list(ctx.map(halves, [1, 0, 2, 0, 0, 3], max_failed=2))
        assert str(e.value) == (
            "3 item(s) failed, more than the limit of 2; the first, item 1: ZeroDivisionError: division by zero"
        )
        assert e.value.context == {"failed": 3, "limit": 2}
        assert isinstance(e.value.__cause__, ZeroDivisionError)

    def test_by_default_none_may_fail(self, spread: Spread) -> None:
        with pytest.raises(
            TooManyFailedItems, match=r"^1 item\(s\) failed, more than the limit of 0; the first, item 0"
        ):
            list(make_context(spread=spread).map(halves, [0]))

    def test_each_map_of_a_stage_counts_its_own(self, spread: Spread) -> None:
        ctx = make_context(spread=spread)
        for _ in range(3):
            list(ctx.map(halves, [1, 0], max_failed=1))
        assert [item.index for item in ctx.failed_items] == [1, 1, 1]

    def test_also_when_they_take_turns(self) -> None:
        ctx = make_context()
        even, odd = ctx.map(halves, [0, 2, 0], max_failed=1), ctx.map(int, ["x", "1"], max_failed=1)
        assert [str(next(even)), str(next(odd)), next(even), next(odd)] == [
            "ZeroDivisionError: division by zero",
            "ValueError: invalid literal for int() with base 10: 'x'",
            0.5,
            1,
        ]
        with pytest.raises(TooManyFailedItems, match=r"^2 item.*; the first, item 0: ZeroDivisionError"):
            next(even)

    @given(good=st.lists(st.booleans(), max_size=20), limit=st.integers(0, 5))
    @settings(max_examples=25, deadline=None)
    def test_a_stage_ends_exactly_when_there_are_too_many(
        self, good: list[bool], limit: int, threads: ThreadSpread
    ) -> None:
        ctx = make_context(spread=threads)
        results = ctx.map(halves, [int(each) for each in good], max_failed=limit)
        if good.count(False) > limit:
            with pytest.raises(TooManyFailedItems):
                list(results)
            assert len(ctx.failed_items) == limit + 1
        else:
            assert [isinstance(result, FailedItem) for result in results] == [not each for each in good]
            assert [item.index for item in ctx.failed_items] == [i for i, each in enumerate(good) if not each]

    @pytest.mark.parametrize(
        "error", [StoreUnreachable("no answer"), BlobDamaged("is gone"), JobStopped("stopped")], ids=repr
    )
    def test_faults_of_the_store_and_the_end_of_the_job_are_no_items_own(
        self, spread: Spread, error: Exception
    ) -> None:
        def work(item: int) -> None:
            raise error

        ctx = make_context(spread=spread)
        with pytest.raises(type(error)) as e:
            list(ctx.map(work, range(3), max_failed=100))
        assert e.value is error
        assert ctx.failed_items == []


class Told:
    """Remembers the progress that it is told of."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, float]] = []

    def progress(self, current: float, total: float, category: str | None) -> None:
        self.seen.append((current, total))

    def metrics(self, *args: Any) -> None: ...
    def event(self, *args: Any) -> None: ...


class TestProgressAndStop:
    def test_progress_is_told_of_itself(self, spread: Spread) -> None:
        told = Told()
        list(make_context(told, spread).map(halves, [1, 2, 4]))
        assert told.seen == [(1, 3), (2, 3), (3, 3)]

    def test_of_items_that_cannot_be_counted_the_total_is_0(self, spread: Spread) -> None:
        told = Told()
        list(make_context(told, spread).map(halves, iter([1, 2])))
        assert told.seen == [(1, 0), (2, 0)]

    def test_a_stopped_job_ends_between_two_items(self, spread: Spread) -> None:
        stopped, seen = Event(), []
        ctx = RuntimeContext(make_context().logger, {}, spread=spread, stopped=stopped)

        def use(result: float | FailedItem) -> None:
            seen.append(result)
            if len(seen) == 3:
                stopped.set()

        with pytest.raises(JobStopped):
            list(map(use, ctx.map(halves, range(1, 100))))
        assert seen == [1, 1 / 2, 1 / 3]


@pytest.mark.parametrize("make", [SerialSpread, lambda: ThreadSpread(3)], ids=["serial", "threads"])
def test_every_spread_gives_the_same(make: Callable[[], Spread]) -> None:
    items = random.Random(7).choices(range(5), k=50)
    found = list(make_context(spread=make()).map(halves, items, max_failed=50))
    assert [getattr(result, "index", result) for result in found] == [1 / n if n else i for i, n in enumerate(items)]
