import { describe } from 'node:test';
import { createEngine } from '../src/engines/createEngine.js';
import { goldenSuite } from './support/goldenSuite.js';

// In double precision the limits are the golden files' alone, in the smallest model: the others take minutes.
describe('golden numbers of shufflenetv2 in double precision', () =>
  goldenSuite({
    model: 'shufflenetv2',
    engine: () => createEngine('reference'),
    trajectories: ['global'],
    steps: 2,
  }));
