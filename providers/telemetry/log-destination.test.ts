import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createLogDestination } from './log-destination.ts';

const full = () => {
  throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
};

describe('the destination of a log', () => {
  it('drops lines while there is no room, and says afterwards how many', () => {
    let written = '';
    let room = 12;
    const destination = createLogDestination(1, (_descriptor, bytes) => {
      if (room === 0) return full();
      const part = bytes.subarray(0, room);
      room -= part.length;
      written += Buffer.from(part).toString();
      return part.length;
    });
    for (const line of ['{"n":1}\n', '{"n":2}\n', '{"n":3}\n']) destination.write(line);
    expect(written).toBe('{"n":1}\n{"n"');
    room = 10_000;
    destination.write('{"n":4}\n');
    destination.write('{"n":5}\n');
    const [first, cut, notice, ...rest] = written.trimEnd().split('\n');
    expect([first, cut, ...rest]).toEqual(['{"n":1}', '{"n"', '{"n":4}', '{"n":5}']);
    expect(JSON.parse(notice ?? '')).toMatchObject({ level: 'warn', lost: 2, reason: 'ENOSPC' });
  });

  it('waits for a slow reader', () => {
    let tries = 0;
    const destination = createLogDestination(1, (_descriptor, bytes) => {
      if (++tries < 3) throw Object.assign(new Error('later'), { code: 'EAGAIN' });
      return bytes.length;
    });
    destination.write('line\n');
    expect(tries).toBe(3);
  });

  it.runIf(existsSync('/dev/full')).each(['json', 'text'])(
    'lets a process go on, and end, whose disk is full: %s',
    async (format) => {
      const logger = new URL('./logger.ts', import.meta.url).href;
      const script = `import { createLogger } from ${JSON.stringify(logger)};
        const log = createLogger({ level: 'info', format: ${JSON.stringify(format)} }, 'test');
        for (let n = 0; n < 100; n++) log.info({ n }, 'a line');
        setTimeout(() => { log.info('another'); process.stderr.write('still here'); }, 50);`;
      const words = ['-c', 'exec "$0" --input-type=module -e "$1" >/dev/full', process.execPath, script];
      const { stderr } = await promisify(execFile)('/bin/sh', words, {
        timeout: 30_000,
        killSignal: 'SIGKILL',
      });
      expect(stderr).toContain('still here');
    },
  );
});
