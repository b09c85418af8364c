import { FileText } from 'lucide-react';
import { keepDirection } from './keep-direction.ts';
import { MarkdownText } from './markdown.tsx';
import { FileImage, InlineImage } from './images.tsx';
import { Revealed } from './revealed.tsx';
import { safeUrl } from './safe-url.ts';
import { ShortText } from './short-text.tsx';
import { Terminal } from './terminal.tsx';

/** A content block of the API, as far as this page reads it. */
interface Block {
  type: string;
  text?: string;
  title?: string | null;
  source?: string | { type: string; media_type?: string; data?: string; url?: string; file_id?: string };
  content?: readonly { text?: string }[];
}

interface Props {
  content: readonly object[] | undefined;
  /** Text as it is, as markdown, or as a terminal shows it. */
  look: 'plain' | 'markdown' | 'terminal';
  label?: string;
  isBad?: boolean;
}

/** The blocks of a message or of a tool's result. */
export function ContentBlocks({ content, look, label = 'Text', isBad = false }: Props) {
  return (content ?? []).map((block, index) => (
    // Blocks of one message never change places.
    <OneBlock key={index} block={block as Block} look={look} label={label} isBad={isBad} />
  ));
}

function OneBlock({ block, look, label, isBad }: { block: Block } & Required<Omit<Props, 'content'>>) {
  const { source } = block;
  if (block.type === 'text' && block.text !== undefined) {
    if (look === 'terminal') return <Terminal output={block.text} label={label} isBad={isBad} />;
    if (look === 'markdown') return <MarkdownText text={block.text} />;
    return <p className="plain-text">{keepDirection(block.text)}</p>;
  }
  if (block.type === 'image' && typeof source === 'object') {
    if (source.data !== undefined) return <InlineImage data={source.data} type={source.media_type ?? ''} />;
    if (source.file_id !== undefined) return <FileImage id={source.file_id} />;
    return <Source what="Image" name={source.url ?? ''} url={source.url} />;
  }
  if (block.type === 'search_result' && typeof source === 'string') {
    return (
      <div className="search-result">
        <Source what="" name={block.title ?? source} url={source} />
        <p className="quiet">{keepDirection(block.content?.map(({ text = '' }) => text).join('\n') ?? '')}</p>
      </div>
    );
  }
  if (block.type === 'document' && typeof source === 'object') {
    return (
      <Source what="Document" name={block.title ?? source.file_id ?? source.url ?? ''} url={source.url} />
    );
  }
  return (
    <p className="quiet">
      [<ShortText text={block.type} />]
    </p>
  );
}

function Source({ what, name, url = '' }: { what: string; name: string; url?: string | undefined }) {
  const target = safeUrl(url);
  return (
    <p className="source-chip">
      <FileText size={14} aria-hidden="true" />
      {what}{' '}
      {target === '' ? (
        <Revealed text={name} />
      ) : (
        <a href={target} target="_blank" rel="noopener noreferrer nofollow">
          <Revealed text={name} />
        </a>
      )}
    </p>
  );
}
