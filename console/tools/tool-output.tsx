import { ContentBlocks } from '../text/content-blocks.tsx';
import type { ToolResult } from '../transcript/transcript-item.ts';

/** What came back from a tool. */
export function ToolOutput({ name, result }: { name: string; result: ToolResult }) {
  const content = result.content ?? [];
  if (content.length === 0) return <p className="quiet tool-nothing">No output.</p>;
  return (
    <ContentBlocks
      content={content}
      look="terminal"
      label={`Output of ${name}`}
      isBad={result.is_error === true}
    />
  );
}
