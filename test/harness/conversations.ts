import { startScriptedModelServer } from '../scripted-model-server/index.ts';

/** What the model was shown of a tool's result. */
export interface SeenResult {
  tool: string;
  text: string;
  isError: boolean;
  /** In base64. */
  image?: string;
}

/** The model's next move: a tool use, or a message that ends the turn. */
export type Move = { name: string; input: Record<string, unknown> } | string;

/** A model whose moves may depend on what the tools answered. */
export interface Conversations {
  readonly url: string;
  /**
   * Plans the conversation of the session whose first message has `when` in it: one step per answer of the model, given the text of the
   * newest result. Returns the results that the model has been shown, which grow as it goes on.
   */
  plan(when: string, steps: readonly ((seen: string) => Move)[]): SeenResult[];
  violations(): string[];
  close(): Promise<void>;
}

interface Block {
  type: string;
  id?: string;
  name?: string;
  text?: string;
  tool_use_id?: string;
  is_error?: boolean;
  content?: string | Block[];
  source?: { data?: string };
}

/** The results in a request of the Messages API. */
function resultsOf(body: unknown): SeenResult[] {
  const { messages } = body as { messages: { content: string | Block[] }[] };
  const blocks = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
  return blocks
    .filter(({ type }) => type === 'tool_result')
    .map(({ tool_use_id: id, content = [], is_error: isError = false }) => {
      const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
      const image = parts.find(({ type }) => type === 'image')?.source?.data;
      return {
        tool: blocks.find((block) => block.type === 'tool_use' && block.id === id)?.name ?? '',
        text: parts.map(({ text = '' }) => text).join(''),
        isError,
        ...(image === undefined ? {} : { image }),
      };
    });
}

/** Starts such a model on loopback, as a server of the Messages API. */
export async function startConversations(): Promise<Conversations> {
  const plans = new Map<string, { steps: readonly ((seen: string) => Move)[]; seen: SeenResult[] }>();
  const models = await startScriptedModelServer({
    respond(request) {
      const plan = [...plans].find(([when]) => request.firstUserText.includes(when))?.[1];
      const step = plan?.steps[request.answers];
      if (plan === undefined || step === undefined) return undefined;
      plan.seen.splice(0, plan.seen.length, ...resultsOf(request.body));
      const move = step(plan.seen.at(-1)?.text ?? '');
      if (typeof move === 'string') return { blocks: [{ type: 'text', text: move }] };
      return { blocks: [{ type: 'tool_use', name: move.name, rawInput: JSON.stringify(move.input) }] };
    },
  });
  return {
    url: models.url,
    plan(when, steps) {
      const seen: SeenResult[] = [];
      plans.set(when, { steps, seen });
      return seen;
    },
    violations: () => models.violations(),
    close: () => models.close(),
  };
}
