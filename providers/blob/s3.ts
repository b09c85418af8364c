import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { IncomingMessage } from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { AppError, isAppError } from '../../core/errors.ts';
import { diskFull } from '../disk/storage-fault.ts';
import { outboundHttpAgent, outboundHttpsAgent } from '../network/outbound-agents.ts';
import { blobNotFound, type BlobStore, type StagedBlob } from './blob-store.ts';
import { endIfStalled } from './end-if-stalled.ts';
import { hashed } from './hashed.ts';
import { newFile } from './new-file.ts';

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface S3Options {
  bucket: string;
  /** Put before every key. */
  prefix: string;
  region: string;
  /** URL of an S3-compatible service; null: AWS. */
  endpoint: string | null;
  /** The bucket is part of the path, not of the host name. */
  pathStyle: boolean;
  /** Those of now; null: the usual AWS sources. */
  credentials: () => S3Credentials | null;
  /** Folder for streams on their way: an object's key is its hash, known only at the end. */
  spoolFolder: string;
  /** How long it may take no byte and give none before a request is given up, milliseconds. */
  stallMs?: number;
}

/** With the tries of the client this is less than a minute, after which whoever uploads something has given up too. */
const STALL_MS = 12_000;
const CONNECT_MS = 5_000;

const CONNECTIONS = { keepAlive: true, maxSockets: 1_000 };

/**
 * Blobs in S3-compatible storage: `<prefix><workspace>/<sha256>`. A sweep deletes what it just saw to be old; bytes stored anew in the
 * milliseconds between are lost, which the grace makes very unlikely.
 */
export function createS3BlobStore(options: S3Options): BlobStore {
  const { bucket, prefix, spoolFolder, stallMs = STALL_MS, endpoint } = options;
  const clientWith = (credentials: S3Credentials | null, limits: object): S3Client =>
    new S3Client({
      region: options.region,
      forcePathStyle: options.pathStyle,
      // A client that takes a download slowly holds one for as long, and must not keep everybody else's waiting.
      requestHandler: {
        httpAgent: outboundHttpAgent(endpoint, CONNECTIONS),
        httpsAgent: outboundHttpsAgent(CONNECTIONS),
        connectionTimeout: CONNECT_MS,
        ...limits,
      },
      // Compatible services lack the newer checksums, and each object is sent with its SHA-256.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(endpoint === null ? {} : { endpoint }),
      ...(credentials === null ? {} : { credentials }),
    });
  const clientsWith = (credentials: S3Credentials | null) => ({
    credentials,
    client: clientWith(credentials, { socketTimeout: stallMs }),
    // The connection of a download is also quiet while its reader is slow, so the bytes themselves are watched here.
    downloads: clientWith(credentials, { requestTimeout: stallMs, throwOnRequestTimeout: true }),
  });
  let current = clientsWith(options.credentials());

  /** With other credentials there are other clients; what is under way goes on with those before. */
  function clients(): typeof current {
    const now = options.credentials();
    if (!isDeepStrictEqual(now, current.credentials)) current = clientsWith(now);
    return current;
  }
  const keyOf = (workspaceId: string, sha256: string) => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw blobNotFound(sha256);
    return `${prefix}${encodeURIComponent(workspaceId)}/${sha256}`;
  };

  async function store(workspaceId: string, sha256: string, body: Uint8Array | Readable, length: number) {
    const checksum = Buffer.from(sha256, 'hex').toString('base64');
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: keyOf(workspaceId, sha256),
      Body: body,
      ContentLength: length,
      ChecksumSHA256: checksum,
    });
    await clients().client.send(command).catch(fail(sha256));
  }

  async function read(workspaceId: string, sha256: string) {
    const command = new GetObjectCommand({ Bucket: bucket, Key: keyOf(workspaceId, sha256) });
    const { Body: body } = await clients().downloads.send(command).catch(fail(sha256));
    if (!body) throw blobNotFound(sha256);
    return body instanceof IncomingMessage
      ? endIfStalled(body, stallMs, stalled)
      : Readable.from([await body.transformToByteArray()]);
  }

  /** All objects that are blobs; `modified` is Unix milliseconds. */
  async function* objects() {
    for await (const page of paginateListObjectsV2(
      { client: clients().client },
      { Bucket: bucket, Prefix: prefix },
    )) {
      for (const { Key: key, LastModified: modified } of page.Contents ?? []) {
        const [, workspace, sha256] = /^([^/]+)\/([0-9a-f]{64})$/.exec(key?.slice(prefix.length) ?? '') ?? [];
        if (key === undefined || workspace === undefined || sha256 === undefined) continue;
        const at = modified?.getTime() ?? Number.POSITIVE_INFINITY;
        yield { key, workspaceId: decodeURIComponent(workspace), sha256, modified: at };
      }
    }
  }

  async function stage(workspaceId: string, source: Readable, limit: number): Promise<StagedBlob> {
    await mkdir(spoolFolder, { recursive: true, mode: 0o700 });
    await removeLeft(spoolFolder);
    const spool = path.join(spoolFolder, randomUUID());
    const drop = async (): Promise<void> => rm(spool, { force: true });
    const counted = hashed(limit);
    try {
      await pipeline(
        source,
        async function* count(chunks: AsyncIterable<Uint8Array>) {
          for await (const chunk of chunks) yield counted.pass(chunk);
        },
        await newFile(spool),
      );
    } catch (error) {
      await drop();
      throw error;
    }
    const { sha256, bytes } = counted.result();
    return {
      sha256,
      bytes,
      async keep() {
        await store(workspaceId, sha256, createReadStream(spool), bytes);
        await drop();
      },
      drop,
    };
  }

  return {
    async put(workspaceId, bytes) {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await store(workspaceId, sha256, bytes, bytes.length);
      return { sha256, bytes: bytes.length };
    },

    stage,

    async putStream(workspaceId, source, limit) {
      const { sha256, bytes, keep, drop } = await stage(workspaceId, source, limit);
      try {
        await keep();
        return { sha256, bytes };
      } finally {
        await drop();
      }
    },

    async remove(workspaceId, sha256, graceMs, isReferenced) {
      const place = { Bucket: bucket, Key: keyOf(workspaceId, sha256) };
      try {
        const { LastModified: modified } = await clients()
          .client.send(new HeadObjectCommand(place))
          .catch(fail(sha256));
        if ((modified?.getTime() ?? Number.POSITIVE_INFINITY) > Date.now() - graceMs) return false;
      } catch (error) {
        if (isAppError(error) && error.code === 'not_found') return true;
        throw error;
      }
      if (await isReferenced()) return false;
      await clients().client.send(new DeleteObjectCommand(place)).catch(fail(sha256));
      return true;
    },

    async get(workspaceId, sha256) {
      return buffer(await read(workspaceId, sha256)).catch(fail(sha256));
    },

    open: read,

    async has(workspaceId, sha256) {
      const command = new HeadObjectCommand({ Bucket: bucket, Key: keyOf(workspaceId, sha256) });
      try {
        await clients().client.send(command).catch(fail(sha256));
        return true;
      } catch (error) {
        if (isAppError(error) && error.code === 'not_found') return false;
        throw error;
      }
    },

    async *list() {
      for await (const { workspaceId, sha256 } of objects()) yield { workspaceId, sha256 };
    },

    async sweep(graceMs, isReferenced) {
      const cutoff = Date.now() - graceMs;
      let removed = 0;
      for await (const { key, workspaceId, sha256, modified } of objects()) {
        if (modified > cutoff || (await isReferenced(workspaceId, sha256))) continue;
        await clients()
          .client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
          .catch(fail(sha256));
        removed += 1;
      }
      return removed;
    },
  };
}

const stalled = (cause?: unknown): AppError =>
  new AppError('unavailable', 'The blob storage does not answer. Try again in a moment.', {
    cause,
    retryAfterMs: 1_000,
  });

const refused = (name: string, cause: unknown): AppError =>
  new AppError(
    'unavailable',
    `The blob storage refuses the service (${name}). Try again later; whoever runs the service must look at its credentials, bucket, region and clock.`,
    { cause, retryAfterMs: 5_000 },
  );

/** Of services that keep objects on disks of their own, such as MinIO. */
const INSUFFICIENT_STORAGE = 507;

function fail(sha256: string): (error: unknown) => never {
  return (error) => {
    if (isAppError(error)) throw error;
    const name = error instanceof Error ? error.name : '';
    if (name === 'NoSuchKey' || name === 'NotFound') throw blobNotFound(sha256);
    if (name === 'TimeoutError') throw stalled(error);
    const { $metadata: { httpStatusCode: status = 0 } = {} } = error as {
      $metadata?: { httpStatusCode?: number };
    };
    if (status === INSUFFICIENT_STORAGE) throw diskFull('blobs', 'full', error);
    if (status >= 300 && status < 500) throw refused(name, error);
    throw new AppError('unavailable', 'The blob storage cannot be reached. Try again in a moment.', {
      cause: error,
      retryAfterMs: 1_000,
    });
  };
}

/** A spooled stream that nobody has written to for so long is of a process that died. */
const LEFT_MS = 24 * 3_600_000;

async function removeLeft(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    const changedAt = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    if (Date.now() - changedAt > LEFT_MS) await rm(file, { force: true });
  }
}
