import { createHash } from 'node:crypto';
import { isUserError } from '../../errors.js';
import type { Program } from '../../graph/program.js';
import { sizeOf } from '../../graph/tensorType.js';
import type { Arithmetic, Device, Kernel, Pointer } from './device.js';
import { CudaExecutable } from './executable.js';
import { type Plan, planProgram } from './plan/plan.js';
import { BYTES } from './device.js';
