import { TraceFlags, type Context } from '@opentelemetry/api';
import { ExportResultCode, getEnv, type ExportResult } from '@opentelemetry/core';
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type Span,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { Logger } from 'pino';

/** Why spans are lost: the collector did not take them, or too many waited for it. */
export const SPAN_LOSSES = ['not_sent', 'queue_full'] as const;
export type SpanLoss = (typeof SPAN_LOSSES)[number];

/** Who hears of spans that are lost. */
export interface SpanLossWatch {
  log: Pick<Logger, 'info' | 'warn'>;
  count(reason: SpanLoss, spans: number): void;
}

/** A process that is killed loses the spans of this time. */
const SEND_AFTER_MS = 250;

/**
 * Sends spans in batches, and never holds up whoever ends one. What a collector does not take is lost and counted; the log says so when it
 * begins, and when the collector takes spans again how many it were.
 */
export function createSpanSender(exporter: SpanExporter, { log, count }: SpanLossWatch): SpanProcessor {
  const { OTEL_BSP_MAX_QUEUE_SIZE: most } = getEnv();
  let waiting = 0;
  let lost = 0;

  function lose(reason: SpanLoss, spans: number, cause?: string): void {
    if (lost === 0) log.warn({ reason, cause }, 'spans cannot be sent to the collector and are lost');
    lost += spans;
    count(reason, spans);
  }

  function done(spans: number, { code, error }: ExportResult): void {
    if (code !== ExportResultCode.SUCCESS) return lose('not_sent', spans, causeOf(error));
    // One that takes spans, but too slowly, has not caught up yet.
    if (lost === 0 || waiting > most / 2) return;
    log.info({ lost }, 'the collector takes spans again');
    lost = 0;
  }

  const counting: SpanExporter = {
    export(spans: ReadableSpan[], tell) {
      waiting -= spans.length;
      exporter.export(spans, (result) => {
        done(spans.length, result);
        // What failed is said above, and in words that can be counted.
        tell({ code: ExportResultCode.SUCCESS });
      });
    },
    shutdown: async () => exporter.shutdown(),
  };
  const { OTEL_BSP_SCHEDULE_DELAY: delay } = process.env;
  const batches = new BatchSpanProcessor(counting, {
    maxQueueSize: most,
    ...(delay === undefined ? { scheduledDelayMillis: SEND_AFTER_MS } : {}),
  });
  return {
    onStart: (span: Span, parent: Context) => batches.onStart(span, parent),
    onEnd(span) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
      if (waiting >= most) return lose('queue_full', 1);
      waiting += 1;
      batches.onEnd(span);
    },
    forceFlush: async () => batches.forceFlush(),
    shutdown: async () => batches.shutdown(),
  };
}

/** Without the collector's answer, which may be a long page. */
function causeOf(error: Error | undefined): string | undefined {
  if (error === undefined) return undefined;
  const code = 'code' in error ? error.code : undefined;
  const status = typeof code === 'number' || typeof code === 'string' ? `${code} ` : '';
  return `${status}${error.message}`.slice(0, 300);
}
