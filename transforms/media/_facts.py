"""Facts about a media file, as `probe` notes them."""

from typing import Any

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame

from affectory.transforms.media._decode import audio_stream, decoder_of, has_art, moving_pictures, upright_turns
from affectory.transforms.media._images import opened_image, upright_size
from affectory.transforms.media._tracks import tracks
from affectory.transforms.rows import Reject, Values


def image_facts(path: str, max_pixels: int) -> Values:
    with opened_image(path, max_pixels) as image:
        width, height = upright_size(image)
        media_format = image.format
        image.draft("L", (64, 64))  # JPEGs are read whole, but not computed in full size
        image.load()
    return {"width": width, "height": height, "media_format": media_format}


def video_facts(container: InputContainer, max_s: float, max_pixels: int) -> Values:
    stream, sound = moving_pictures(container), audio_stream(container)
    decoder_of(stream)
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > max_pixels:
        raise Reject("too_large", f"{width} x {height} pixels, at most {max_pixels} are read")
    seen, *heard = tracks(container, [stream, *([sound] if sound else [])], max_s)
    if not isinstance(seen.first, VideoFrame):
        raise Reject("empty", "no picture can be decoded")
    width, height = seen.first.width, seen.first.height
    sideways = upright_turns(seen.first) % 2
    return {
        "duration_s": max(t.end_us for t in (seen, *heard)) / 1e6,
        "width": height if sideways else width,
        "height": width if sideways else height,
        "fps": seen.per_second,
        "frame_count": seen.count + seen.hidden,
        "hidden_frames": seen.hidden,
        "rotation": 90 * (-upright_turns(seen.first) % 4),
        "vfr": seen.varies,
        **_coding(container, stream),
        **(_sound_facts(sound) if sound else {}),
    }


def audio_facts(container: InputContainer, max_s: float) -> Values:
    sound = audio_stream(container)
    if sound is None:
        raise Reject("unsupported", "no sound in it" + (", only pictures" if has_art(container) else ""))
    (heard,) = tracks(container, [sound], max_s)
    if heard.first is None:
        raise Reject("empty", "no sample can be decoded")
    return {"duration_s": heard.end_us / 1e6, **_coding(container, sound), **_sound_facts(sound)}


def _coding(container: InputContainer, stream: Any) -> Values:
    return {"codec": stream.codec.canonical_name, "media_format": container.format.name}


def _sound_facts(sound: AudioStream) -> Values:
    return {"sample_rate": sound.rate, "channels": sound.channels}
