#!/bin/sh
# Installs what package-lock.json names, when it is not there yet (a bare clone) or has changed since.
set -eu
cd "$(dirname "$0")/.."
[ -x node_modules/.bin/node ] && [ node_modules/.package-lock.json -nt package-lock.json ] && exit 0
# Not `npm ci`: it refuses a lock file without the optional packages of other platforms, which not every registry has.
npm install --no-save --no-fund --no-audit
touch node_modules/.package-lock.json
