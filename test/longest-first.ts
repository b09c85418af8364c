import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** The files that take longest on a quiet machine with two cores, the longest first. */
const LONG = [
  'providers/sandbox/bubblewrap/ordinary-user.integration.test.ts',
  'test/integration/console/views.test.ts',
  'supervisor/supervise.integration.test.ts',
  'test/integration/hosts.test.ts',
  'test/integration/model-switching.test.ts',
  'test/integration/providers.test.ts',
  'providers/sandbox/bubblewrap/faults.integration.test.ts',
  'test/integration/kill.test.ts',
  'test/integration/container-drivers.test.ts',
  'test/integration/console/live.test.ts',
  'test/integration/worker-processes.test.ts',
  'providers/temporal-server/start-temporal.integration.test.ts',
  'test/integration/skills.test.ts',
  'test/integration/long-context.test.ts',
  'test/integration/extra-toolsets.test.ts',
  'test/integration/repositories-service.test.ts',
  'test/integration/examples.test.ts',
  'test/integration/temporal-database-lost.test.ts',
  'test/integration/long-turn.test.ts',
];

/**
 * Starts the long files first, so that none of them runs on alone when everything else is done. A fresh checkout has no times of an
 * earlier run to go by, and the size of a file says little about its time.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = (file: TestSpecification): number => {
      const index = LONG.indexOf(path.relative(ROOT, file.moduleId));
      return index < 0 ? LONG.length : index;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
