import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { idParam } from '../../core/schema/ids.ts';
import { pageOf } from '../../core/schema/page.ts';
import {
  AddedResource,
  MAX_RESOURCES,
  ResourceDeleted,
  ResourceListQuery,
  ResourceUpdate,
  SessionResource,
} from '../../core/schema/session-resource.ts';
import type { SessionStore, StoredRepository, StoredResource } from '../../providers/store/sessions.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { NewId } from '../new-id.ts';
import { defineRoute, type Route } from '../route.ts';
import { findSession } from '../sessions/find-session.ts';
import { checkPlace, newResource } from '../sessions/new-resources.ts';
import { placedResources, toResource } from '../sessions/shown-session.ts';

const ofSession = z.object({ session_id: idParam('session') });
const ofResource = ofSession.extend({ resource_id: idParam('resource') });
const Place = z.object({ after: z.number() });
const tag = 'Session resources';

/** The routes of what is placed into a session's sandbox. */
export function sessionResourceRoutes(deps: {
  sessions: Pick<SessionStore, 'get' | 'attach' | 'attachRepository' | 'changeToken' | 'detach'>;
  newId: NewId;
}): Route[] {
  const { sessions, newId } = deps;

  async function find(
    workspaceId: string,
    sessionId: string,
    resourceId: string,
  ): Promise<StoredResource | StoredRepository> {
    const found = placedResources(await findSession(sessions, workspaceId, sessionId)).find(
      ({ id }) => id === resourceId,
    );
    if (!found) throw new AppError('not_found', `Session ${sessionId} has no resource ${resourceId}.`);
    return found;
  }

  return [
    defineRoute({
      method: 'GET',
      path: '/v1/sessions/{session_id}/resources',
      operationId: 'listSessionResources',
      summary: 'List the resources of a session',
      tag,
      rate: 'read',
      params: ofSession,
      query: ResourceListQuery,
      response: pageOf(SessionResource),
      handle: async ({ params: { session_id: id }, query, caller }) => {
        const resources = placedResources(await findSession(sessions, caller.workspaceId, id));
        const list = `resources ${id}`;
        const after = query.page === undefined ? 0 : decodeCursor(list, Place, query.page).after;
        const rest = resources.filter(({ ordinal }) => ordinal > after);
        const data = rest.slice(0, query.limit);
        const last = data.at(-1);
        return {
          data: data.map(toResource),
          next_page: rest.length > data.length && last ? encodeCursor(list, { after: last.ordinal }) : null,
        };
      },
    }),

    defineRoute({
      method: 'POST',
      path: '/v1/sessions/{session_id}/resources',
      operationId: 'addSessionResource',
      summary: 'Place one more file or repository into a session’s sandbox',
      tag,
      rate: 'create',
      params: ofSession,
      body: AddedResource,
      response: SessionResource,
      handle: async ({ params: { session_id: id }, body, caller }) => {
        const session = await findSession(sessions, caller.workspaceId, id);
        if (session.status === 'terminated') {
          throw new AppError('invalid_request', `Session ${id} is terminated; nothing can be added to it.`);
        }
        const resource = newResource(newId, body, '');
        const { mountPath } = resource;
        const check = (existing: readonly { mountPath: string }[]): void => {
          if (existing.length >= MAX_RESOURCES) {
            throw new AppError('invalid_request', `A session holds at most ${MAX_RESOURCES} resources.`);
          }
          checkPlace(mountPath, existing, `mount_path: ${mountPath} is taken by another resource`);
        };
        const stored =
          'fileId' in resource
            ? await sessions.attach(caller.workspaceId, id, resource, check)
            : await sessions.attachRepository(caller.workspaceId, id, resource, check);
        return toResource(stored);
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/sessions/{session_id}/resources/{resource_id}',
      operationId: 'getSessionResource',
      summary: 'Get a resource of a session',
      tag,
      rate: 'read',
      params: ofResource,
      response: SessionResource,
      handle: async ({ params: { session_id: id, resource_id: resourceId }, caller }) =>
        toResource(await find(caller.workspaceId, id, resourceId)),
    }),

    defineRoute({
      method: 'POST',
      path: '/v1/sessions/{session_id}/resources/{resource_id}',
      operationId: 'updateSessionResource',
      summary: 'Change the token of a repository; files have none',
      tag,
      rate: 'write',
      params: ofResource,
      body: ResourceUpdate,
      response: SessionResource,
      handle: async ({ params: { session_id: id, resource_id: resourceId }, body, caller }) => {
        const { workspaceId } = caller;
        const changed = await sessions.changeToken(workspaceId, id, resourceId, body.authorization_token);
        if (changed !== null) return toResource(changed);
        await find(workspaceId, id, resourceId);
        throw new AppError(
          'invalid_request',
          'authorization_token: only repositories have one; this is a file',
        );
      },
    }),

    defineRoute({
      method: 'DELETE',
      path: '/v1/sessions/{session_id}/resources/{resource_id}',
      operationId: 'deleteSessionResource',
      summary: 'Take a file or a repository out of a session',
      tag,
      rate: 'write',
      params: ofResource,
      response: ResourceDeleted,
      handle: async ({ params: { session_id: id, resource_id: resourceId }, caller }) => {
        if (!(await sessions.detach(caller.workspaceId, id, resourceId))) {
          throw new AppError('not_found', `Session ${id} has no resource ${resourceId}.`);
        }
        return { id: resourceId, type: 'session_resource_deleted' as const };
      },
    }),
  ];
}
