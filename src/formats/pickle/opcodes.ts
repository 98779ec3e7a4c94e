import type { PickleMachine } from './machine.js';

/** What instructions do, by their byte as a Latin-1 character, as Python's pickletools lists them. */
export type OpcodeTable = Readonly<Record<string, (machine: PickleMachine) => void>>;
