import { Hono } from 'hono';
import { failure, fileAnswer } from './answers.js';
import { fileInside } from './insideFolder.js';
import { modelFolderOf } from './modelFolder.js';
import type { Questions } from './questions/questions.js';
import { checkpointOf, imageCountOf, queryOf } from './requests.js';
import type { RunIndex } from './runIndex.js';

/** What answers about models are made of. */
export interface ModelParts {
  readonly index: RunIndex;
  /** Questions about models. */
  readonly questions: Questions;
}

/** The studio's answers about runs' models. Who asks has the token. */
export function modelApp({ index, questions }: ModelParts): Hono {
  const app = new Hono();
  app.post('/variances', async (c) => {
    const folder = modelFolderOf(index, queryOf(c, 'run'));
    const images = imageCountOf(c, { unset: 128, most: 512 });
    const question = { kind: 'variances', folder, images } as const;
    return c.json(await questions.ask(question, { signal: c.req.raw.signal }));
  });
  app.get('/weights', (c) => weightsAnswer(index.folderOf(queryOf(c, 'run')), checkpointOf(c)));
  return app;
}

/** A checkpoint's file; a run without a best one has the last. */
function weightsAnswer(folder: string, which: 'best' | 'last'): Response {
  const names = which === 'best' ? ['best.safetensors', 'last.safetensors'] : ['last.safetensors'];
  const name = names.find((each) => fileInside(folder, each) !== undefined);
  if (name === undefined) return failure(404, 'the run has no checkpoint yet');
  return fileAnswer(folder, name, 'application/octet-stream');
}
