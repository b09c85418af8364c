import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import {
  context,
  diag,
  DiagLogLevel,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  type SpanOptions,
} from '@opentelemetry/api';
import { getEnv, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { envDetectorSync, Resource } from '@opentelemetry/resources';
import { RandomIdGenerator, type IdGenerator, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry';
import { isAppError } from '../../core/errors.ts';
import { outboundProxyEnv } from '../network/outbound-agents.ts';
import { createSpanSender, type SpanLossWatch } from './span-sender.ts';

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
/** How long the last spans may take. */
const CLOSE_MS = 2_000;
/** Problems of OpenTelemetry that are logged, and how much of each. */
const MAX_PROBLEMS = 50;
const MAX_PROBLEM = 500;

/**
 * Starts sending traces to a collector, by OTLP over HTTP. A collector that does not answer costs spans and nothing else. OpenTelemetry's
 * own variables for the sampler, the batches, the exporter and the resource (`OTEL_*`) hold.
 *
 * @param endpoint - the collector's base URL, or that of its traces.
 * @returns null where `OTEL_SDK_DISABLED` switches traces off.
 */
export function startTracing(
  endpoint: string,
  options: TracingOptions,
  watch: SpanLossWatch,
): Tracing | null {
  if (getEnv().OTEL_SDK_DISABLED) return null;
  logProblems(watch.log);
  const url = new URL(endpoint);
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return traceTo(
    createSpanSender(
      new OTLPTraceExporter({
        url: url.href,
        httpAgentOptions: { keepAlive: true, ...outboundProxyEnv(url.href) },
      }),
      watch,
    ),
    options,
  );
}

/** What OpenTelemetry has to say of its variables and of the collector: each thing once. */
function logProblems(log: SpanLossWatch['log']): void {
  const said = new Set<string>();
  const say = (...words: unknown[]): void => {
    const problem = words.map(String).join(' ').slice(0, MAX_PROBLEM);
    if (said.size >= MAX_PROBLEMS || said.has(problem)) return;
    said.add(problem);
    log.warn({ problem }, 'OpenTelemetry has a problem');
  };
  const unheard = (): void => undefined;
  const logger = { error: say, warn: say, info: unheard, debug: unheard, verbose: unheard };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
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
      // What a collector does not take any more is lost; nobody waits for it for long.
      const late = delay(CLOSE_MS, undefined, { ref: false });
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      for (const global of [trace, context, propagation, diag]) global.disable();
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
