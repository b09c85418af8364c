import type { Readable } from 'node:stream';

import type { OperationResult, SandboxOperation } from './operation.ts';

/** Which sandbox is meant, and what decides its network, packages and limits. One session has one sandbox. */
export interface SandboxSpec {
  workspaceId: string;
  sessionId: string;
  environmentId: string;
}

/** One call by its id: the tool-use event that asked for it. An id names one operation for ever. */
export interface SandboxCall {
  /** 1 to 128 characters of `A-Z a-z 0-9 _ -`. */
  id: string;
  operation: SandboxOperation;
}

/**
 * `lost`: the call may have run, in part or in whole, or not at all; nobody can know any more, and it will never start from now on.
 * `reason` says why, in words for a model.
 */
export type CallOutcome = { state: 'finished'; result: OperationResult } | { state: 'lost'; reason: string };

/** A file that the user attached. `path` is where it appears; the same path with other content replaces it. */
export interface AttachedFile {
  /** Below `/mnt/session/uploads`, `/uploads` (the same folder) or `/workspace`. */
  path: string;
  sha256: string;
  /** Whether the agent may start it as a program; only for files below `/workspace`. */
  executable?: boolean;
  open(): Promise<Readable>;
}

/** A file that the agent left for the user. */
export interface OutputFile {
  /** Below the outputs folder. */
  path: string;
  bytes: number;
  modifiedMs: number;
}

/** Files that go in and out beside the calls. */
export interface SandboxFiles {
  /**
   * Makes exactly these files the attached ones: new and changed ones are written, ones that are no longer attached are removed. Cheap
   * when nothing changed. Files below the uploads folder are read-only for the agent. Rejects with `sandbox_unavailable`,
   * and with `invalid_request` when the agent's own files are in the way of some: the others are attached then.
   */
  attach(files: readonly AttachedFile[]): Promise<void>;
  /**
   * Regular files below the outputs folder; at most 10,000, links not followed. Empty for a sandbox that does not run: whoever wants
   * outputs asks before it is stopped. Rejects with `sandbox_unavailable`.
   */
  outputs(): Promise<OutputFile[]>;
  /**
   * Keeps a long output of a tool as a file that the agent can read and not change, and returns its path inside. Starts the sandbox.
   *
   * @param name - as a call id.
   */
  keepOutput(name: string, text: string): Promise<string>;
  /** The bytes of an output, opened inside as the agent. Rejects with `not_found` for what is no regular file (any more). */
  openOutput(path: string): Promise<Readable>;
}

/** How much a saved sandbox may hold, uncompressed. */
export interface ArchiveLimits {
  bytes: number;
  files: number;
}

/** One archive of what a sandbox keeps, being written. */
export interface SavedArchive {
  /** Names this state: with it, a later save can tell what changed. */
  mark: string;
  /** `changes`: it goes on top of the archives that were saved before it. */
  kind: 'full' | 'changes';
  /** What it holds, uncompressed. */
  bytes: number;
  files: number;
  /** The attached files that lie among the agent's own, as paths with their hashes: handed back with the archives. */
  attached: Record<string, string>;
  /** Breaks with an error when the archive cannot be finished. */
  content: Readable;
}

/**
 * What a session's sandbox keeps: workspace, home (without caches), outputs, and the shell's directory and variables; no processes and no
 * temporary files. Archives are opaque to everybody but drivers of the same format.
 */
export interface SandboxArchive {
  /** Archives of one format can be restored by every driver that names it. */
  readonly format: string;
  /**
   * Saves what is there, or what changed since an earlier save of this sandbox. Null when nothing did, or nothing was ever there. Commands
   * may run meanwhile; what they change while it is read is saved as it is found. Starts the sandbox. Rejects with `too_large`, before
   * anything is read, and with `sandbox_unavailable`.
   */
  save(since: string | null, limits: ArchiveLimits): Promise<SavedArchive | null>;
  /**
   * Puts archives back into a sandbox that holds nothing yet: the full one, then those of changes in their order. Afterwards `mark`, that
   * of the last one, names what is there. An archive whose entries would leave the kept folders, or that unpacks to more than the limit,
   * is refused with `invalid_request`; what was placed until then is to be destroyed.
   */
  restore(
    archives: readonly (() => Promise<Readable>)[],
    state: { mark: string; attached: Record<string, string> },
    limits: ArchiveLimits,
  ): Promise<void>;
}

/**
 * The sandbox of one session. A handle holds nothing: the sandbox starts at the first call that needs it and may stop or die at any
 * time; the next call starts it again on the same files. Safe for concurrent use, also from several processes on the host.
 */
export interface Sandbox {
  readonly spec: SandboxSpec;
  /**
   * Runs an operation at most once per id, and waits for its end.
   *
   * `start` claims the id and starts the operation; when the id is claimed already it attaches, as `resume` does. `resume` attaches to
   * the running call, or returns the finished one; a call that was announced here and never claimed it starts, since nothing can have
   * happened; where nothing is known of the id it first records it as abandoned, so that a late `start` starts nothing, and then
   * reports `lost`. A call whose sandbox died is `lost`; operations that change nothing are
   * simply done again.
   *
   * Failures of the operation itself are results with `isError`. Rejects with `sandbox_unavailable` when the sandbox can't be started
   * or reached (such a `start` may be repeated as `start`; with `begun` in the details the id is claimed and the call may have begun,
   * without it nothing was), with `conflict` when the id was used for another operation, and with the signal's reason when `signal` aborts: the call's processes are killed first.
   */
  call(call: SandboxCall, mode: 'start' | 'resume', signal?: AbortSignal): Promise<CallOutcome>;
  /**
   * Says that a call will be started, before what it needs is prepared: should whoever prepares die, a `resume` can still start it. Starts no
   * sandbox. An announcement goes with the sandbox when that is destroyed. Rejects with `sandbox_unavailable`.
   */
  announce(id: string): Promise<void>;
  /** Whether a call was announced here and not claimed since. */
  isAnnounced(id: string): Promise<boolean>;
  /**
   * Ends a call: kills its processes, or, when nothing is known of the id, records it as abandoned. Idempotent; never starts a sandbox.
   * Returns when the kill is recorded, not when the processes are gone.
   */
  kill(id: string): Promise<void>;
  readonly files: SandboxFiles;
  /** Absent where what the sandbox keeps cannot be saved. */
  readonly archive?: SandboxArchive;
}

/** What a driver can and cannot do on this host. `limits` are sentences for operators: which bounds hold, and which do not. */
export interface SandboxProbe {
  ok: boolean;
  isolation: 'container' | 'namespace' | 'none';
  limits: string[];
  /** Sandboxes that run at once; absent: any number. */
  maxRunning?: number;
  /** Why it is not ok, and what to do. */
  why?: string;
}

export interface SandboxInfo {
  sessionId: string;
  state: 'running' | 'stopped';
}

/**
 * Sandboxes that live apart from the hosts: every host with the same settings reaches the same ones, and a lost host loses none. But
 * somebody else may make one anew. Both methods reject with `sandbox_unavailable`.
 */
export interface ApartSandboxes {
  /**
   * Whether what the session left in its sandbox is there; `lost`: another one stands in its place, or one that was being restored.
   * Starts the sandbox. `if_known` looks only where this host had one running of the session: a session that left nothing loses nothing.
   */
  look(spec: SandboxSpec, what: 'if_known' | 'always'): Promise<'kept' | 'lost'>;
  /** Makes an empty sandbox of a lost one. The decisions about its calls stand: none that was begun starts again. */
  renew(spec: SandboxSpec): Promise<void>;
}

/** One technology that runs sandboxes on this host. */
export interface SandboxDriver {
  readonly kind: 'bubblewrap' | 'docker' | 'aio' | 'unsafe_local' | 'in_memory';
  /** Of drivers whose sandboxes live apart from this host. */
  readonly apart?: ApartSandboxes;
  /** Tries what the driver needs. Never rejects for a missing requirement: it says so in `why`. */
  probe(): Promise<SandboxProbe>;
  /** The session's sandbox. Starts nothing and does no I/O. */
  open(spec: SandboxSpec): Sandbox;
  /** Starts the sandbox unless it runs. Idempotent, across processes too. Rejects with `sandbox_unavailable`. */
  ensure(spec: SandboxSpec): Promise<void>;
  /** Ends every process and frees the memory; files and records stay. Idempotent. */
  stop(sessionId: string): Promise<void>;
  /** Stops, then removes files, records and all other traces. Idempotent. */
  destroy(sessionId: string): Promise<void>;
  /** Every sandbox that has files or processes on this host, also those that other processes started. */
  list(): Promise<SandboxInfo[]>;
  /**
   * Ends those running sandboxes of this host that do not answer within so many milliseconds: what bounds them from inside does not work any
   * more. Returns their sessions.
   */
  endSilent?(withinMs: number): Promise<string[]>;
  /** Removes what no sandbox of this host has used for long, and none runs with: packages, programs of other versions. */
  tidy?(): Promise<void>;
  /** Ends what all sandboxes of this host share, such as their proxy; every one of them is stopped. */
  endShared?(): Promise<void>;
  /** Lets go of connections. Sandboxes live on and are found again by the next driver. */
  close(): Promise<void>;
}
