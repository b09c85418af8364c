import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { createRedactor } from './redact.ts';

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
    formatters: { level: (label: string) => ({ level: label }) },
    // Of the finished line, so that no depth, no error and no text within a text escapes it.
    hooks: { streamWrite: createRedactor(secrets) },
  };
  if (settings.format === 'json') return pino(options);
  return pino(
    options,
    pretty({ colorize: process.stdout.isTTY, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid', sync: true }),
  );
}
