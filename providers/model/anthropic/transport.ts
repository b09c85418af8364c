import { APIError, APIUserAbortError, type BaseAnthropic } from '@anthropic-ai/sdk';
import type {
  MessageCountTokensParams,
  MessageCreateParamsStreaming,
  Messages,
  RawMessageStreamEvent,
} from '@anthropic-ai/sdk/resources/messages';
import { connectionFailure } from '../connection-failure.ts';
import { answerEvents } from '../stream/answer-events.ts';
import { toModelError } from '../vendor-failure.ts';
import { API_VERSION } from './anthropic-fetch.ts';
import { wholeMessage } from './whole-message.ts';

/** One answer on its way. */
export interface SentMessage {
  events: AsyncIterator<RawMessageStreamEvent, unknown>;
  requestId: string | undefined;
}

/** How requests of the Messages API reach Claude: the vendor's own API, or a cloud that has it. */
export interface AnthropicTransport {
  /** Whoever answers, for messages. */
  readonly vendor: string;
  send(
    body: MessageCreateParamsStreaming,
    betas: readonly string[],
    signal: AbortSignal,
  ): Promise<SentMessage>;
  /** Absent where there is no counter. */
  count?(body: MessageCountTokensParams, betas: readonly string[], signal: AbortSignal): Promise<number>;
  /** The port's error for one of the client's; defects of ours come back as they are. */
  toFailure(error: unknown): unknown;
}

/** What every client of the vendor's is made with: nothing is retried, and nothing read from the environment. */
export const CLIENT_OPTIONS = { maxRetries: 0, logLevel: 'off', openTelemetry: false } as const;

/** By one of the vendor's SDK clients, over HTTP. */
export function sdkTransport(
  client: BaseAnthropic & { messages: Omit<Messages, 'batches'> },
  vendor: string,
  identityAdvice?: string,
): AnthropicTransport {
  // Named here, since the SDK would take another version from the environment.
  const headersWith = (betas: readonly string[]): Record<string, string> => ({
    'anthropic-version': API_VERSION,
    ...(betas.length > 0 ? { 'anthropic-beta': betas.join(',') } : {}),
  });
  return {
    vendor,
    async send(body, betas, signal) {
      const response = await client.messages
        .create(body, { signal, headers: headersWith(betas) })
        .asResponse();
      return {
        events: answerEvents<RawMessageStreamEvent>(response, { vendor, whole: wholeMessage }),
        requestId: response.headers.get('request-id') ?? undefined,
      };
    },
    async count(body, betas, signal) {
      const answer = await client.messages.countTokens(body, { signal, headers: headersWith(betas) });
      return answer.input_tokens;
    },
    toFailure: (error) => toSdkFailure(error, vendor, identityAdvice),
  };
}

function toSdkFailure(error: unknown, vendor: string, identityAdvice: string | undefined): unknown {
  if (error instanceof APIUserAbortError) return error;
  const connection = connectionFailure(error, vendor);
  if (connection !== undefined) return connection;
  if (!(error instanceof APIError)) return error;
  return toModelError({
    vendor,
    status: error.status,
    type: error.type ?? undefined,
    message: error.apiMessage ?? undefined,
    headers: error.headers,
    identityAdvice,
    cause: error,
  });
}
