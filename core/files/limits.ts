/** Bytes of one uploaded file at most. */
export const FILE_BYTES = 500 * 1024 * 1024;

/** Bytes that the files of one workspace may take together. */
export const WORKSPACE_FILE_BYTES = 1024 ** 4;
