import type { ResponseBlock, ToolDefinition } from '../../providers/model/model-provider.ts';
import { fitInput } from '../json-schema/fit-input.ts';
import { readSchema } from '../json-schema/read-schema.ts';
import type { SchemaNode } from '../json-schema/schema-node.ts';
import type { JsonObject } from '../json.ts';
import type { ToolVerdict } from './permission.ts';

/** What the tools of a request make of the calls in its response. */
export interface ToolInputs {
  /** The blocks, the input of each call in the form that its tool asks for; see {@link fitInput}. */
  fitted(blocks: readonly ResponseBlock[]): ResponseBlock[];
  /** The verdict, or a refusal where the client would be asked to run a call without anything that its tool needs. */
  checked(name: string, input: JsonObject, verdict: ToolVerdict): ToolVerdict;
}

export function toolInputs(tools: readonly ToolDefinition[]): ToolInputs {
  const nodes = new Map<string, SchemaNode | null>();
  const nodeOf = (name: string): SchemaNode | null => {
    const known = nodes.get(name);
    if (known !== undefined) return known;
    const tool = tools.find((candidate) => candidate.name === name);
    const node = tool === undefined ? null : readSchema(tool.input_schema).node;
    nodes.set(name, node);
    return node;
  };
  return {
    fitted: (blocks) =>
      blocks.map((block) => {
        if (block.type !== 'tool_use' || block.input === null) return block;
        const node = nodeOf(block.name);
        return node === null ? block : { ...block, input: fitInput(node, block.input) };
      }),
    checked(name, input, verdict) {
      const node = verdict.kind === 'custom' && Object.keys(input).length === 0 ? nodeOf(name) : null;
      if (node?.kind !== 'object' || node.required.size === 0) return verdict;
      const names = [...node.required].map((needed) => JSON.stringify(needed)).join(', ');
      return {
        kind: 'refused',
        permission: 'deny',
        text: `This call came without arguments, so it was not run: ${name} needs ${names}. Call the tool again with them.`,
      };
    },
  };
}
