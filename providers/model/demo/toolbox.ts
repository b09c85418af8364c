import type { JsonObject } from '../../../core/json.ts';
import type { ToolDefinition } from '../model-provider.ts';

export interface DemoCall {
  name: string;
  input: JsonObject;
}

/** What the demo model says and calls next. Without calls it has finished. */
export interface DemoAnswer {
  text: string;
  calls: DemoCall[];
}

/** Builds calls of the tools that the request offers; undefined where it does not offer one. */
export interface Toolbox {
  readonly names: readonly string[];
  bash(command: string): DemoCall | undefined;
  write(path: string, content: string): DemoCall | undefined;
  read(path: string): DemoCall | undefined;
  named(name: string, input: JsonObject): DemoCall | undefined;
}

export function createToolbox(tools: readonly ToolDefinition[]): Toolbox {
  const offered = new Set(tools.map(({ name }) => name));
  const named = (name: string, input: JsonObject) => (offered.has(name) ? { name, input } : undefined);
  const bash = (command: string) => named('bash', { command });
  return {
    names: [...offered],
    named,
    bash,
    write: (path, content) =>
      named('write', { file_path: path, content }) ??
      bash(`mkdir -p "$(dirname ${quote(path)})" && printf %s ${quote(content)} > ${quote(path)}`),
    read: (path) => named('read', { file_path: path }) ?? bash(`cat ${quote(path)}`),
  };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
