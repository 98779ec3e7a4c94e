/** Answers one question about a run's model, in a process of its own: the folder and the number of images are its arguments. */
import { UserError } from '../../errors.js';
import type { ModelAnswer } from './modelQuestions.js';
import { varianceFigures } from './varianceFigures.js';

const [, , folder = '', images = ''] = process.argv;

async function answer(): Promise<ModelAnswer> {
  try {
    return { figures: await varianceFigures(folder, Number(images)) };
  } catch (error) {
    if (error instanceof UserError) return { problem: error.message };
    throw error;
  }
}

// The studio has gone: nobody waits for the answer.
process.on('disconnect', () => process.exit());
process.send!(await answer(), () => process.exit());
