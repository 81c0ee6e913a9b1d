"""What the local Prefect server must survive: the garbage of a refused statement, while its connection is in use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# The thread of the script stands for the server's event loop, the other one for the connection's own.
SCRIPT = """
import sqlite3, sys, threading, time
from deployments.local import prefect_program

def connected():
    return sqlite3.connect(sys.argv[1], timeout=4, isolation_level=None, check_same_thread=False)

def refused(connection):
    cursor = connection.cursor()
    cursor.execute("pragma busy_timeout = 0")
    try:
        cursor.execute("insert into numbers values (1)")
    except sqlite3.OperationalError:
        cycle = [cursor]
        cycle.append(cycle)
    connection.execute("pragma busy_timeout = 4000")

def insert(connection):
    try:
        connection.execute("insert into numbers values (2)")
        print("written")
    except sqlite3.OperationalError as error:
        print(error)

holder, other = connected(), connected()
holder.execute("create table numbers (number)")
holder.execute("begin immediate")
prefect_program.collect_apart()
refused(other)
waiting = threading.Thread(target=insert, args=[other])
waiting.start()
time.sleep(0.3)  # until it waits for the holder
for number in range(200_000):  # some of it garbage
    cycle = []
    cycle.append(cycle)
time.sleep(2 * prefect_program.EVERY_S)  # until it is collected
holder.execute("commit")
waiting.join()
print(holder.execute("select count(*) from numbers").fetchone()[0])
"""


def test_a_collector_that_waits_for_a_connection_keeps_nobody_from_committing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "numbers.db")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.split("\n")[:-1] == ["written", "1"]  # by default: database is locked, 0
