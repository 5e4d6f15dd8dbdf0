#!/bin/sh
# Installs what package-lock.json names, when it is not there yet (a bare clone) or has changed since.
set -eu
cd "$(dirname "$0")/.."
[ -x node_modules/.bin/node ] && [ node_modules/.package-lock.json -nt package-lock.json ] && exit 0
npm ci --no-fund --no-audit
touch node_modules/.package-lock.json
