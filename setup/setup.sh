#!/bin/sh
# npm run setup: makes the machine ready. This part runs on the host's own node, before any npm package is there.
set -e
cd "$(dirname "$0")/.."

if ! command -v node >/dev/null 2>&1; then
  echo 'setup: Node.js 20.3 or newer is needed to install the npm packages; there is none. See https://nodejs.org.' >&2
  exit 1
fi
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 3) ? 0 : 1)'; then
  echo "setup: Node.js 20.3 or newer is needed to install the npm packages; this is $(node --version)." >&2
  exit 1
fi

if node setup/packages-installed.mjs; then
  echo 'npm packages: installed already'
else
  echo 'npm packages: installing ...'
  npm ci --loglevel=error --no-audit --no-fund
fi

# npm may have been told to run no install scripts; the one of this package fetches the pinned Node.js.
if ! node_modules/.bin/node --version >/dev/null 2>&1; then
  echo 'Node.js of the project: fetching ...'
  (cd node_modules/node && node installArchSpecificPackage.js)
  # npm links programs that are there when it installs, and this one was not.
  ln -sf ../node/bin/node node_modules/.bin/node
fi

# Downloads go by the proxy of the environment (HTTPS_PROXY), as those of npm and apt do.
NODE_USE_ENV_PROXY=1 exec node_modules/.bin/node --disable-warning=ExperimentalWarning setup/setup.ts
