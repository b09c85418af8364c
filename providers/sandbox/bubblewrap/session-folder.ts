import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import type { NetworkPolicy } from '../../network/policy.ts';
import type { RunningNote } from '../running-note.ts';
import type { SessionPaths } from './arguments.ts';
import type { Identity } from './identity.ts';

/**
 * A session's folder on the host: notes and claims belong to the service, `files` to the sandbox's user. Nothing below `files` is
 * ever touched from outside once the sandbox has run.
 */
export interface SessionFolder {
  path: string;
  bootLog: string;
  claims: string;
  files: string;
  /** The file of a disk of the session's own, which is mounted on `files` for its sandbox alone; sessions of hosts that can't, and of version 0.1.0, have none. */
  image: string;
  paths: SessionPaths;
  identity(): Identity | undefined;
  saveIdentity(identity: Identity): void;
  running(): RunningNote | undefined;
  saveRunning(note: RunningNote): void;
  /** What the proxy of the running sandbox allows. */
  network(): NetworkPolicy | undefined;
  saveNetwork(policy: NetworkPolicy): void;
  egressSocket: string;
  /** Notes which files were attached. */
  manifest: string;
  /** Makes the folders that are missing; new ones go to the sandbox's own user. */
  create(owner: number | undefined): void;
}

function readJson(file: string): unknown {
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8'));
}

function writeWhole(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function sessionFolder(base: string, sessionId: string): SessionFolder {
  const path = join(base, 'sandboxes', sessionId);
  const files = join(path, 'files');
  const claims = join(path, 'claims');
  const network = join(path, 'network');
  const paths: SessionPaths = {
    workspace: join(files, 'workspace'),
    home: join(files, 'home'),
    outputs: join(files, 'outputs'),
    uploads: join(path, 'uploads'),
    state: join(files, 'state'),
    toolOutputs: join(files, 'tool-outputs'),
    claims,
    network,
  };
  return {
    path,
    bootLog: join(path, 'boot.log'),
    claims,
    files,
    image: join(path, 'disk'),
    paths,
    identity: () => readJson(join(path, 'identity.json')) as Identity | undefined,
    saveIdentity: (identity) => writeWhole(join(path, 'identity.json'), identity),
    running: () => readJson(join(path, 'running.json')) as RunningNote | undefined,
    saveRunning: (note) => writeWhole(join(path, 'running.json'), note),
    network: () => readJson(join(path, 'network.json')) as NetworkPolicy | undefined,
    saveNetwork: (policy) => writeWhole(join(path, 'network.json'), policy),
    manifest: join(path, 'attached.json'),
    egressSocket: join(network, 'egress.sock'),
    create(owner) {
      const isThere = (place: string): boolean => lstatSync(place, { throwIfNoEntry: false }) !== undefined;
      for (const folder of [claims, network, paths.uploads])
        if (!isThere(folder)) mkdirSync(folder, { mode: 0o755 });
      if (isThere(files)) return;
      if (isThere(join(path, 'disk'))) return mkdirSync(files, { mode: 0o755 });
      // Made under another name, so that a crash in between leaves nothing half done.
      const building = `${files}.new`;
      const folders = ['', 'workspace', 'home', 'outputs', 'state', 'tool-outputs'];
      for (const name of folders) {
        const folder = join(building, name);
        mkdirSync(folder, { recursive: true, mode: name === '' ? 0o700 : 0o755 });
        if (owner !== undefined && lstatSync(folder).uid !== owner) chownSync(folder, owner, owner);
      }
      renameSync(building, files);
    },
  };
}
