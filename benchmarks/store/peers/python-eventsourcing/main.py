"""The store jobs in the Python library `eventsourcing`, on SQLite.

The command line, the events and the checks are those of the crate `store-jobs`.
"""

import argparse
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import Tracking
from eventsourcing.sqlite import SQLiteTrackingRecorder

import plan

IN_COMMIT = 1_000
IN_STEP = 1_000
LOADED = 300_000


@dataclass(frozen=True)
class Deposited(DomainEvent):
    number: int
    cents: int
    region: int
    note: str
    correlation: str
    causation: str


@dataclass
class Account:
    """What events are folded into."""

    events: int = 0
    cents: int = 0
    numbers: int = 0
    regions: int = 0
    note_bytes: int = 0
    # What the library asks of an aggregate.
    id: UUID = field(default=None, compare=False)
    version: int = field(default=0, compare=False)

    def deposit(self, event):
        self.events += 1
        self.cents += event.cents
        self.numbers ^= event.number
        self.regions += event.region
        self.note_bytes += len(event.note)

    @classmethod
    def of(cls, events):
        account = cls()
        for event in events:
            account.deposit(event)
        return account


def project(account, events):
    account = account or Account()
    for event in events:
        account.deposit(event)
        account.id, account.version = event.originator_id, event.originator_version
    return account


class Eventsourcing:
    """The library leaves SQLite's `synchronous=FULL` as it is, so both durabilities are one."""

    def __init__(self, folder):
        environment = {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(folder / "events.db"),
            # A writer waits for the file as long as others hold it.
            "SQLITE_LOCK_TIMEOUT": "600",
        }
        self.application = Application(env=environment)

    def commit(self, events):
        self.application.events.put([domain_event(event) for event in events])

    def fill(self, events):
        while some := list(islice(events, IN_COMMIT)):
            self.commit(some)

    def append(self, shares):
        failures = []

        def write(share):
            try:
                for event in share:
                    self.commit([event])
            except Exception as failure:
                failures.append(failure)

        threads = [threading.Thread(target=write, args=(share,)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def load(self, stream):
        return self.application.repository.get(UUID(int=stream), projector_func=project)

    def scan(self):
        total = Account()
        after = 0
        while True:
            notifications = self.application.recorder.select_notifications(
                after, IN_COMMIT, inclusive_of_start=False
            )
            for notification in notifications:
                total.deposit(self.application.mapper.to_domain_event(notification))
                after = notification.id
            if not notifications:
                return total

    def catch_up(self, name, key):
        view = View(self.application.factory.datastore, name)
        view.create_table()
        after = 0
        while True:
            notifications = self.application.recorder.select_notifications(
                after, IN_STEP, inclusive_of_start=False
            )
            if not notifications:
                return view
            rows = {}
            for notification in notifications:
                event = self.application.mapper.to_domain_event(notification)
                row = rows.setdefault(key(event), [0, 0])
                row[0] += 1
                row[1] += event.cents
                after = notification.id
            view.put(rows, Tracking(name, after))

    def close(self):
        self.application.close()


class View(SQLiteTrackingRecorder):
    """Rows and checkpoint in one transaction, as the library's views keep them."""

    def __init__(self, datastore, name):
        self.name = name
        super().__init__(datastore)

    def construct_create_table_statements(self):
        statements = super().construct_create_table_statements()
        statements.append(
            f"CREATE TABLE {self.name} (key INTEGER PRIMARY KEY, events INTEGER, cents INTEGER)"
        )
        return statements

    def put(self, rows, tracking):
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.executemany(
                f"INSERT INTO {self.name} VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE "
                "SET events = events + excluded.events, cents = cents + excluded.cents",
                [(key, *row) for key, row in rows.items()],
            )

    def rows(self):
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(f"SELECT key, events, cents FROM {self.name}")
            return {key: [events, cents] for key, events, cents in cursor.fetchall()}


def domain_event(event):
    return Deposited(
        originator_id=UUID(int=event.stream),
        originator_version=event.version,
        timestamp=datetime.now(timezone.utc),
        number=event.number,
        cents=event.cents,
        region=event.region,
        note=event.note,
        correlation=plan.identity(event.stream, 1, event.version // 8),
        causation=plan.identity(event.stream, 2, event.version),
    )


def expect(what, found, right):
    if found != right:
        sys.exit(f"{what}: {found} was read and {right} is right")


def check_streams(system, shares):
    total = Account.of(plan.begun())
    for part, versions in shares:
        for event in part:
            total.deposit(event)
        for stream, version in versions.items():
            if stream % 100 == 0:
                right = Account.of(plan.planned(stream, it) for it in range(1, version + 1))
                expect("a stream", system.load(stream), right)
    expect("the log", system.scan(), total)


def append(system, writers, events):
    system.fill(plan.begun())
    shares = [plan.share(writer, writers, events) for writer in range(writers)]
    started = time.perf_counter()
    system.append([part for part, _ in shares])
    elapsed = time.perf_counter() - started
    check_streams(system, shares)
    return events / elapsed, "events/s"


def bulk(system, events):
    system.fill(plan.begun())
    part, versions = plan.share(0, 1, events)
    started = time.perf_counter()
    system.fill(iter(part))
    elapsed = time.perf_counter() - started
    check_streams(system, [(part, versions)])
    return events / elapsed, "events/s"


def load(system, length, events, together=False):
    streams = plan.loaded(length, together, events)
    for stream, version in streams.items():
        right = Account.of(plan.planned(stream, it) for it in range(1, version + 1))
        expect("a stream", system.load(stream), right)
    rounds = -(-LOADED // (10 * sum(streams.values())))
    loaded = 0
    started = time.perf_counter()
    for _ in range(rounds):
        for stream in streams:
            loaded += system.load(stream).events
    elapsed = time.perf_counter() - started
    expect("events loaded", loaded, rounds * sum(streams.values()))
    return elapsed * 1e6 / (loaded / length), "us/load"


def scan(system, events):
    started = time.perf_counter()
    found = system.scan()
    elapsed = time.perf_counter() - started
    expect("the log", found, Account.of(plan.filled(events)))
    return events / elapsed, "events/s"


def fill(system, events):
    started = time.perf_counter()
    system.fill(plan.filled(events))
    return events / (time.perf_counter() - started), "events/s"


def catch_up(system, key, events):
    name = f"deposits_{time.time_ns()}"
    started = time.perf_counter()
    view = system.catch_up(name, key)
    elapsed = time.perf_counter() - started
    right = {}
    for event in plan.filled(events):
        row = right.setdefault(key(domain_event(event)), [0, 0])
        row[0] += 1
        row[1] += event.cents
    expect("the view", view.rows(), right)
    return events / elapsed, "events/s"


def measure(system, job, events):
    name, _, number = job.partition("-")
    if job == "catch-up":
        return catch_up(system, lambda event: event.region, events)
    if job == "catch-up-streams":
        return catch_up(system, lambda event: event.originator_id.int, events)
    if job == "rebuild":
        system.catch_up(f"first_{time.time_ns()}", lambda event: event.region)
        return catch_up(system, lambda event: event.region, events)
    if job == "load-1000-together":
        return load(system, 1_000, events, together=True)
    jobs = {"fill": fill, "bulk": bulk, "scan": scan}
    if job in jobs:
        return jobs[job](system, events)
    return {"append": append, "load": load}[name](system, int(number), events)


def peak_memory():
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1_024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("job")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--durability", choices=["full", "default"], default="full")
    command = parser.parse_args()
    command.folder.mkdir(parents=True, exist_ok=True)
    system = Eventsourcing(command.folder)
    unsupported = None
    if command.job.endswith("-tables"):
        value, unit, unsupported = None, "", "is not measured into SQL tables"
    else:
        value, unit = measure(system, command.job, command.events)
    system.close()
    files = (path for path in command.folder.rglob("*") if path.is_file())
    outcome = {
        "value": value,
        "unit": unit,
        "unsupported": unsupported,
        "job": command.job,
        "system": "python-eventsourcing",
        "durability": command.durability,
        "events": command.events,
        "peak_memory_bytes": peak_memory(),
        "disk_bytes": sum(path.stat().st_size for path in files),
    }
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
