import type { TranscriptMessage } from '../core/session/content.ts';
import { skillCommand } from '../core/skills/skill-command.ts';
import type { SkillPin } from '../core/skills/skill-pin.ts';
import { skillList } from '../core/skills/skills-section.ts';
import type { ModelResponse } from '../providers/model/model-provider.ts';

const NOTHING_USED = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_5m_input_tokens: 0,
  cache_creation_1h_input_tokens: 0,
};

/**
 * The answer to a request that needs no model: the list of skills, when `/skills` is all that waits for an answer. Null when the model
 * is to be asked. What it is given is a step like any other.
 */
export function answerWithoutModel(
  messages: readonly TranscriptMessage[],
  pins: readonly SkillPin[],
): ModelResponse | null {
  const last = messages.at(-1);
  const [block, ...others] = last?.content ?? [];
  if (last?.role !== 'user' || block?.type !== 'text' || others.length > 0) return null;
  if (skillCommand([block], pins)?.kind !== 'list') return null;
  return { blocks: [{ type: 'text', text: skillList(pins) }], stop: 'end_turn', usage: NOTHING_USED };
}
