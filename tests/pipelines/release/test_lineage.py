"""Details of rejects without the folders of whoever built the dataset."""

import pytest

from affectory.pipelines.release.lineage import without_folders


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("cannot open /home/ann/media/a.mp4", "cannot open a.mp4"),
        ("[Errno 2] No such file: '/tmp/x/y/z.wav'", "[Errno 2] No such file: 'z.wav'"),
        ("/tmp/a/b.png: bad; /tmp/a/c.png: bad", "b.png: bad; c.png: bad"),
        ("in /srv/data/", "in "),
        ("text/plain or image/png", "text/plain or image/png"),
        ("s3://bucket/key/file", "s3://bucket/key/file"),
        ("3 / 4 of it", "3 / 4 of it"),
        ("row 3, column body", "row 3, column body"),
    ],
)
def test_folders_are_cut_from_absolute_paths(given: str, kept: str) -> None:
    assert without_folders(given) == kept
