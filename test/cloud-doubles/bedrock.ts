import type { ServerResponse } from 'node:http';
import { EventStreamCodec } from '@smithy/core/event-streams';
import { createParser } from 'eventsource-parser';
import { signatureProblem, type AwsAccount } from './aws-signature.ts';
import { startCloudFront, type CloudFront, type CloudRequest, type Refusal } from './cloud-front.ts';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  (text) => new Uint8Array(Buffer.from(text, 'utf8')),
);

/** One message of AWS's event streams: an event, or the exception that ends the stream. */
export function awsFrame(kind: 'event' | 'exception', name: string, body: object): Buffer {
  const text = (value: string) => ({ type: 'string' as const, value });
  return Buffer.from(
    codec.encode({
      headers: {
        [kind === 'event' ? ':event-type' : ':exception-type']: text(name),
        ':content-type': text('application/json'),
        ':message-type': text(kind),
      },
      body: new Uint8Array(Buffer.from(JSON.stringify(body))),
    }),
  );
}

/** The event of InvokeModel that carries one of the vendor's. */
export function awsChunk(data: string): Buffer {
  return awsFrame('event', 'chunk', { bytes: Buffer.from(data).toString('base64') });
}

/**
 * Bedrock's runtime in front of the scripted model server, for Claude. Who asks has signed the request with the account's secret, or shows the
 * key.
 */
export async function startBedrock(who: AwsAccount | { apiKey: string }): Promise<CloudFront> {
  return startCloudFront({
    refuse: (request) => refusalOf(request, who),
    forward(request) {
      const model = /^\/model\/([^/]+)\/invoke-with-response-stream$/.exec(request.target)?.[1];
      if (model === undefined) return null;
      const {
        anthropic_version: version,
        anthropic_beta: betas,
        ...body
      } = JSON.parse(request.body) as {
        anthropic_version?: string;
        anthropic_beta?: string[];
      };
      if (version !== 'bedrock-2023-05-31' || 'model' in body || 'stream' in body || 'metadata' in body)
        return null;
      return {
        path: '/v1/messages',
        headers: {
          'anthropic-version': '2026-10-21',
          authorization: 'Bearer behind',
          ...(betas === undefined ? {} : { 'anthropic-beta': betas.join(',') }),
        },
        body: { ...body, model: decodeURIComponent(model), stream: true },
      };
    },
    answer: inEnvelopes,
  });
}

async function refusalOf(
  request: CloudRequest,
  who: AwsAccount | { apiKey: string },
): Promise<Refusal | null> {
  const problem =
    'apiKey' in who
      ? request.headers['authorization'] === `Bearer ${who.apiKey}`
        ? null
        : 'wrong key'
      : await signatureProblem(request, who);
  return problem === null
    ? null
    : {
        status: 403,
        headers: { 'x-amzn-errortype': 'InvalidSignatureException' },
        body: { message: problem },
      };
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'ValidationException',
  401: 'UnrecognizedClientException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
};

async function inEnvelopes(upstream: Response, response: ServerResponse): Promise<void> {
  const type = upstream.headers.get('content-type') ?? '';
  if (!upstream.ok || !type.startsWith('text/event-stream')) {
    const text = await upstream.text();
    const asked = ['retry-after', 'retry-after-ms'].flatMap((name) => {
      const value = upstream.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    response.writeHead(upstream.status, {
      'content-type': type,
      ...(TYPES[upstream.status] === undefined ? {} : { 'x-amzn-errortype': TYPES[upstream.status] }),
      ...Object.fromEntries(asked),
    });
    response.end(upstream.ok ? text : JSON.stringify({ message: messageIn(text) }));
    return;
  }
  response.writeHead(200, {
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-requestid': upstream.headers.get('request-id') ?? 'none',
  });
  response.flushHeaders();
  const parser = createParser({ onEvent: ({ data }) => void response.write(awsChunk(data)) });
  const decoder = new TextDecoder();
  for await (const piece of upstream.body ?? []) parser.feed(decoder.decode(piece, { stream: true }));
  response.end();
}

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { error: { message: string } }).error.message;
  } catch {
    return text;
  }
}
