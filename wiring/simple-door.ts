import { z } from 'zod';
import { newAgentSpec } from '../core/agent/agent-changes.ts';
import type { AgentSpec } from '../core/agent/agent-spec.ts';
import { newConfig } from '../core/environment/cloud-config.ts';
import { AppError, isAppError } from '../core/errors.ts';
import type { ModelCatalog } from '../core/models/model-catalog.ts';
import { AgentCreate } from '../core/schema/agent.ts';
import { EnvironmentCreate, type CloudConfig } from '../core/schema/environment.ts';
import type { Config } from '../config.ts';

const TOOLS = [{ type: 'agent_toolset_20260401' }];

/** The default agent that the settings describe. @throws `bad_config` naming the setting. */
export function defaultAgentSpec(config: Config, models: ModelCatalog): AgentSpec {
  const model = models.defaultModel;
  const params = parse(AgentCreate, 'simple_api.agent', {
    name: 'Assistant',
    model,
    tools: TOOLS,
    ...config.simple_api.agent,
  });
  return checked('simple_api.agent', () => newAgentSpec(params, models));
}

/** The configuration of the default environment. @throws `bad_config` naming the setting. */
export function defaultEnvironmentConfig(config: Config): CloudConfig {
  const settings = { type: 'cloud', ...config.simple_api.environment };
  const params = parse(EnvironmentCreate, 'simple_api.environment', { name: 'Default', config: settings });
  return checked('simple_api.environment', () => newConfig(params.config));
}

function parse<Schema extends z.ZodType>(schema: Schema, where: string, value: object): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('bad_config', `${where}: ${z.prettifyError(parsed.error)}`);
}

function checked<T>(where: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError('bad_config', `${where}: ${error.message}`, { cause: error });
  }
}
