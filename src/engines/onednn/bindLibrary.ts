import { UserError } from '../../errors.js';
import type { Dnnl } from './dnnl.js';
import type { DnnlLibrary } from './library.js';
import { DnnlV2 } from './v2/dnnl.js';
import { DnnlV3 } from './v3/dnnl.js';

/**
 * The bindings of a library's version.
 *
 * @throws UserError when the version is not known
 */
export function bindLibrary(library: DnnlLibrary): Dnnl {
  if (library.major === 2 && library.minor >= 6) return new DnnlV2(library);
  if (library.major === 3) return new DnnlV3(library);
  throw new UserError(`${library.path} is oneDNN ${library.version}; this engine knows 2.6, 2.7 and 3`);
}
