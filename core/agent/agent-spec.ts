import type { Agent } from './agent-types.ts';
import type { ModelCatalog } from '../models/model-catalog.ts';

/** What a version of an agent says, resolved. The service adds id, version and times. */
export type AgentSpec = Pick<
  Agent,
  | 'name'
  | 'description'
  | 'system'
  | 'model'
  | 'mcp_servers'
  | 'skills'
  | 'multiagent'
  | 'execution_identity'
  | 'metadata'
  | 'tools'
>;

/** What the rules need to know about models. */
export type Models = Pick<ModelCatalog, 'resolve'>;
