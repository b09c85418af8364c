import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DataConverter } from '@temporalio/common';
import { noteUse, removeUnused } from '../host/unused-folders.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** All that the workflow bundle is made of. */
const SOURCES = ['workflows', 'core'];

/** What the bundling process is told. */
export interface BundleOrder {
  workflowsPath: string;
  failureConverterPath: string | undefined;
  /** The file to write. */
  target: string;
}

/** Bundles, and what builds of them left that were cut off. */
const BUNDLE = /^workflows-[0-9a-f]{24}\.js(?:\.[\w.-]+)?$/;
/** One that no worker was started with for so long is of a version that no longer runs here. */
const UNUSED_MS = 7 * 24 * 3_600_000;

/**
 * The workflow code as one file, bundled by a process of its own. That takes a second or two, so the result is kept under the hash of its sources: a worker that is
 * restarted after a crash starts with the stored one.
 *
 * Rejects with what the bundler said where the code cannot be bundled.
 *
 * @param folder - where bundles are kept; made if it does not exist.
 * @param dataConverter - what the worker gets; its failure converter becomes part of the bundle.
 */
export async function workflowBundle(
  folder: string,
  dataConverter: Pick<DataConverter, 'failureConverterPath'> = {},
): Promise<{ codePath: string }> {
  const { failureConverterPath } = dataConverter;
  const hash = createHash('sha256').update(failureConverterPath ?? 'default');
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
    await mkdir(folder, { recursive: true });
    // Two containers may share the folder, and give their processes the same number.
    const unfinished = `${codePath}.${randomUUID()}`;
    const order: BundleOrder = {
      workflowsPath: path.join(ROOT, 'workflows/index.ts'),
      failureConverterPath,
      target: unfinished,
    };
    const program = path.join(import.meta.dirname, 'bundle-workflows.ts');
    await promisify(execFile)(process.execPath, [program, JSON.stringify(order)]);
    await rename(unfinished, codePath);
  }
  // Only this start reads it.
  noteUse(codePath)();
  removeUnused(folder, { fits: BUNDLE, current: codePath, unusedMs: UNUSED_MS });
  return { codePath };
}
