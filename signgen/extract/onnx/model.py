"""`Model`: an ONNX file that takes pictures, opened with care and run in batches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from signgen.errors import CheckpointError, DependencyError
from signgen.extract.onnx.external import external_files

Device = Literal["auto", "cpu", "cuda"]

# What a protocol buffer can hold; the files beside it may hold more.
MAX_MODEL_BYTES = 2 << 30
MAX_EXTERNAL_BYTES = 8 << 30
MAX_SIDE = 4096
_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
_TYPES: dict[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(float16)": np.dtype(np.float16),
}
# Models opened by a process stay open: a folder of short clips would else spend its time here.
_KEPT = 4


@dataclass(frozen=True, eq=False)
class Model:
    """A network from pictures to arrays.

    Attributes:
        path: its file.
        session: of onnxruntime.
        input: name of its one input.
        dtype: type of the pictures it takes.
        batch: how many pictures a run takes; None if any number.
        width: of the pictures [px].
        height: of the pictures [px].
        outputs: their names.
    """

    path: Path
    session: Any
    input: str
    dtype: np.dtype[Any]
    batch: int | None
    width: int
    height: int
    outputs: tuple[str, ...]

    def __call__(self, pictures: np.ndarray, outputs: tuple[str, ...] | None = None) -> list[np.ndarray]:
        """One float32 array per output.

        Args:
            pictures: (N, 3, height, width), N at least 1; a model with a fixed batch is run as often as needed.
            outputs: names of those wanted; all if None.

        Raises:
            CheckpointError: the network cannot be run.
        """
        runs = [self._run(chunk, outputs) for chunk in self._chunks(pictures)]
        if len(runs) == 1:
            return runs[0]
        return [np.concatenate(parts)[: len(pictures)] for parts in zip(*runs, strict=True)]

    def _chunks(self, pictures: np.ndarray) -> list[np.ndarray]:
        size = self.batch or len(pictures)
        if missing := -len(pictures) % size:
            pictures = np.concatenate([pictures, np.zeros((missing, *pictures.shape[1:]), pictures.dtype)])
        return [pictures[start : start + size] for start in range(0, len(pictures), size)]

    def _run(self, pictures: np.ndarray, outputs: tuple[str, ...] | None) -> list[np.ndarray]:
        given = {self.input: pictures.astype(self.dtype, copy=False)}
        try:
            arrays = self.session.run(list(outputs or self.outputs), given)
        # onnxruntime has no base class for its errors.
        except Exception as error:
            raise CheckpointError(f"{self.path}: cannot be run: {_first_line(error)}") from None
        return [np.asarray(array, dtype=np.float32) for array in arrays]


def open_model(
    path: Path, device: Device = "auto", threads: int | None = None, size: tuple[int, int] | None = None
) -> Model:
    """A model from its file; once per process and file.

    Args:
        path: the ``.onnx`` file.
        device: where it runs; ``auto`` is CUDA where onnxruntime has it.
        threads: of the processor for one operator; None leaves it to onnxruntime.
        size: width and height [px] of the pictures, for models that take any size.

    Raises:
        DependencyError: onnxruntime, or its CUDA part where asked for, is not installed.
        CheckpointError: the file is damaged, unsafe or not a network that takes one picture.
    """
    stat = path.stat() if path.is_file() else None
    if stat is None:
        raise CheckpointError(f"{path}: no such file")
    if not 0 < stat.st_size <= MAX_MODEL_BYTES:
        raise CheckpointError(f"{path}: {stat.st_size} bytes cannot be an ONNX model; get the file again")
    return _open(path.resolve(), stat.st_size, stat.st_mtime_ns, device, threads, size)


@lru_cache(maxsize=_KEPT)
def _open(
    path: Path, _bytes: int, _changed: int, device: Device, threads: int | None, size: tuple[int, int] | None
) -> Model:
    runtime = _onnxruntime()
    providers = _providers(runtime, device)
    if sum(file.stat().st_size for file in external_files(path)) > MAX_EXTERNAL_BYTES:
        raise CheckpointError(f"{path}: its weights take more than {MAX_EXTERNAL_BYTES >> 30} GiB")
    session = _session(runtime, path, providers, threads)
    if device == "cuda" and _CUDA not in session.get_providers():
        raise DependencyError(
            "device=cuda: onnxruntime cannot load CUDA (its version must fit that of CUDA and cuDNN); "
            "or use device=cpu"
        )
    try:
        return _described(path, session, size)
    except UnicodeDecodeError:
        raise CheckpointError(f"{path}: names in it are no text; get the file again") from None


def _session(runtime: Any, path: Path, providers: list[Any], threads: int | None) -> Any:
    # Its own way of falling back to another provider prints to the standard output.
    try:
        return runtime.InferenceSession(
            str(path), _options(runtime, threads), providers=providers, enable_fallback=0
        )
    # onnxruntime has no base class for its errors.
    except Exception as error:
        raise CheckpointError(f"{path}: not an ONNX model that runs here: {_first_line(error)}") from None


def _described(path: Path, session: Any, size: tuple[int, int] | None) -> Model:
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in _TYPES:
        raise CheckpointError(
            f"{path}: takes {[(i.type, i.shape) for i in inputs]}; expected one picture, "
            "(N, 3, height, width) of float32 or float16"
        )
    batch, channels, height, width = (n if isinstance(n, int) else None for n in inputs[0].shape)
    if size is not None and (width or size[0], height or size[1]) != size:
        raise CheckpointError(
            f"{path}: takes pictures of {width} x {height}, not {size[0]} x {size[1]}; leave the size out"
        )
    width, height = size or (width, height)
    if channels not in (3, None) or width is None or height is None:
        raise CheckpointError(
            f"{path}: takes pictures of shape {inputs[0].shape}; expected 3 channels and a size, "
            "or the size in the settings"
        )
    if max(width, height) > MAX_SIDE or min(width, height) < 1:
        raise CheckpointError(f"{path}: takes pictures of {width} x {height}; at most {MAX_SIDE} are allowed")
    names = tuple(output.name for output in session.get_outputs())
    return Model(path, session, inputs[0].name, _TYPES[inputs[0].type], batch, width, height, names)


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise DependencyError(
            f'the extractor dwpose needs onnxruntime ({error}); run: pip install "signgen[dwpose]"'
        ) from None
    return onnxruntime


def _providers(runtime: Any, device: Device) -> list[Any]:
    has_cuda = _CUDA in runtime.get_available_providers()
    if device == "cuda" and not has_cuda:
        raise DependencyError(
            "device=cuda: this onnxruntime has no CUDA; run: pip uninstall onnxruntime && "
            "pip install onnxruntime-gpu, or use device=cpu"
        )
    if device == "cpu" or not has_cuda:
        return [_CPU]
    # The default tries all algorithms anew for each size of batch.
    return [(_CUDA, {"cudnn_conv_algo_search": "HEURISTIC"}), _CPU]


def _options(runtime: Any, threads: int | None) -> Any:
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads or 0
    # Else a suffix of .ort would choose another format, whose file names were not looked for.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    return options


def _first_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:300]} ..."
