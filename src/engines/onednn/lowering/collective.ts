import type { ValueId } from '../../../graph/program.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { Lowerings } from './lowering.js';

/**
 * Collectives, which work on the tensors' own memory: row-major, since ranks may have other layouts on other processors, and in one row,
 * so that all gradients are one array to MPI, without a copy.
 */
export const collectiveLowerings: Lowerings<'allReduce'> = {
  allReduce: (draft, { attributes: { fn }, inputs, outputs }) => {
    const operands = inputs.map((value) => draft.places.plain(value));
    const results = outputs.map((value, i) => resultOf(draft, value, operands[i]!));
    draft.buffers.join(results);
    draft.steps.host({
      inputs: operands,
      outputs: results,
      compute: (read, written, { communicator }) => {
        const arrays = written as readonly Float32Array[];
        arrays.forEach((array, i) => {
          if (results[i] !== operands[i]) array.set(read[i]!);
        });
        communicator.allReduce(arrays, fn);
      },
      mayBeFixed: false,
    });
  },
};

/** The operand's own memory where it may be overwritten and moved, else new memory; that of all ranks lies alike. */
function resultOf(draft: Draft, value: ValueId, operand: Place): Place {
  const { buffer, desc, offset } = operand;
  const isMovable = buffer.row === undefined && offset === 0 && buffer.bytes === desc.bytes;
  return isMovable ? draft.places.outputOver(value, operand) : draft.places.output(value, desc);
}
