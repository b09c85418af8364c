export interface UploadedFile {
  step: 'ready';
  fileId: string;
}

/** A file that goes with the next message. */
export interface Attachment {
  key: string;
  name: string;
  type: string;
  size: number;
  /** Address of a picture of it, in this page; null: none. */
  preview: string | null;
  state: { step: 'uploading' } | UploadedFile | { step: 'failed'; error: unknown };
}
