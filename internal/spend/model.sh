#!/usr/bin/env bash
# The long form of the gate's tests against models: `make model`. The table of
# the random operations comes last and ends in a zero.
set -euo pipefail
export PURSER_OPERATIONS=${PURSER_OPERATIONS:-1000000} PURSER_SEEDS=${PURSER_SEEDS:-20} PURSER_HISTORIES=${PURSER_HISTORIES:-50}
run() { go test -count=1 -timeout 6h -v -run "^Test($1)\$" ./internal/spend "${@:2}" | grep -Ev '^ *(=== |--- PASS: .*/|ok |PASS$)'; }

run 'EveryMoveFromEveryState|AnswersAreLinearizable|GateAgainstModel|PastAgainstModel' "-rapid.checks=${PURSER_CHECKS:-2000}"
run NoOverspend
