import {
  ConverseStreamCommand,
  type BedrockRuntimeClient,
  type ConverseStreamOutput,
} from '@aws-sdk/client-bedrock-runtime';
import type { JsonObject } from '../../../../../core/json.ts';
import { followEvents, guardedStream, understood } from '../../../adapter-stream.ts';
import { finishKind } from '../../../finish-words.ts';
import { createHistoryRepair } from '../../../history/history-repair.ts';
import { reasoningForm } from '../../../history/reasoning-dialect.ts';
import type { ModelProvider, ModelRequest, ModelStreamPart } from '../../../model-provider.ts';
import type { StreamGuard, StreamLimits } from '../../../stream-guard.ts';
import { toolNamesOf } from '../../../tool-names.ts';
import { toModelError } from '../../../vendor-failure.ts';
import { toBedrockFailure } from '../bedrock-failure.ts';
import { createConverseStreamReader } from './read-converse-stream.ts';
import { toConverseRequest, type ConverseTraits } from './to-converse-request.ts';
import { toConverseResponse } from './to-converse-response.ts';

/** Bedrock's Converse, the one form of requests for the models of all vendors. */
export function createConverseProvider(options: {
  client: BedrockRuntimeClient;
  vendor: string;
  /** The tag of what is the vendor's own in a conversation. */
  name: string;
  /** What can be done where the identity is refused; absent where a key is shown. */
  advice: string | undefined;
  limits: StreamLimits;
  traits: ConverseTraits;
  extraBody: JsonObject;
}): ModelProvider {
  const { client, vendor, name, advice, limits, traits, extraBody } = options;

  async function* converse(request: ModelRequest, guard: StreamGuard): AsyncGenerator<ModelStreamPart> {
    const names = toolNamesOf(request, 'compatible');
    const input = toConverseRequest(request, traits, { provider: name, names, extraBody });
    const answer = await client.send(new ConverseStreamCommand(input), { abortSignal: guard.signal });
    const reader = createConverseStreamReader();
    yield* followEvents(vendor, eventsOf(answer.stream), reader, guard);
    if (finishKind(reader.answer.stopReason) === 'broken')
      throw toModelError({ vendor, message: `the model gave up (${String(reader.answer.stopReason)})` });
    const { requestId } = answer.$metadata;
    yield {
      type: 'finish',
      response: understood(vendor, () =>
        toConverseResponse(reader.answer, {
          provider: name,
          names,
          maxOutputTokens: request.maxOutputTokens,
          requestId,
        }),
      ),
    };
  }

  const toFailure = (error: unknown): unknown => toBedrockFailure(error, vendor, advice);
  const repair = createHistoryRepair(name, (model) =>
    reasoningForm({ baseUrl: undefined, model, history: 'all' }),
  );
  return {
    name,
    stream: (request, signal) =>
      repair.stream(request, (sent) =>
        guardedStream({ vendor, limits, toFailure }, signal, (guard) => converse(sent, guard)),
      ),
  };
}

async function* eventsOf(
  stream: AsyncIterable<ConverseStreamOutput> | undefined,
): AsyncGenerator<ConverseStreamOutput, 'body'> {
  yield* stream ?? [];
  return 'body';
}
