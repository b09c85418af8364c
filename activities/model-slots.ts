import { HandedBack } from '../core/handed-back.ts';

/** The part of a worker's slots that one workspace alone cannot take. */
const KEPT = 0.1;
/** Until a call that was refused comes again. */
const AGAIN_MS = 2_000;

/** Who has the slots in which this worker asks models. */
export interface ModelSlots {
  /** Notes a call; what it returns ends that. Throws {@link HandedBack} where the slots that are left are others'. */
  enter(workspaceId: string): () => void;
}

/**
 * Keeps the last tenth of the slots for workspaces that have less than a tenth themselves. So one whose models hang, or that begins
 * hundreds of turns at once, does not keep the first message of another waiting.
 *
 * @param slots - of the worker.
 */
export function createModelSlots(slots: number): ModelSlots {
  const kept = Math.floor(slots * KEPT);
  const held = new Map<string, number>();
  let taken = 0;
  return {
    enter(workspaceId) {
      const own = held.get(workspaceId) ?? 0;
      if (kept > 0 && taken >= slots - kept && own >= kept)
        throw new HandedBack('The last slots of the worker are kept for other workspaces.', AGAIN_MS);
      taken++;
      held.set(workspaceId, own + 1);
      return () => {
        taken--;
        const left = (held.get(workspaceId) ?? 1) - 1;
        if (left > 0) held.set(workspaceId, left);
        else held.delete(workspaceId);
      };
    },
  };
}
