"""The network: text to states, states to a plan, plan and memory to the codes of each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.nn.attention import sinusoids
from signgen.nn.dropout import Dropout
from signgen.nn.layers import RotaryStack, initialise
from signgen.signdw.network.batch import NO_SLOT, Batch, Condition
from signgen.signdw.network.copying import Copied
from signgen.signdw.network.corruption import Chance, hidden_codes, noisy, shifted
from signgen.signdw.network.plan import PAD, PHASES, UNKNOWN, align, phases
from signgen.signdw.network.planner import Planner
from signgen.signdw.network.streams import CodeEmbedding, StreamHeads
from signgen.signdw.network.text import ANY_LANGUAGE
from signgen.signdw.settings import SignDWSettings

CAUSAL, MASKED = range(2)
TEXT, PLAN, CLIP = range(3)
PLACE_SCALE = 0.05
# Share of glosses with a retrieved clip that training calls unknown: such clips are copied, not recalled.
UNNAMED = 0.3


class TextEncoder(nn.Module):
    """States of a text that its language tag stands before."""

    def __init__(self, settings: SignDWSettings, words: int, languages: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, settings.width)
        self.languages = nn.Embedding(languages + 1, settings.width)
        self.stack = RotaryStack(
            settings.text_layers, settings.width, settings.heads, settings.max_words + 1, settings.dropout
        )

    def forward(self, text: Tensor, mask: Tensor, language: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1 + L, width) states and their (B, 1 + L) mask; for the arguments see `Condition`."""
        x = torch.cat([self.languages(language)[:, None], self.words(text)], 1)
        mask = F.pad(mask, (1, 0), value=True)
        return self.stack(x, mask[:, None, None]), mask


class SignDW(nn.Module):
    """Codes of movement from text, step after step or hidden ones all at once: the mask alone decides.

    Args:
        settings: its shape.
        sizes: codes of each of the Q streams, in the order in which a step's are drawn.
        words: size of the text vocabulary.
        languages: signed languages that have a tag.
        glosses: size of the gloss vocabulary; 0: trained without glosses.
        parts: of the signer that each stream is of (`MotionTokenizer.streams`); empty: not known.
    """

    order: Tensor

    def __init__(
        self,
        settings: SignDWSettings,
        sizes: Sequence[int],
        words: int,
        languages: int,
        glosses: int = 0,
        parts: Sequence[str] = (),
    ) -> None:
        super().__init__()
        width = settings.width
        self.settings, self.sizes, self.parts = settings, tuple(sizes), tuple(parts)
        self.text = TextEncoder(settings, words, languages)
        self.planner = Planner(settings, glosses if settings.align == "gloss" else 0)
        self.codes = CodeEmbedding(sizes, width)
        self.modes, self.kinds = nn.Embedding(2, width), nn.Embedding(3, width)
        self.nothing = nn.Parameter(torch.zeros(width))
        self.progress = nn.Linear(PHASES, width)
        if self.planner.gloss is not None:
            self.phase = nn.Linear(PHASES, width)
            self.following = nn.Linear(width, width, bias=False)
        self.copied = Copied(width) if settings.is_retrieving else None
        self.dropout = Dropout(settings.dropout)
        self.stack = RotaryStack(
            settings.layers, width, settings.heads, settings.max_steps, settings.dropout, has_memory=True
        )
        self.heads = StreamHeads(sizes, width, settings.head_inner)
        longest = max(settings.max_words + 1, settings.max_steps, settings.max_glosses)
        self.register_buffer("order", sinusoids(longest, width), persistent=False)
        initialise(self, settings.layers)

    def encode_text(self, condition: Condition) -> tuple[Tensor, Tensor]:
        """(B, 1 + L, width) states of texts and their mask."""
        found: tuple[Tensor, Tensor] = self.text(condition.text, condition.text_mask, condition.language)
        return found

    def remember(self, states: Tensor, condition: Condition) -> tuple[Tensor, Tensor]:
        """(B, M, width) all that steps may look at, and its (B, M) mask.

        First a vector that is always there, then the text, the planned glosses and the retrieved clips.
        """
        rows, length = len(states), states.shape[1]
        tag_and_text = torch.cat([condition.text_mask[:, :1], condition.text_mask], 1)
        parts = [self.nothing.expand(rows, 1, -1), states + self.order[:length] + self.kinds.weight[TEXT]]
        masks = [torch.ones_like(tag_and_text[:, :1]), tag_and_text]
        if self.planner.gloss is not None and condition.glosses is not None:
            glosses = condition.glosses
            parts.append(self._plan_memory(glosses))
            masks.append(glosses != PAD)
        if condition.retrieved is not None and condition.slots is not None:
            parts.append(self._clip_memory(condition.retrieved, condition.slots))
            masks.append(condition.slots != NO_SLOT)
        return torch.cat(parts, 1), torch.cat(masks, 1)

    def _plan_memory(self, glosses: Tensor) -> Tensor:
        found: Tensor = self._glosses(glosses) + self.order[: glosses.shape[1]] + self.kinds.weight[PLAN]
        return found

    def _clip_memory(self, codes: Tensor, slots: Tensor) -> Tensor:
        place = torch.arange(slots.shape[1], device=slots.device).expand_as(slots)
        is_first = F.pad(slots[:, 1:] != slots[:, :-1], (1, 0), value=True)
        since = place - (place * is_first).cummax(1).values
        which = self._clip_places(slots.clamp(min=0), since)
        found: Tensor = self.codes(codes) + which + self.kinds.weight[CLIP]
        return found

    def _clip_places(self, clips: Tensor, steps: Tensor) -> Tensor:
        """(B, T, width) of which clip, and where in it: the same for steps and for clips, so that they find each other.

        As large as the vectors of codes are at first; the sines of the two are in opposite order.
        """
        longest = len(self.order) - 1
        found: Tensor = self.order[clips.clamp(max=longest)] + self.order[steps.clamp(max=longest)].flip(-1)
        return PLACE_SCALE * found

    def _glosses(self, numbers: Tensor) -> Tensor:
        if self.planner.gloss is None:
            raise TypeError("this network has no glosses")
        found: Tensor = self.planner.gloss(numbers)
        return found

    def guide(self, condition: Condition, lengths: Tensor, steps: int) -> Tensor:
        """(B, steps, width) what each step knows of the plan: how far the sentence, and its gloss, has come."""
        place = torch.arange(steps, device=lengths.device)[None]
        guide: Tensor = self.progress(phases(place, lengths[:, None]))
        if self.planner.gloss is None and self.copied is not None:
            nowhere = torch.zeros_like(place)
            guide = guide + self._clip_places(nowhere, place)
            rows = (len(lengths), steps)
            guide = guide + self._copied(condition, nowhere.expand(rows), place.expand(rows))
        if self.planner.gloss is None or condition.glosses is None or condition.durations is None:
            return guide
        found = align(condition.glosses, condition.durations, steps)
        is_planned = (found.glosses != PAD)[..., None]
        guide = guide + self._glosses(found.glosses) + self.following(self._glosses(found.following))
        if self.copied is not None:
            guide = guide + self._clip_places(found.places, found.elapsed) * is_planned
            guide = guide + self._copied(condition, found.places, found.elapsed) * is_planned
        planned: Tensor = guide + self.phase(found.phases) * is_planned
        return planned

    def _copied(self, condition: Condition, places: Tensor, elapsed: Tensor) -> Tensor | float:
        """(B, S, width) what steps see of the retrieved clips; 0 where none are retrieved."""
        if self.copied is None or condition.retrieved is None or condition.slots is None:
            return 0.0
        found: Tensor = self.copied(self.codes(condition.retrieved), condition.slots, places, elapsed)
        return found

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """Mean cross-entropies by name, ``total`` their sum: of codes (causal, masked) and of the plan.

        In training some of the condition and of the codes is hidden or wrong; which, and which clips are causal,
        comes from torch's generator or the one given.
        """
        chance = Chance(batch.codes.device, generator)
        condition, lengths = batch.condition, batch.mask.sum(1)
        if self.training:
            condition = self._untagged(condition, chance)
        states, text_mask = self.encode_text(condition)
        losses = self.planner.losses(states, text_mask, lengths, condition.glosses, condition.durations)
        if self.training:
            condition = self._dropped(condition, chance)
        is_causal = self._causal_rows(len(states), chance)
        hidden = hidden_codes(batch.mask, len(self.sizes), chance)
        share = self.settings.code_noise if self.training else 0
        earlier = shifted(noisy(batch.codes, self.sizes, share, chance))
        given = torch.where(is_causal[:, None, None], earlier, batch.codes.masked_fill(hidden, -1))
        x = self.codes(given) + self.guide(condition, lengths, given.shape[1])
        x = self.dropout(x + self.modes((~is_causal).long())[:, None])
        memory, memory_mask = self.remember(states, condition)
        found = self.stack(x, _look(batch.mask, is_causal), memory, memory_mask)
        wanted = torch.where(is_causal[:, None, None], batch.mask[..., None], hidden)
        losses.update(self._code_losses(found, batch.codes, wanted, is_causal))
        losses["total"] = torch.stack(list(losses.values())).sum()
        return losses

    def _untagged(self, condition: Condition, chance: Chance) -> Condition:
        keep = chance(len(condition)) >= self.settings.language_dropout
        return replace(condition, language=torch.where(keep, condition.language, ANY_LANGUAGE))

    def _dropped(self, condition: Condition, chance: Chance) -> Condition:
        if condition.slots is not None:
            slots = condition.slots
            gone = chance(len(slots), int(slots.max().clamp(min=0)) + 1) < self.settings.retrieval_dropout
            slots = slots.masked_fill(gone.gather(1, slots.clamp(min=0)), NO_SLOT)
            condition = replace(condition, slots=slots, glosses=_unnamed(condition.glosses, slots, chance))
        return condition.without(chance(len(condition)) < self.settings.text_dropout)

    def _causal_rows(self, rows: int, chance: Chance) -> Tensor:
        """(rows,) true for a share of them, never off by more than one row."""
        threshold = self.settings.causal_share * rows + chance(1)
        return chance(rows).argsort().argsort() < threshold.floor()

    def _code_losses(
        self, found: Tensor, codes: Tensor, wanted: Tensor, is_causal: Tensor
    ) -> dict[str, Tensor]:
        """Mean cross-entropies of the wanted (B, S, Q) codes of causal clips and of the others."""
        places = wanted.any(-1)
        truth, counted = codes[places], wanted[places]
        each = self.heads.each(found[places], self.codes.each(truth))
        losses = torch.stack(
            [F.cross_entropy(logits, truth[:, q], reduction="none") for q, logits in enumerate(each)], 1
        )
        of_causal = counted & is_causal[:, None].expand_as(places)[places][:, None]
        chosen = {"causal": of_causal, "masked": counted & ~of_causal}
        return {name: (losses * at).sum() / at.sum().clamp(min=1) for name, at in chosen.items()}


def _unnamed(glosses: Tensor | None, slots: Tensor, chance: Chance) -> Tensor | None:
    """(B, G) glosses of a plan, some of which that a clip is retrieved for are unknown."""
    if glosses is None:
        return None
    hidden = chance(*glosses.shape) < UNNAMED
    places = torch.arange(glosses.shape[1], device=glosses.device)
    has_clip = (slots[:, None] == places[None, :, None]).any(-1)
    return glosses.masked_fill(hidden & has_clip & (glosses != PAD), UNKNOWN)


def _look(mask: Tensor, is_causal: Tensor) -> Tensor:
    """(B, 1, S, S) true where steps may look: back in causal clips, anywhere real in others."""
    steps = mask.shape[1]
    back = torch.ones(steps, steps, dtype=torch.bool, device=mask.device).tril()
    # Padding looks at the first step, for a softmax over nothing has no value.
    return (back | ~is_causal[:, None, None])[:, None] & mask[:, None, None]
