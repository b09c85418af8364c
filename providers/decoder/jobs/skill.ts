import type { ArchiveKind } from '../../skill-archive/archive-kind.ts';
import { readArchive } from '../../skill-archive/read-archive.ts';
import type { JobModule } from '../job-module.ts';

/** Unpacks the archive of a skill. */
export const run: JobModule['run'] = async (value, [bytes = Buffer.alloc(0)]) => {
  const files = await readArchive(bytes, value as ArchiveKind);
  return {
    value: files.map(({ path, executable }) => ({ path, executable })),
    parts: files.map((file) => file.bytes),
  };
};
