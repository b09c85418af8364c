import path from 'node:path';
import type { Config } from '../config.ts';
import { AppError } from '../core/errors.ts';
import type { BlobStore } from '../providers/blob/blob-store.ts';
import { createFilesystemBlobStore } from '../providers/blob/filesystem.ts';
import { createHostMarks, type HostMarks } from '../providers/blob/host-marks.ts';
import { createEncryptedBlobStore } from '../providers/encryption/encrypted-blob-store.ts';
import { createReservedBlobStore } from '../providers/blob/reserved-blob-store.ts';
import { diskReserve } from './disk-reserve.ts';
import { keyRing } from './key-ring.ts';
import { openNetwork } from './network.ts';

/** The blob store that the settings name, encrypted when there are keys; and which hosts have the same. */
export async function openBlobs(config: Config): Promise<{ blobs: BlobStore; marks: HostMarks }> {
  const stored = await storedBlobs(config);
  return { blobs: createEncryptedBlobStore(stored, keyRing(config)), marks: createHostMarks(stored) };
}

/** The blobs as they are stored, encrypted ones included: what a backup copies. */
export async function storedBlobs(config: Config): Promise<BlobStore> {
  const { blobs, data_dir: dataDir } = config;
  if (blobs.kind === 'folder') {
    const stored = createFilesystemBlobStore(blobs.folder ?? path.join(dataDir, 'blobs'));
    return createReservedBlobStore(stored, diskReserve(config));
  }
  if (blobs.s3_bucket === null) {
    throw new AppError(
      'bad_config',
      'blobs.s3_bucket: expected the name of a bucket, since blobs.kind is s3.',
    );
  }
  openNetwork(config);
  // Loaded only where it is used: the S3 client takes some 35 MB.
  const { createS3BlobStore } = await import('../providers/blob/s3.ts');
  return createS3BlobStore({
    bucket: blobs.s3_bucket,
    prefix: blobs.s3_prefix,
    region: blobs.s3_region,
    endpoint: blobs.s3_endpoint,
    pathStyle: blobs.s3_path_style,
    credentials() {
      const { s3_access_key_id: accessKeyId, s3_secret_access_key: secretAccessKey } = blobs;
      return accessKeyId === null || secretAccessKey === null ? null : { accessKeyId, secretAccessKey };
    },
    spoolFolder: path.join(dataDir, 'spool'),
  });
}
