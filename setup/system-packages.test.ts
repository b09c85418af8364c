import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { instructions, missingPrograms, systemPackages, type SystemDescription } from './system-packages.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'system-packages-'));
afterAll(() => rmSync(folder, { recursive: true }));

function machine(
  name: string,
  programs: string[],
  changes: Partial<SystemDescription> = {},
): SystemDescription {
  const searchPath = path.join(folder, name);
  mkdirSync(searchPath);
  for (const program of programs) {
    writeFileSync(path.join(searchPath, program), '#!/bin/sh\n');
    chmodSync(path.join(searchPath, program), 0o755);
  }
  return { platform: 'linux', searchPath, hasApt: false, isRoot: false, isInteractive: false, ...changes };
}

const all = ['bwrap', 'socat', 'rg', 'setpriv', 'newuidmap', 'chromium', 'git'];
const namesOf = (system: SystemDescription) => missingPrograms(system).map((program) => program.package);

describe('system packages', () => {
  it('are installed already where all programs are there', async () => {
    expect(await systemPackages(machine('all', all)).run(() => {})).toBe('installed already');
  });

  it('that are missing are named; a browser of another name counts', () => {
    const system = machine('some', ['socat', 'setpriv', 'newuidmap', 'chromium-browser', 'git']);
    expect(namesOf(system)).toEqual(['bubblewrap', 'ripgrep']);
  });

  it('of Linux are not asked for on macOS', () => {
    expect(namesOf(machine('mac', ['chromium', 'git'], { platform: 'darwin' }))).toEqual(['ripgrep']);
  });

  it('that are missing where there is no apt stop set-up with the command to type', async () => {
    const run = systemPackages(machine('fedora', [...all.slice(2), 'dnf'])).run(() => {});
    await expect(run).rejects.toThrow('sudo dnf install bubblewrap socat');
  });

  it('that are optional do not stop it', async () => {
    const said: string[] = [];
    await systemPackages(machine('no-browser', all.slice(0, 4))).run((line) => said.push(line));
    expect(said.join('\n')).toMatch(/Going on without: uidmap, chromium, git/);
  });

  it('are in the image of the service too', () => {
    const image = readFileSync(path.join(import.meta.dirname, '../deploy/Dockerfile'), 'utf8');
    const installed = /apt-get install (.*)/.exec(image)?.[1]?.split(' ') ?? [];
    // Every Debian has util-linux.
    const needed = namesOf(machine('image', [])).filter((name) => name !== 'util-linux');
    expect(installed).toEqual(expect.arrayContaining(needed));
    expect(image).toMatch(/node:100000:65536 .*\/etc\/subuid.*\/etc\/subgid/);
  });

  it('are named in words where no known package manager is there', () => {
    const system = machine('unknown', []);
    expect(instructions(missingPrograms(system), system)).toMatch(
      /by your system's package manager: bubblewrap socat/,
    );
  });
});
