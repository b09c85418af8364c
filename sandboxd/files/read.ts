import { closeSync, read as readCallback } from 'node:fs';
import { promisify } from 'node:util';

import type { OperationResult } from '../../providers/sandbox/operation.ts';
import type { AsAgent } from '../as-agent.ts';
import { cutHead, decode } from '../clean-text.ts';
import { FileFailure } from './failure.ts';
import { imageTypeOf } from './image-type.ts';
import { openRegularFile } from './open.ts';

/** Whole files and ranges up to this many bytes. */
const READ_BYTES = 256 * 1024;
/** Images are taken up to this size; what a provider accepts is the reader's concern. */
const IMAGE_BYTES = 8 * 1024 * 1024;
const CHUNK = 256 * 1024;

const read = promisify(readCallback);

async function readUpTo(descriptor: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await read(descriptor, buffer, filled, length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** The bytes of lines `first` to `last` (1-based, inclusive; Infinity: to the end), and how many lines the file was seen to have. */
async function readLines(
  descriptor: number,
  first: number,
  last: number,
): Promise<{ bytes: Buffer; linesSeen: number; cut: boolean }> {
  const parts: Buffer[] = [];
  let size = 0;
  let line = 1;
  let position = 0;
  const buffer = Buffer.alloc(CHUNK);
  for (;;) {
    const { bytesRead } = await read(descriptor, buffer, 0, CHUNK, position);
    if (bytesRead === 0) return { bytes: Buffer.concat(parts), linesSeen: line, cut: false };
    position += bytesRead;
    let start = 0;
    while (start < bytesRead) {
      const newline = buffer.indexOf(10, start);
      const end = newline === -1 || newline >= bytesRead ? bytesRead : newline + 1;
      if (line >= first) {
        const room = READ_BYTES - size;
        parts.push(Buffer.from(buffer.subarray(start, Math.min(end, start + room))));
        size += Math.min(end - start, room);
        if (end - start > room) return { bytes: Buffer.concat(parts), linesSeen: line, cut: true };
      }
      if (newline !== -1 && newline < bytesRead) {
        if (line === last) return { bytes: Buffer.concat(parts), linesSeen: line, cut: false };
        line++;
      }
      start = end;
    }
  }
}

function textResult(bytes: Uint8Array, path: string, limit: number): OperationResult {
  if (bytes.subarray(0, 8192).includes(0)) {
    throw new FileFailure(`cannot read ${path}: it is a binary file; look at it with bash`);
  }
  const text = decode(bytes);
  if (text.length <= limit) return { text, isError: false };
  const shown = cutHead(text, limit);
  return {
    text: `${shown}\n[${path} goes on: only the first ${limit} characters are shown; read the rest with view_range]`,
    isError: false,
  };
}

/** Reads a text file or an image. Only the opening needs the agent's rights; the reading itself goes on beside other calls. */
export async function readFileOperation(
  asAgent: AsAgent,
  path: string,
  shownPath: string,
  range: [number, number] | undefined,
  limit: number,
): Promise<OperationResult> {
  const { descriptor, stats } = asAgent(() => openRegularFile(path, shownPath));
  try {
    if (range === undefined) {
      const image = imageTypeOf(await readUpTo(descriptor, 16));
      if (image !== undefined) {
        if (stats.size > IMAGE_BYTES) {
          throw new FileFailure(
            `cannot read ${shownPath}: the image has ${stats.size} bytes, over the limit of ${IMAGE_BYTES}`,
          );
        }
        const base64 = (await readUpTo(descriptor, stats.size)).toString('base64');
        return {
          text: `image ${shownPath} (${image}, ${stats.size} bytes)`,
          isError: false,
          image: { mediaType: image, base64 },
        };
      }
      if (stats.size > READ_BYTES) {
        throw new FileFailure(
          `cannot read ${shownPath}: it has ${stats.size} bytes, over the limit of ${READ_BYTES}; read a part of it with view_range`,
        );
      }
      return textResult(await readUpTo(descriptor, READ_BYTES), shownPath, limit);
    }
    const first = Math.max(1, range[0]);
    const last = range[1] <= 0 ? Number.POSITIVE_INFINITY : range[1];
    if (last < first) throw new FileFailure(`cannot read ${shownPath}: view_range ends before it starts`);
    const { bytes, linesSeen, cut } = await readLines(descriptor, first, last);
    if (bytes.length === 0 && first > 1) {
      throw new FileFailure(
        `cannot read ${shownPath}: it has ${linesSeen} lines, view_range starts at ${first}`,
      );
    }
    const result = textResult(bytes, shownPath, limit);
    if (!cut) return result;
    return {
      ...result,
      text: `${result.text}\n[cut at ${READ_BYTES} bytes, in line ${linesSeen}; read on with view_range]`,
    };
  } finally {
    closeSync(descriptor);
  }
}
