import type { ModelRequest, ModelStreamPart, ToolDefinition } from './model-provider.ts';
import { refusalOf } from './vendor-failure.ts';

/** OpenAI, of some of its models, and Azure: https://github.com/getsentry/sentry-mcp/issues/106, https://github.com/probelabs/probe/issues/9 */
const TOO_LONG = /tools\[\d+\]\.(?:function\.)?description.{0,40}too long.{0,40}maximum length (\d+)/is;

/** Sends the requests of one connection with descriptions of tools that are as long as each of its models takes. */
export interface ShorterDescriptions {
  /** @param send - sends one request; fails as `ModelProvider.stream` does. */
  stream(
    request: ModelRequest,
    send: (request: ModelRequest) => AsyncGenerator<ModelStreamPart>,
  ): AsyncGenerator<ModelStreamPart>;
}

/**
 * A request that is refused for the length of a description goes once more at once, with what does not fit moved into the system prompt. What
 * a model takes is remembered.
 */
export function createShorterDescriptions(): ShorterDescriptions {
  const limits = new Map<string, number>();
  return {
    async *stream(request, send) {
      for (;;) {
        const limit = limits.get(request.model);
        let begun = false;
        try {
          for await (const part of send(limit === undefined ? request : shortened(request, limit))) {
            begun ||= part.type !== 'usage';
            yield part;
          }
          return;
        } catch (error) {
          const named = Number(TOO_LONG.exec(refusalOf(error)?.message ?? '')?.[1]);
          // A limit that is no lower than what was sent would be refused for ever.
          if (begun || !(named >= SHORTEST) || named >= (limit ?? Infinity)) throw error;
          limits.set(request.model, named);
        }
      }
    },
  };
}

const SHORTEST = 128;
const MORE = ' (More under “Tools” in the system prompt.)';

function shortened(request: ModelRequest, limit: number): ModelRequest {
  const rests: string[] = [];
  const tools = request.tools.map((tool): ToolDefinition => {
    const { name, description } = tool;
    if (description.length <= limit) return tool;
    const length = cutBefore(description, limit - MORE.length);
    rests.push(`## ${name}\n\n${description.slice(length).trim()}`);
    return { ...tool, description: description.slice(0, length).trimEnd() + MORE };
  });
  const told = ['# Tools', 'What follows goes on with the descriptions of these tools.', ...rests];
  const system = [request.system, ...(rests.length === 0 ? [] : told)];
  return { ...request, tools, system: system.filter((part) => part !== '').join('\n\n') };
}

/** Where a text can be cut: behind a paragraph or a sentence, if there is one near the end, and never in a character. */
function cutBefore(text: string, limit: number): number {
  const head = text.slice(0, limit).toWellFormed();
  const end = Math.max(head.lastIndexOf('\n'), head.lastIndexOf('. ') + 1, head.lastIndexOf(' '));
  const length = end > limit / 2 ? end : limit;
  return /[\uD800-\uDBFF]/.test(text.charAt(length - 1)) ? length - 1 : length;
}
