import { type Context, Hono } from 'hono';
import { UserError } from '../../errors.js';
import { fileAnswer } from './answers.js';
import { fileInside } from './insideFolder.js';
import { type CheckpointFile, expectInt8, type Int8Exports } from './int8Exports.js';
import { modelFolderOf } from './modelFolder.js';
import type { Questions } from './questions/questions.js';
import { checkpointOf, imageCountOf, queryOf } from './requests.js';
import type { RunIndex } from './runIndex.js';

/** What answers about models are made of. */
export interface ModelParts {
  readonly index: RunIndex;
  /** Questions about models. */
  readonly questions: Questions;
  readonly int8: Int8Exports;
}

/** The studio's answers about runs' models. Who asks has the token. */
export function modelApp({ index, questions, int8 }: ModelParts): Hono {
  const app = new Hono();
  const checkpoint = (context: Context): CheckpointFile =>
    checkpointIn(index.folderOf(queryOf(context, 'run')), checkpointOf(context));
  app.post('/variances', async (c) => {
    const folder = modelFolderOf(index, queryOf(c, 'run'));
    const images = imageCountOf(c, { unset: 128, most: 512 });
    const question = { kind: 'variances', folder, images } as const;
    return c.json(await questions.ask(question, { signal: c.req.raw.signal }));
  });
  app.get('/weights', (c) => bytesAnswer(checkpoint(c)));
  app.get('/int8', (c) => {
    const { folder, name } = checkpoint(c);
    return bytesAnswer({ folder, name: expectInt8({ folder, name }) });
  });
  app.post('/int8', async (c) => c.json(await int8.make(checkpoint(c), c.req.raw.signal)));
  return app;
}

/** A checkpoint of a run; one without a best one has the last. @throws UserError when it has none */
function checkpointIn(folder: string, which: 'best' | 'last'): CheckpointFile {
  const names = which === 'best' ? ['best.safetensors', 'last.safetensors'] : ['last.safetensors'];
  const name = names.find((each) => fileInside(folder, each) !== undefined);
  if (name === undefined) throw new UserError('the run has no checkpoint yet');
  return { folder, name };
}

function bytesAnswer({ folder, name }: CheckpointFile): Response {
  return fileAnswer(folder, name, 'application/octet-stream');
}
