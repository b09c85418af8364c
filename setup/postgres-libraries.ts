import { packagedPostgres } from '../providers/postgres-server/binaries.ts';
import type { SetupStep } from './step.ts';

/** Completes the PostgreSQL that came with npm, whose install script npm may have skipped. */
export const postgresLibraries: SetupStep = {
  name: 'PostgreSQL',
  run: () => Promise.resolve(`${packagedPostgres().version} from npm`),
};
