import { pino, type Logger } from 'pino';

/** Where secrets may stand in what is logged; their values are replaced. */
const SECRETS = [
  'authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api_key',
  'apiKey',
  'authorization_token',
  'password',
  'token',
];

/**
 * The log of one process: JSON lines on standard output, with the part's name, and without secrets.
 *
 * @param settings.format - `text` for reading at a terminal.
 */
export function createLogger(settings: { level: string; format: 'json' | 'text' }, part: string): Logger {
  return pino({
    level: settings.level,
    base: { part, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: SECRETS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
      censor: '[redacted]',
    },
    ...(settings.format === 'text' ? { hooks: {}, messageKey: 'message' } : {}),
  });
}
