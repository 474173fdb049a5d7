"""Addresses: what is understood, what is refused, and that no secret is shown."""

from pathlib import Path

import pytest

from affectory.schemas.errors import UserError
from affectory.schemas.urls import BadUrl, Url, as_location, is_url, masked, read_location, read_url


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("s3://my.bucket-1/a b/ü.jsonl", "s3://my.bucket-1/a b/ü.jsonl"),
        ("hf://datasets/org/name", "hf://datasets/org/name"),
        ("hf://datasets/org/name@v1.0.0/data", "hf://datasets/org/name@v1.0.0/data"),
    ],
)
def test_an_address_is_read(given: str, read: str) -> None:
    found = read_url(given)
    assert found == read
    assert found.name == read.rpartition("/")[2]
    assert as_location(str(found)) == found
    assert isinstance(as_location(str(found)), Url)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("http://host/data", "of this kind"),
        ("file:///etc/passwd", "of this kind"),
        ("ftp://host", "of this kind"),
        ("S3://bucket", "of this kind"),
        ("s3:/bucket/a-slash-too-few", "of this kind"),
        ("s3:/key:secret@bucket", "of this kind"),
        ("s3://", "empty part"),
        ("s3:///key", "empty part"),
        ("s3://bucket//key", "empty part"),
        ("s3://bucket/../other", ".. in it"),
        ("s3://bucket/./x", ".. in it"),
        ("s3://bucket/x?versionId=1", "without ?"),
        ("s3://bucket/x#1", "without ?"),
        ("s3://bucket/x\ny", "control characters"),
        ("s3://key:secret@bucket/x", "credentials"),
        ("s3://key@bucket", "credentials"),
        ("s3://host:9000/bucket", "credentials"),
        ("hf://user:secret@datasets/org/name", "credentials"),
        ("s3://-bucket", "no name of a bucket"),
        ("hf://org/name", "not a dataset"),
        ("hf://datasets/org", "not a dataset"),
        ("hf://models/org/name", "not a dataset"),
        ("hf://datasets/org/name@/x", "not a dataset"),
    ],
)
def test_what_is_no_address_to_use_is_refused(given: str, why: str) -> None:
    with pytest.raises(BadUrl) as caught:
        read_url(given)
    assert why in caught.value.args[0]
    with pytest.raises(UserError) as told:
        read_location(given, "--releases")
    assert "secret" not in str(told.value)
    assert "allowed: a folder, or s3://bucket/prefix" in str(told.value)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("s3://key:secret@bucket/x", "s3://***"),
        ("s3://KEY:sec/ret@bucket", "s3://***"),
        ("https://host/x?X-Amz-Signature=secret", "https://host/x"),
        ("s3://bucket/x", "s3://bucket/x"),
        ("hf://datasets/org/name@v1/x", "hf://datasets/org/name@v1/x"),
    ],
)
def test_secrets_are_not_shown(given: str, shown: str) -> None:
    assert masked(given) == shown


@pytest.mark.parametrize("given", ["media", "./s3:/x", "/a/b", "C:/x"])
def test_paths_are_paths(given: str) -> None:
    assert not is_url(given)
    assert read_location(given, "--releases") == Path(given)
    assert as_location(given) == Path(given)


@pytest.mark.parametrize(
    ("url", "root", "below"),
    [
        ("s3://b/x/y", "s3://b/x", True),
        ("s3://b/x", "s3://b/x", True),
        ("s3://b/xy", "s3://b/x", False),
        ("s3://bb/x", "s3://b", False),
        ("s3://b", "s3://b/x", False),
        ("hf://datasets/o/n@v1/x", "hf://datasets/o/n", True),
        ("hf://datasets/o/n@v1/x", "hf://datasets/o/n@v2", True),
        ("hf://datasets/o/nn", "hf://datasets/o/n", False),
        ("hf://datasets/o/n", "s3://datasets/o/n", False),
    ],
)
def test_what_lies_below_a_root(url: str, root: str, below: bool) -> None:
    assert read_url(url).is_below(read_url(root)) is below
