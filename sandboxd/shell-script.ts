import { join } from 'node:path';

/** Quotes a word for POSIX shells. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * What gives a shell its environment, as its first words: the environment reaches the shell of the agent's user only, and no process that
 * runs before it.
 */
export function exportScript(environment: Record<string, string>): string {
  const words = Object.entries(environment).map(([name, value]) => `${name}=${shellQuote(value)}`);
  return `export ${words.join(' ')}\n`;
}

/** The last line of a saved shell state: without it the file was cut short and counts for nothing. */
export const STATE_END = '# end of shell state';

/**
 * The script that one bash runs: it takes over the state that the last command left, reads the command from descriptor 3, runs it
 * with descriptor 3 closed, and saves the state however the command leaves the shell. State travels in files rather than in a
 * living shell, so that it survives kills and time-outs.
 */
export function commandScript(shellFolder: string, id: string, workdir: string): string {
  const current = shellQuote(join(shellFolder, 'current'));
  const next = shellQuote(join(shellFolder, id));
  const start = shellQuote(workdir);
  const save = `{ export -p; declare -f; printf 'cd -- %q 2>/dev/null || cd -- %q\\n%s\\n' "$PWD" ${start} '${STATE_END}'; } >| ${next} 2>/dev/null`;
  return [
    // A process that eats the memory should be the first to go, not its neighbours.
    '{ echo 1000 > /proc/self/oom_score_adj; } 2>/dev/null',
    `if [ -r ${current} ]; then . ${current}; else cd -- ${start}; fi 2>/dev/null`,
    `trap -- ${shellQuote(save)} EXIT`,
    `IFS= read -r -d '' -u 3 __command; exec 3<&-`,
    'eval "$__command"',
  ].join('\n');
}

/**
 * What runs between sandboxd and the command: it belongs to sandboxd's user, lives in a process group of its own, and writes down the
 * exit code, whether sandboxd is alive at that moment or not. `set -C` makes the creation of `runner` exclusive: a restarted sandboxd
 * that finds no runner creates the file itself, and a runner that comes late then starts nothing. After the end it holds the pipe
 * open until sandboxd, this one or the next, has read what is left in it and renamed it.
 *
 * Descriptor 3 tells sandboxd of the end, and is closed by it. Arguments: the record's folder, the script of {@link commandScript},
 * then the words that switch to the agent's user.
 */
export const RUNNER_SCRIPT = `exec 2>/dev/null
trap '' PIPE
folder=$1; script=$2; shift 2
set -C; echo $$ >"$folder/runner" || exit 99; set +C
(trap - PIPE; exec setsid "$@" /bin/bash --noprofile --norc -c "$script" bash 3<"$folder/command" 2>&1)
echo $? >"$folder/exit"
echo >&3
read -r _ <&3
while [ -e "$folder/pipe" ]; do sleep 0.05; done
`;
