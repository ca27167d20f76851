#!/bin/sh
# Makes the built-in text-to-pose checkpoint for ASL anew: corpus, motion tokenizer, network, half precision. Goes on
# where it was stopped.
#   sh checkpoints/signdw-ase-tiny/recipe.sh [WORK]     WORK takes 1 GB; about an hour of one processor core
# The corpus has another seed than that of the judge that scores it (checkpoints/ase).
set -eu
work=${1:-build/signdw-ase-tiny}

signgen corpus make english-asl -o "$work/corpus" --config configs/corpus/clean.yaml --sentences 12000 --seed 201 \
    --set dev=0.02 --set test=0.01

# One thread: so small a model gains nothing from more.
export OMP_NUM_THREADS=1
signgen train tokenizer --config configs/signdw/ase-tokenizer.yaml --data "$work/corpus" --device cpu \
    -o "$work/tokenizer"
# In two parts: plans turned out to need more sentences than movements do.
signgen train signdw --config configs/signdw/ase.yaml --data ase="$work/corpus" --tokenizer "$work/tokenizer" \
    --set data.cache="$work/cache" --device cpu --stop-after 2100 -o "$work/first"
signgen train signdw --config configs/signdw/ase-plans.yaml --data ase="$work/corpus" --tokenizer "$work/tokenizer" \
    --set data.cache="$work/cache" --set train.start="$work/first" --device cpu -o "$work/signdw"
signgen train export "$work/signdw" -o checkpoints/signdw-ase-tiny
