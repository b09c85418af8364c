import { EyeOff, ShieldQuestion } from 'lucide-react';
import { useState } from 'react';
import { countHidden } from '../text/reveal-hidden.ts';
import { ToolInput } from '../tools/tool-input.tsx';
import type { ToolCall } from '../transcript/transcript-item.ts';
import { Button } from '../ui/button.tsx';
import { Problem } from '../ui/problem.tsx';
import { TextField } from '../ui/text-field.tsx';
import { useSend } from './use-send.ts';
import { Revealed } from '../text/revealed.tsx';

/** Asks whether a call may run, showing exactly what would. */
export function Approval({ call: { use }, others }: { call: ToolCall; others: readonly ToolCall[] }) {
  const [isDenying, setDenying] = useState(false);
  const [reason, setReason] = useState('');
  const send = useSend();
  const hidden = countHidden(`${use.name}\n${allText(use.input)}`);
  const alsoAsk = others.filter(({ state }) => state === 'asks');
  const answer = (result: 'allow' | 'deny', ids: readonly string[]) =>
    send.mutate(
      ids.map((id) => ({
        type: 'user.tool_confirmation',
        tool_use_id: id,
        result,
        ...(result === 'deny' && reason.trim() !== '' && { deny_message: reason.trim() }),
      })),
    );
  return (
    <>
      <h2 className="waiting-title">
        <ShieldQuestion size={16} aria-hidden="true" />
        <span>
          May the agent use{' '}
          <code>
            <Revealed text={use.name} />
          </code>
          ?
        </span>
      </h2>
      {hidden > 0 && (
        <p className="waiting-warning" role="alert">
          <EyeOff size={14} aria-hidden="true" />
          {hidden === 1 ? '1 hidden character is' : `${hidden} hidden characters are`} in this call, marked
          below.
        </p>
      )}
      <div className="waiting-input">
        <ToolInput name={use.name} input={use.input} />
      </div>
      {send.error !== null && <Problem error={send.error} />}
      {isDenying ? (
        <form
          className="deny-form"
          onSubmit={(event) => {
            event.preventDefault();
            answer('deny', [use.id]);
          }}
        >
          <TextField
            label="What the agent is told"
            // The person just asked for this field.
            autoFocus
            placeholder="Optional: why not, or what to do instead"
            value={reason}
            onChange={setReason}
          />
          <div className="waiting-actions">
            <Button onClick={() => setDenying(false)}>Back</Button>
            <Button type="submit" look="danger" disabled={send.isPending}>
              Deny
            </Button>
          </div>
        </form>
      ) : (
        <div className="waiting-actions">
          <Button onClick={() => setDenying(true)} disabled={send.isPending}>
            Deny …
          </Button>
          <Button look="primary" disabled={send.isPending} onClick={() => answer('allow', [use.id])}>
            Allow
          </Button>
        </div>
      )}
      {alsoAsk.length > 0 && <p className="quiet">The next one is shown when this one is answered.</p>}
    </>
  );
}

function allText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([name, inner]) => `${name}\n${allText(inner)}`)
    .join('\n');
}
