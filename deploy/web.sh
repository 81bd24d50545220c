#!/usr/bin/env bash
# Builds the web pages into web/dist when a source is newer than the last build.
set -euo pipefail
cd "$(dirname "$0")/../web"
stamp=dist/.built
if [ -e "$stamp" ] && [ -z "$(find . -path ./node_modules -prune -o -path ./dist -prune -o -type f -newer "$stamp" -print -quit)" ]; then
  exit 0
fi
if [ ! -e node_modules/.installed ] || [ package-lock.json -nt node_modules/.installed ]; then
  npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.installed
fi
npm run --silent build
touch "$stamp"
