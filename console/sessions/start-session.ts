import { budgetOf } from '../session/budget.ts';
import { client } from '../service/client.ts';
import type { Session } from '../service/wire.ts';
import { titleOf } from './title-of.ts';

/** What a new session begins with; an empty id: a first agent or environment is made. */
export interface NewSessionChoice {
  agentId: string;
  environmentId: string;
  title: string;
  message: string;
  /** In dollars; empty: none. */
  budget: string;
}

/**
 * Creates a session, and on a service that has none yet the agent and the environment that it needs. The first message is not part of
 * it: a stream shows only what is written after it was opened, so the session's page sends the message once it listens.
 */
export async function startSession(choice: NewSessionChoice): Promise<Session> {
  const budget = budgetOf(choice.budget);
  const environment =
    choice.environmentId === ''
      ? (await client.beta.environments.create({ name: 'default' })).id
      : choice.environmentId;
  const agent = choice.agentId === '' ? await firstAgent() : choice.agentId;
  const title = choice.title.trim() === '' ? titleOf(choice.message.trim()) : choice.title.trim();
  return client.beta.sessions.create({
    agent,
    environment_id: environment,
    ...(title !== '' && { title }),
    ...(budget !== undefined && { budget }),
  });
}

async function firstAgent(): Promise<string> {
  const [model] = (await client.models.list({ limit: 1 })).data;
  const agent = await client.beta.agents.create({
    name: 'Assistant',
    model: model?.id ?? 'demo',
    tools: [{ type: 'agent_toolset_20260401' }],
  });
  return agent.id;
}
