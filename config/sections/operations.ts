import { z } from 'zod';

/** Logs of all processes. */
export const LogSettings = z.strictObject({
  level: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
    .default('info')
    .describe('Least important level that is logged.'),
  format: z.enum(['json', 'text']).default('json').describe('json: one object per line; text: for reading.'),
  max_file_bytes: z.int().min(65_536).default(20_971_520).describe('Size at which a log file is rotated.'),
  max_files: z.int().min(1).default(5).describe('Rotated files kept per process.'),
});

/** Metrics and traces. */
export const TelemetrySettings = z.strictObject({
  metrics: z
    .boolean()
    .default(true)
    .describe('Serve Prometheus metrics at /metrics: the api on its own port, workers on one of theirs.'),
  worker_host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address on which workers serve their metrics and probes, without a key.'),
  worker_port: z
    .int()
    .min(0)
    .max(65535)
    .default(0)
    .describe('Port of a worker’s metrics and probes; 0 picks a free one, which its log names.'),
  otlp_endpoint: z
    .url()
    .refine((url) => {
      const { protocol, username, password, search } = new URL(url);
      return /^https?:$/.test(protocol) && `${username}${password}${search}` === '';
    }, 'expected an http or https URL, without user, password and query, which are not sent: OTEL_EXPORTER_OTLP_HEADERS sets headers')
    .nullable()
    .default(null)
    .describe('OpenTelemetry collector for traces, by OTLP over HTTP; null: no traces.'),
  service_name: z.string().min(1).default('managed-agent').describe('Name of the service in traces.'),
});
