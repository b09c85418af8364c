import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import type { AgentTools } from '../core/session/permission.ts';
import type { OperationResult, SandboxOperation } from '../providers/sandbox/operation.ts';
import type { SandboxSpec } from '../providers/sandbox/sandbox.ts';
import { operationResult } from './operation-result.ts';
import type { ToolResult } from './tool-runner.ts';

/** What the model is told of a tool. `inputSchema` is a JSON Schema of type object. */
interface ToolDescription {
  name: string;
  description: string;
  inputSchema: JsonObject;
}

/** A tool that does one operation in the session's sandbox. */
export interface SandboxTool extends ToolDescription {
  runs: 'sandbox';
  /** The operation that an input asks for, or what is wrong with the input, in words for the model. */
  toOperation(input: JsonObject): { operation: SandboxOperation } | { problem: string };
  toResult(result: OperationResult): ToolResult;
}

/** How the agent configured the tool: the entry of its toolset, where there is one. */
export type ToolConfig =
  Extract<AgentTools[number], { type: 'agent_toolset_20260401' }>['configs'][number] | undefined;

/** What a tool that runs beside the sandbox may know of its call. */
export interface HostCall {
  spec: SandboxSpec;
  toolUseId: string;
  config: ToolConfig;
}

/** A tool that runs in the worker: it changes nothing, so that a later attempt may simply do it again. */
export interface HostTool extends ToolDescription {
  runs: 'host';
  /** Failures are results, also of services that cannot be reached. Rejects with the signal's reason when it aborts. */
  execute(input: JsonObject, call: HostCall, signal: AbortSignal): Promise<ToolResult>;
}

export type Tool = SandboxTool | HostTool;

interface Definition<Schema extends z.ZodObject> {
  name: string;
  description: string;
  input: Schema;
}

function describe<Schema extends z.ZodObject>({
  name,
  description,
  input,
}: Definition<Schema>): ToolDescription {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(input, { io: 'input' });
  return { name, description, inputSchema: inputSchema as JsonObject };
}

/** Checks an input; unknown and ill-typed fields are reported by name. */
function parse<Schema extends z.ZodObject>(
  { name, input: schema }: Definition<Schema>,
  input: JsonObject,
): { data: z.output<Schema> } | { problem: string } {
  const parsed = schema.safeParse(input);
  if (parsed.success) return { data: parsed.data };
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`);
  return { problem: `Invalid input for ${name}. ${issues.join('; ')}` };
}

/** A result that says what went wrong. */
export function failed(text: string): ToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}

/** Makes a tool of the sandbox from a zod schema. */
export function defineTool<Schema extends z.ZodObject>(
  definition: Definition<Schema> & {
    operation: (input: z.output<Schema>) => SandboxOperation | { problem: string };
  },
): SandboxTool {
  return {
    ...describe(definition),
    runs: 'sandbox',
    toOperation(input) {
      const parsed = parse(definition, input);
      if ('problem' in parsed) return parsed;
      const operation = definition.operation(parsed.data);
      return 'problem' in operation ? operation : { operation };
    },
    toResult: operationResult,
  };
}

/** Makes a tool of the worker from a zod schema. */
export function defineHostTool<Schema extends z.ZodObject>(
  definition: Definition<Schema> & {
    execute: (input: z.output<Schema>, call: HostCall, signal: AbortSignal) => Promise<ToolResult>;
  },
): HostTool {
  return {
    ...describe(definition),
    runs: 'host',
    async execute(input, call, signal) {
      const parsed = parse(definition, input);
      return 'problem' in parsed ? failed(parsed.problem) : definition.execute(parsed.data, call, signal);
    },
  };
}
