import type { ToolDefinition } from '../model-provider.ts';
import type { TranscriptMessage } from '../../../core/session/content.ts';
import { asksForSummary } from '../../../core/session/context/compaction.ts';
import { carryOut } from './carry-out.ts';
import { situationOf, type Situation } from './rounds.ts';
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
  if (asksForSummary(situation.ask)) return { text: summaryOf(messages, situation), calls: [] };
  const requests = understand(situation.ask);
  if (requests.length > 0) return carryOut(requests, situation, toolbox);
  const knowsMe = situation.earlierAnswers.some((text) => text.includes(INTRODUCTION));
  if (!knowsMe) return tour(situation, toolbox);
  const used = callsIn(situation);
  return {
    text:
      `I am the demo model, so I cannot follow that: I only know a few plain requests. ` +
      `This session has made ${used} so far, and everything it did is still in its log and its sandbox.\n\n${THINGS_TO_ASK}`,
    calls: [],
  };
}

function callsIn({ toolUses }: Situation): string {
  return toolUses === 1 ? 'one tool call' : `${String(toolUses)} tool calls`;
}

/** Newest requests that a summary names, and characters of each. */
const SUMMARISED = 20;
const CHARACTERS = 300;

function summaryOf(messages: readonly TranscriptMessage[], situation: Situation): string {
  const asked = messages
    .filter(({ role }) => role === 'user')
    .flatMap(({ content }) => content.flatMap((block) => (block.type === 'text' ? [block.text] : [])))
    .filter((text) => !asksForSummary(text))
    .slice(-SUMMARISED)
    .map((text) => `- ${Array.from(text).slice(0, CHARACTERS).join('')}`);
  return `The user asked for:\n${asked.join('\n')}\n\nThere were ${callsIn(situation)} so far.`;
}
