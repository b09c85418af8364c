import type { BetaManagedAgentsAgent } from '@anthropic-ai/sdk/resources/beta/agents/agents';
import type { ModelCatalog } from '../models/model-catalog.ts';

/** What a version of an agent says, resolved. The service adds id, version and times. */
export type AgentSpec = Pick<
  BetaManagedAgentsAgent,
  | 'name'
  | 'description'
  | 'system'
  | 'model'
  | 'tools'
  | 'mcp_servers'
  | 'skills'
  | 'multiagent'
  | 'execution_identity'
  | 'metadata'
>;

export type AgentTool = AgentSpec['tools'][number];

/** What the rules need to know about models. */
export type Models = Pick<ModelCatalog, 'resolve'>;
