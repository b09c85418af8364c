import { useQuery } from '@tanstack/react-query';
import { Image as ImageIcon } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { client } from '../service/client.ts';
import { Modal } from '../ui/modal.tsx';
import { ShortText } from './short-text.tsx';

/** Pictures without scripts. A type of this list is said to the browser, whatever the data claims to be. */
const TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

/** An image whose bytes are in the event. */
export function InlineImage({ data, type }: { data: string; type: string }) {
  const blob = useMemo(() => {
    if (!TYPES.has(type)) return null;
    return new Blob([Uint8Array.from(atob(data), (character) => character.charCodeAt(0))], { type });
  }, [data, type]);
  if (blob === null)
    return (
      <p className="quiet">
        [image of type <ShortText text={type} />, not shown]
      </p>
    );
  return <Picture blob={blob} />;
}

/** An image that lies in a file. What was uploaded only, and not made by a session, cannot be loaded back; then its name is shown. */
export function FileImage({ id }: { id: string }) {
  const { data } = useQuery({
    queryKey: ['image', id],
    staleTime: Infinity,
    retry: false,
    queryFn: async () => {
      const file = await client.beta.files.retrieveMetadata(id);
      if (file.downloadable !== true || !TYPES.has(file.mime_type))
        return { name: file.filename, blob: null };
      const bytes = await (await client.beta.files.download(id)).arrayBuffer();
      return { name: file.filename, blob: new Blob([bytes], { type: file.mime_type }) };
    },
  });
  if (data?.blob) return <Picture blob={data.blob} />;
  return (
    <p className="source-chip">
      <ImageIcon size={14} aria-hidden="true" /> Image <ShortText text={data?.name ?? id} />
    </p>
  );
}

function Picture({ blob }: { blob: Blob }) {
  const [isLarge, setLarge] = useState(false);
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  if (url === null) return null;
  return (
    <>
      <button
        type="button"
        className="picture"
        aria-label="Show the image large"
        onClick={() => setLarge(true)}
      >
        <img src={url} alt="" />
      </button>
      <Modal isOpen={isLarge} onClose={() => setLarge(false)} title="Image" width="wide">
        <img className="picture-large" src={url} alt="" />
      </Modal>
    </>
  );
}
