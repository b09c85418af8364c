import type { ModelRequest } from '../model-provider.ts';
import { createToolNames, type ToolNames } from '../tool-names.ts';

/** OpenAI's rule for the names of functions. */
export function openAiToolNames(request: ModelRequest): ToolNames {
  const names = request.tools.map(({ name }) => name);
  return createToolNames(names, (name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name), 64);
}
