/**
 * The task queue of the short steps of the store that a session waits for: settling, reading its state, finding its host. Its slots are taken
 * by nothing else, so that an interrupt does not wait for a model call or a command of another session to end.
 *
 * @param taskQueue - of the session's workflow.
 */
export function controlQueue(taskQueue: string): string {
  return `${taskQueue}-control`;
}
