from __future__ import annotations

import pytest
import torch
from made_up_signer import changed, signer

from signgen.pose.geometry import mirror
from signgen.pose.layout import LEFT_HAND, RIGHT_HAND
from signgen.signdw.motion.coder import Coder
from signgen.signdw.motion.parts import to_parts
from signgen.signdw.motion.settings import TokenizerSettings
from signgen.signdw.motion.tokenizer import MotionTokenizer, Stream
from signgen.signdw.motion.windows import stacked

SMALL = TokenizerSettings(rvq=2, face_rvq=1, body_size=8, hand_size=16, face_size=4, width=16, code_width=6)
SINGLE = TokenizerSettings(parts="single", rvq=3, single_size=8, width=16, code_width=6)


def made(settings=SMALL, frames=(31, 20)):
    """A tokenizer whose codebooks have seen a batch, and the batch."""
    torch.manual_seed(0)
    model = MotionTokenizer(settings)
    clips = [to_parts(signer(n)) for n in frames]
    windows = stacked(clips)
    generator = torch.Generator().manual_seed(1)
    values = windows.values + 0.1 * torch.randn(windows.values.shape, generator=generator)
    more = -values.shape[1] % 4
    whole = [
        torch.nn.functional.pad(x, [0, 0] * (x.ndim - 2) + [0, more])
        for x in (values, windows.visible, windows.mask)
    ]
    model.begin(*whole, torch.ones(128))
    for coder in model.coders.values():
        # They begin at nothing; here they are to matter.
        for last in (coder.to_code, coder.leave):
            torch.nn.init.normal_(last.weight, std=0.1)
    return model.eval(), values, windows.visible, windows.mask


def test_streams_go_level_by_level():
    assert MotionTokenizer(SMALL).streams == (
        Stream("body", 0, 8), Stream("left_hand", 0, 16), Stream("right_hand", 0, 16), Stream("face", 0, 4),
        Stream("body", 1, 8), Stream("left_hand", 1, 16), Stream("right_hand", 1, 16),
    )  # fmt: skip
    assert MotionTokenizer(SINGLE).streams == tuple(Stream("all", level, 8) for level in range(3))


def test_the_default_is_small():
    weights = sum(p.numel() for p in MotionTokenizer().parameters())
    assert 0.8e6 < weights < 1.3e6


@pytest.mark.parametrize("settings", [SMALL, SINGLE])
@pytest.mark.parametrize("frames", [1, 4, 31])
def test_shapes(settings, frames):
    model, values, visible, _ = made(settings)
    codes = model.encode(values[:, :frames], visible[:, :frames])
    steps, streams = -(-frames // 4), len(model.streams)
    assert codes.shape == (2, steps, streams)
    assert all(0 <= codes[..., q].max() < stream.size for q, stream in enumerate(model.streams))
    decoded, visibility = model.decode(codes)
    assert (decoded.shape, visibility.shape) == ((2, 4 * steps, 128, 2), (2, 4 * steps, 128))
    assert model.embed(codes).shape == (2, steps, model.embed_width)


def test_embedding_is_the_sum_of_the_code_vectors_of_each_part():
    model, values, visible, mask = made()
    codes = model.encode(values, visible, mask)
    hands, face = model.quantizers["hand"].codebooks, model.quantizers["face"].codebooks
    left = hands[0, codes[..., 1]] + hands[1, codes[..., 5]]
    embedded = model.embed(codes)
    torch.testing.assert_close(embedded[..., 6:12], left)
    torch.testing.assert_close(embedded[..., 18:], face[0, codes[..., 3]])


def test_forward_decodes_what_encode_and_decode_do():
    model, values, visible, mask = made()
    coded = model(values, visible, mask)
    steps = torch.arange(8) < torch.tensor([8, 5])[:, None]
    decoded, visibility = model.decode(model.encode(values, visible, mask), steps)
    for found, expected in ((coded.values, decoded), (coded.visibility, visibility)):
        torch.testing.assert_close(found[:, :31][mask], expected[:, :31][mask], atol=1e-5, rtol=1e-4)


def test_clips_do_not_see_their_neighbours_nor_what_comes_after_them():
    model, values, visible, mask = made()
    together = model.encode(values, visible, mask)
    alone = model.encode(values[1:, :20], visible[1:, :20])
    assert torch.equal(together[1, :5], alone[0])
    assert not together[1, 5:].any()
    values[1, 20:] = 99
    assert torch.equal(model.encode(values, visible, mask), together)
    decoded, _ = model.decode(together, torch.arange(8) < torch.tensor([8, 5])[:, None])
    torch.testing.assert_close(decoded[1, :20], model.decode(alone)[0][0])


def test_values_of_hidden_points_do_not_matter():
    model, values, visible, mask = made()
    hidden = visible & (torch.rand(visible.shape) < 0.8)
    other = torch.where(hidden[..., None], values, 123.0)
    assert torch.equal(model.encode(values, hidden, mask), model.encode(other, hidden, mask))


def test_a_mirrored_signer_has_exchanged_hands():
    model, *_ = made()
    poses = signer(24)
    codes = [
        model.encode(*(torch.from_numpy(x)[None] for x in (parts.values, parts.visible)))
        for parts in (to_parts(poses), to_parts(mirror(poses)))
    ]
    assert torch.equal(codes[0][..., [1, 5]], codes[1][..., [2, 6]])
    decoded, _ = model.decode(codes[1])
    truth, _ = model.decode(codes[0])
    torch.testing.assert_close(decoded[..., LEFT_HAND, :], truth[..., RIGHT_HAND, :] * torch.tensor([-1, 1]))


def test_reconstruct_keeps_canvas_length_and_rate():
    model, *_ = made()
    found = model.reconstruct(signer(50, fps=50))
    assert (len(found), found.fps, found.width, found.height) == (24, 24, 512, 512)


def test_depth():
    model = MotionTokenizer(TokenizerSettings(depth=True, width=16, code_width=6)).eval()
    poses = signer(9)
    poses = poses.replace(depth=poses.xy[..., 0] - 256)
    assert model.reconstruct(poses).depth is not None


def test_it_begins_with_the_middle_of_what_is_seen():
    model = MotionTokenizer(SMALL)
    poses = changed(signer(40), lambda keypoints: keypoints[:20, LEFT_HAND].fill(0))
    windows = stacked([to_parts(poses)])
    model.begin(windows.values, windows.visible, windows.mask, torch.ones(128))
    hand = model.coders["hand"]
    # The left hand is there in 20 frames, the right one, mirrored, in 40.
    left, right = windows.values[0, 20, LEFT_HAND], windows.values[0, 0, RIGHT_HAND] * torch.tensor([-1, 1])
    torch.testing.assert_close(hand.middle, (20 * left + 40 * right) / 60, atol=1e-5, rtol=0)


def test_it_begins_with_principal_components():
    """As many components as the data have lose nothing; the first are those of an independent decomposition."""
    torch.manual_seed(0)
    weights = torch.rand(21) + 0.5
    sources = torch.randn(300, 5) * torch.tensor([5.0, 4, 3, 2, 1])
    values = (sources @ torch.randn(5, 4 * 21 * 2)).view(300, 4, 21, 2)
    visible = torch.ones(300, 4, 21, dtype=torch.bool)
    # Five sources and the middle, which is that of all frames, are six directions.
    for components, lossless in ((6, True), (3, False)):
        coder = Coder(21, 2, 8, components)
        coder.fit(values, visible, weights)
        frames, mask = values.view(1, 1200, 21, 2), torch.ones(1, 1200, dtype=torch.bool)
        vectors = coder.encode(frames, visible.view(1, 1200, 21), mask)
        decoded = coder.decode(vectors, mask[:, ::4])[0].detach()
        error = ((decoded - frames) * weights[:, None]).square().sum()
        away = ((values - values.mean((0, 1))) * weights[:, None]).flatten(1)
        left = torch.linalg.svdvals(away)[components:].square().sum()
        torch.testing.assert_close(error, left, atol=1e-2, rtol=1e-3)
        assert (float(error) < 1e-2) == lossless


def test_few_codes_show_what_they_were_begun_with():
    parts = to_parts(signer(240))
    windows = stacked([parts])
    torch.manual_seed(0)
    model = MotionTokenizer(TokenizerSettings(rvq=3, width=8)).eval()
    model.begin(windows.values, windows.visible, windows.mask, torch.ones(128))
    codes = model.encode(windows.values, windows.visible)
    found = model.decode(codes)[0].detach()
    assert float((found - windows.values).abs().max()) < 0.01
