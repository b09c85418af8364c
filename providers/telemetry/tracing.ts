import { createRequire } from 'node:module';
import { SpanStatusCode, trace, type Attributes, type Span, type SpanKind } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry';
import { isAppError } from '../../core/errors.ts';

/** Traces of one process. While there is none, spans cost next to nothing and go nowhere. */
export interface Tracing {
  /** For Temporal's client and workers: carries traces through workflows into activities. */
  plugin: OpenTelemetryPlugin;
  /** The module that the workflow bundle needs besides. */
  workflowModule: string;
  /** Sends what waits. */
  close(): Promise<void>;
}

export interface TracingOptions {
  serviceName: string;
  /** `api` or `worker`. */
  part: string;
  version: string;
}

/**
 * Starts sending traces to a collector, by OTLP over HTTP. A collector that does not answer costs spans and nothing else.
 *
 * @param endpoint - the collector's base URL, or that of its traces.
 */
export function startTracing(endpoint: string, options: TracingOptions): Tracing {
  const url = new URL(endpoint);
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return traceTo(new BatchSpanProcessor(new OTLPTraceExporter({ url: url.href })), options);
}

/** Sends traces wherever the processor sends them. */
export function traceTo(processor: SpanProcessor, { serviceName, part, version }: TracingOptions): Tracing {
  const resource = new Resource({
    'service.name': serviceName,
    'service.namespace': part,
    'service.version': version,
  });
  const provider = new NodeTracerProvider({ resource, spanProcessors: [processor] });
  provider.register();
  return {
    plugin: new OpenTelemetryPlugin({ resource, spanProcessor: processor }),
    workflowModule: createRequire(import.meta.url).resolve(
      '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors',
    ),
    async close() {
      // What a collector does not take any more is lost; nobody waits for it.
      await provider.shutdown().catch(() => undefined);
      trace.disable();
    },
  };
}

/**
 * Runs work in a span that ends with it. A failure is noted by its code: messages may hold what people wrote. `work` may add
 * attributes to the span.
 */
export async function withSpan<T>(
  name: string,
  options: { kind: SpanKind; attributes: Attributes },
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return trace.getTracer('managed-agent').startActiveSpan(name, options, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.setAttribute('error.type', errorTypeOf(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The code of our own errors; of others the name of their class. */
export function errorTypeOf(error: unknown): string {
  if (isAppError(error)) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
