import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** All that the workflow bundle is made of. */
const SOURCES = ['workflows', 'core'];

/**
 * The workflow code as one file. Bundling takes a second or two, so the result is kept under the hash of its sources: a worker that is
 * restarted after a crash starts with the stored one.
 *
 * @param folder - where bundles are kept; made if it does not exist.
 * @param dataConverter - what the worker gets; its failure converter becomes part of the bundle.
 * @param interceptorModules - paths of modules whose interceptors become part of it.
 */
export async function workflowBundle(
  folder: string,
  dataConverter: Pick<DataConverter, 'failureConverterPath'> = {},
  interceptorModules: string[] = [],
): Promise<{ codePath: string }> {
  const { failureConverterPath } = dataConverter;
  const hash = createHash('sha256').update(failureConverterPath ?? 'default');
  hash.update(JSON.stringify(interceptorModules));
  hash.update(await readFile(path.join(ROOT, 'package-lock.json')));
  for (const source of SOURCES) {
    const files = await readdir(path.join(ROOT, source), { recursive: true });
    for (const file of files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).sort()) {
      hash.update(`${source}/${file}\0`).update(await readFile(path.join(ROOT, source, file)));
    }
  }
  const codePath = path.join(folder, `workflows-${hash.digest('hex').slice(0, 24)}.js`);
  const exists = await readFile(codePath).then(
    () => true,
    () => false,
  );
  if (!exists) {
    const { code } = await bundleWorkflowCode({
      workflowsPath: path.join(ROOT, 'workflows/index.ts'),
      logger: new DefaultLogger('WARN'),
      workflowInterceptorModules: interceptorModules,
      ...(failureConverterPath !== undefined && { failureConverterPath }),
    });
    await mkdir(folder, { recursive: true });
    const unfinished = `${codePath}.${process.pid}`;
    await writeFile(unfinished, code);
    await rename(unfinished, codePath);
  }
  return { codePath };
}
