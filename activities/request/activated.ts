import type { JsonObject } from '../../core/json.ts';
import type { ContentBlock } from '../../core/session/content.ts';
import { withActivation } from '../../core/skills/skill-activation.ts';
import { skillCommand } from '../../core/skills/skill-command.ts';
import type { SkillPin } from '../../core/skills/skill-pin.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import { readInstructions } from '../../providers/skill-archive/read-instructions.ts';

/**
 * Puts behind a message that activates a skill the instructions of the version that the session pinned; other events stay as they are.
 * The same event and pins always give the same bytes, whatever became of the skill since.
 */
export function activated(
  blobs: Pick<BlobStore, 'get'>,
  pins: readonly SkillPin[],
): (whole: JsonObject) => Promise<JsonObject> {
  return async (whole) => {
    if (whole['type'] !== 'user.message' || pins.length === 0) return whole;
    // Accepted messages hold content blocks; their type says JSON.
    const content = (whole['content'] ?? []) as object as ContentBlock[];
    const command = skillCommand(content, pins);
    if (command?.kind !== 'activate') return whole;
    const instructions = await readInstructions(blobs, command.pin);
    return { ...whole, content: withActivation(content, command, instructions) as object[] as JsonObject[] };
  };
}
