#!/bin/sh
# Makes the built-in text-to-pose checkpoint for ASL anew: corpora, motion tokenizer, network, half precision. Goes on
# where it was stopped.
#   sh checkpoints/signdw-ase-tiny/recipe.sh [WORK]     WORK takes 1 GB; about an hour of one processor core
# The corpora have other seeds than that of the judge that scores it (checkpoints/ase).
set -eu
work=${1:-build/signdw-ase-tiny}

signgen corpus make english-asl -o "$work/corpus" --config configs/corpus/clean.yaml --sentences 12000 --seed 201 \
    --set dev=0.02 --set test=0.01
signgen corpus make english-asl -o "$work/texts" --no-poses --sentences 40000 --seed 203 \
    --set dev=0.001 --set test=0.001

# One thread: so small a model gains nothing from more.
export OMP_NUM_THREADS=1
signgen train tokenizer --config configs/signdw/ase-tokenizer.yaml --data "$work/corpus" --device cpu \
    -o "$work/tokenizer"

train() {
    signgen train signdw --data ase="$work/corpus" --tokenizer "$work/tokenizer" --set data.cache="$work/cache" \
        --device cpu "$@"
}
# In three parts: plans turned out to need more sentences than movements do.
train --config configs/signdw/ase.yaml --stop-after 2100 -o "$work/first"
train --config configs/signdw/ase-plans.yaml --set train.start="$work/first" --stop-after 1800 -o "$work/second"
train --config configs/signdw/ase-texts.yaml --set train.start="$work/second" --set data.texts="[$work/texts]" \
    -o "$work/signdw"
signgen train export "$work/signdw" -o checkpoints/signdw-ase-tiny
