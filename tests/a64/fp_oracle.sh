#!/bin/bash
# Floating-point instructions beside qemu-aarch64: random words and operands,
# results and FPSR bit by bit.  FP_WORDS words of each row (2048 operand sets
# each), SEED to vary them.  Skipped where the tools are missing.
for tool in qemu-aarch64 aarch64-linux-gnu-gcc; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
version=$(qemu-aarch64 --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')
[ "${version:-0}" -ge 10 ] || { echo "1..0 # SKIP qemu-aarch64 is version $version, the reference is 10 or later"; exit 0; }
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
aarch64-linux-gnu-gcc -O2 -static -nostdlib -ffreestanding -fno-pie -no-pie -mgeneral-regs-only \
	-fno-stack-protector -o "$dir/fprun" "${top_srcdir:-.}/tests/a64/fprun.c" || {
	echo "1..0 # SKIP the cross compiler does not work"; exit 0; }
"${top_builddir:-.}/tests/a64/t_fp" --compare "$dir/fprun" "${FP_WORDS:-3}"
