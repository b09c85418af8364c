import type { OperationResult } from '../providers/sandbox/operation.ts';
import type { ToolResult } from './tool-runner.ts';

/** The exit code of a shell whose last program got SIGKILL, as the kernel sends when memory ends. */
const KILLED = 137;

/** What is said of a command that did not end well; undefined for one that did. */
function endingOf({ code, endedBy }: NonNullable<OperationResult['exit']>): string | undefined {
  switch (endedBy) {
    case 'timeout':
      return 'The command was ended at its time limit. Give a larger timeout_ms, or run it in the background.';
    case 'kill':
      return 'The command was killed.';
    case 'limit':
      return 'The command was ended: the files of this sandbox are over its limit of size or number. What was over it is removed; a command that only makes room is not ended.';
    case 'disk':
      return 'The command was ended: the disk of the machine that runs this sandbox is almost full. Write little until whoever runs the service made room.';
    case 'exit':
      if (code === KILLED)
        return 'exit 137: it was killed; unless you did that, the memory of the sandbox did not suffice.';
      return code === 0 ? undefined : `exit ${code ?? 'unknown'}`;
  }
}

/** The result of an operation as the model reads it. */
export function operationResult({
  text,
  isError,
  image,
  moreImages = [],
  exit,
}: OperationResult): ToolResult {
  const ending = exit && endingOf(exit);
  const said = [text.replace(/\n$/, ''), ending ?? ''].filter((part) => part !== '').join('\n');
  const content: ToolResult['content'] = [{ type: 'text', text: said === '' ? '(no output)' : said }];
  for (const { mediaType, base64 } of image ? [image, ...moreImages] : moreImages) {
    const source = { type: 'base64', media_type: mediaType, data: base64 } as const;
    content.push({ type: 'image', source });
  }
  return { content, isError };
}
