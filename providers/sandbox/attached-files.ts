import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { AppError } from '../../core/errors.ts';
import type { AttachedFile } from './sandbox.ts';
import { SandboxProtocolError, type SandboxdClient } from './sandboxd-client.ts';

/** How the files that the user attached get into a sandbox of this host. */
export interface AttachedFilesDeps {
  /** Host folder that the sandbox sees, read-only, as its uploads folder; null: they are placed through the sandbox. */
  uploads: string | null;
  /** Host file that notes what was attached: a map of paths to hashes. */
  manifest: string;
  /** A path below `/workspace` as sandboxd sees it. */
  workspacePath(relative: string): string;
  /** Called after a folder or file was made in `uploads`, to give it to whom the sandbox runs as. */
  entrust(path: string): void;
  reach(): Promise<SandboxdClient>;
}

const UPLOADS = ['/mnt/session/uploads/', '/uploads/'];
const WORKSPACE = '/workspace/';

/** The part of an attached path below its folder. Throws `invalid_request` for one that leads elsewhere. */
function placeOf(path: string): { kind: 'upload' | 'workspace'; relative: string } {
  const refuse = (): never => {
    throw new AppError('invalid_request', `A file cannot be attached at ${path}.`);
  };
  if (path.includes('\0') || normalize(path) !== path || path.endsWith('/')) refuse();
  const upload = UPLOADS.find((folder) => path.startsWith(folder));
  if (upload !== undefined) return { kind: 'upload', relative: path.slice(upload.length) };
  return path.startsWith(WORKSPACE)
    ? { kind: 'workspace', relative: path.slice(WORKSPACE.length) }
    : refuse();
}

function readManifest(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
}

/** Makes the folders of an upload one by one, each entrusted as it is made. */
function makeFolders(deps: AttachedFilesDeps, folder: string): void {
  if (existsSync(folder)) return;
  makeFolders(deps, dirname(folder));
  mkdirSync(folder, { mode: 0o755 });
  deps.entrust(folder);
}

async function placeUpload(deps: AttachedFilesDeps, relative: string, file: AttachedFile): Promise<void> {
  if (deps.uploads === null) {
    await (await deps.reach()).upload(relative, await file.open());
    return;
  }
  const target = join(deps.uploads, relative);
  makeFolders(deps, dirname(target));
  const temporary = `${target}.new-${process.pid}`;
  await pipeline(await file.open(), createWriteStream(temporary, { mode: 0o644 }));
  deps.entrust(temporary);
  renameSync(temporary, target);
}

async function removeUpload(deps: AttachedFilesDeps, relative: string): Promise<void> {
  if (deps.uploads === null) await (await deps.reach()).removeUpload(relative);
  else rmSync(join(deps.uploads, relative), { force: true });
}

/** What the manifest notes of a file: another one is written anew. */
function stateOf({ sha256, executable }: AttachedFile): string {
  return executable === true ? `${sha256} x` : sha256;
}

/** A file on its way into the workspace; `shown` is the path under which it was attached. */
interface InsideFile {
  path: string;
  shown: string;
  mode: number;
  open(): Promise<Readable>;
}

type Manifest = Pick<AttachedFilesDeps, 'manifest'>;

/** Whether exactly these files were attached last. */
export function areAttached(deps: Manifest, files: readonly AttachedFile[]): boolean {
  const placed = readManifest(deps.manifest);
  return (
    Object.keys(placed).length === files.length && files.every((file) => placed[file.path] === stateOf(file))
  );
}

/**
 * Brings the attached files up to date. Uploads are written on the host, or by sandboxd itself, where the agent can only read; a file for the workspace goes
 * in through sandboxd, since the agent may have put anything in its way.
 *
 * Rejects with `invalid_request` when the agent's own files are in the way of some: all others are placed, and those are tried again by
 * the next attachment.
 */
export async function attachFiles(deps: AttachedFilesDeps, files: readonly AttachedFile[]): Promise<void> {
  const placed = readManifest(deps.manifest);
  const wanted = new Map(files.map((file) => [file.path, file]));
  for (const path of Object.keys(placed)) {
    if (wanted.has(path)) continue;
    const { kind, relative } = placeOf(path);
    if (kind === 'upload') await removeUpload(deps, relative);
    else await (await deps.reach()).remove(deps.workspacePath(relative));
  }
  const inside: InsideFile[] = [];
  for (const file of files) {
    if (placed[file.path] === stateOf(file)) continue;
    const { kind, relative } = placeOf(file.path);
    if (kind === 'upload') await placeUpload(deps, relative, file);
    else {
      const mode = file.executable === true ? 0o555 : 0o444;
      inside.push({ path: deps.workspacePath(relative), shown: file.path, mode, open: () => file.open() });
    }
  }
  const refused =
    inside.length > 0 ? await writeInside(await deps.reach(), inside) : new Map<string, string>();
  const attached = files.filter(({ path }) => !refused.has(path));
  noteAttached(deps.manifest, Object.fromEntries(attached.map((file) => [file.path, stateOf(file)])));
  if (refused.size === 0) return;
  const rows = [...refused].map(([path, reason]) => `${path} (${reason})`);
  throw new AppError(
    'invalid_request',
    `Attached files cannot be placed, since something of the sandbox is in their way: ${rows.join(', ')}.`,
  );
}

/** Writes files of the workspace. Returns those that could not be written, by path, with the reason. */
async function writeInside(
  client: SandboxdClient,
  inside: readonly InsideFile[],
): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  try {
    await client.writeMany(inside);
  } catch (error) {
    if (!(error instanceof SandboxProtocolError)) throw error;
    // One of them was refused: one by one, the others come through.
    for (const { path, shown, mode, open } of inside) {
      try {
        await client.write(path, mode, await open());
      } catch (single) {
        if (!(single instanceof SandboxProtocolError)) throw single;
        refused.set(shown, single.message);
      }
    }
  }
  return refused;
}

/** Notes what is attached, as paths with their hashes. */
export function noteAttached(manifest: string, attached: Record<string, string>): void {
  mkdirSync(dirname(manifest), { recursive: true, mode: 0o711 });
  writeFileSync(`${manifest}.new`, JSON.stringify(attached), { mode: 0o600 });
  renameSync(`${manifest}.new`, manifest);
}

/** The attached files that lie in the agent's workspace, and so are saved and restored with it. */
export function attachedInWorkspace(manifest: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(readManifest(manifest)).filter(([path]) => path.startsWith(WORKSPACE)),
  );
}
