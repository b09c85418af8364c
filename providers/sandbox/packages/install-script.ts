import type { SandboxPackages } from '../environment.ts';

/** Where the packages of an environment lie in the sandbox. */
export const PACKAGES = '/opt/packages';

/** The managers in the order in which they run. */
export const MANAGERS = ['apt', 'cargo', 'gem', 'go', 'npm', 'pip'] as const;
export type PackageManager = (typeof MANAGERS)[number];

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Makes apt work without root, on lists and caches of its own; packages are unpacked, their own scripts are not run. */
function aptScript(words: string): string {
  const state = '"$HOME/apt"';
  const options = `-o Dir::State=${state}/state -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache=${state}/cache -o Debug::NoLocking=1 -o APT::Sandbox::User=`;
  return [
    `mkdir -p ${state}/state/lists/partial ${state}/cache/archives/partial ${PACKAGES}/apt`,
    `apt-get ${options} -qq update`,
    `apt-get ${options} -qq -y --no-install-recommends --download-only install ${words}`,
    `for archive in ${state}/cache/archives/*.deb; do dpkg-deb -x "$archive" ${PACKAGES}/apt; done`,
    // Perl's compiled modules lie in a folder that has its version in its name.
    `for folder in ${PACKAGES}/apt/usr/lib/*/perl5/*/; do if [ -d "$folder" ]; then ln -sfn "$folder" ${PACKAGES}/apt/perl5; fi; done`,
  ].join(' && ');
}

/** The command that installs the packages of one manager below {@link PACKAGES}. */
export function installScript(manager: PackageManager, packages: readonly string[]): string {
  const words = packages.map(quote).join(' ');
  switch (manager) {
    case 'apt':
      return aptScript(words);
    case 'cargo':
      return `cargo install --root ${PACKAGES}/cargo ${words}`;
    case 'gem':
      return `gem install --no-document --install-dir ${PACKAGES}/gem --bindir ${PACKAGES}/gem/bin ${words}`;
    case 'go': {
      const named = packages.map((name) => quote(name.includes('@') ? name : `${name}@latest`));
      // go takes packages of several modules only one by one.
      return named
        .map((name) => `GOBIN=${PACKAGES}/go/bin GOFLAGS=-modcacherw go install ${name}`)
        .join(' && ');
    }
    case 'npm':
      return `npm install --global --no-fund --no-audit --prefix ${PACKAGES}/npm ${words}`;
    case 'pip':
      return `python3 -m pip install --no-cache-dir --target ${PACKAGES}/python ${words}`;
  }
}

/** The managers that have anything to install, in order. */
export function neededManagers(packages: SandboxPackages): PackageManager[] {
  return MANAGERS.filter((manager) => packages[manager].length > 0);
}

/** What makes programs find the packages. `library` is the folder of this processor's libraries. */
export function packageVariables(packages: SandboxPackages, library: string): Record<string, string> {
  const variables: Record<string, string> = {};
  const apt = `${PACKAGES}/apt/usr`;
  if (packages.apt.length > 0) variables['LD_LIBRARY_PATH'] = `${apt}/lib/${library}:${apt}/lib`;
  if (packages.apt.length > 0) variables['PERL5LIB'] = `${apt}/share/perl5:${PACKAGES}/apt/perl5`;
  if (packages.gem.length > 0) variables['GEM_PATH'] = `${PACKAGES}/gem`;
  if (packages.npm.length > 0) variables['NODE_PATH'] = `${PACKAGES}/npm/lib/node_modules`;
  const python = [
    ...(packages.pip.length > 0 ? [`${PACKAGES}/python`] : []),
    ...(packages.apt.length > 0 ? [`${apt}/lib/python3/dist-packages`] : []),
  ];
  if (python.length > 0) variables['PYTHONPATH'] = python.join(':');
  return variables;
}

/** Folders of programs, for the search path. */
export function packagePaths(packages: SandboxPackages): string[] {
  const folders: Record<PackageManager, string[]> = {
    apt: [
      `${PACKAGES}/apt/usr/bin`,
      `${PACKAGES}/apt/usr/sbin`,
      `${PACKAGES}/apt/usr/games`,
      `${PACKAGES}/apt/bin`,
    ],
    cargo: [`${PACKAGES}/cargo/bin`],
    gem: [`${PACKAGES}/gem/bin`],
    go: [`${PACKAGES}/go/bin`],
    npm: [`${PACKAGES}/npm/bin`],
    pip: [`${PACKAGES}/python/bin`],
  };
  return neededManagers(packages).flatMap((manager) => folders[manager]);
}
