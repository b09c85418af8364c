import { z } from 'zod';
import { defineTool } from './tool.ts';

export const readTool = defineTool({
  name: 'read',
  description:
    'Read a text file, or look at an image file. Large files must be read in parts: view_range is [first line, last line], from 1, both included; a last line of 0 or less means the end of the file.',
  input: z.strictObject({
    file_path: z.string().min(1).describe('Path of the file.'),
    view_range: z
      .tuple([z.int().min(1), z.int()])
      .optional()
      .describe('Lines to read.'),
  }),
  operation: ({ file_path: path, view_range: range }) =>
    range === undefined ? { type: 'read', path } : { type: 'read', path, range },
});
