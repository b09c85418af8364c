import path from 'node:path';
import type { Config } from '../config.ts';
import { createDiskReserve, type DiskReserve } from '../providers/disk/disk-reserve.ts';
import { distantDisk } from '../providers/disk/distant-disk.ts';

/** Where sandboxes lie when root runs the service and other users can't pass through the data folder. */
const ROOT_FOLDER = '/var/lib/managed-agent';

/** What is kept free of the disks that the settings let this process write to. */
export function diskReserve(config: Config): DiskReserve {
  const { data_dir: dataDir, blobs, sandbox } = config;
  const folders = [dataDir, sandbox.folder ?? dataDir];
  if (process.getuid?.() === 0) folders.push(ROOT_FOLDER);
  if (blobs.kind === 'folder' && blobs.folder === null) folders.push(path.join(dataDir, 'blobs'));
  // One that the settings name may be on a network file system.
  const distant = blobs.kind === 'folder' && blobs.folder !== null ? [distantDisk(blobs.folder)] : [];
  return createDiskReserve(folders, config.disk.reserve_bytes, undefined, distant);
}
