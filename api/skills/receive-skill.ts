import busboy from 'busboy';
import type { Request } from 'express';
import type { Readable } from 'node:stream';
import { AppError } from '../../core/errors.ts';
import { createPackageGate, type PackageGate } from '../../core/skills/package-gate.ts';
import { SKILL_LIMITS } from '../../core/skills/skill-limits.ts';
import type { SkillFile, SkillPackage } from '../../core/skills/skill-package.ts';
import { collect } from '../../providers/skill-archive/collect.ts';
import { archiveKind, type ArchiveKind } from '../../providers/skill-archive/archive-kind.ts';
import type { SkillReader } from '../../providers/skill-archive/skill-reader.ts';
import type { BodyLease } from '../bodies/body-budget.ts';
import { MAX_BODY_BYTES, watchPace } from '../read-body.ts';

const FILES_FIELD = /^files?(?:\[\d*\])?$/;
/** What is still read of a refused upload, so that its sender gets to see the answer. */
const MAX_IGNORED_BYTES = 64 * 1_048_576;

/** What a form brought. */
export interface ReceivedSkill {
  skill: SkillPackage;
  fields: ReadonlyMap<string, string>;
}

/**
 * Reads a multipart form that holds a skill: its files, each with its path as file name, or one archive. Nothing is stored, and no more
 * is held than a skill may have.
 *
 * @param knownFields - text fields that the form may have.
 * @param lease - counts what is held of the form, and of what it packs. What it throws is thrown on.
 * @throws `invalid_request` that says what is wrong with which file; `too_large`.
 */
export async function receiveSkill(
  request: Request,
  lease: BodyLease,
  knownFields: readonly string[],
  reader: SkillReader,
  workspaceId: string,
  signal: AbortSignal,
): Promise<ReceivedSkill> {
  const parser = openParser(request);
  const stop = watchPace(request);
  try {
    const { parts, fields } = await readForm(request, lease, parser, knownFields);
    const files = await unpacked(parts, async (bytes, kind) => {
      // What an archive holds is known only when it is unpacked.
      lease.take(SKILL_LIMITS.packageBytes);
      return reader.unpack(workspaceId, bytes, kind, signal);
    });
    return { skill: await reader.package(workspaceId, files, signal), fields };
  } catch (error) {
    request.unpipe(parser);
    ignoreRest(request);
    throw error;
  } finally {
    stop();
  }
}

interface Part {
  /** As the client named it. */
  name: string;
  bytes: Uint8Array;
}

async function unpacked(
  parts: readonly Part[],
  unpack: (bytes: Uint8Array, kind: ArchiveKind) => Promise<SkillFile[]>,
): Promise<SkillFile[]> {
  const [only] = parts;
  if (!only)
    throw new AppError('invalid_request', 'files: expected the files of a skill, or one archive of them');
  const kind = parts.length === 1 ? archiveKind(only.bytes) : null;
  if (kind) return unpack(only.bytes, kind);
  const gate = createPackageGate();
  return parts.flatMap(({ name, bytes }) => {
    const path = gate.file(name);
    return path === null ? [] : [{ path, bytes, executable: false }];
  });
}

function openParser(request: Request): busboy.Busboy {
  const type = request.headers['content-type'] ?? 'none';
  if (!/^multipart\/form-data\s*;/i.test(type)) {
    throw new AppError(
      'invalid_request',
      `The content-type header must be multipart/form-data with a boundary; it is ${JSON.stringify(type.slice(0, 100))}.`,
    );
  }
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
    throw new AppError('too_large', `The request body is larger than ${MAX_BODY_BYTES} bytes.`);
  }
  try {
    return busboy({
      headers: request.headers,
      defParamCharset: 'utf8',
      preservePath: true,
      limits: {
        files: SKILL_LIMITS.entries,
        fields: 10,
        parts: SKILL_LIMITS.entries + 10,
        fieldSize: 16_384,
        fieldNameSize: 100,
      },
    });
  } catch (error) {
    throw malformed(error);
  }
}

async function readForm(
  request: Request,
  lease: BodyLease,
  parser: busboy.Busboy,
  knownFields: readonly string[],
): Promise<{ parts: Part[]; fields: Map<string, string> }> {
  const fields = new Map<string, string>();
  const parts: Promise<Part>[] = [];
  const gate: PackageGate = createPackageGate();
  await new Promise<void>((resolve, reject) => {
    const refuse = (message: string) => reject(new AppError('invalid_request', message));
    parser.on('file', (field: string, stream: Readable, { filename }: { filename: string | undefined }) => {
      // Whoever reads it is told; it may also break when nobody does, and would then end the process.
      stream.on('error', () => undefined);
      if (!FILES_FIELD.test(field) || !filename) {
        stream.resume();
        return refuse(
          filename ? `${field.slice(0, 100)}: is not a field of this form` : 'files: a file has no name',
        );
      }
      const part = collect(stream, gate).then((bytes) => ({ name: filename, bytes }));
      part.catch(reject);
      parts.push(part);
      return undefined;
    });
    parser.on('field', (field, value, { valueTruncated, nameTruncated }) => {
      if (valueTruncated || nameTruncated)
        return refuse(`${field.slice(0, 100)}: is too long for a text field`);
      if (FILES_FIELD.test(field))
        return refuse('files: is a text field; send each file with its path as file name');
      if (!knownFields.includes(field)) return refuse(`${field.slice(0, 100)}: is not a field of this form`);
      if (fields.has(field)) return refuse(`${field}: is there twice`);
      fields.set(field, value);
      return undefined;
    });
    for (const limit of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const) {
      parser.on(limit, () => refuse(`files: the form has more than ${SKILL_LIMITS.entries} files.`));
    }
    parser.on('error', (error) => reject(malformed(error)));
    parser.on('close', () => resolve());
    request.once('close', () => {
      if (!request.complete) reject(new AppError('invalid_request', 'The upload ended before its end.'));
    });
    request.on('data', (chunk: Buffer) => {
      try {
        lease.take(chunk.length);
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    request.pipe(parser);
  });
  return { parts: await Promise.all(parts), fields };
}

/** Reads on without keeping anything, but not for ever. */
function ignoreRest(request: Request): void {
  let ignored = 0;
  request.on('data', (chunk: Buffer) => {
    ignored += chunk.length;
    if (ignored > MAX_IGNORED_BYTES) request.socket.destroy();
  });
  request.resume();
}

function malformed(error: unknown): AppError {
  const reason = error instanceof Error ? error.message : String(error);
  return new AppError('invalid_request', `The multipart form cannot be read: ${reason}.`);
}
