import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

import { sandboxContract } from '../contract.ts';
import { createBubblewrapDriver } from './driver.ts';

const dataFolder = mkdtempSync(join(tmpdir(), 'bubblewrap-'));
chmodSync(dataFolder, 0o755);
afterAll(() => rmSync(dataFolder, { recursive: true, force: true }));

sandboxContract(
  'bubblewrap',
  () => Promise.resolve(createBubblewrapDriver({ dataFolder, log: () => {} })),
  undefined,
  'real',
);
