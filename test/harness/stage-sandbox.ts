import type { ToolResult, ToolRunner } from '../../tools/tool-runner.ts';

/**
 * A sandbox of the test's: it keeps a record of each call as the real one does (made once; running, done or abandoned), outlives its
 * workers, and counts side effects. The command says what happens: `wait` runs until released, anything else ends at once.
 */
export interface StageSandbox extends ToolRunner {
  /** How often each call had its side effect. */
  readonly effects: ReadonlyMap<string, number>;
  readonly kills: readonly string[];
  /** Ends the commands that wait. */
  release(): void;
}

interface Record {
  state: 'running' | 'done' | 'abandoned';
  ended: Promise<void>;
  end: () => void;
}

export function createStageSandbox(): StageSandbox {
  const records = new Map<string, Record>();
  const effects = new Map<string, number>();
  const kills: string[] = [];
  let waiting: (() => void)[] = [];

  function makeRecord(id: string, state: Record['state']): Record {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const record: Record = { state, ended, end };
    if (state !== 'running') end();
    records.set(id, record);
    return record;
  }

  function begin(id: string, command: unknown): Record {
    const record = makeRecord(id, 'running');
    effects.set(id, (effects.get(id) ?? 0) + 1);
    const finish = () => {
      if (record.state === 'running') record.state = 'done';
      record.end();
    };
    if (command === 'wait') waiting.push(finish);
    else finish();
    return record;
  }

  function abandon(id: string): void {
    const record = records.get(id);
    if (!record) makeRecord(id, 'abandoned');
    else if (record.state === 'running') {
      record.state = 'abandoned';
      record.end();
    }
  }

  return {
    effects,
    kills,
    async run(call, mode, signal) {
      signal.throwIfAborted();
      let record = records.get(call.toolUseId);
      if (!record) {
        record =
          mode === 'start'
            ? begin(call.toolUseId, call.input['command'])
            : makeRecord(call.toolUseId, 'abandoned');
      }
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
      try {
        await Promise.race([record.ended, aborted]);
      } catch (error) {
        abandon(call.toolUseId);
        throw error;
      }
      return record.state === 'done' ? said('ran', false) : { ...said('lost', true), lost: true };
    },
    async kill(call) {
      kills.push(call.toolUseId);
      abandon(call.toolUseId);
    },
    release() {
      for (const finish of waiting) finish();
      waiting = [];
    },
  };
}

function said(text: string, isError: boolean): ToolResult {
  return { content: [{ type: 'text', text }], isError };
}
