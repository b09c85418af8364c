import {
  InvokeModelWithResponseStreamCommand,
  type BedrockRuntimeClient,
  type ResponseStream,
} from '@aws-sdk/client-bedrock-runtime';
import type {
  MessageCreateParamsStreaming,
  RawMessageStreamEvent,
} from '@anthropic-ai/sdk/resources/messages';
import type { AnthropicTransport } from '../../anthropic/transport.ts';
import { errorIn } from '../../stream/error-event.ts';
import { isJsonObject } from '../../tool-input.ts';
import { toModelError } from '../../vendor-failure.ts';
import { toBedrockFailure } from './bedrock-failure.ts';

/** The one that Bedrock documents for all of its Claude models. */
const VERSION = 'bedrock-2023-05-31';

/** Claude by Bedrock's InvokeModel: the vendor's own requests and events, in AWS's envelopes. */
export function invokeTransport(options: {
  client: BedrockRuntimeClient;
  vendor: string;
  advice: string | undefined;
  /** Besides those of the requests. */
  betas: readonly string[];
}): AnthropicTransport {
  const { client, vendor, advice } = options;
  return {
    vendor,
    async send(body, betas, abortSignal) {
      const command = new InvokeModelWithResponseStreamCommand({
        modelId: body.model,
        contentType: 'application/json',
        accept: 'application/json',
        body: JSON.stringify(toInvokeBody(body, [...betas, ...options.betas])),
      });
      const answer = await client.send(command, { abortSignal });
      return { events: eventsOf(answer.body, vendor), requestId: answer.$metadata.requestId };
    },
    toFailure: (error) => toBedrockFailure(error, vendor, advice),
  };
}

/** The model stands in the path, and versions in the body. Who the user is has no field here. */
function toInvokeBody(body: MessageCreateParamsStreaming, betas: readonly string[]): object {
  const { model, stream: _stream, metadata: _metadata, ...rest } = body;
  const all = [...new Set([...betas, ...effortBeta(model, rest)])];
  return { anthropic_version: VERSION, ...rest, ...(all.length > 0 ? { anthropic_beta: all } : {}) };
}

/** The first model with efforts takes them here as a beta only. */
function effortBeta(model: string, { output_config: output }: { output_config?: unknown }): string[] {
  return output !== undefined && /claude-opus-4-5/.test(model) ? ['effort-2025-11-24'] : [];
}

async function* eventsOf(
  stream: AsyncIterable<ResponseStream> | undefined,
  vendor: string,
): AsyncGenerator<RawMessageStreamEvent, 'body'> {
  const decoder = new TextDecoder();
  for await (const { chunk } of stream ?? []) {
    if (chunk?.bytes === undefined) continue;
    const event = parsed(decoder.decode(chunk.bytes), vendor);
    if (event['type'] !== 'ping') yield event as unknown as RawMessageStreamEvent;
  }
  return 'body';
}

function parsed(text: string, vendor: string) {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    event = undefined;
  }
  if (!isJsonObject(event))
    throw toModelError({
      vendor,
      message: `its stream broke the protocol: ${JSON.stringify(text.slice(0, 120).toWellFormed())} is no event`,
    });
  const error = errorIn(event, undefined);
  if (error !== undefined) throw toModelError({ vendor, ...error });
  return event;
}
