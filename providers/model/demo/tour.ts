import { fenced, INTRODUCTION, isDenial, THINGS_TO_ASK } from './phrases.ts';
import { programFor, type Program } from './program.ts';
import type { Round, Situation } from './rounds.ts';
import type { DemoAnswer, Toolbox } from './toolbox.ts';

const LOOK_AROUND = [
  'pwd',
  'whoami',
  'uname -sr',
  'for tool in python3 node awk; do command -v "$tool"; done',
  'ls -la',
].join('\n');

/**
 * What happens on a first message that asks for nothing in particular: the model looks around in the sandbox, writes a small program
 * about the message, runs it and tells what it saw.
 */
export function tour({ ask, rounds }: Situation, toolbox: Toolbox): DemoAnswer {
  const failed = rounds.flatMap(({ calls }) => calls).find(({ isError }) => isError);
  if (failed !== undefined) return { text: stumbled(failed), calls: [] };
  const steps = [lookAround, writeProgram, runProgram];
  const step = steps[rounds.length];
  return step === undefined ? { text: conclude(rounds), calls: [] } : step({ ask, rounds, toolbox });
}

interface Visit {
  ask: string;
  rounds: readonly Round[];
  toolbox: Toolbox;
}

function lookAround({ toolbox }: Visit): DemoAnswer {
  const call = toolbox.bash(LOOK_AROUND);
  const hello =
    `Hello! ${INTRODUCTION}: no API key, no thinking, a fixed script. ` +
    'Everything around me is real, though: the sandbox, the commands, the log of events.';
  if (call !== undefined)
    return { text: `${hello} Let me show you. First I look around in the sandbox.`, calls: [call] };
  const offered =
    toolbox.names.length === 0
      ? 'This agent has no tools, so all I can do is talk.'
      : `This agent has the tools ${toolbox.names.join(', ')}, but no bash, so I leave the sandbox alone.`;
  return { text: `${hello} ${offered}\n\n${THINGS_TO_ASK}`, calls: [] };
}

function writeProgram({ ask, rounds, toolbox }: Visit): DemoAnswer {
  const { directory, user, system, program } = sightsOf(rounds);
  const calls = [
    toolbox.write(`${directory}/demo/message.txt`, `${ask.slice(0, 2_000)}\n`),
    toolbox.write(`${directory}/demo/${program.file}`, program.source),
  ].filter((call) => call !== undefined);
  return {
    text: `I am ${user} in ${directory}, on ${system}, and there is ${program.language}. I write down your message and a small ${program.language} program that counts its words.`,
    calls,
  };
}

function runProgram({ rounds, toolbox }: Visit): DemoAnswer {
  const { directory, program } = sightsOf(rounds);
  const call = toolbox.bash(`cd '${directory}/demo' && ${program.command}`);
  return { text: 'Both files are written. Now I run the program.', calls: call === undefined ? [] : [call] };
}

function conclude(rounds: readonly Round[]): string {
  const { directory, program } = sightsOf(rounds);
  const output = rounds.at(-1)?.calls[0]?.text ?? '';
  return [
    `It ran. This is what it says about your message:\n\n${fenced(output)}`,
    `So in one turn I looked around, wrote two files, ran a program and read its result. The files are still there, in ${directory}/demo (${program.file} and message.txt).`,
    THINGS_TO_ASK,
  ].join('\n\n');
}

function stumbled({ name, text }: Round['calls'][number]): string {
  return isDenial(text)
    ? `You declined the call of ${name}, so nothing ran and I stop here.\n\n${THINGS_TO_ASK}`
    : `The call of ${name} failed, so my little tour ends here. It said:\n\n${fenced(text)}\n\n${THINGS_TO_ASK}`;
}

interface Sights {
  directory: string;
  user: string;
  system: string;
  program: Program;
}

function sightsOf(rounds: readonly Round[]): Sights {
  const output = rounds[0]?.calls[0]?.text ?? '';
  const lines = output.split('\n').map((line) => line.trim());
  const [directory, user, system] = lines;
  return {
    directory: directory?.startsWith('/') === true ? directory : '/tmp',
    user: user === undefined || user === '' ? 'somebody' : user,
    system: system === undefined || system === '' ? 'an unknown system' : system,
    program: programFor(lines),
  };
}
