"""Loading a release with `datasets`, as it was published or labelled anew."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.consuming.published import Published, published
from affectory.pipelines.consuming.relabel import Relabelling, RuleSaid, relabelling
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy_parts import did_you_mean
from affectory.schemas.urls import Location, Url

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict, Features, IterableDataset, IterableDatasetDict

_ID = "sample_id"


def load(
    place: Location | str,
    config: str = "default",
    *,
    split: str | None = None,
    rule: RuleSaid | None = None,
    pools: Sequence[str] | None = None,
    taxonomy: str | None = None,
    perspective: str | None = None,
    across: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    streaming: bool = False,
    decode: bool = True,
) -> "Dataset | DatasetDict | IterableDataset | IterableDatasetDict":
    """A release as `datasets.load_dataset` gives it; with a rule its label columns come anew from its opinions.

    Args:
        place: One version or the place of all, of which the newest is taken: a folder, `s3://...`,
            `hf://datasets/org/name` or `hf://datasets/org/name@v1.0.0`.
        config: `default`, `opinions`, or what else the release has.
        split: One of its splits, else a dictionary of all.
        rule: `majority`, or with parameters `{"n_best": {"n": 3}}`. Default: the recipe's, where anything below is
            said; else labels stay as they were published.
        pools: Whose opinions count, the first that has a label: of human, group and model.
        taxonomy: A built-in taxonomy to which there is a map.
        perspective: Count only opinions of this side: expressed, perceived, elicited, felt or intended.
        across: What is counted together although it differs: of perspective, whose and modalities.
        columns: Only these are read.
        streaming: Row by row, without a copy in the cache of `datasets`.
        decode: Whether media are decoded as rows are read, sound and video by torchcodec; else they are bytes.
    """
    release = published(place)
    splits = _splits(release, config, split)
    anew = [given for given in (pools, taxonomy, perspective, across) if given is not None]
    if rule is None and not anew:
        data = _loaded(release, config, splits, _known(release, config, columns), streaming)
    elif config != "default":
        raise UserError(f"a rule labels the config 'default', and {config!r} was asked for", "leave out `config`")
    else:
        how = relabelling(
            release, rule or release.label.get("rule") or "vote_share",
            taxonomy=taxonomy, pools=pools, perspective=perspective, across=across,
        )  # fmt: skip
        data = _relabelled(how, splits, columns, streaming)
    data = data if decode else _undecoded(data)
    return data[split] if split is not None else data


def _undecoded(data: Any) -> Any:
    """Its media columns as bytes; frames are lists of pictures, which need no torch."""
    from datasets import Audio, Image, Video

    for split, rows in data.items():
        for name, feature in rows.features.items():
            if isinstance(feature, Audio | Image | Video):
                data[split] = data[split].cast_column(name, type(feature)(decode=False))
    return data


def _splits(release: Published, config: str, split: str | None) -> tuple[str, ...]:
    rows = release.content.rows
    if config not in rows:
        raise UserError(f"no config {config!r}{did_you_mean(config, rows)}", f"there are: {', '.join(rows)}")
    there = tuple(rows[config])
    if split is not None and split not in there:
        hint = f"there are: {', '.join(there) or 'none'}; for a part of one: data.select(range(100))"
        raise UserError(f"no split {split!r} in {config!r}{did_you_mean(split, there)}", hint)
    return there if split is None else (split,)


def _known(release: Published, config: str, columns: Sequence[str] | None) -> list[str] | None:
    known = release.content.features[config]
    for name in columns or ():
        if name not in known:
            raise UserError(f"no column {name!r}{did_you_mean(name, known)}", f"there are: {', '.join(known)}")
    return None if columns is None else list(columns)


def _loaded(release: Published, config: str, splits: Sequence[str], columns: list[str] | None, streaming: bool) -> Any:
    from datasets import DatasetDict, IterableDatasetDict, load_dataset

    place, more = release.place, {"streaming": streaming, **({} if columns is None else {"columns": columns})}
    if isinstance(place, Url) and place.scheme != "hf":
        # `datasets` reads the header of a card on this machine and on the hub only.
        files = {s: [f"{place}/{name}" for name in release.shards(config, s)] for s in splits}
        return load_dataset("parquet", data_files=files, **more)
    if isinstance(place, Url):
        name, _, revision = place.removeprefix("hf://datasets/").partition("@")
        found = {s: load_dataset(name, config, split=s, revision=revision, **more) for s in splits}
    else:
        found = {s: load_dataset(str(place.resolve()), config, split=s, **more) for s in splits}
    return (IterableDatasetDict if streaming else DatasetDict)(found)


def _relabelled(how: Relabelling, splits: Sequence[str], columns: Sequence[str] | None, streaming: bool) -> Any:
    wanted = _known(how.release, "default", columns) or list(how.release.content.features["default"])
    made = how.table(splits)
    kept = [name for name in wanted if name not in _names(made)]
    data = _loaded(how.release, "default", splits, list(dict.fromkeys((_ID, *kept))), streaming)
    for split, table in made.items():
        new = [name for name in wanted if name in table.column_names and name not in (_ID, *kept)]
        features = _features(how, data[split].features, wanted)
        put = _streamed if streaming else _beside
        data[split] = put(data[split], table.select([_ID, *new]), features).select_columns(wanted)
    return data


def _names(made: Mapping[str, pa.Table]) -> set[str]:
    return {name for table in made.values() for name in table.column_names} - {_ID}


def _features(how: Relabelling, kept: "Features", wanted: Sequence[str]) -> "Features":
    from datasets import Features

    from affectory.pipelines.release.features import Shape, features_of

    labelled = features_of("default", Shape(how.taxonomy.name, how.taxonomy.labels, "", how.pools, (), {}))
    return Features({name: kept[name] if name in kept else labelled[name] for name in (_ID, *wanted)})


def _beside(data: Any, table: pa.Table, features: "Features") -> Any:
    """Rows lie in the order of their shards, as the ids of the table do."""
    from datasets import Dataset, concatenate_datasets

    new = table.drop_columns([_ID])
    typed = features.__class__({name: features[name] for name in new.column_names})
    return concatenate_datasets([data, Dataset(new.cast(typed.arrow_schema))], axis=1) if new.num_columns else data


def _streamed(data: Any, table: pa.Table, features: "Features") -> Any:
    """As Arrow, so that no picture or sound is decoded on the way."""
    arrow = data.with_format("arrow").map(_Joined(table, features), batched=True, features=features)
    return arrow.with_format(None)


class _Joined:
    """Rows with the label columns of their samples."""

    def __init__(self, table: pa.Table, features: "Features") -> None:
        self._ids = table.column(_ID).combine_chunks()
        typed = features.__class__({name: features[name] for name in table.column_names})
        self._labels = table.cast(typed.arrow_schema).drop_columns([_ID])

    def __call__(self, rows: pa.Table) -> pa.Table:
        labels = self._labels.take(pc.index_in(rows.column(_ID), value_set=self._ids))
        for name in labels.column_names:
            rows = rows.append_column(name, labels.column(name))
        return rows
