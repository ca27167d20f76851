#!/bin/sh
# Makes the built-in text-to-pose checkpoint for ASL anew: corpora, motion tokenizer, network, half precision. Goes on
# where it was stopped.
#   sh checkpoints/signdw-ase-tiny/recipe.sh [WORK]     WORK takes 1 GB; about two hours of a processor core
# The corpora have other seeds than that of the judge that scores it (checkpoints/ase).
set -eu
work=${1:-build/signdw-ase-tiny}

corpus() {
    signgen corpus make english-asl --config configs/corpus/clean.yaml "$@"
}
corpus -o "$work/corpus" --sentences 12000 --seed 201 --set dev=0.02 --set test=0.01
corpus -o "$work/more" --sentences 12000 --seed 202 --set dev=0.001 --set test=0.001
corpus -o "$work/texts" --no-poses --sentences 40000 --seed 203 --set dev=0.001 --set test=0.001

# One thread: so small a model gains little from more.
export OMP_NUM_THREADS=1
signgen train tokenizer --config configs/signdw/ase-tokenizer.yaml --data "$work/corpus" --device cpu \
    -o "$work/tokenizer"
signgen train signdw --config configs/signdw/ase.yaml --data ase="$work/corpus" --data more="$work/more" \
    --retrieval ase --tokenizer "$work/tokenizer" --set data.cache="$work/cache" --set data.texts="[$work/texts]" \
    --device cpu -o "$work/signdw"
signgen train export "$work/signdw" -o checkpoints/signdw-ase-tiny
