import { FRESH_TURN } from '../../core/journal/turn.ts';
import type { AcceptView } from '../../core/journal/accept.ts';
import type {
  CallView,
  HeadView,
  IdSource,
  QueuedEvent,
  StepRow,
  ThreadView,
} from '../../core/journal/view.ts';

/** Ids that tell their order: `e1`, `e2`, … */
export function countingIds(prefix = 'e'): IdSource {
  let last = 0;
  return { event: () => `${prefix}${++last}` };
}

/** What a transaction of a fresh, idle session sees; `parts` replaces what the test is about. */
export function journalView(
  parts: {
    head?: Partial<HeadView>;
    thread?: Partial<ThreadView>;
    queue?: QueuedEvent[];
    calls?: CallView[];
    row?: StepRow | null;
    named?: AcceptView['named'];
    now?: number;
  } = {},
): AcceptView {
  return {
    head: {
      sessionId: 'sesn_test',
      workspaceId: 'w',
      epoch: 1,
      lastSeq: 0,
      lastArrival: 0,
      status: 'idle',
      stop: null,
      archived: false,
      usage: {
        input_tokens: 0,
        output_tokens: 0,
        cache_read_input_tokens: 0,
        cache_creation_5m_input_tokens: 0,
        cache_creation_1h_input_tokens: 0,
        list_cost_nano_usd: 0,
      },
      unpriced: false,
      budget: null,
      activeMs: 0,
      runningSince: null,
      ...parts.head,
    },
    thread: {
      id: 'sthr_test',
      agentName: 'tester',
      step: 0,
      owed: false,
      turn: FRESH_TURN,
      trace: null,
      ...parts.thread,
    },
    queue: parts.queue ?? [],
    calls: parts.calls ?? [],
    row: parts.row ?? null,
    now: parts.now ?? 1_000,
    named: parts.named ?? [],
  };
}

/** A tool use without a result. */
export function aCall(id: string, parts: Partial<CallView> = {}): CallView {
  return {
    id,
    name: 'bash',
    label: 'bash',
    kind: 'run',
    answer: null,
    denyMessage: null,
    row: null,
    ...parts,
  };
}

/** An open row of a step. */
export function anOpenRow(key: string, parts: Partial<StepRow> = {}): StepRow {
  return {
    key,
    fence: 1,
    through: 0,
    arrived: 0,
    span: null,
    failures: 0,
    firstFailureAt: null,
    outcome: null,
    ...parts,
  };
}

/** An event that waits. */
export function aQueued(arrival: number, type: string, ref: string | null = null): QueuedEvent {
  return { arrival, id: `q${arrival}`, type, ref };
}
