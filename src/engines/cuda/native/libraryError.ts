import { UserError } from '../../../errors.js';

/** A library's function that failed, which another of its algorithms may not. */
export class LibraryError extends UserError {}
