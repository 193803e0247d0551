#!/usr/bin/env bash
# t_memorder.sh for longer, and beside the reference.
MEMORDER_SECONDS=10 MEMORDER_QEMU=1 exec bash "$(dirname "$0")/t_memorder.sh"
