import { useState } from 'react';
import { client } from '../service/client.ts';
import type { Attachment } from './attachment.ts';

/** The files of the next message; each is uploaded as soon as it is there. */
export interface AttachmentList {
  all: readonly Attachment[];
  ready: readonly Attachment[];
  isBusy: boolean;
  add: (files: readonly File[]) => void;
  remove: (key: string) => void;
  clear: () => void;
}

export function useAttachments(): AttachmentList {
  const [all, setAll] = useState<Attachment[]>([]);

  function setState(key: string, state: Attachment['state']): void {
    setAll((before) => before.map((one) => (one.key === key ? { ...one, state } : one)));
  }

  function add(files: readonly File[]): void {
    const added = files.map((file) => ({
      key: crypto.randomUUID(),
      name: file.name,
      type: file.type,
      size: file.size,
      preview: file.type.startsWith('image/') ? URL.createObjectURL(file) : null,
      state: { step: 'uploading' } as const,
    }));
    setAll((before) => [...before, ...added]);
    for (const [index, file] of files.entries()) {
      const key = added[index]?.key ?? '';
      client.beta.files.upload({ file }).then(
        ({ id }) => setState(key, { step: 'ready', fileId: id }),
        (error: unknown) => setState(key, { step: 'failed', error }),
      );
    }
  }

  function forget(gone: readonly Attachment[]): void {
    for (const { preview } of gone) if (preview !== null) URL.revokeObjectURL(preview);
  }

  return {
    all,
    ready: all.filter(({ state }) => state.step === 'ready'),
    isBusy: all.some(({ state }) => state.step === 'uploading'),
    add,
    remove(key) {
      forget(all.filter((one) => one.key === key));
      setAll((before) => before.filter((one) => one.key !== key));
    },
    clear() {
      forget(all);
      setAll([]);
    },
  };
}
