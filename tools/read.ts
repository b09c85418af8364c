import { z } from 'zod';
import { defineTool } from './tool.ts';

export const readTool = defineTool({
  name: 'read',
  description:
    'Read a text file, or look at an image file. Large files must be read in parts: view_range is [first line, last line], from 1, both included; a last line of 0 or less means the end of the file.',
  input: z.strictObject({
    file_path: z.string().min(1).describe('Path of the file.'),
    // A plain list in the schema: few model servers know tuples.
    view_range: z
      .array(z.int())
      .length(2, 'expected two numbers, [first line, last line]')
      .optional()
      .describe('Lines to read: [first line, last line].'),
  }),
  operation({ file_path: path, view_range: range }) {
    if (range === undefined) return { type: 'read', path };
    const [first = 0, last = 0] = range;
    if (first < 1) return { problem: 'view_range: the first line is 1 or more.' };
    return { type: 'read', path, range: [first, last] };
  },
});
