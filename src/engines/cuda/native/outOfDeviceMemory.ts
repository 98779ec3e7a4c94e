import { UserError } from '../../../errors.js';

/** Memory of the device is used up. */
export class OutOfDeviceMemory extends UserError {}
