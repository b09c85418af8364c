#!/bin/sh
# Installs what is missing to run and test Managed Agent on this machine. Run twice, it does nothing the second time.
# This part needs only a shell and Node.js; the rest is setup/main.ts, run by the Node.js that the project pins.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*"; }

if ! command -v node >/dev/null 2>&1; then
  say "Node.js 20.3 or later is needed to install the packages. Get it from https://nodejs.org, then run this again." >&2
  exit 1
fi
node -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 3)) process.exit(0);
  console.error(`Node.js 20.3 or later is needed to install the packages; this is ${process.versions.node}.`);
  process.exit(1);
'

# The packages are those of the lock file; a copy of it beside them says which ones were installed.
stamp=node_modules/.installed-lock.json
if [ -f "$stamp" ] && cmp -s package-lock.json "$stamp"; then
  say "npm packages: installed"
else
  say "npm packages: installing (about 300 packages, some 30 s) ..."
  npm ci --loglevel=error --no-audit --no-fund
  cp package-lock.json "$stamp"
fi

# npm may skip install scripts; this one puts the pinned Node.js in place.
if ! node_modules/.bin/node --version >/dev/null 2>&1; then
  say "Node.js: putting the pinned version in place ..."
  (cd node_modules/node && node installArchSpecificPackage.js)
fi
exec node_modules/.bin/node --disable-warning=ExperimentalWarning setup/main.ts
