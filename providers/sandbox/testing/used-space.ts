import type { Sandbox } from '../sandbox.ts';
import type { SandboxLab } from './sandbox-lab.ts';

const MEASURE = 'chmod -R u+rwx /workspace; du -s -B1 /workspace /home/agent | cut -f 1 | paste -sd+ | bc';

/**
 * Bytes that the agent's folders take, as a command of the agent sees them. One that is itself ended by the disk limit, or whose output
 * brings nothing but a notice of it, is followed by another: the limit tells when it gets to measure, however busy the machine is.
 */
export async function usedSpace(lab: Pick<SandboxLab, 'bash'>, sandbox: Sandbox): Promise<number> {
  for (;;) {
    const { text } = await lab.bash(sandbox, MEASURE, 60_000);
    const sum = /^(\d+)$/m.exec(text);
    if (sum !== null) return Number(sum[1]);
  }
}
