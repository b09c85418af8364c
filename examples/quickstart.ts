import type Anthropic from '@anthropic-ai/sdk';
import { accumulateManagedAgentsEvent } from '@anthropic-ai/sdk/lib/sessions/accumulate';
import { connect } from './connect.ts';

/** Prints one line; the caller decides where to. */
type Print = (line: string) => void;

/**
 * A tour with the official SDK: create an agent and a session, send a message, follow it with text as it is written, confirm a tool
 * call, answer a custom tool, interrupt, and read the log back.
 */
export async function quickstart(client: Anthropic, model: string, print: Print): Promise<void> {
  const environment = await client.beta.environments.create({ name: 'quickstart' });

  print('1. A message, followed as it is answered');
  const agent = await client.beta.agents.create({
    name: 'Quickstart agent',
    model,
    tools: [{ type: 'agent_toolset_20260401' }],
  });
  const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
  await follow(client, session.id, print, () => say(client, session.id, 'Run `echo hello from the sandbox`'));

  print('2. A tool call that waits for a confirmation');
  const careful = await client.beta.agents.create({
    name: 'Careful agent',
    model,
    tools: [
      { type: 'agent_toolset_20260401', default_config: { permission_policy: { type: 'always_ask' } } },
    ],
  });
  const asking = await client.beta.sessions.create({ agent: careful.id, environment_id: environment.id });
  const waiting = await follow(client, asking.id, print, () => say(client, asking.id, 'Run `date`'));
  await follow(client, asking.id, print, () =>
    client.beta.sessions.events.send(asking.id, {
      events: waiting.map((id) => ({ type: 'user.tool_confirmation', tool_use_id: id, result: 'allow' })),
    }),
  );

  print('3. An interrupt');
  await follow(
    client,
    session.id,
    print,
    () => say(client, session.id, 'Run `sleep 60`'),
    () => client.beta.sessions.events.send(session.id, { events: [{ type: 'user.interrupt' }] }),
  );

  print('4. The log');
  let count = 0;
  for await (const event of client.beta.sessions.events.list(session.id)) {
    count++;
    if (event.type === 'session.status_idle') print(`   idle: ${event.stop_reason.type}`);
  }
  const { usage } = await client.beta.sessions.retrieve(session.id);
  print(`   ${count} events, ${usage.output_tokens ?? 0} output tokens`);
}

/**
 * A tool that the client runs itself: the session waits for its result. The demo model never calls custom tools, so this part wants a
 * real model (or the test suite's scripted one).
 */
export async function customTool(client: Anthropic, model: string, print: Print): Promise<void> {
  const environment = await client.beta.environments.create({ name: 'custom tool' });
  const agent = await client.beta.agents.create({
    name: 'Weather agent',
    model,
    tools: [
      {
        type: 'custom',
        name: 'get_weather',
        description: 'The weather in a city, now.',
        input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      },
    ],
  });
  const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
  const waiting = await follow(client, session.id, print, () =>
    say(client, session.id, 'What is the weather in Lisbon?'),
  );
  await follow(client, session.id, print, () =>
    client.beta.sessions.events.send(session.id, {
      events: waiting.map((id) => ({
        type: 'user.custom_tool_result',
        custom_tool_use_id: id,
        content: [{ type: 'text', text: '21 °C, clear' }],
      })),
    }),
  );
}

async function say(client: Anthropic, sessionId: string, text: string): Promise<unknown> {
  return client.beta.sessions.events.send(sessionId, {
    events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
  });
}

/**
 * Opens the stream, does `action`, and prints what happens until the session is idle. Returns the tool uses that wait for somebody.
 * `onToolUse` is done when the agent uses a tool.
 */
async function follow(
  client: Anthropic,
  sessionId: string,
  print: Print,
  action: () => Promise<unknown>,
  onToolUse?: () => Promise<unknown>,
): Promise<string[]> {
  const stream = await client.beta.sessions.events.stream(sessionId, { event_deltas: ['agent.message'] });
  await action();
  let preview: ReturnType<typeof accumulateManagedAgentsEvent>;
  let pieces = 0;
  for await (const event of stream) {
    preview = accumulateManagedAgentsEvent(preview, event);
    switch (event.type) {
      case 'event_delta':
        pieces++;
        break;
      case 'agent.message':
        print(
          `   agent (${pieces} pieces): ${event.content.map((block) => ('text' in block ? block.text : '')).join('')}`,
        );
        pieces = 0;
        break;
      case 'agent.tool_use':
      case 'agent.custom_tool_use':
        print(`   ${event.name} ${JSON.stringify(event.input)}`);
        await onToolUse?.();
        break;
      case 'agent.tool_result':
        print(`   → ${JSON.stringify(event.content ?? [])}`);
        break;
      case 'session.error':
        print(`   error: ${event.error.message}`);
        break;
      case 'session.status_idle':
        stream.controller.abort();
        return event.stop_reason.type === 'requires_action' ? event.stop_reason.event_ids : [];
      default:
        break;
    }
  }
  return [];
}

if (import.meta.main) {
  const [url = 'http://127.0.0.1:8080', model = 'demo'] = process.argv.slice(2);
  await quickstart(connect(url), model, console.log);
}
