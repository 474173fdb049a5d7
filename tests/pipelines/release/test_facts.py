"""What a card counts."""

from collections import Counter

import pyarrow as pa

from affectory.pipelines.release.facts import Facts, licences_of, ranked


def test_licences_are_named_by_source_in_an_order_of_their_own() -> None:
    rows = [("b", "MIT"), ("a", "CC0-1.0"), ("b", None), ("b", "CC-BY-4.0"), ("b", "MIT"), ("c", None)]
    table = pa.table({"source": [s for s, _ in rows], "licence": [licence for _, licence in rows]})
    expected = {"a": ["CC0-1.0"], "b": ["CC-BY-4.0", "MIT"]}
    assert licences_of(table) == licences_of(table.slice(3)) | {"a": ["CC0-1.0"]} == expected


def test_the_largest_come_first_and_equals_by_name() -> None:
    assert ranked({"b": 2, "a": 2, "c": 5, "none": 0}) == [("c", 5), ("a", 2), ("b", 2)]


def test_a_medium_lacks_only_where_there_could_be_one() -> None:
    media = ("image", "audio", "video", "frames")
    spoken = Facts(kinds=Counter(text=3, audio=2), media=Counter(image=0))
    assert spoken.limits(media, ()) == ["No row has audio."]
    assert Facts(kinds=Counter(text=3)).limits(media, ()) == []
    assert Facts(kinds=Counter(video=1), media=Counter(audio=1, frames=1)).limits(media, ()) == ["No row has video."]
