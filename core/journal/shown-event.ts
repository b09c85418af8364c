import type { BetaManagedAgentsSessionEvent } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import type { JsonObject } from '../json.ts';
import { withoutPins } from './media-pins.ts';

/**
 * A journaled event as clients see it. `processedAt` is Unix milliseconds; null while the event waits. The body comes without
 * references to blobs (`restoreLargeStrings`); that it is one of the API's events its writer saw to.
 */
export function toShownEvent(body: JsonObject, processedAt: number | null): BetaManagedAgentsSessionEvent {
  const stamp = processedAt === null ? null : new Date(processedAt).toISOString();
  return { ...withoutPins(body), processed_at: stamp } as object as BetaManagedAgentsSessionEvent;
}
