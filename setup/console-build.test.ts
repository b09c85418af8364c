import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConsole, consoleFolders, isConsoleBuilt } from './console-build.ts';

const root = mkdtempSync(path.join(tmpdir(), 'console-build-'));
const { sources } = consoleFolders(root);
const write = (name: string, text: string) => writeFileSync(path.join(sources, name), text);

beforeAll(() => {
  mkdirSync(sources);
  writeFileSync(path.join(root, 'package-lock.json'), '{}');
  writeFileSync(path.join(root, 'package.json'), '{"type": "module"}');
  write('vite.config.ts', 'export default {};');
  write('index.html', '<!doctype html><script type="module" src="/main.ts"></script>');
  write('main.ts', 'document.title = "one";');
});
afterAll(() => rmSync(root, { recursive: true }));

describe('the built console', () => {
  it('is out of date when a source or a package changed, and not when a test did', async () => {
    expect(isConsoleBuilt(root)).toBe(false);
    await buildConsole(root);
    expect(isConsoleBuilt(root)).toBe(true);
    write('main.test.ts', 'changed');
    expect(isConsoleBuilt(root)).toBe(true);
    write('main.ts', 'document.title = "two";');
    expect(isConsoleBuilt(root)).toBe(false);
    await buildConsole(root);
    expect(isConsoleBuilt(root)).toBe(true);
    writeFileSync(path.join(root, 'package-lock.json'), '{"changed": true}');
    expect(isConsoleBuilt(root)).toBe(false);
  });

  it('stays as it was when a build fails', async () => {
    const before = consoleFolders(root).built;
    write('main.ts', 'import "./nowhere.ts";');
    await expect(buildConsole(root)).rejects.toThrow('nowhere');
    expect(isConsoleBuilt(root)).toBe(false);
    expect(before).toBe(consoleFolders(root).built);
  });
});
