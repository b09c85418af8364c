import { memo, type ReactNode } from 'react';
import Markdown, { type Components } from 'react-markdown';
import rehypeHighlight from 'rehype-highlight';
import rehypeSanitize, { defaultSchema } from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';
import { CopyButton } from '../ui/copy-button.tsx';
import { keepDirection } from './keep-direction.ts';
import { safeUrl } from './safe-url.ts';

/** Links go to the web only, raw HTML is text, and images are links: showing one would tell its host what the agent knows. */
const COMPONENTS: Components = {
  a: ({ href, children }) => <WebLink href={href}>{children}</WebLink>,
  img: ({ src, alt }) => (
    <WebLink href={typeof src === 'string' ? src : undefined}>
      <span className="markdown-image">image: {alt === undefined || alt === '' ? src : alt}</span>
    </WebLink>
  ),
  table: ({ children }) => (
    <div className="markdown-table">
      <table>{children}</table>
    </div>
  ),
  pre: ({ children, node }) => (
    <div className="code-block">
      <CopyButton text={textOf(node)} label="Copy the code" />
      {/* A region that scrolls must be reachable by keyboard. */}
      <pre tabIndex={0} role="group" aria-label="Code">
        {children}
      </pre>
    </div>
  ),
  input: ({ checked }) => <span aria-hidden="true">{checked === true ? '☑ ' : '☐ '}</span>,
};

/** Headings of all levels are one level below that of the page: whatever a text skips, the page's outline stays in order. */
const HEADINGS: Components = Object.fromEntries(
  ([1, 2, 3, 4, 5, 6] as const).map((level) => [
    `h${level}`,
    ({ children }: { children?: ReactNode }) => <h2 className={`markdown-h${level}`}>{children}</h2>,
  ]),
);

const ALL = { ...COMPONENTS, ...HEADINGS };
const REMARK = [remarkGfm];
// Sanitized first: what colours code adds classes of its own afterwards.
const REHYPE = [
  [rehypeSanitize, { ...defaultSchema, clobberPrefix: 'said-' }],
  () => keepDirectionIn,
  [rehypeHighlight, { detect: false }],
] as Parameters<typeof Markdown>[0]['rehypePlugins'];

/** Text that a model, a tool or a skill wrote, as markdown that can do nothing. */
export const MarkdownText = memo(function MarkdownText({ text }: { text: string }) {
  return (
    <div className="markdown">
      <Markdown components={ALL} remarkPlugins={REMARK} rehypePlugins={REHYPE ?? []} urlTransform={safeUrl}>
        {text}
      </Markdown>
    </div>
  );
});

function WebLink({ href, children }: { href: string | undefined; children?: ReactNode }) {
  if (href === undefined || href === '') return <span className="markdown-dead-link">{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
    </a>
  );
}

interface Node {
  type: string;
  value?: string;
  properties?: Record<string, unknown>;
  children?: Node[];
}

/** In what was parsed, since a character can also be written by its number (`&#x202E;`). */
function keepDirectionIn(node: Node): void {
  if (node.value !== undefined) node.value = keepDirection(node.value);
  const { properties = {} } = node;
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'string') properties[name] = keepDirection(value);
  }
  for (const child of node.children ?? []) keepDirectionIn(child);
}

function textOf(node: unknown): string {
  const { value, children } = (node ?? {}) as Node;
  return value ?? (children ?? []).map(textOf).join('');
}
