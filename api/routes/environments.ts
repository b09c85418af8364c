import type { BetaEnvironment } from '@anthropic-ai/sdk/resources/beta/environments/environments';
import { z } from 'zod';
import { changedConfig, newConfig } from '../../core/environment/cloud-config.ts';
import { AppError } from '../../core/errors.ts';
import {
  Environment,
  EnvironmentCreate,
  EnvironmentListQuery,
  EnvironmentUpdate,
} from '../../core/schema/environment.ts';
import { idParam } from '../../core/schema/ids.ts';
import { patchMetadata } from '../../core/schema/metadata.ts';
import { pageOf } from '../../core/schema/page.ts';
import type { EnvironmentStore } from '../../providers/store/environments.ts';
import { pageStart, toPage } from '../cursor.ts';
import type { NewId } from '../new-id.ts';
import { defineRoute, type Route } from '../route.ts';

const params = z.object({ environment_id: idParam('environment') });
const tag = 'Environments';

/** The routes of environments. */
export function environmentRoutes(deps: { environments: EnvironmentStore; newId: NewId }): Route[] {
  const { environments, newId } = deps;
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/environments',
      operationId: 'createEnvironment',
      summary: 'Create an environment',
      tag,
      rate: 'create',
      body: EnvironmentCreate,
      response: Environment,
      handle: async ({ body, caller }): Promise<BetaEnvironment> => {
        checkScope(body.scope);
        return environments.create(caller.workspaceId, newId('environment'), {
          name: body.name,
          description: body.description ?? null,
          config: newConfig(body.config),
          metadata: body.metadata ?? {},
        });
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/environments',
      operationId: 'listEnvironments',
      summary: 'List environments, newest first',
      tag,
      rate: 'read',
      query: EnvironmentListQuery,
      response: pageOf(Environment),
      handle: async ({ query, caller }) => {
        const slice = await environments.list(caller.workspaceId, {
          limit: query.limit,
          after: pageStart('environments', query.page),
          archived: query.include_archived ? 'with' : 'without',
        });
        return toPage('environments', slice, (environment): BetaEnvironment => environment);
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/environments/{environment_id}',
      operationId: 'getEnvironment',
      summary: 'Get an environment',
      tag,
      rate: 'read',
      params,
      response: Environment,
      handle: async ({ params: { environment_id: id }, caller }): Promise<BetaEnvironment> => {
        const environment = await environments.get(caller.workspaceId, id);
        if (!environment) throw new AppError('not_found', `Environment ${id} was not found.`);
        return environment;
      },
    }),

    defineRoute({
      method: 'POST',
      path: '/v1/environments/{environment_id}',
      operationId: 'updateEnvironment',
      summary: 'Change an environment; sandboxes that run keep what they were started with',
      tag,
      rate: 'write',
      params,
      body: EnvironmentUpdate,
      response: Environment,
      handle: async ({ params: { environment_id: id }, body, caller }): Promise<BetaEnvironment> => {
        checkScope(body.scope);
        return environments.update(caller.workspaceId, id, (current) => {
          if (current.archived_at !== null) {
            throw new AppError('invalid_request', `Environment ${id} is archived and cannot be changed.`, {
              details: { error_code: 'environment_archived' },
            });
          }
          return {
            name: body.name ?? current.name,
            description: body.description === undefined ? current.description : body.description,
            config: changedConfig(current.config, body.config),
            metadata:
              body.metadata === undefined
                ? current.metadata
                : patchMetadata(current.metadata, body.metadata, (value) => value === null || value === ''),
          };
        });
      },
    }),

    defineRoute({
      method: 'POST',
      path: '/v1/environments/{environment_id}/archive',
      operationId: 'archiveEnvironment',
      summary: 'Archive an environment for good; its sessions go on',
      tag,
      rate: 'write',
      params,
      response: Environment,
      handle: async ({ params: { environment_id: id }, caller }): Promise<BetaEnvironment> =>
        environments.archive(caller.workspaceId, id),
    }),

    defineRoute({
      method: 'DELETE',
      path: '/v1/environments/{environment_id}',
      operationId: 'deleteEnvironment',
      summary: 'Delete an environment that no session uses',
      tag,
      rate: 'write',
      params,
      response: z.object({ id: z.string(), type: z.literal('environment_deleted') }),
      handle: async ({ params: { environment_id: id }, caller }) => {
        await environments.delete(caller.workspaceId, id);
        return { id, type: 'environment_deleted' as const };
      },
    }),
  ];
}

function checkScope(scope: string | null | undefined): void {
  if (scope !== 'account') return;
  throw new AppError('invalid_request', 'scope: only organization is supported');
}
