import { conformanceSuite } from '../conformance/suite.js';

await conformanceSuite({ engine: 'emulated CUDA', optional: true });
await conformanceSuite({ engine: 'emulated CUDA', precision: 'bf16', optional: true });
