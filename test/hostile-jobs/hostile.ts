import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import type { JobModule } from '../../providers/decoder/job-module.ts';

/** What a parser does that hostile bytes have taken over, by the name in `value.do`. */
const DEEDS: Record<string, (value: { path: string; port: number }) => unknown> = {
  environment: () => ({ ...process.env, argv: process.argv }),
  read: ({ path }) => tried(() => readFileSync(path, 'utf8').length),
  descriptor: ({ port: descriptor }) => tried(() => readSync(descriptor, Buffer.alloc(100))),
  list: ({ path }) => tried(() => readdirSync(path)),
  write: ({ path }) => tried(() => writeFileSync(path, 'x')),
  processes: () =>
    tried(() => {
      const { error, status } = spawnSync(process.execPath, ['--version']);
      if (error !== undefined) throw error;
      return status;
    }),
  connect: async ({ port }) =>
    new Promise((resolve) => {
      try {
        const socket = connect({ port, host: '127.0.0.1' });
        socket.once('connect', () => resolve('connected'));
        socket.once('error', (error) => resolve(codeOf(error)));
      } catch (error) {
        resolve(codeOf(error));
      }
    }),
  memory: () => {
    const held: Buffer[] = [];
    for (;;) held.push(Buffer.alloc(64 * 1024 * 1024, 1));
  },
  heap: () => {
    const held: string[][] = [];
    for (;;) held.push(Array.from({ length: 100_000 }, (_value, index) => `text ${index}`));
  },
  loop: () => {
    for (;;);
  },
  exit: () => process.exit(0),
  abort: () => process.abort(),
  flood: () => {
    // A frame that is longer than any answer may be.
    const prefix = Buffer.alloc(8);
    prefix.writeUInt32BE(10, 0);
    prefix.writeUInt32BE(0xfffffff0, 4);
    for (;;) writeSync(3, prefix);
  },
  nonsense: () => {
    writeSync(3, Buffer.concat([Buffer.from([0, 0, 0, 5, 0, 0, 0, 0]), Buffer.from('{"no}')]));
    return 'late';
  },
  later: () => {
    const header = Buffer.from('{"id":"x","value":"poison","lengths":[]}');
    setTimeout(
      () => writeSync(3, Buffer.concat([Buffer.from([0, 0, 0, header.length, 0, 0, 0, 0]), header])),
      5,
    );
    return 'an answer';
  },
  fine: () => 'fine',
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function tried(deed: () => unknown): unknown {
  try {
    return deed();
  } catch (error) {
    return codeOf(error);
  }
}

export const run: JobModule['run'] = async (value) => {
  const asked = value as { do: string; path: string; port: number };
  return { value: await DEEDS[asked.do]?.(asked) };
};
