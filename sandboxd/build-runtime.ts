/** Builds what runs inside into a folder, for the image of the docker driver: `node sandboxd/build-runtime.ts FOLDER`. */
import { buildPrograms } from '../providers/sandbox/runtime-files.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('expected the folder to build into');
buildPrograms(folder);
