"""A front end that reads frames one after another, forwards and backwards: gated recurrent units, no attention."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from signgen.slt.frontends import LinearFrontend
from signgen.slt.graph import TemporalLayer


class RecurrentFrontend(nn.Module):
    """`LinearFrontend`, one filter along time, then a recurrent layer in each direction."""

    def __init__(self, width: int, is_in_parts: bool) -> None:
        super().__init__()
        self.frame = LinearFrontend(width, is_in_parts)
        self.time = TemporalLayer(width)
        self.both_ways = nn.GRU(width, width // 2, batch_first=True, bidirectional=True)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """(B, T, width) of (B, T, 128, 3) keypoints; ``mask`` (B, T) is true for real frames."""
        x: Tensor = self.time(self.frame(frames, mask)[:, :, None], mask)[:, :, 0]
        # Packed, so that the way back starts at the last frame and not in the padding.
        packed = pack_padded_sequence(x, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
        read, _ = pad_packed_sequence(self.both_ways(packed)[0], batch_first=True, total_length=x.shape[1])
        found: Tensor = x + read
        return found
