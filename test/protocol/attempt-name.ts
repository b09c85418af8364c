import type { Command } from '../../core/session/next-step.ts';
import type { OpenActivity } from '../../core/session/state.ts';
import type { Attempt } from './world.ts';

/** An attempt as traces call it. */
export function attemptName({ command, current }: Attempt): string {
  const argument = 'toolUseId' in command ? command.toolUseId : 'step' in command ? command.step : '';
  return `${command.kind}(${argument})${current ? '' : ' zombie'}`;
}

/** What the workflow calls the activity of a command. */
export function activityOf(command: Command): OpenActivity {
  switch (command.kind) {
    case 'callModel':
      return { kind: 'callModel', step: command.step };
    case 'settle':
      return { kind: 'settle', step: command.step, reason: command.reason };
    case 'runTool':
    case 'kill':
      return { kind: command.kind, toolUseId: command.toolUseId };
    case 'openSession':
      return { kind: 'openSession' };
  }
}
