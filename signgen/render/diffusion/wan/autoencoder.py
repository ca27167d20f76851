"""Wan's causal autoencoder, run chunk by chunk: what it remembers of a clip does not grow with the clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Read = Callable[[Sequence[int]], Tensor]


class Autoencoder:
    """`AutoencoderKLWan` with its latents brought to mean 0 and deviation 1.

    The first picture is a latent frame of its own, then each `stride` pictures make one. The network is causal:
    each chunk needs the ones before it only through what the convolutions remember, so giving it the clip chunk
    by chunk yields what it gives for the clip at once.
    """

    def __init__(self, network: Any, *, tiled: bool = False) -> None:
        """Take the network, whose weights say where and in which precision to compute.

        Args:
            network: ``AutoencoderKLWan``.
            tiled: take pictures in overlapping tiles that are blended, for less memory; changes pixels.
        """
        self.network, self._tiled = network, tiled
        config = network.config
        self.channels: int = config.z_dim
        self.stride: int = 2 ** sum(config.temperal_downsample)
        self.side: int = 2 ** len(config.temperal_downsample)
        shape = (1, self.channels, 1, 1, 1)
        self._mean = torch.tensor(config.latents_mean).reshape(shape)
        self._deviation = torch.tensor(config.latents_std).reshape(shape)

    def in_tiles(self) -> Autoencoder:
        """The same, in tiles."""
        return Autoencoder(self.network, tiled=True)

    def num_latents(self, pictures: int) -> int:
        """Latent frames of a clip."""
        return 0 if pictures == 0 else 1 + -(-(pictures - 1) // self.stride)

    def num_pictures(self, latents: int) -> int:
        """Pictures that so many latent frames, counted from the first, hold."""
        return max(0, 1 + (latents - 1) * self.stride)

    def pictures_of(self, latent: int) -> range:
        """Numbers of the pictures that one latent frame holds."""
        return range(self.num_pictures(latent), self.num_pictures(latent + 1))

    def encode(self, read: Read, latents: int) -> Iterator[Tensor]:
        """The most probable latents of a clip, (C, h, w) float32 on the CPU, frame by frame.

        Args:
            read: gives (n, 3, H, W) pictures from -1 to 1 for their numbers.
            latents: latent frames to encode, from the first.
        """
        encoder = self._encoder()
        for latent in range(latents):
            yield self._encoded(encoder, read(self.pictures_of(latent)))

    def encode_still(self, picture: Tensor, latents: int) -> Iterator[Tensor]:
        """The latents of one (3, H, W) picture that stands still; computed only until they do so too."""
        encoder = self._encoder()
        latent = 0
        for latent in range(latents):
            before = encoder.memory
            value = self._encoded(encoder, picture.expand(len(self.pictures_of(latent)), -1, -1, -1))
            yield value
            # From a memory that the same chunk left as it was, the same latents follow for ever.
            if latent > 1 and _same(before, encoder.memory):
                break
        for _ in range(latent + 1, latents):
            yield value

    def decode(self, latents: Iterator[Tensor]) -> Iterator[Tensor]:
        """The pictures of latent frames (C, h, w), (n, 3, H, W) from -1 to 1 for each, on the CPU."""
        decoder = self._decoder()
        for place, value in enumerate(latents):
            values = self._here(value[None, :, None])
            deviation, mean = self._deviation.to(values), self._mean.to(values)
            values = self.network.post_quant_conv(values * deviation + mean)
            pictures = decoder(values, first_chunk=place == 0)[0].transpose(0, 1)
            yield pictures.clamp(-1, 1).float().cpu()

    def _encoder(self) -> _Remembering | _Tiles:
        network = self.network
        if not self._tiled:
            return _Remembering(network.encoder)
        tile, stride = network.tile_sample_min_height, network.tile_sample_stride_height
        return _Tiles(network, network.encoder, tile, stride, (tile - stride) // self.side)

    def _decoder(self) -> _Remembering | _Tiles:
        network = self.network
        if not self._tiled:
            return _Remembering(network.decoder)
        tile, stride = network.tile_sample_min_height, network.tile_sample_stride_height
        return _Tiles(network, network.decoder, tile // self.side, stride // self.side, tile - stride)

    def _encoded(self, encoder: _Remembering | _Tiles, pictures: Tensor) -> Tensor:
        values = self._here(pictures.transpose(0, 1)[None])
        # Of mean and log variance, which lie one behind the other, the mean is the most probable latent.
        mode = self.network.quant_conv(encoder(values))[:, : self.channels]
        normal = (mode - self._mean.to(mode)) / self._deviation.to(mode)
        value: Tensor = normal[0, :, 0].float().cpu()
        return value

    def _here(self, values: Tensor) -> Tensor:
        return values.to(self.network.device, self.network.dtype)


class _Remembering:
    """An encoder or decoder with the memory of one clip."""

    def __init__(self, network: Any) -> None:
        from diffusers.models.autoencoders.autoencoder_kl_wan import WanCausalConv3d

        self._network: nn.Module = network
        self.memory: list[Any] = [None] * sum(isinstance(part, WanCausalConv3d) for part in network.modules())

    def __call__(self, values: Tensor, **options: bool) -> Tensor:
        memory = list(self.memory)
        result: Tensor = self._network(values, feat_cache=memory, feat_idx=[0], **options)
        self.memory = memory
        return result


class _Tiles:
    """An encoder or decoder that takes a picture in overlapping tiles, each with a memory of its own."""

    def __init__(self, owner: Any, network: nn.Module, tile: int, stride: int, blend: int) -> None:
        """Tiles of side ``tile``, ``stride`` apart in what comes in, blended over ``blend`` in what comes out."""
        self._owner, self._network = owner, network
        self._tile, self._stride, self._blend = tile, stride, blend
        self._tiles: dict[tuple[int, int], _Remembering] = {}

    @property
    def memory(self) -> list[Any]:
        """What all tiles remember."""
        return [value for tile in self._tiles.values() for value in tile.memory]

    def __call__(self, values: Tensor, **options: bool) -> Tensor:
        """The whole picture, each tile faded into those above and to the left of it."""
        above: list[Tensor] = []
        rows: list[Tensor] = []
        for top in range(0, values.shape[-2], self._stride):
            row: list[Tensor] = []
            for place, left in enumerate(range(0, values.shape[-1], self._stride)):
                tile = self._computed(values, top, left, options)
                if above:
                    tile = self._owner.blend_v(above[place], tile, self._blend)
                if row:
                    tile = self._owner.blend_h(row[-1], tile, self._blend)
                row.append(tile)
            rows.append(torch.cat([self._kept(tile) for tile in row], -1))
            above = row
        return torch.cat(rows, -2)

    def _computed(self, values: Tensor, top: int, left: int, options: dict[str, bool]) -> Tensor:
        network = self._tiles.setdefault((top, left), _Remembering(self._network))
        return network(values[..., top : top + self._tile, left : left + self._tile], **options)

    def _kept(self, tile: Tensor) -> Tensor:
        """A tile without what its neighbours to the right and below begin with."""
        side = self._blend * self._stride // (self._tile - self._stride)
        return tile[..., :side, :side]


def _same(first: Sequence[Any], second: Sequence[Any]) -> bool:
    """Whether two memories are equal to the last bit."""
    return all(
        torch.equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else a is b
        for a, b in zip(first, second, strict=True)
    )
