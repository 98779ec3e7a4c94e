import { checkComments } from './comments.js';
import { checkCycles } from './cycles.js';
import { checkDocumentation } from './documentation.js';
import type { Finding } from './finding.js';
import { checkFlags } from './flags.js';
import { checkLayers, checkPrinting } from './layers.js';
import { checkRealms } from './realms.js';
import { checkSizes } from './sizes.js';
import { parseSource } from './sources.js';
import { checkTyping } from './typing.js';

/** Sources that a tool writes. */
const generated = new Set(['src/formats/onnx/onnx_pb.ts', 'src/formats/tensorboard/events_pb.ts']);

/**
 * Checks a tree of TypeScript sources against the rules of the house.
 *
 * @param files texts by path from the root, with slashes
 */
export function checkStructure(files: ReadonlyMap<string, string>): Finding[] {
  const sources = [...files].map(([path, text]) => parseSource(path, text));
  const written = sources.filter(({ path }) => !generated.has(path));
  return [
    ...checkLayers(sources),
    ...checkCycles(sources),
    ...checkPrinting(sources),
    ...checkFlags(written),
    ...checkTyping(written),
    ...checkRealms(written),
    ...checkComments(written),
    ...checkDocumentation(written),
    ...checkSizes(written),
  ];
}
