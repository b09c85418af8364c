import type { Checkpoint, CheckpointStore } from '../checkpoints.ts';
import type { HostStore, Placement, SandboxHost } from '../hosts.ts';

interface HostState {
  host: SandboxHost;
  aliveSince: number;
  heartbeatAt: number;
  lost: boolean;
  holder: string | null;
}
interface SessionState {
  placement: Placement;
  usedAt: number;
  isAway: boolean;
  notice: { text: string; call: string | null } | null;
}

/**
 * The double of both stores, on a clock of the test's. Sessions need not exist.
 *
 * @param endedCalls - how many calls of a session ended after an event.
 * @param isSealed - whether a call was sealed.
 */
export function createInMemoryHosts(
  now: () => number,
  endedCalls: CheckpointStore['endedCalls'] = async () => 0,
  isSealed: (toolUseId: string) => boolean = () => false,
): { hosts: HostStore; checkpoints: CheckpointStore } {
  const known = new Map<string, HostState>();
  const sessions = new Map<string, SessionState>();
  const saved = new Map<string, Checkpoint & { takenAt: number }>();
  let placements = 0;

  const isAlive = (id: string, timeoutMs: number): boolean =>
    (known.get(id)?.heartbeatAt ?? Number.NEGATIVE_INFINITY) > now() - timeoutMs;
  function loadOf({ host }: HostState): number {
    const used = [...sessions.values()].filter(({ placement }) => placement.hostId === host.id).length;
    const isFull = host.capacity !== null && used >= host.capacity;
    return (host.ready ? 0 : 2_000_000) + (isFull ? 1_000_000 : 0) + used / (host.capacity ?? 100);
  }
  function candidate(timeoutMs: number, isMove: boolean): HostState | undefined {
    return [...known.values()]
      .filter((state) => isAlive(state.host.id, timeoutMs))
      .filter((state) => !isMove || state.aliveSince < now() - timeoutMs)
      .sort((one, other) => loadOf(one) - loadOf(other) || one.host.id.localeCompare(other.host.id))[0];
  }

  const hosts: HostStore = {
    async beat(host, timeoutMs, holder) {
      const before = known.get(host.id);
      const held = before?.holder ?? null;
      if (isAlive(host.id, timeoutMs) && held !== null && holder !== undefined && held !== holder)
        return false;
      const gap = before === undefined || before.heartbeatAt < now() - timeoutMs;
      known.set(host.id, {
        host,
        aliveSince: gap ? now() : before.aliveSince,
        heartbeatAt: now(),
        lost: false,
        holder: holder ?? held,
      });
      return true;
    },
    async hold(id) {
      const state = known.get(id);
      if (state === undefined) return null;
      const { holder, heartbeatAt } = state;
      return { holder, heartbeatAt, silentMs: now() - heartbeatAt };
    },
    async takeHold(id, holder, from) {
      const state = known.get(id);
      if (state === undefined || state.holder !== from) return false;
      state.holder = holder;
      return true;
    },
    async release(id, holder) {
      const state = known.get(id);
      if (state?.holder === holder) state.holder = null;
    },
    alive: async (timeoutMs) =>
      [...known.values()].map(({ host }) => host).filter(({ id }) => isAlive(id, timeoutMs)),
    async place(sessionId, timeoutMs) {
      const current = sessions.get(sessionId)?.placement;
      if (current !== undefined && isAlive(current.hostId, timeoutMs)) {
        const session = sessions.get(sessionId);
        if (session !== undefined) Object.assign(session, { usedAt: now(), isAway: false });
        return current;
      }
      const found = candidate(timeoutMs, current !== undefined);
      if (found === undefined) return current ?? null;
      const { id: hostId, taskQueue } = found.host;
      const placement = { id: `p${++placements}`, hostId, taskQueue, movedFrom: current?.hostId ?? null };
      sessions.set(sessionId, { placement, usedAt: now(), isAway: false, notice: null });
      return placement;
    },
    placement: async (sessionId) => sessions.get(sessionId)?.placement ?? null,
    leftBehind: async (hostId, here) =>
      [...here.keys()].filter((sessionId) => {
        const placement = sessions.get(sessionId)?.placement;
        return (
          placement !== undefined && (placement.hostId !== hostId || placement.id !== here.get(sessionId))
        );
      }),
    async reap(timeoutMs) {
      if (candidate(timeoutMs, true) === undefined) return [];
      const gone = [...known.values()].filter((state) => !state.lost && !isAlive(state.host.id, timeoutMs));
      for (const state of gone) state.lost = true;
      return gone.map(({ host }) => host.id);
    },
    // The double has no sessions that could be busy.
    async resting(hostId, olderThanMs, after, limit) {
      return [...sessions]
        .filter(([id, { placement, usedAt, isAway }]) => {
          const isOld = usedAt < now() - olderThanMs;
          return placement.hostId === hostId && !isAway && isOld && id > after;
        })
        .map(([sessionId, { placement }]) => ({
          sessionId,
          workspaceId: 'w',
          environmentId: 'e',
          placement: placement.id,
          lastSeq: 0,
          lastArrival: 0,
        }))
        .sort((one, other) => one.sessionId.localeCompare(other.sessionId))
        .slice(0, limit);
    },
    async putAway(hostId, { sessionId, placement: expected }) {
      const session = sessions.get(sessionId);
      if (session?.placement.id !== expected || !saved.has(sessionId)) return false;
      session.placement = { ...session.placement, id: `p${++placements}`, movedFrom: hostId };
      session.isAway = true;
      session.notice = null;
      return true;
    },
    // The double has no steps.
    withOpenCalls: async () => [],
    async keepNotice(sessionId, placement, text) {
      const session = sessions.get(sessionId);
      if (session?.placement.id === placement) session.notice = { text, call: null };
    },
    async takeNotice(sessionId, toolUseId) {
      const notice = sessions.get(sessionId)?.notice;
      if (notice == null) return null;
      if (notice.call !== null && notice.call !== toolUseId && !isSealed(notice.call)) return null;
      notice.call = toolUseId;
      return notice.text;
    },
  };
  const checkpoints: CheckpointStore = {
    get: async (sessionId) => saved.get(sessionId) ?? null,
    async record(checkpoint, previous, placement) {
      const { sessionId } = checkpoint;
      if (sessions.get(sessionId)?.placement.id !== placement) return false;
      if ((saved.get(sessionId)?.mark ?? null) !== previous) return false;
      saved.set(sessionId, { ...checkpoint, takenAt: now() });
      return true;
    },
    endedCalls,
  };
  return { hosts, checkpoints };
}
