#!/bin/sh
# Live comparison with qemu-aarch64: tests/a64/oracle.sh [options of oracle], from the build folder.
# Needs qemu-aarch64 and aarch64-linux-gnu-gcc.  Not part of make check, which replays recorded vectors.
set -e
src=$(cd "$(dirname "$0")" && pwd)
aarch64-linux-gnu-gcc -O2 -static -Wl,-Ttext-segment=0x7f0000000 -o tests/a64/harness.aarch64 "$src/harness.c"
make -s tests/a64/oracle
exec tests/a64/oracle "$@" tests/a64/harness.aarch64
