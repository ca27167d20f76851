"""Videos of every odd kind for the tests, made on the spot."""

from fractions import Fraction

import av
import numpy as np


def moving_dot(count, width=64, height=48, radius=6):
    """Frames (count, H, W, 3) of a bright blob on a soft background; every frame differs."""
    y, x = np.mgrid[:height, :width]
    for t in range(count):
        angle = 2 * np.pi * t / 24
        cx, cy = width * (0.5 + 0.3 * np.cos(angle)), height * (0.5 + 0.3 * np.sin(angle))
        blob = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * radius**2))
        grey = 40 + 0.5 * x + 160 * blob
        yield np.stack([grey, grey * 0.8 + 20, 200 - 0.6 * grey], axis=-1).clip(0, 255).astype(np.uint8)


def make_video(
    path,
    frames,
    *,
    codec="libx264",
    pix_fmt="yuv420p",
    rate=Fraction(24),
    times=None,
    rotation=None,
    container_options=None,
    options=None,
):
    """Encode frames with any codec; ``times`` are their pts in units of 1 / rate."""
    frames = list(frames)
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        if rotation is not None:
            stream.set_display_rotation(rotation)
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts = number if times is None else times[number]
            picture.time_base = 1 / rate
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def make_audio(path, seconds=0.5, rate=8000):
    """An mp4 with sound and no pictures."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=rate)
        samples = np.zeros((1, int(seconds * rate)), np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def trim(source, target, first):
    """Copy packets so that the frames before ``first`` are hidden by an edit list."""
    with (
        av.open(str(source)) as old,
        av.open(str(target), "w", options={"movflags": "+faststart", "avoid_negative_ts": "disabled"}) as new,
    ):
        stream = new.add_stream_from_template(old.streams.video[0])
        shift = round(first / old.streams.video[0].average_rate / old.streams.video[0].time_base)
        for packet in old.demux(video=0):
            if packet.size:
                packet.pts -= shift
                packet.dts -= shift
                packet.stream = stream
                new.mux(packet)
    return target


def psnr(a, b):
    """Peak signal-to-noise ratio [dB] of two uint8 pictures."""
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return np.inf if error == 0 else 10 * np.log10(255**2 / error)
