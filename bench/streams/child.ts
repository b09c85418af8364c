import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A child process that answers each message with one. */
export interface Child<Answer> {
  /** What it said when it was ready. */
  ready: { url?: string };
  ask(message: object): Promise<Answer>;
  stop(): void;
}

/** Starts a file of this folder. Resolves with its first message, when it is ready. */
export async function startChild<Answer>(file: string, args: string[]): Promise<Child<Answer>> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args);
  const next = async () => {
    const [message] = (await once(child, 'message')) as [unknown];
    return message;
  };
  const ready = (await next()) as Child<Answer>['ready'];
  return {
    ready,
    async ask(message) {
      const answer = next();
      child.send(message);
      return (await answer) as Answer;
    },
    stop: () => child.disconnect(),
  };
}
