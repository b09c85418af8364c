import { readSpanDetail } from '../journal/span-detail.ts';
import { FRESH_TURN, withAnswer, withMessage, type Turn } from '../journal/turn.ts';
import type { StopReason } from '../journal/view.ts';
import type { Json, JsonObject } from '../json.ts';
import type { RebuiltRow } from './rebuild-journal.ts';

/** What is remembered of the turn under way, after one more row of the log. */
export function turnAfter(turn: Turn, { type, body, detail }: RebuiltRow, isFinal: boolean): Turn {
  switch (type) {
    case 'user.message':
      return withMessage(turn);
    case 'span.model_request_end': {
      if (isFinal) return FRESH_TURN;
      const told = readSpanDetail(detail);
      return withAnswer(turn, told?.cut ?? null, told?.digests ?? null);
    }
    case 'session.error': {
      const model = (body['error'] as JsonObject | undefined)?.['fallback_model'];
      if (typeof model !== 'string') return turn;
      const failed = [...(turn.detour?.failed ?? []), ...failedOf(detail)];
      return { ...turn, detour: { failed, model } };
    }
    case 'session.updated':
      return body['agent'] == null ? turn : { ...turn, detour: null };
    case 'session.status_idle': {
      const stop = (body['stop_reason'] ?? null) as StopReason | null;
      return stop?.type === 'requires_action' || stop?.type === 'budget_reached' ? turn : FRESH_TURN;
    }
    default:
      return turn;
  }
}

function failedOf(detail: Json | null): string[] {
  const failed = (detail as JsonObject | null)?.['failed'];
  return typeof failed === 'string' ? [failed] : [];
}
