import { readProcess } from '../../sandboxd/processes.ts';

/** What the host notes about a sandbox that it started. */
export interface RunningNote {
  /** The process whose life is the sandbox's, by its number and start time on the host. */
  pid: number;
  startTime: string;
  boot: string;
}

export function noteOf(pid: number, boot: string): RunningNote {
  return { pid, startTime: readProcess(pid)?.startTime ?? '', boot };
}

/** Whether that very process still lives. */
export function isNoteAlive(note: RunningNote): boolean {
  return readProcess(note.pid)?.startTime === note.startTime;
}
