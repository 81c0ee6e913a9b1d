"""What an engine costs when the work is nothing: whole processes, services running, side by side in one run.

    python -m bench.overhead [--rounds 5]

Eight stages in a line, each writing 1 MB and 10 kB to S3. `cold`: nothing is stored yet; `kept`: nothing has changed;
`changed`: a setting of stage 5 has. Three ways: by hand with boto3 (the floor), plain Prefect with its default
persistence (the peer), Stagewright. Rounds alternate between the ways, so that a machine that slows down slows all.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.overhead_work import CHANGED, COUNT
from bench.services import running

HERE = Path(__file__).parent
MODES = ("cold", "kept", "changed")
Command = Callable[[int, int], list[str]]


def _by_hand(seed: int, changed: int) -> list[str]:
    return [sys.executable, "-m", "bench.overhead_plain", str(seed), str(changed)]


def _plain_prefect(seed: int, changed: int) -> list[str]:
    return [sys.executable, "-m", "bench.overhead_prefect", str(seed), str(changed)]


def _stagewright(seed: int, changed: int) -> list[str]:
    seeds = [f"overhead_{stage}.seed={changed if stage == CHANGED else seed}" for stage in range(COUNT)]
    sets = [part for seed_of in seeds for part in ("--set", seed_of)]
    return [str(Path(sys.executable).parent / "stagewright"), "run", str(HERE / "overhead.yaml"), *sets, "--json"]


WAYS: dict[str, Command] = {"by hand": _by_hand, "plain Prefect": _plain_prefect, "Stagewright": _stagewright}


def measure(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of each way and mode, one for each round."""
    seconds: dict[str, dict[str, list[float]]] = {way: {mode: [] for mode in MODES} for way in WAYS}
    for number in range(rounds + 1):  # the first round warms up and does not count
        seed = random.randrange(10**9)
        for way, command in WAYS.items():
            for mode, changed in zip(MODES, (seed, seed, seed + 1), strict=True):
                took = _timed(command(seed, changed))
                if number:
                    seconds[way][mode].append(took)
    return seconds


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return time.perf_counter() - started


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with running():
        os.environ["STAGEWRIGHT_STAGE_MODULES"] = "bench.overhead_stages"
        os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
        subprocess.run([sys.executable, "-m", "bench.overhead_prefect", "setup"], check=True)
        seconds = measure(rounds)
    print(f"{'seconds, median of ' + str(rounds):<24}" + "".join(f"{mode:>10}" for mode in MODES))
    for way in WAYS:
        print(f"{way:<24}" + "".join(f"{statistics.median(seconds[way][mode]):>10.2f}" for mode in MODES))
    ratios = [
        statistics.median(a / b for a, b in zip(seconds["Stagewright"][m], seconds["plain Prefect"][m], strict=True))
        for m in MODES
    ]
    print(f"{'Stagewright / Prefect':<24}" + "".join(f"{ratio:>10.2f}" for ratio in ratios))


if __name__ == "__main__":
    main()
