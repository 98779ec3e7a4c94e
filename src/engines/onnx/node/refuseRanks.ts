import type { Communicator } from '../../../distributed/communicator.js';
import { UserError } from '../../../errors.js';

/** @throws UserError where there are several ranks: ONNX Runtime has no operation that combines their tensors */
export function refuseRanks({ size }: Communicator): void {
  if (size > 1)
    throw new UserError(
      `ONNX Runtime cannot combine the gradients of ${size} ranks: several ranks need the onednn or the reference engine`,
    );
}
