import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { AppError } from '../../../core/errors.ts';
import type { SandboxFiles } from '../sandbox.ts';
import type { MemorySession } from './session.ts';

const OUTPUTS = '/mnt/session/outputs/';

/** Files in and out of the double. Times are positions in the order of change. */
export function memoryFiles(session: () => MemorySession): SandboxFiles {
  const placeOf = (path: string): string => (path.startsWith('/uploads/') ? `/mnt/session${path}` : path);
  return {
    async attach(files) {
      const { attached, files: all } = session();
      for (const path of attached) all.delete(path);
      attached.clear();
      for (const file of files) {
        all.set(placeOf(file.path), await text(await file.open()));
        attached.add(placeOf(file.path));
      }
    },
    outputs: () =>
      Promise.resolve(
        [...session().files].flatMap(([path, content], modifiedMs) =>
          path.startsWith(OUTPUTS)
            ? [{ path: path.slice(OUTPUTS.length), bytes: Buffer.byteLength(content), modifiedMs }]
            : [],
        ),
      ),
    keepOutput(name, content) {
      const path = `/mnt/session/tool-outputs/${name}.txt`;
      session().files.set(path, content);
      return Promise.resolve(path);
    },
    openOutput(path) {
      const content = session().files.get(`${OUTPUTS}${path}`);
      if (content === undefined)
        return Promise.reject(new AppError('not_found', `There is no output ${path}.`));
      return Promise.resolve(Readable.from([content]));
    },
  };
}
