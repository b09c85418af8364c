import type { ToolDefinition } from '../model-provider.ts';
import type { TranscriptMessage } from '../../../core/session/content.ts';
import { carryOut } from './carry-out.ts';
import { situationOf } from './rounds.ts';
import { INTRODUCTION, THINGS_TO_ASK } from './phrases.ts';
import { createToolbox, type DemoAnswer } from './toolbox.ts';
import { tour } from './tour.ts';
import { understand } from './understand.ts';

/** The whole demo model: a pure function of the transcript and the tools on offer. */
export function demoAnswer(
  messages: readonly TranscriptMessage[],
  tools: readonly ToolDefinition[],
): DemoAnswer {
  const situation = situationOf(messages);
  const toolbox = createToolbox(tools);
  const requests = understand(situation.ask);
  if (requests.length > 0) return carryOut(requests, situation, toolbox);
  const knowsMe = situation.earlierAnswers.some((text) => text.includes(INTRODUCTION));
  if (!knowsMe) return tour(situation, toolbox);
  const used = situation.toolUses === 1 ? 'one tool call' : `${String(situation.toolUses)} tool calls`;
  return {
    text:
      `I am the demo model, so I cannot follow that: I only know a few plain requests. ` +
      `This session has made ${used} so far, and everything it did is still in its log and its sandbox.\n\n${THINGS_TO_ASK}`,
    calls: [],
  };
}
