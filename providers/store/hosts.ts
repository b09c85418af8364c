/** A place that has sandboxes: one data folder on one machine, however many workers share it. */
export interface SandboxHost {
  id: string;
  /** Of Temporal; polled by the workers of this host only. */
  taskQueue: string;
  driver: string;
  isolation: string;
  /** Whether sandboxes can be started there now; one that is not is chosen last. */
  ready: boolean;
  /** Sandboxes that it runs at once; null: no limit of its own. */
  capacity: number | null;
}

/** Who has a host: the processes of one place, with one folder. */
export interface HostHold {
  /** Opaque; null when it let go, or never said. */
  holder: string | null;
  /** When it was last heard of, Unix milliseconds of the database. */
  heartbeatAt: number;
  /** How long ago that is, by the database's clock. */
  silentMs: number;
}

/** Where a session's sandbox is. */
export interface Placement {
  /** Another one after each move: tells the copy that counts from one that was left behind. */
  id: string;
  hostId: string;
  /** Null when nothing is known of the host any more. */
  taskQueue: string | null;
  /** The host that was lost; this same one: the sandbox was put away; null: the sandbox is where it always was. */
  movedFrom: string | null;
}

/** A sandbox whose session is at rest. */
export interface RestingSandbox {
  sessionId: string;
  workspaceId: string;
  environmentId: string;
  placement: string;
  /** As the session was seen. */
  lastSeq: number;
  lastArrival: number;
}

/**
 * The hosts of sandboxes, and which session is on which. Times are the database's. A host counts as gone when no heartbeat came for
 * `timeoutMs`, and somebody else's came all that time: an outage of the database makes nobody move. Rejects with `unavailable`.
 */
export interface HostStore {
  /**
   * Registers the host, or says that it is alive. False, and nothing is changed, when another holder than `holder` did so within
   * `timeoutMs`.
   *
   * @param holder - names who has the host's folder; see `HostHold`. Left out: whoever has it.
   */
  beat(host: SandboxHost, timeoutMs: number, holder?: string): Promise<boolean>;
  /** Who said last that the host is alive; null for a host that is not known. */
  hold(id: string): Promise<HostHold | null>;
  /** Makes `holder` the holder of a known host, if `from` still is. */
  takeHold(id: string, holder: string, from: string | null): Promise<boolean>;
  /** A holder that stops lets go, so that nobody waits for it. */
  release(id: string, holder: string): Promise<void>;
  /** Hosts from which a heartbeat came within `timeoutMs`, in the order in which they were first registered. */
  alive(timeoutMs: number): Promise<SandboxHost[]>;
  /**
   * The session's host. Places a session that has none, and moves one whose host is gone, onto the living host with the least to do. Null
   * when there is no living host and there never was one for this session; a session whose host is gone keeps it until there is another.
   */
  place(sessionId: string, timeoutMs: number): Promise<Placement | null>;
  placement(sessionId: string): Promise<Placement | null>;
  /** Those of these sessions whose placement here is not the one named: their sandboxes on this host are copies left behind. */
  leftBehind(hostId: string, placements: ReadonlyMap<string, string>): Promise<string[]>;
  /** Marks hosts lost that are gone, and forgets those long gone: sessions that are still on one move as from any other that is gone. Returns those newly lost. */
  reap(timeoutMs: number): Promise<string[]>;
  /**
   * Sandboxes on a host whose sessions are idle, and that were not used for so long; by id after `after`, at most `limit`. Those that were put
   * away are not among them until they are used again.
   */
  resting(hostId: string, olderThanMs: number, after: string, limit: number): Promise<RestingSandbox[]>;
  /**
   * Gives the session a new placement on the same host, so that its sandbox there does not count any more and its next call has it restored
   * from its checkpoint. False, and nothing is done, when anything happened in the session, or it has no checkpoint.
   */
  putAway(hostId: string, sandbox: RestingSandbox): Promise<boolean>;
  /** Sessions on a host that have a tool call under way. */
  withOpenCalls(hostId: string): Promise<string[]>;
  /** Keeps what the model is to be told of a move. Does nothing for another placement than the session's. */
  keepNotice(sessionId: string, placement: string, text: string): Promise<void>;
  /**
   * Gives the notice to one call, whose committed result delivers it; the same call may ask again. Null when there is none, or another call
   * has it: one that is under way, or that delivered it. A call that was sealed delivers nothing, and the next that asks gets it.
   */
  takeNotice(sessionId: string, toolUseId: string): Promise<string | null>;
}
