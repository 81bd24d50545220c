#!/usr/bin/env bash
# Installs what is missing, and only that: deploy/setup.sh build|it|cluster|lint
#
# Knows Debian 12 and newer and Ubuntu 24.04 and newer; on anything else it says what to install.
set -euo pipefail
part=${1:-build}
rust_minimum=1.95

say() { printf '%s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# name of the Debian package, why it is needed, and a test that tells whether it is there
needs=()
want() {
  local package=$1 why=$2
  shift 2
  if ! "$@" >/dev/null 2>&1; then
    needs+=("$package")
    say "  will install $package: $why"
  fi
}
library() { have pkg-config && pkg-config --exists "$1"; }
installed() { have dpkg-query && dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }
rust_ok() { have cargo && have rustc && at_least "$rust_minimum" "$(rustc --version | cut -d' ' -f2)"; }
# `libclang-cpp.so`, which other packages bring, is another library.
libclang() {
  local at
  for at in /usr/lib/llvm-*/lib/libclang.so* /usr/lib/llvm-*/lib/libclang-[0-9]* /usr/lib/*/libclang.so* /usr/lib/*/libclang-[0-9]*; do
    [ ! -e "$at" ] || return 0
  done
  return 1
}

for_build() {
  want ca-certificates "package registries speak TLS" test -e /etc/ssl/certs/ca-certificates.crt
  want pkg-config "finds the FFmpeg libraries" have pkg-config
  want gcc "links programs and compiles SQLite" have cc
  want g++ "librdkafka's build looks for it" have g++
  want make "builds librdkafka" have make
  want libssl-dev "TLS to Kafka" library libssl
  want zlib1g-dev "librdkafka needs it" library zlib
  want libc6-dev "C headers" test -e /usr/include/stdio.h
  want libavformat-dev "reads and writes cameras' containers" library libavformat
  want libavcodec-dev "decodes and encodes video" library libavcodec
  want libswscale-dev "converts pictures" library libswscale
  want libclang-dev "reads the FFmpeg headers" libclang
  want nodejs "builds the web pages" have node
  want npm "fetches what the web pages are built with" have npm
}

for_it() {
  want ffmpeg "a camera for tests, and the reference in measurements" have ffmpeg
  want chromium "the browser of the tests" have chromium
  want python3-gi "runs the RTSP server of the tests" installed python3-gi
  want gir1.2-gst-rtsp-server-1.0 "the RTSP server of the tests" installed gir1.2-gst-rtsp-server-1.0
  want gstreamer1.0-plugins-base "files for the RTSP server" installed gstreamer1.0-plugins-base
  want gstreamer1.0-plugins-good "RTP for the RTSP server" installed gstreamer1.0-plugins-good
  want gstreamer1.0-plugins-bad "H.264 and H.265 parsers for the RTSP server" installed gstreamer1.0-plugins-bad
}

jdk17() {
  local javac
  for javac in "${JAVA_HOME:-/none}"/bin/javac /usr/lib/jvm/*17*/bin/javac; do
    "$javac" -version 2>&1 | grep -q 'javac 17\.' && return
  done
  return 1
}

for_cluster() {
  want openjdk-17-jdk-headless "Kafka and Flink run on Java 17" jdk17
  want maven "fetches Kafka and Flink, builds the Flink job" have mvn
}

lints_there() { cargo fmt --version && cargo clippy --version; }

for_lint() {
  lints_there >/dev/null 2>&1 && return
  if have rustup; then
    say "  will add rustfmt and clippy to the Rust toolchain: the lints"
    rustup component add rustfmt clippy
  else
    want rustfmt-web "formatting" have rustfmt
    want rust-web-clippy "lints" have cargo-clippy
  fi
}

apt_install() {
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    have sudo || { say "Not root and no sudo: install these as root, then try again: ${needs[*]}"; exit 1; }
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needs[@]}" >/tmp/flumen-setup.log 2>&1 ||
    { tail -n 20 /tmp/flumen-setup.log; say "apt-get could not install: ${needs[*]}"; exit 1; }
}

rust_install() {
  rust_ok && return
  local offered
  offered=$(apt-cache policy rustc-web 2>/dev/null | awk '/Candidate: [1-9]/ {sub(/[+-].*/, "", $2); print $2}')
  if [ -n "$offered" ] && at_least "$rust_minimum" "$offered"; then
    say "  will install rustc-web, cargo-web: Debian's current Rust, which compiles Flumen"
    needs=(rustc-web cargo-web)
    apt_install
    rust_ok && return
  fi
  say "Rust $rust_minimum or newer is missing. Install it from https://rustup.rs, open a new shell and try again."
  exit 1
}

for_python() {
  want python3-venv "programs in Python: the usual methods, the example that reads events" \
    python3 -c 'import ensurepip, venv'
}

case $part in
  build) for_build ;;
  it) for_it; for_cluster; for_python ;;
  quality) for_python ;;
  cluster) for_cluster ;;
  lint) for_lint ;;
  *) say "usage: deploy/setup.sh build|it|cluster|quality|lint"; exit 2 ;;
esac

if [ ${#needs[@]} -gt 0 ]; then
  if ! have apt-get; then
    say "This is not Debian or Ubuntu. Please install the counterparts of: ${needs[*]}"
    exit 1
  fi
  apt_install
fi
[ "$part" != build ] || rust_install
