import { DiffView } from '../text/diff-view.tsx';
import { Revealed } from '../text/revealed.tsx';
import { inputText } from './input-text.ts';
import { spelled } from '../text/spelled.ts';

interface Props {
  name: string;
  input: Record<string, unknown>;
}

/** What a tool was asked to do, exactly: commands as typed, edits as differences, everything else as it was given. */
export function ToolInput({ name, input }: Props) {
  const [command, path] = [inputText(input, 'command'), inputText(input, 'file_path')];
  if (name === 'bash' && command !== null) {
    return (
      <>
        <Code label="Command" text={command} prompt="$ " />
        <Rest input={input} shown={['command']} />
      </>
    );
  }
  const [before, after] = [inputText(input, 'old_string'), inputText(input, 'new_string')];
  if (name === 'edit' && path !== null && before !== null && after !== null) {
    return (
      <>
        <PathLine path={path} />
        <DiffView before={before} after={after} label={`Changes in ${path}`} />
        <Rest input={input} shown={['file_path', 'old_string', 'new_string']} />
      </>
    );
  }
  const content = inputText(input, 'content');
  if (name === 'write' && path !== null && content !== null) {
    return (
      <>
        <PathLine path={path} />
        <DiffView before="" after={content} label={`Content of ${path}`} />
      </>
    );
  }
  const code = inputText(input, 'code');
  if (name === 'execute_code' && code !== null) {
    return (
      <>
        <Code label="Code" text={code} />
        <Rest input={input} shown={['code']} />
      </>
    );
  }
  return <Rest input={input} shown={[]} />;
}

function PathLine({ path }: { path: string }) {
  return (
    <p className="tool-path">
      <Revealed text={path} />
    </p>
  );
}

function Code({ label, text, prompt = '' }: { label: string; text: string; prompt?: string }) {
  return (
    // A region that scrolls must be reachable by keyboard.
    <pre className="tool-code" tabIndex={0} role="group" aria-label={spelled(label)}>
      {prompt !== '' && <span className="prompt">{prompt}</span>}
      <Revealed text={text} />
    </pre>
  );
}

/** The inputs that nothing above shows. */
function Rest({ input, shown }: { input: Record<string, unknown>; shown: readonly string[] }) {
  const rest = Object.entries(input).filter(([name]) => !shown.includes(name));
  if (rest.length === 0) return null;
  return (
    <dl className="tool-fields">
      {rest.map(([name, value]) => (
        <div key={name}>
          <dt>
            <Revealed text={name} />
          </dt>
          <dd>
            <Revealed text={typeof value === 'string' ? value : JSON.stringify(value, null, 2)} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
