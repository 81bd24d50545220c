#!/usr/bin/env bash
# Runs a command and prints how long it took: deploy/timed.sh NAME COMMAND...
set -u
name=$1
shift
begin=$(date +%s)
"$@"
status=$?
took=$(($(date +%s) - begin))
printf '== %s: %d:%02d min%s\n' "$name" $((took / 60)) $((took % 60)) "$([ $status = 0 ] || echo " (failed)")"
exit $status
