import { Writable } from 'node:stream';
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { createLogDestination } from './log-destination.ts';
import { fieldsOfLine } from './log-context.ts';
import { createRedactor } from './redact.ts';

const STANDARD_OUTPUT = 1;

/**
 * The log of one process: JSON lines on standard output, with the part's name, and without secrets.
 *
 * @param settings.format - `text` for reading at a terminal.
 * @param secrets - values that never appear, such as those of the configuration (`secretsIn`).
 */
export function createLogger(
  settings: { level: string; format: 'json' | 'text' },
  part: string,
  secrets: readonly string[] = [],
): Logger {
  const options = {
    level: settings.level,
    base: { part, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: fieldsOfLine,
    formatters: { level: (label: string) => ({ level: label }) },
    // Of the finished line, so that no depth, no error and no text within a text escapes it.
    hooks: { streamWrite: createRedactor(secrets) },
  };
  const destination = createLogDestination(STANDARD_OUTPUT);
  if (settings.format === 'json') return pino(options, destination);
  const lines = new Writable({
    write(chunk: Buffer, _encoding, done) {
      destination.write(chunk.toString());
      done();
    },
  });
  const shown = { colorize: process.stdout.isTTY, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid' };
  return pino(options, pretty({ ...shown, destination: lines }));
}
