"""One thread for all tests here: small networks gain nothing from more."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Processor threads that wait for each other are slow on a busy machine."""
    torch.set_num_threads(1)
