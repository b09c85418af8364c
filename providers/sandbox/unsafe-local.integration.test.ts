import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

import { sandboxContract } from './contract.ts';
import { placesOf } from './places.ts';
import { createUnsafeLocalDriver } from './unsafe-local.ts';

const dataFolder = mkdtempSync(join(tmpdir(), 'unsafe-local-'));
afterAll(() => rmSync(dataFolder, { recursive: true, force: true }));

sandboxContract(
  'unsafe_local',
  () => Promise.resolve(createUnsafeLocalDriver({ dataFolder, log: () => {} })),
  (sessionId) => {
    const { base } = placesOf(dataFolder, process.getuid?.() ?? -1);
    const folder = join(base, 'unsafe-local', sessionId);
    return { uploads: join(folder, 'uploads'), outputs: join(folder, 'outputs') };
  },
);
