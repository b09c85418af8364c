import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('gives signals that npm gets to the command itself, which the shell between them would leave behind', () => {
  const file = path.join(fileURLToPath(new URL('../', import.meta.url)), 'package.json');
  const { scripts } = JSON.parse(readFileSync(file, 'utf8')) as { scripts: Record<string, string> };
  const commands = Object.values(scripts).filter((script) => script.includes(' operations/'));
  expect(commands.length).toBeGreaterThan(5);
  for (const command of commands) expect(command).toMatch(/^exec node /);
});
