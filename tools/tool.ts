import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import type { OperationResult, SandboxOperation } from '../providers/sandbox/operation.ts';
import type { ToolResult } from './tool-runner.ts';

/** A built-in tool: what the model is told, and what it does in the session's sandbox. */
export interface Tool {
  name: string;
  description: string;
  /** JSON Schema of the input, for the model. */
  inputSchema: JsonObject;
  /** The operation that an input asks for, or what is wrong with the input, in words for the model. */
  toOperation(input: JsonObject): { operation: SandboxOperation } | { problem: string };
  toResult(result: OperationResult): ToolResult;
}

/** Makes a tool from a zod schema; unknown and ill-typed fields are reported by name. */
export function defineTool<Schema extends z.ZodObject>(definition: {
  name: string;
  description: string;
  input: Schema;
  operation: (input: z.output<Schema>) => SandboxOperation | { problem: string };
}): Tool {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(definition.input, { io: 'input' });
  return {
    name: definition.name,
    description: definition.description,
    inputSchema: inputSchema as JsonObject,
    toOperation(input) {
      const parsed = definition.input.safeParse(input);
      if (!parsed.success) {
        const issues = parsed.error.issues.map(
          (issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`,
        );
        return { problem: `Invalid input for ${definition.name}. ${issues.join('; ')}` };
      }
      const operation = definition.operation(parsed.data);
      return 'problem' in operation ? operation : { operation };
    },
    toResult,
  };
}

/** What is said of a command that did not end well; undefined for one that did. */
function endingOf({ code, endedBy }: NonNullable<OperationResult['exit']>): string | undefined {
  switch (endedBy) {
    case 'timeout':
      return 'The command was ended at its time limit. Give a larger timeout_ms, or run it in the background.';
    case 'kill':
      return 'The command was killed.';
    case 'limit':
      return 'The command was ended at a limit of the sandbox (memory or disk).';
    case 'exit':
      return code === 0 ? undefined : `exit ${code ?? 'unknown'}`;
  }
}

function toResult({ text, isError, image, exit }: OperationResult): ToolResult {
  const ending = exit && endingOf(exit);
  const said = [text.replace(/\n$/, ''), ending ?? ''].filter((part) => part !== '').join('\n');
  const content: ToolResult['content'] = [{ type: 'text', text: said === '' ? '(no output)' : said }];
  if (image) {
    const source = { type: 'base64', media_type: image.mediaType, data: image.base64 } as const;
    content.push({ type: 'image', source });
  }
  return { content, isError };
}
