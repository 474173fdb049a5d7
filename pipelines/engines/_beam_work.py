"""What Beam's workers do: run a partition in a child process, read rows, reduce buckets."""

import base64
import pickle
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.options.pipeline_options import PipelineOptions

from affectory.pipelines.engines._mail import Mail, decoded, encoded
from affectory.pipelines.engines._shared import check_sources
from affectory.pipelines.engines._shelves import by_bucket
from affectory.pipelines.engines.base import Notice, PartitionKillsWorkers
from affectory.pipelines.runner.child import Child, ChildDied
from affectory.pipelines.runner.partition import Partition, PartitionReport, run_partition
from affectory.schemas.errors import AffectoryError

_LOOK_S = 1.0
_STARTER = ThreadPoolExecutor(1, "starts-children")
"""A child dies with the thread that started it, and Beam ends idle threads: this one lives as long as the process."""
_MARK = re.compile(r"<affectory:([A-Za-z0-9+/=]+)>")


class _Stopped(Exception):
    """The driver or another worker wants no more."""


class RunPartition(beam.DoFn):
    """Runs partitions one by one in a child process: native code that crashes costs no Beam worker."""

    def __init__(self, mail: Mail, common: bytes, elsewhere: bool = False) -> None:
        self._mail, self._common, self._elsewhere = mail, common, elsewhere

    def setup(self) -> None:
        self._child = Child()
        with _told():
            self._mail.check_seen()

    def process(self, element: bytes) -> Iterable[None]:
        """Errors go by mail: raised here, a runner would try them again and tell them as its own."""
        if not self._mail.stopped():
            try:
                self._mail.post(self._run(unpacked(element, self._common)))
            except _Stopped:
                pass
            except Exception as error:
                self._mail.stop(error)
        return ()

    def teardown(self) -> None:
        self._child.stop()

    def _run(self, partition: Partition) -> PartitionReport:
        try:
            return self._patiently(partition)
        except ChildDied as died:
            if partition.isolate == "all":
                raise PartitionKillsWorkers(partition.root, 2, str(died)) from died
            text = f"partition {partition.root[:12]} runs again (its worker died: {died})"
            self._mail.post(Notice("again", text, partition.root))
            return self._run(replace(partition, isolate="all"))

    def _patiently(self, partition: Partition) -> PartitionReport:
        if self._elsewhere:
            check_sources(partition)
        _STARTER.submit(self._send, partition).result()
        while not self._child.answers(_LOOK_S):
            if self._mail.stopped():
                self._child.stop()
                raise _Stopped
        report: PartitionReport = self._child.receive()
        return report

    def _send(self, partition: Partition) -> None:
        try:
            self._child.send(run_partition, partition)
        except ChildDied:  # while idle: the partition is not to blame
            self._child.send(run_partition, partition)


def packed(partitions: Sequence[Partition]) -> tuple[bytes, list[bytes]]:
    """Partitions as they travel: most of each is what all have in common, and a job's description must stay small."""
    pickles = [pickle.dumps(partition) for partition in partitions]
    return pickles[0], [_compressed(p, pickles[0]) for p in pickles]


def _compressed(data: bytes, common: bytes) -> bytes:
    work = zlib.compressobj(zdict=common)
    return work.compress(data) + work.flush()


def unpacked(element: bytes, common: bytes) -> Partition:
    partition: Partition = pickle.loads(zlib.decompressobj(zdict=common).decompress(element))
    return partition


def pipeline(arguments: Sequence[str]) -> beam.Pipeline:
    return beam.Pipeline(options=PipelineOptions(list(arguments)))


def run_all(root: beam.Pipeline, mail: Mail, partitions: Sequence[Partition], elsewhere: bool) -> None:
    """Add to a pipeline: every partition is run, wherever a worker is free."""
    common, elements = packed(partitions)
    spread = root | beam.Create(elements, reshuffle=False) | beam.Reshuffle()
    _ = spread | beam.ParDo(RunPartition(mail, common, elsewhere))


def exchange_all(
    root: beam.Pipeline, parts: Sequence[Any], read: Callable[[Any], pa.Table], reduce: Callable[[int, pa.Table], None]
) -> None:
    """Add to a pipeline: rows of all parts meet by bucket."""
    spread = root | beam.Create([pickle.dumps(part) for part in parts], reshuffle=False) | beam.Reshuffle()
    _ = spread | beam.FlatMap(_Read(read)) | beam.GroupByKey() | beam.Map(_Reduce(reduce))


@dataclass(frozen=True)
class _Read:
    read: Callable[[Any], pa.Table]

    def __call__(self, element: bytes) -> Iterable[tuple[int, bytes]]:
        with _told():
            return list(_streams(self.read(pickle.loads(element))))


@dataclass(frozen=True)
class _Reduce:
    reduce: Callable[[int, pa.Table], None]

    def __call__(self, grouped: tuple[int, Iterable[bytes]]) -> None:
        with _told():
            tables = [pa.ipc.open_stream(rows).read_all() for rows in grouped[1]]
            self.reduce(grouped[0], pa.concat_tables(tables))


def _streams(rows: pa.Table) -> Iterator[tuple[int, bytes]]:
    for bucket, chosen in by_bucket(rows):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as stream:
            stream.write_table(chosen)
        yield bucket, sink.getvalue().to_pybytes()


@contextmanager
def _told() -> Iterator[None]:
    """An error within the text of another: all that a runner hands on of a worker's error is its text."""
    try:
        yield
    except Exception as error:
        raise RuntimeError(f"<affectory:{base64.b64encode(encoded(error).encode()).decode()}>") from error


def own_error(told: Exception) -> AffectoryError | None:
    """The error of ours that a runner's error tells of, if any."""
    found = _MARK.search(str(told))
    return decoded(base64.b64decode(found[1]).decode()) if found else None
