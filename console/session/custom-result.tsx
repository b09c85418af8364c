import { Wrench } from 'lucide-react';
import { useState } from 'react';
import { ToolInput } from '../tools/tool-input.tsx';
import type { ToolCall } from '../transcript/transcript-item.ts';
import { Button } from '../ui/button.tsx';
import { Problem } from '../ui/problem.tsx';
import { TextArea } from '../ui/text-field.tsx';
import { useSend } from './use-send.ts';
import { ShortText } from '../text/short-text.tsx';

/** A call of a tool that is not the service's own: whoever uses the console may answer for it. */
export function CustomResult({ call: { use } }: { call: ToolCall }) {
  const [text, setText] = useState('');
  const [isError, setError] = useState(false);
  const send = useSend();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send.mutate([
          {
            type: 'user.custom_tool_result',
            custom_tool_use_id: use.id,
            content: [{ type: 'text', text }],
            is_error: isError,
          },
        ]);
      }}
    >
      <h2 className="waiting-title">
        <Wrench size={16} aria-hidden="true" />
        <span>
          The agent called{' '}
          <code>
            <ShortText text={use.name} />
          </code>
        </span>
      </h2>
      <p className="quiet">It is your own tool. A program usually answers; you can do it here.</p>
      <div className="waiting-input">
        <ToolInput name={use.name} input={use.input} />
      </div>
      <TextArea label="Result" rows={3} value={text} onChange={setText} />
      {send.error !== null && <Problem error={send.error} />}
      <div className="waiting-actions">
        <label className="check">
          <input type="checkbox" checked={isError} onChange={(event) => setError(event.target.checked)} />
          It failed
        </label>
        <Button type="submit" look="primary" disabled={send.isPending}>
          Send the result
        </Button>
      </div>
    </form>
  );
}
