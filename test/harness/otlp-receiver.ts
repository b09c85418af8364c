import protobuf from 'protobufjs';
import { listen } from './listen.ts';

/** The part of OpenTelemetry's protocol that a receiver of traces reads. */
const PROTOCOL = `
syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { repeated Span spans = 2; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; repeated Event events = 11;
  repeated Link links = 13; Status status = 15;
}
message Event { string name = 2; repeated KeyValue attributes = 3; }
message Link { bytes trace_id = 1; bytes span_id = 2; }
message Status { string message = 2; int32 code = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue {
  oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; }
}
message ArrayValue { repeated AnyValue values = 1; }
`;

type Value = string | number | boolean | Value[];

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  traceState: string;
  /** Empty for the first span of a trace. */
  parentSpanId: string;
  name: string;
  /** As the protocol numbers them: 1 internal, 2 server, 3 client. */
  kind: number;
  startedAt: number;
  endedAt: number;
  attributes: Record<string, Value>;
  links: { traceId: string; spanId: string }[];
  failed: boolean;
  resource: Record<string, Value>;
  /** All that came, for a look at what must not be in it. */
  text: string;
}

/** A collector of traces: OTLP over HTTP, as the service sends it. */
export interface OtlpReceiver {
  url: string;
  /** In the order in which they came. */
  readonly spans: readonly ReceivedSpan[];
  close(): Promise<void>;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const Messages = protobuf.parse(PROTOCOL).root.lookupType('Request');
  const spans: ReceivedSpan[] = [];
  const { url, close } = await listen((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const message = Messages.decode(Buffer.concat(chunks));
      spans.push(
        ...spansIn(Messages.toObject(message, { bytes: String, longs: String, arrays: true }) as WireRequest),
      );
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  return { url, spans, close };
}

interface WireValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
  arrayValue?: { values: WireValue[] };
}
type WireAttributes = { key: string; value: WireValue }[];
interface WireSpan {
  traceId: string;
  spanId: string;
  traceState?: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: WireAttributes;
  links: { traceId: string; spanId: string }[];
  status?: { code?: number };
}
interface WireRequest {
  resourceSpans: { resource: { attributes: WireAttributes }; scopeSpans: { spans: WireSpan[] }[] }[];
}

const FAILED = 2;

function spansIn({ resourceSpans }: WireRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        traceState: span.traceState ?? '',
        parentSpanId: hex(span.parentSpanId ?? ''),
        name: span.name,
        kind: span.kind,
        startedAt: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
        endedAt: Number(BigInt(span.endTimeUnixNano) / 1_000_000n),
        attributes: attributesIn(span.attributes),
        links: span.links.map(({ traceId, spanId }) => ({ traceId: hex(traceId), spanId: hex(spanId) })),
        failed: span.status?.code === FAILED,
        resource: attributesIn(resource.attributes),
        text: JSON.stringify(span),
      })),
    ),
  );
}

function attributesIn(attributes: WireAttributes): Record<string, Value> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueIn(value)]));
}

function valueIn({ stringValue, boolValue, intValue, doubleValue, arrayValue }: WireValue): Value {
  if (arrayValue !== undefined) return arrayValue.values.map(valueIn);
  if (intValue !== undefined) return Number(intValue);
  return stringValue ?? boolValue ?? doubleValue ?? '';
}

function hex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}
