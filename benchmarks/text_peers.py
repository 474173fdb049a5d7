"""The same job done by peers, in environments of their own; `text.py` runs this file with their Python."""

import os
import sys
from pathlib import Path

LEAST, ALNUM, HASHES, BANDS, ROWS = 100, 0.6, 112, 14, 8


def daft_job() -> int:
    """Filters and hashes by Daft, bands by numpy, the rest joined by union-find over the bands."""
    import daft
    import numpy as np
    from daft import col
    from daft.functions import length, minhash, regexp_replace

    rows = daft.read_json(sorted(map(str, Path("corpus").glob("*.jsonl"))))
    letters = length(regexp_replace(col("text"), "[^A-Za-z0-9]", ""))
    rows = rows.where(length(col("text")) >= LEAST).where(letters >= ALNUM * length(col("text")))
    hashed = rows.with_column(
        "hashes", minhash(col("text"), num_hashes=HASHES, ngram_size=5, seed=1, hash_function="xxhash3_64")
    )
    table = hashed.to_arrow().combine_chunks()
    values = table.column("hashes").combine_chunks()
    hashes = np.asarray(values.flatten()).reshape(-1, HASHES).astype(np.uint64)
    keep = kept(hashes)
    import pyarrow as pa
    import pyarrow.parquet as pq

    Path("out").mkdir()
    pq.write_table(table.drop_columns(["hashes"]).filter(pa.array(keep)), "out/texts.parquet")
    return int(keep.sum())


def kept(hashes):
    """The first of each group of rows that are connected by equal bands."""
    import numpy as np

    parent = np.arange(len(hashes))
    for band in range(BANDS):
        part = hashes[:, band * ROWS : (band + 1) * ROWS]
        mixed = np.zeros(len(part), np.uint64)
        for column in range(ROWS):
            mixed = (mixed ^ part[:, column]) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        order = np.argsort(mixed, kind="stable")
        same = mixed[order][1:] == mixed[order][:-1]
        for a, b in zip(order[:-1][same].tolist(), order[1:][same].tolist(), strict=True):
            while parent[a] != a:
                a = parent[a]
            while parent[b] != b:
                b = parent[b]
            if a != b:
                parent[max(a, b)] = min(a, b)
    return parent == np.arange(len(parent))


CONFIG = """
project_name: text
dataset_path: corpus
export_path: out/texts.jsonl
np: 2
open_tracer: false
use_cache: false
process:
  - text_length_filter: {min_len: 100}
  - alphanumeric_filter: {tokenization: false, min_ratio: 0.6}
  - document_minhash_deduplicator:
      {tokenization: space, window_size: 5, lowercase: true, jaccard_threshold: 0.7, num_permutations: 112,
       num_bands: 14, num_rows_per_band: 8}
"""


def data_juicer_job() -> int:
    """Its own recipe, and Parquet of what it exports."""
    Path("data_juicer.yaml").write_text(CONFIG)
    from data_juicer.config import init_configs
    from data_juicer.core import DefaultExecutor

    config = init_configs(["--config", "data_juicer.yaml"])
    DefaultExecutor(config).run()
    import pyarrow.json as pj
    import pyarrow.parquet as pq

    table = pj.read_json("out/texts.jsonl")
    pq.write_table(table, "out/texts.parquet")
    return table.num_rows


if __name__ == "__main__":
    job = {"daft": daft_job, "data-juicer": data_juicer_job}[sys.argv[1]]
    os.write(1, f"{job()}\n".encode())  # Data-Juicer takes `print` away
