/**
 * The public registries that `allow_package_managers` opens, by package manager. This is the whole list: nothing else becomes reachable
 * with it.
 */
export const PACKAGE_MANAGER_HOSTS: readonly string[] = [
  // apt
  'deb.debian.org',
  'security.debian.org',
  'archive.ubuntu.com',
  'security.ubuntu.com',
  'ports.ubuntu.com',
  // cargo
  'crates.io',
  'index.crates.io',
  'static.crates.io',
  // gem
  'rubygems.org',
  'index.rubygems.org',
  // go
  'proxy.golang.org',
  'sum.golang.org',
  // npm
  'registry.npmjs.org',
  'registry.yarnpkg.com',
  // pip
  'pypi.org',
  'files.pythonhosted.org',
];
