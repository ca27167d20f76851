#!/bin/sh
# Makes tiny-flow anew: poses and videos of avatars, then the training. Goes on where it was stopped.
#   sh checkpoints/tiny-flow/recipe.sh [WORK] [full]
# Without "full": the built-in checkpoint, of smoke size; WORK takes 1 GB; some ten minutes of one processor core.
# With "full": 15 M weights on 40 looks for a CUDA GPU (not run yet); WORK takes 40 GB. Start with
#   python benchmarks/tiny_flow.py --train --device cuda --precision bf16 --batch 8
# and set train.steps to what the time allows. Commit WORK/full/tiny-flow if it is worth showing.
set -eu
work=${1:-build/tiny-flow}
size=${2:-smoke}

case $size in
    full) looks=40 sentences=20 held=1 ;;
    *) looks=2 sentences=7 held=1 ;;
esac

# One folder for each look: sentences of its own, their poses, and the avatar that signs them.
named="ada bola chen dara emil farah"
number=0
sources=
while [ "$number" -lt "$looks" ]; do
    number=$((number + 1))
    # shellcheck disable=SC2086
    if [ "$number" -le 6 ]; then signer=$(echo $named | cut -d' ' -f$number); else signer=seed:$((number - 6)); fi
    folder=$work/data/$(printf %s "$signer" | tr -d :)
    background=$(echo "grey blue warm white" | cut -d' ' -f$(((number - 1) % 4 + 1)))
    mkdir -p "$folder"
    signgen corpus show english-asl -n "$sentences" --seed "$number" --json |
        python -c 'import json, sys; [print(row["text"]) for row in json.load(sys.stdin)["sentences"]]' > "$folder/texts.txt"
    signgen pose --text-file "$folder/texts.txt" -o "$folder/poses" --size 256 --quiet
    signgen generate --text-file "$folder/texts.txt" -o "$folder/videos" --size 256 --no-captions --quiet \
        --signer "$signer" --background "$background" --set renderer.framing=canvas
    sources="$sources --data $folder"
done

# Unquoted: one word for each part.
# shellcheck disable=SC2086
if [ "$size" = full ]; then
    signgen train tiny-flow --config configs/diffusion/tiny-flow.yaml $sources --set data.held_out=$held \
        --set data.cache="$work/frames" --device cuda -o "$work/full"
else
    # One thread: so small a network gains little from more, and the weights are the same to the bit again.
    OMP_NUM_THREADS=1 signgen train tiny-flow --config configs/diffusion/tiny-flow-smoke.yaml $sources \
        --set data.held_out=$held --set data.cache="$work/frames" --device cpu --stop-after 7000 -o "$work/smoke"
    cp "$work/smoke/tiny-flow/config.yaml" "$work/smoke/tiny-flow/model.safetensors" checkpoints/tiny-flow/
fi
