import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  type SpanOptions,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { envDetectorSync, Resource } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  RandomIdGenerator,
  type IdGenerator,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry';
import { isAppError } from '../../core/errors.ts';

/** Traces of one process. While there is none, spans cost next to nothing and go nowhere. */
export interface Tracing {
  /** For Temporal's client: its calls are spans of the request that makes them. */
  interceptor: OpenTelemetryWorkflowClientInterceptor;
  /** Sends what waits. */
  close(): Promise<void>;
}

export interface TracingOptions {
  serviceName: string;
  /** `api` or `worker`. */
  part: string;
  version: string;
}

const TRACER = 'managed-agent';
const NAMESPACE = 'managed-agent';

/** A process that is killed loses the spans of this time. */
const SEND_AFTER_MS = 1_000;

/**
 * Starts sending traces to a collector, by OTLP over HTTP. A collector that does not answer costs spans and nothing else. OpenTelemetry's
 * own variables for the sampler, the batches, the exporter and the resource (`OTEL_*`) hold.
 *
 * @param endpoint - the collector's base URL, or that of its traces.
 */
export function startTracing(endpoint: string, options: TracingOptions): Tracing {
  const url = new URL(endpoint);
  if (url.pathname === '/') url.pathname = '/v1/traces';
  const delay =
    process.env['OTEL_BSP_SCHEDULE_DELAY'] === undefined ? { scheduledDelayMillis: SEND_AFTER_MS } : {};
  return traceTo(new BatchSpanProcessor(new OTLPTraceExporter({ url: url.href }), delay), options);
}

/** Sends traces wherever the processor sends them. */
export function traceTo(processor: SpanProcessor, { serviceName, part, version }: TracingOptions): Tracing {
  const own = new Resource({
    'service.name': serviceName,
    'service.namespace': NAMESPACE,
    'service.instance.id': randomUUID(),
    'service.version': version,
    'managed_agent.part': part,
    'host.name': hostname(),
    'process.pid': process.pid,
  });
  const provider = new NodeTracerProvider({
    resource: own.merge(envDetectorSync.detect()),
    spanProcessors: [processor],
    idGenerator: ids,
  });
  // What clients send as baggage is nobody's business here, and goes nowhere.
  provider.register({ propagator: new W3CTraceContextPropagator() });
  return {
    interceptor: new OpenTelemetryWorkflowClientInterceptor(),
    async close() {
      // What a collector does not take any more is lost; nobody waits for it.
      await provider.shutdown().catch(() => undefined);
      trace.disable();
    },
  };
}

/** Random ids, save for a span whose id is known before it begins. */
class SpanIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #next: string | null = null;

  /** Gives the span that `begin` starts this id. */
  givenTo<T>(spanId: string, begin: () => T): T {
    this.#next = spanId;
    try {
      return begin();
    } finally {
      this.#next = null;
    }
  }

  generateTraceId = (): string => this.#random.generateTraceId();
  generateSpanId = (): string => this.#next ?? this.#random.generateSpanId();
}

const ids = new SpanIds();

/**
 * Sends a span that is over, under an id that other spans have named as their parent. It is sampled as its parent is.
 *
 * @param parent - what it is a part of.
 */
export function sendSpan(
  name: string,
  span: {
    id: string;
    parent: SpanContext;
    startedAt: number;
    endedAt: number;
    errorType: string | null;
  } & Pick<SpanOptions, 'kind' | 'attributes' | 'links'>,
): void {
  const { id, parent, startedAt, endedAt, errorType, ...options } = span;
  const around = trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
  const sent = ids.givenTo(id, () =>
    trace.getTracer(TRACER).startSpan(name, { ...options, startTime: startedAt }, around),
  );
  if (errorType !== null) failSpan(sent, errorType);
  sent.end(endedAt);
}

/**
 * Runs work in a span that ends with it. A failure is noted by its code: messages may hold what people wrote. `work` may add
 * attributes to the span.
 *
 * @param options.parent - what the span is a part of; absent: of what is under way.
 */
export async function withSpan<T>(
  name: string,
  options: Pick<SpanOptions, 'kind'> & { attributes: Attributes; parent?: Context | null },
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const { parent, ...rest } = options;
  const run = async (span: Span): Promise<T> => {
    try {
      return await work(span);
    } catch (error) {
      failSpan(span, errorTypeOf(error));
      throw error;
    } finally {
      span.end();
    }
  };
  const tracer = trace.getTracer(TRACER);
  return parent ? tracer.startActiveSpan(name, rest, parent, run) : tracer.startActiveSpan(name, rest, run);
}

/** Notes on a span that its work failed. */
export function failSpan(span: Span, errorType: string): void {
  span.setAttribute('error.type', errorType);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The code of our own errors; of others the name of their class. */
export function errorTypeOf(error: unknown): string {
  if (isAppError(error)) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
