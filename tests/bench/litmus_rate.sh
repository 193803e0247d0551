#!/usr/bin/env bash
# Trials a second of store buffering: parma litmus, and the same loop as a Linux program under QEMU user mode
# and, where it can run, natively. In turn, so that a busy host disturbs all alike.
#
#   tests/bench/litmus_rate.sh [SECONDS] [ROUNDS]
set -u
here=$(cd "$(dirname "$0")" && pwd)
parma=${PARMA:-$here/../../build/parma}
seconds=${1:-2} rounds=${2:-3}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${CROSS_CC:-aarch64-linux-gnu-gcc}" -O2 -static -pthread -o "$tmp/rate" "$here/litmus_rate.c" || exit 1
for ((k = 0; k < rounds; k++)); do
	printf 'qemu-aarch64  '
	"${QEMU_USER:-qemu-aarch64}" "$tmp/rate" "$seconds"
	printf 'parma         '
	"$parma" litmus -q -smp 2 -time "$seconds" "$here/../../litmus/tests/data/SB.litmus" | head -1
done
