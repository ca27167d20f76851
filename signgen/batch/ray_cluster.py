"""The Ray that actors live on: a cluster that runs already, or one of our own that this machine alone can reach."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from signgen.errors import ConfigError, DependencyError, ResourceError

LOOPBACK = "127.0.0.1"
SECONDS_TO_ANSWER = 5.0
# Actors are handed numbers, so Ray's store of objects is as small as Ray lets it be.
STORE_BYTES = 80 << 20


class Cluster:
    """Ray, joined or started when it is first asked for.

    Args:
        workers: actors there will be.
        gpus: devices for a cluster of our own.
        address: of a running cluster; empty for one of our own.
    """

    def __init__(self, workers: int, gpus: Sequence[str], address: str) -> None:
        self._workers, self._gpus, self._address = workers, gpus, address
        self._ray: Any = None
        self._is_ours = False

    def ray(self) -> Any:
        """The module, connected.

        Raises:
            DependencyError: Ray is not installed.
            ResourceError: it cannot be started or reached.
            ConfigError: it would be open to other machines.
        """
        if self._ray is None:
            if self._address:
                _check_reachable(self._address)
            else:
                _prepare()
            try:
                import ray
            except ImportError:
                raise DependencyError(
                    'the launcher ray needs its package; run: pip install "signgen[ray]"'
                ) from None
            self._is_ours = not ray.is_initialized()
            if self._is_ours:
                self._connect(ray)
            self._ray = ray
        return self._ray

    def leave(self) -> None:
        """Leave Ray, and end it if it was started here; a program that had started it before keeps it."""
        if self._ray is not None and self._is_ours:
            self._ray.shutdown()
        self._ray = None

    def _connect(self, ray: Any) -> None:
        where = {"address": self._address} if self._address else self._of_our_own()
        try:
            with _our_signals(), _environment(self._devices()):
                ray.init(log_to_driver=False, logging_level=logging.ERROR, **where)
        except Exception as error:  # Ray says much of it with the base class
            what = (
                f"the cluster at {self._address} cannot be reached" if self._address else "cannot be started"
            )
            raise ResourceError(f"ray: {what}: {one_line(error)}") from None
        if not self._address and ray.util.get_node_ip_address() != LOOPBACK:
            ray.shutdown()
            raise ConfigError(
                "ray: it was imported before signgen could tell it to keep to this machine; import it later, or start "
                "it yourself"
            )

    def _of_our_own(self) -> dict[str, Any]:
        return {
            "address": "local",
            "num_cpus": self._workers,
            "num_gpus": len(self._gpus),
            "include_dashboard": False,
            "object_store_memory": STORE_BYTES,
        }

    def _devices(self) -> dict[str, str]:
        """Which GPUs a cluster of our own may see."""
        return {"CUDA_VISIBLE_DEVICES": ",".join(self._gpus)} if self._gpus and not self._address else {}


def one_line(error: Exception) -> str:
    """What an error of Ray says, shortly."""
    return " ".join(str(error).split())[:300]


def _prepare() -> None:
    """What a Ray of our own is told before it is imported: to be reached from this machine alone, by who has a token.

    Ray has no option for the first; its loopback mode is meant for other systems and works on all. Without a token
    in the environment it would write one into the home folder.
    """
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_prestart_worker_first_driver"] = "0"  # noqa: SIM112 Ray spells it so
    if not {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys():
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def _check_reachable(address: str) -> None:
    """Knock before Ray does, which would wait for minutes and then end the process.

    Raises:
        ConfigError: no address.
        ResourceError: nobody answers.
    """
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isascii() and port.isdigit()):
        raise ConfigError(f"--ray-address: expected HOST:PORT or auto, got {address!r}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise ResourceError(f"ray: no cluster at {address}: {error}; see `ray status` there") from None


@contextmanager
def _environment(words: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in words}
    os.environ.update(words)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _our_signals() -> Iterator[None]:
    """Keep what SIGTERM does: Ray would have it end the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
