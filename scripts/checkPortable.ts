/** Checks that what is to run in a page needs no Node.js: `node dist/scripts/checkPortable.js`, in the repository's root. */
import { portabilityErrors } from './structure/portable.js';

const errors = portabilityErrors('tsconfig.portable.json');
for (const error of errors) console.log(error);
console.log(`what runs in a page: ${errors.length} errors`);
process.exitCode = errors.length > 0 ? 1 : 0;
