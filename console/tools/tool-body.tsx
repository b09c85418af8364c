import { Revealed } from '../text/revealed.tsx';
import type { ToolCall } from '../transcript/transcript-item.ts';
import { ToolInput } from './tool-input.tsx';
import { ToolOutput } from './tool-output.tsx';

/** A tool call, opened. */
export function ToolBody({ call }: { call: ToolCall }) {
  const { use, result, confirmation } = call;
  return (
    <div className="tool-body">
      <ToolInput name={use.name} input={use.input} />
      {confirmation?.result === 'deny' && (
        <p className="tool-denied">
          Denied{confirmation.deny_message ? ': ' : '.'}
          <Revealed text={confirmation.deny_message ?? ''} />
        </p>
      )}
      {result !== null && <ToolOutput name={use.name} result={result} />}
    </div>
  );
}
