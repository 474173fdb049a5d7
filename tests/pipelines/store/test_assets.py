"""Media bytes by their hash."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines.store.assets import AssetMissing, AssetStore, Place, name_of
from affectory.pipelines.store.originals import locate, read_original
from affectory.schemas.errors import UserError


@pytest.fixture
def store(tmp_path: Path) -> AssetStore:
    return AssetStore(tmp_path / "assets")


def test_bytes_are_kept_once_under_their_hash(store: AssetStore) -> None:
    asset = store.put(b"sound")
    assert asset == hashlib.sha256(b"sound").hexdigest() == store.put(b"sound")
    path = store.path(asset)
    assert path is not None
    assert path.read_bytes() == b"sound"
    assert list(store.files.names()) == [name_of(asset)]


def test_what_was_not_kept_has_no_path(store: AssetStore) -> None:
    assert store.path("0" * 64) is None


@given(st.text("0123456789abcdef", min_size=64, max_size=64))
def test_names_are_spread_over_folders_and_can_be_told_back(asset: str) -> None:
    folder, _, name = name_of(asset).partition("/")
    assert (folder, name) == (asset[:2], asset)


def test_made_bytes_are_found_in_the_store_and_the_users_own_in_place(store: AssetStore, tmp_path: Path) -> None:
    media = tmp_path / "media" / "sub"
    media.mkdir(parents=True)
    (media / "a b.wav").write_bytes(b"own")
    own, made = hashlib.sha256(b"own").hexdigest(), store.put(b"made")
    roots = {"clips": str(tmp_path / "media"), "one": str(media / "a b.wav")}
    place = Place("clips", "sub/a b.wav", own)
    assert locate(store, roots, own, place) == media / "a b.wav"
    assert locate(store, roots, own, Place("one", "a b.wav", own)) == media / "a b.wav", "a source may be a file"
    assert locate(store, roots, made, place) == store.path(made)
    with pytest.raises(AssetMissing):
        locate(store, roots, "0" * 64, place)


def test_bytes_that_changed_since_they_were_hashed_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"then")
    asset = hashlib.sha256(b"then").hexdigest()
    roots, place = {"clips": str(tmp_path)}, Place("clips", "a.wav", asset)
    assert read_original(roots, asset, place) == b"then"
    path.write_bytes(b"now")
    with pytest.raises(UserError, match=r"a\.wav changed since it was read") as raised:
        read_original(roots, asset, place)
    assert "build again" in raised.value.hint
