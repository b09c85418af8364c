/** How often sandboxd may end in a row before it listened, until the commands of the sandbox are ended in its favour. */
const EARLY_ENDS = 5;

/**
 * The shell words that keep sandboxd running as a child of a sandbox's process number 1: they start it again whenever it ends, except with
 * code 75, by which it says that nothing is left to do. Commands outlive sandboxd and are taken up by the next one. Where they leave it no
 * process or no memory to start with, as a fork bomb does that has its user id, nobody would be left to end them: then all of
 * them are killed. Only builtins of the shell tell whether sandboxd ever listened, since they need no process of their own.
 */
export function sandboxdLoop(inside: { node: string; sandboxd: string; state: string }): string {
  const listening = `${inside.state}/listening`;
  return `early=0
known=
while :; do
  ${inside.node} --max-semi-space-size=1 ${inside.sandboxd}/main.cjs "$1"
  code=$?
  [ $code = 75 ] && exit 0
  now=
  [ -f ${listening} ] && read -r now <${listening}
  if [ "$now" != "$known" ]; then early=0; known=$now; else early=$((early + 1)); fi
  echo "sandboxd ended with code $code" >&2
  if [ $early -ge ${EARLY_ENDS} ]; then
    echo "sandboxd cannot start beside what runs here: all commands are ended" >&2
    kill -9 -1
    early=0
  fi
  sleep 0.05
done`;
}
