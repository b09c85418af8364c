import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { createOutputCollector, type OutputCollector } from '../activities/upkeep/output-collector.ts';
import { isAppError } from '../core/errors.ts';
import type { BlobStore } from '../providers/blob/blob-store.ts';
import type { AttachedFile, SandboxDriver, SandboxSpec } from '../providers/sandbox/sandbox.ts';
import { createSkillAttachments } from '../providers/skill-archive/skill-attachments.ts';
import type { SkillReader } from '../providers/skill-archive/skill-reader.ts';
import type { FileStore } from '../providers/store/files.ts';
import type { Journal } from '../providers/store/journal.ts';
import type { SessionSkills } from '../providers/store/session-skills.ts';
import type { SessionStore } from '../providers/store/sessions.ts';

export interface SessionFilesDeps {
  sessions: Pick<SessionStore, 'get'>;
  sessionSkills: SessionSkills;
  journal: Pick<Journal, 'setup'>;
  files: FileStore;
  blobs: BlobStore;
  skillReader: Pick<SkillReader, 'unpack'>;
  limits: Config['files'];
  log: Logger;
}

/** The files that go into a session's sandbox: its resources, less those whose file is gone, and the folders of its skills. */
export function attachmentsOf(deps: SessionFilesDeps): (spec: SandboxSpec) => Promise<AttachedFile[]> {
  const filesOf = createSkillAttachments(deps.blobs, deps.skillReader);
  return async ({ workspaceId, sessionId }) => {
    const skills = await filesOf(await deps.sessionSkills.of(sessionId));
    const session = await deps.sessions.get(workspaceId, sessionId);
    const resources = session?.resources ?? [];
    if (resources.length === 0) return skills;
    const stored = await deps.files.some(
      workspaceId,
      resources.map(({ fileId }) => fileId),
    );
    const byId = new Map(stored.map((file) => [file.id, file]));
    const attached = resources.flatMap(({ fileId, mountPath }): AttachedFile[] => {
      const file = byId.get(fileId);
      if (file === undefined) return [];
      const { sha256 } = file;
      return [{ path: mountPath, sha256, open: () => deps.blobs.open(workspaceId, sha256) }];
    });
    const taken = new Set(attached.map(({ path }) => path));
    return [...attached, ...skills.filter(({ path }) => !taken.has(path))];
  };
}

/** Collects what a host's sandboxes leave for their users. */
export function outputCollector(deps: SessionFilesDeps): (driver: SandboxDriver) => OutputCollector {
  const hours = deps.limits.outputs_expire_after_hours;
  return (driver) =>
    createOutputCollector({
      ...deps,
      driver,
      maxFileBytes: deps.limits.max_bytes,
      quotaBytes: deps.limits.workspace_bytes,
      expireAfterSeconds: hours === null ? null : Math.round(hours * 3_600),
      async specOf(sessionId) {
        try {
          const { workspaceId, environmentId } = await deps.journal.setup(sessionId);
          return { workspaceId, sessionId, environmentId };
        } catch (error) {
          if (isAppError(error) && (error.code === 'session_gone' || error.code === 'not_found')) return null;
          throw error;
        }
      },
    });
}
