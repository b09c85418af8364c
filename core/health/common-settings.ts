/** What a process goes by and its peers must have alike, without anything secret. */
export interface CommonSettings {
  /** Temporal's. */
  namespace: string;
  taskQueue: string;
  /** Of calls whose host is not known yet. */
  handsTaskQueue: string;
  /** The kind of the blobs' place, and where it is as far as that has one name everywhere. */
  blobs: string;
  /** Each key of the ring by its id and a digest; the first encrypts. */
  keys: readonly string[];
}

/** In which settings another process differs from this one so that they cannot work together. */
export function differences(own: CommonSettings, other: CommonSettings): string[] {
  const found: string[] = [];
  const compare = (setting: string, here: string, there: string): void => {
    if (here !== there)
      found.push(`${setting} is ${JSON.stringify(there)} there and ${JSON.stringify(here)} here`);
  };
  compare('temporal.namespace', own.namespace, other.namespace);
  compare('temporal.task_queue', own.taskQueue, other.taskQueue);
  compare('temporal.hands_task_queue', own.handsTaskQueue, other.handsTaskQueue);
  compare('blobs', own.blobs, other.blobs);
  // While a key is replaced, rings differ: it is enough that each can read what the other writes.
  const [ours, theirs] = [own.keys[0], other.keys[0]];
  if (theirs !== undefined && !own.keys.includes(theirs))
    found.push(`what is encrypted there with the key ${idOf(theirs)} of encryption.keys cannot be read here`);
  if (ours !== undefined && !other.keys.includes(ours))
    found.push(`what is encrypted here with the key ${idOf(ours)} of encryption.keys cannot be read there`);
  return found;
}

/** A key as {@link CommonSettings} has it. */
export function nameKey(id: string, digest: string): string {
  return `${digest} ${id}`;
}

function idOf(key: string): string {
  return JSON.stringify(key.slice(key.indexOf(' ') + 1));
}
