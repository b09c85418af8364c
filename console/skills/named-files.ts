/** Files of a chosen folder under their paths in it, since a form sends only the last part of a file's own name. */
export function namedFiles(files: readonly File[]): File[] {
  return files.map((file) =>
    file.webkitRelativePath === '' ? file : new File([file], file.webkitRelativePath, { type: file.type }),
  );
}
