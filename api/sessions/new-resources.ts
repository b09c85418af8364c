import { notBuilt } from '../../core/agent/refuse-unbuilt.ts';
import { AppError } from '../../core/errors.ts';
import { mountPathOf, overlap } from '../../core/files/mount-path.ts';
import { repositoryPathOf } from '../../core/files/repository-path.ts';
import type { ResourceParams } from '../../core/schema/session-resource.ts';
import type { NewRepository, NewResource } from '../../providers/store/sessions.ts';
import type { NewId } from '../new-id.ts';

/** What a request asks to be placed into a sandbox, with ids and a path. Throws `invalid_request` and `not_implemented`. */
export function newResource(
  newId: NewId,
  resource: ResourceParams,
  prefix: string,
): NewResource | NewRepository {
  switch (resource.type) {
    case 'memory_store':
      return notBuilt(`${prefix}type`, 'memory stores');
    case 'file': {
      const mountPath = mountPathOf(resource.mount_path, resource.file_id, `${prefix}mount_path`);
      return { id: newId('resource'), copyOf: resource.file_id, fileId: newId('file'), mountPath };
    }
    case 'github_repository':
      return {
        id: newId('resource'),
        url: resource.url,
        checkout: resource.checkout ?? null,
        mountPath: repositoryPathOf(resource.mount_path, resource.url, `${prefix}mount_path`),
        token: resource.authorization_token ?? null,
      };
  }
}

/** Refuses a place that is taken. A repository's folder holds nothing else that is placed by others. */
export function checkPlace(
  mountPath: string,
  existing: readonly { mountPath: string }[],
  refusal: string,
): void {
  const isTaken = existing.some((other) => overlap(other.mountPath, mountPath));
  if (isTaken) throw new AppError('invalid_request', refusal);
}

/** All that a new session is created with. */
export function newResources(
  newId: NewId,
  params: readonly ResourceParams[],
): (NewResource | NewRepository)[] {
  const resources: (NewResource | NewRepository)[] = [];
  for (const [index, asked] of params.entries()) {
    const prefix = `resources.${index}.`;
    const resource = newResource(newId, asked, prefix);
    const { mountPath } = resource;
    checkPlace(
      mountPath,
      resources,
      `${prefix}mount_path: ${mountPath} is there twice, or lies in another resource`,
    );
    resources.push(resource);
  }
  return resources;
}
