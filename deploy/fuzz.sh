#!/usr/bin/env bash
# Runs each fuzz target for some seconds: deploy/fuzz.sh SECONDS
#
# Needs a nightly compiler and cargo-fuzz; says how to get them. All targets are built at once, in a
# place of their own; each begins with fuzz/seeds/TARGET (written by the farm, the encoder, or by
# hand) and keeps what it finds interesting in fuzz/corpus/TARGET. An input that fails is left in
# fuzz/artifacts/TARGET.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
cargo +nightly --version >/dev/null 2>&1 || { echo "make fuzz needs a nightly compiler: rustup toolchain install nightly"; exit 1; }
command -v cargo-fuzz >/dev/null || { echo "make fuzz needs cargo-fuzz: cargo install cargo-fuzz"; exit 1; }
mkdir -p target
echo "== build"
cargo +nightly fuzz build 2>target/fuzz-build.log || { tail -n 30 target/fuzz-build.log; exit 1; }
failed=0
for target in $(cargo +nightly fuzz list); do
  mkdir -p "fuzz/corpus/$target"
  echo "== $target, $seconds s"
  # Leaks are not looked for: libav keeps tables for the life of the process.
  cargo +nightly fuzz run "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -detect_leaks=0 -print_final_stats=1 2>"target/fuzz-$target.log" ||
    { failed=1; tail -n 30 "target/fuzz-$target.log"; }
  grep -E 'number_of_executed_units|new_units_added|peak_rss' "target/fuzz-$target.log" || true
done
exit $failed
