import { Writable } from 'node:stream';
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { createLogDestination } from './log-destination.ts';
import { fieldsOfLine } from './log-context.ts';
import { createRedactor } from './redact.ts';

const STANDARD_OUTPUT = 1;

/** What hides further secrets from a log. */
const hiders = new WeakMap<Logger, (secrets: readonly string[]) => void>();

/** Hides secrets that became known after the log was made, besides those that it hides already. */
export function hideSecrets(log: Logger, secrets: readonly string[]): void {
  hiders.get(log)?.(secrets);
}

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
  let redact = createRedactor(secrets);
  let hidden = secrets;
  const options = {
    level: settings.level,
    base: { part, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: fieldsOfLine,
    formatters: { level: (label: string) => ({ level: label }) },
    // Of the finished line, so that no depth, no error and no text within a text escapes it.
    hooks: { streamWrite: (line: string) => redact(line) },
  };
  const destination = createLogDestination(STANDARD_OUTPUT);
  const hiding = (log: Logger): Logger => {
    hiders.set(log, (more) => {
      hidden = [...new Set([...hidden, ...more])];
      redact = createRedactor(hidden);
    });
    return log;
  };
  if (settings.format === 'json') return hiding(pino(options, destination));
  const lines = new Writable({
    write(chunk: Buffer, _encoding, done) {
      destination.write(chunk.toString());
      done();
    },
  });
  const shown = { colorize: process.stdout.isTTY, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid' };
  return hiding(pino(options, pretty({ ...shown, destination: lines })));
}
