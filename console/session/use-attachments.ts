import { useRef, useState } from 'react';
import { client } from '../service/client.ts';
import type { Attachment } from './attachment.ts';

/** The files of the next message; each is uploaded as soon as it is there. */
export interface AttachmentList {
  all: readonly Attachment[];
  ready: readonly Attachment[];
  failed: readonly Attachment[];
  isBusy: boolean;
  add: (files: readonly File[]) => void;
  remove: (keys: readonly string[]) => void;
}

export function useAttachments(): AttachmentList {
  const [all, setAll] = useState<Attachment[]>([]);
  const added = useRef(0);

  function setState(key: string, state: Attachment['state']): void {
    setAll((before) => before.map((one) => (one.key === key ? { ...one, state } : one)));
  }

  function add(files: readonly File[]): void {
    const taken = files.map((file) => ({
      key: `attachment-${(added.current += 1)}`,
      name: file.name,
      type: file.type,
      size: file.size,
      preview: file.type.startsWith('image/') ? URL.createObjectURL(file) : null,
      state: { step: 'uploading' } as const,
    }));
    setAll((before) => [...before, ...taken]);
    for (const [index, file] of files.entries()) {
      const key = taken[index]?.key ?? '';
      client.beta.files.upload({ file }).then(
        ({ id }) => setState(key, { step: 'ready', fileId: id }),
        (error: unknown) => setState(key, { step: 'failed', error }),
      );
    }
  }

  return {
    all,
    ready: all.filter(({ state }) => state.step === 'ready'),
    failed: all.filter(({ state }) => state.step === 'failed'),
    isBusy: all.some(({ state }) => state.step === 'uploading'),
    add,
    remove(keys) {
      for (const { key, preview } of all)
        if (preview !== null && keys.includes(key)) URL.revokeObjectURL(preview);
      setAll((before) => before.filter(({ key }) => !keys.includes(key)));
    },
  };
}
