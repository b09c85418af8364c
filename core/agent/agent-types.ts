import type {
  BetaManagedAgentsAgent,
  BetaManagedAgentsModelConfig,
  BetaManagedAgentsSessionThreadAgent,
} from '@anthropic-ai/sdk/resources/beta/agents/agents';
import type {
  BetaManagedAgentsSession,
  BetaManagedAgentsSessionAgent,
} from '@anthropic-ai/sdk/resources/beta/sessions/sessions';
import type { BetaManagedAgentsSessionThread } from '@anthropic-ai/sdk/resources/beta/sessions/threads/threads';
import type { RequestSettings } from '../models/request-settings.ts';
import type { ExtraToolset } from '../schema/extra-toolsets.ts';

/** A toolset or tool of an agent: the vendor's kinds, and ours. */
export type AgentTool = BetaManagedAgentsAgent['tools'][number] | ExtraToolset;

/** A model with its settings, ours among them. */
export type AgentModel = BetaManagedAgentsModelConfig & RequestSettings;

/** One of the vendor's objects whose tools and model settings may be ours as well. */
export type WithAgentTools<Shape extends { tools: unknown; model: unknown }> = Omit<
  Shape,
  'tools' | 'model'
> & {
  tools: AgentTool[];
  model: AgentModel;
};

/** An agent as the API shows it. */
export type Agent = WithAgentTools<BetaManagedAgentsAgent>;

/** A session's own copy of its agent. */
export type SessionAgent = WithAgentTools<BetaManagedAgentsSessionAgent>;

/** A session as the API shows it. */
export type ShownSession = Omit<BetaManagedAgentsSession, 'agent'> & { agent: SessionAgent };

/** A thread of a session as the API shows it. */
export type ShownThread = Omit<BetaManagedAgentsSessionThread, 'agent'> & {
  agent: WithAgentTools<BetaManagedAgentsSessionThreadAgent>;
};
