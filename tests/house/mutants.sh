#!/usr/bin/env bash
# Every deliberate mistake of tests/mutation/mutants.txt still has its place: the long tier that makes them runs seldom.
here=$(cd "$(dirname "$0")" && pwd)
exec bash "$here/../mutation/run.sh" -n
