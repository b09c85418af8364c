import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

import type { SandboxPackages } from '../environment.ts';
import { installScript, MANAGERS, neededManagers, packagePaths, packageVariables } from './install-script.ts';

const none: SandboxPackages = { apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] };

describe('the installation of packages', () => {
  it('goes through the managers in alphabetical order, and leaves out those with nothing to do', () => {
    const packages = { ...none, pip: ['six'], apt: ['jq'], npm: ['is-odd'] };
    expect(neededManagers(packages)).toEqual(['apt', 'npm', 'pip']);
    expect(neededManagers(none)).toEqual([]);
  });
  it('gives every name to its manager as one word, whatever is in it', () => {
    const evil = "x'; touch /tmp/owned; echo '$(id)`id`\n--flag";
    for (const manager of MANAGERS) {
      const script = installScript(manager, [evil]);
      // Each program of the script is replaced by one that prints its words.
      const shown = execFileSync(
        'bash',
        [
          '-c',
          `${manager === 'pip' ? 'python3' : manager === 'apt' ? 'apt-get' : manager}() { printf '<%s>' "$@"; }; dpkg-deb() { :; }; mkdir() { :; }; HOME=/nonexistent; ${script}`,
        ],
        { encoding: 'utf8' },
      );
      expect(shown).toContain(`<${evil}${manager === 'go' ? '@latest' : ''}>`);
    }
  });
  it('names the version of a Go package where none is given', () => {
    expect(installScript('go', ['example.com/tool', 'example.com/other@v1.2.3'])).toMatch(
      /'example.com\/tool@latest' && .*'example.com\/other@v1.2.3'/,
    );
  });
});

describe('installed packages', () => {
  it('are found by programs, and nothing is set for managers that installed none', () => {
    expect(packageVariables(none, 'lib')).toEqual({});
    expect(packagePaths(none)).toEqual([]);
    const some = { ...none, pip: ['six'], npm: ['x'] };
    expect(packageVariables(some, 'lib')).toEqual({
      NODE_PATH: '/opt/packages/npm/lib/node_modules',
      PYTHONPATH: '/opt/packages/python',
    });
    expect(packagePaths(some)).toEqual(['/opt/packages/npm/bin', '/opt/packages/python/bin']);
  });
});
