#!/bin/sh
# Makes the built-in judge for ASL anew (`make judge`): corpus, six trainings, pack. Goes on where it was stopped.
#   sh checkpoints/ase/recipe.sh [WORK]     WORK takes 1 GB; some 40 minutes of one processor core
set -eu
work=${1:-build/judge-ase}

signgen corpus make english-asl -o "$work/corpus" --sentences 12000 --seed 101 --set dev=0.02 --set test=0.03

# One thread each: so small a model gains nothing from more.
export OMP_NUM_THREADS=1
members=
for seed in 0 1 2; do
    for kind in temporal recurrent; do
        # A recurrent step takes longer: about equal time for all.
        case $kind in temporal) steps=4500 ;; recurrent) steps=3500 ;; esac
        signgen train slt --config configs/slt/ase.yaml --data ase="$work/corpus" --set data.cache="$work/cache" \
            --set model.preset=$kind --set train.steps=$steps --set seed=$seed \
            -o "$work/$kind-$seed"
        members="$members $work/$kind-$seed"
    done
done

# Unquoted: one word for each member.
# shellcheck disable=SC2086
signgen train pack $members -o checkpoints/ase
