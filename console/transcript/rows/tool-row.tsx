import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { between } from '../../format/duration.ts';
import { Revealed } from '../../text/revealed.tsx';
import { toolLook } from '../../tools/tool-look.ts';
import { ToolBody } from '../../tools/tool-body.tsx';
import type { ToolCall, ToolState } from '../transcript-item.ts';
import { ShortText } from '../../text/short-text.tsx';

const STATES: Record<ToolState, string> = {
  running: 'running',
  asks: 'needs your answer',
  needs_result: 'needs a result',
  allowed: 'allowed, running',
  denied: 'denied',
  done: 'done',
  failed: 'failed',
};

/** What was opened or folded stays so while the row is out of sight. */
const folds = new Map<string, boolean>();

/** A tool call: what is asked, how far it is, what came back. */
export function ToolRow({ call }: { call: ToolCall }) {
  const { use, result, state } = call;
  const { icon: Icon, summary, isOpenAtFirst } = toolLook(use);
  const [chosen, setChosen] = useState(folds.get(use.id));
  const isOpen = chosen ?? (isOpenAtFirst || state === 'failed' || state === 'asks' || hasImage(call));
  const took = result?.type.startsWith('agent.') ? between(use.processed_at, result.processed_at) : null;
  return (
    <div className="tool" data-state={state}>
      <button
        type="button"
        className="tool-head"
        aria-expanded={isOpen}
        onClick={() => {
          folds.set(use.id, !isOpen);
          setChosen(!isOpen);
        }}
      >
        <ChevronRight size={14} aria-hidden="true" className="tool-chevron" />
        <Icon size={15} aria-hidden="true" />
        <span className="tool-name">
          <ShortText
            text={use.type === 'agent.mcp_tool_use' ? `${use.mcp_server_name} · ${use.name}` : use.name}
          />
        </span>
        <span className="tool-summary">
          <Revealed text={summary} />
        </span>
        <span className="tool-state">
          {(state === 'running' || state === 'allowed') && <span className="spinner" aria-hidden="true" />}
          {STATES[state]}
          {took !== null && ` · ${took}`}
        </span>
      </button>
      {isOpen && <ToolBody call={call} />}
    </div>
  );
}

function hasImage({ result }: ToolCall): boolean {
  return result?.content?.some(({ type }) => type === 'image') ?? false;
}
